//! A run that gets answers it has had before is told so, and ended when it goes on. What it has had is
//! kept by the host with the run.

mod seen;

use looplet_guest::prelude::*;
use seen::{Seen, Settings};

/// The key of what was seen in the state.
const KEY: &str = "seen";

#[looplet_guest::hook]
fn post_step(_: &RunView, step: &StepView) -> Result<(), Failure> {
    let settings: Settings = host::settings()?;
    if settings.ignores(step) {
        return Ok(());
    }
    let mut seen: Seen = host::state::load(KEY)?.unwrap_or_default();
    seen.add(step);
    host::state::save(KEY, &seen)
}

#[looplet_guest::hook]
fn pre_prompt(_: &RunView) -> Result<Option<String>, Failure> {
    let seen: Option<Seen> = host::state::load(KEY)?;
    Ok(host::settings::<Settings>()?.warning(&seen.unwrap_or_default()))
}

#[looplet_guest::hook]
fn should_stop(_: &RunView) -> Result<Option<String>, Failure> {
    let seen: Option<Seen> = host::state::load(KEY)?;
    Ok(host::settings::<Settings>()?.end(&seen.unwrap_or_default()))
}

looplet_guest::plugin!("stagnation", hooks: [post_step, pre_prompt, should_stop], settings: Settings);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_goes_round_in_circles_is_warned_and_then_ended() {
        let view = RunView::default();
        let found = (1..=9).map(|number| {
            let step = StepView::new(number, "files/grep", "{}", Outcome::answered("no match"));
            post_step(&view, &step).expect("works");
            let warned = pre_prompt(&view).expect("works").is_some();
            (warned, should_stop(&view).expect("works").is_some())
        });
        let found: Vec<_> = found.collect();
        // The first answer is new, three more of its like bring the warning, six the end.
        assert_eq!(found.iter().position(|(warned, _)| *warned), Some(3));
        assert_eq!(found.iter().position(|(_, ended)| *ended), Some(6));
    }
}
