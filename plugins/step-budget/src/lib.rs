//! A budget of steps in three stages: a warning in the prompt, refused calls, the end of the run.

mod budget;

use budget::Settings;
use looplet_guest::prelude::*;

#[looplet_guest::hook]
fn pre_prompt(view: &RunView) -> Result<Option<String>, Failure> {
    Ok(host::settings::<Settings>()?.warning(view.steps))
}

#[looplet_guest::hook]
fn pre_tool(view: &RunView, _: &CallView) -> Result<Verdict, Failure> {
    let refusal = host::settings::<Settings>()?.refusal(view.steps);
    Ok(refusal.map_or_else(Verdict::pass, Verdict::deny))
}

#[looplet_guest::hook]
fn should_stop(view: &RunView) -> Result<Option<String>, Failure> {
    Ok(host::settings::<Settings>()?.end(view.steps))
}

looplet_guest::plugin!("step-budget", hooks: [pre_prompt, pre_tool, should_stop], settings: Settings);
