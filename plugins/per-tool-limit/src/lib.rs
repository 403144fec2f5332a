//! So many calls of a tool in a run, then no more. The counts are kept by the host with the run.

mod limits;

use limits::{Counts, Settings};
use looplet_guest::prelude::*;

/// The key of the counts in the state.
const KEY: &str = "calls";

#[looplet_guest::hook]
fn pre_tool(_: &RunView, call: &CallView) -> Result<Verdict, Failure> {
    let settings: Settings = host::settings()?;
    let mut counts: Counts = host::state::load(KEY)?.unwrap_or_default();
    if let Some(reason) = settings.refusal(&counts, call) {
        return Ok(Verdict::deny(reason));
    }
    counts.add(&settings, call);
    host::state::save(KEY, &counts)?;
    Ok(Verdict::pass())
}

looplet_guest::plugin!("per-tool-limit", hooks: [pre_tool], settings: Settings);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_kept_from_call_to_call() {
        host::testing::set_settings(&std::collections::BTreeMap::from([("each", 2)]));
        let view = RunView::default();
        let read = CallView::new("files/read_file", "{}");
        assert_eq!(pre_tool(&view, &read), Ok(Verdict::pass()));
        assert_eq!(pre_tool(&view, &read), Ok(Verdict::pass()));
        let reason = "`files/read_file` was called 2 times, which is its limit in this run: go on without it";
        assert_eq!(pre_tool(&view, &read), Ok(Verdict::deny(reason)));
        assert_eq!(pre_tool(&view, &CallView::new("files/grep", "{}")), Ok(Verdict::pass()));
    }
}
