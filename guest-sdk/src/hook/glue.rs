//! From the contract's calls to a plugin's functions and back, one function a point. For the code that
//! `plugin!` writes.
//!
//! Here is what a failure of a hook means: a gate closes, a result is not passed on unseen, all else is
//! logged.
#![expect(clippy::needless_pass_by_value, reason = "what the host hands over belongs to the call")]

use super::{Json, Verdict};
use crate::contract::{
    CallView, DoneVerdict, ModelVerdict, RequestVerdict, ResultVerdict, RunView, StepView, ToolAnswer,
};
use crate::failure::Failure;
use crate::host;

/// Has the message of a failure logged, and objects to nothing.
fn unless_failed<T: Default, E: Into<Failure>>(result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| {
        host::error(error.into());
        T::default()
    })
}

/// The run begins.
pub fn run_start<E: Into<Failure>>(
    hook: impl FnOnce(&RunView, &Json, bool) -> Result<(), E>,
    view: &RunView,
    task: String,
    resumed: bool,
) {
    unless_failed(hook(view, &Json::new(task), resumed));
}

/// Should the history be compacted?
pub fn should_compact<E: Into<Failure>>(
    hook: impl FnOnce(&RunView, u32, Option<u32>) -> Result<bool, E>,
    view: &RunView,
    estimated_tokens: u32,
    window_tokens: Option<u32>,
) -> bool {
    unless_failed(hook(view, estimated_tokens, window_tokens))
}

/// Text for the request.
pub fn pre_prompt<E: Into<Failure>>(
    hook: impl FnOnce(&RunView) -> Result<Option<String>, E>,
    view: &RunView,
) -> Option<String> {
    unless_failed(hook(view))
}

/// Before the request goes to the model.
pub fn pre_model<E: Into<Failure>>(
    hook: impl FnOnce(&RunView, &str, &Json) -> Result<RequestVerdict, E>,
    view: &RunView,
    model: String,
    added: String,
) -> Option<RequestVerdict> {
    let verdict = unless_failed(hook(view, &model, &Json::new(added)).map(Some));
    verdict.filter(|verdict| *verdict != RequestVerdict::pass())
}

/// After the model has answered.
pub fn post_model<E: Into<Failure>>(
    hook: impl FnOnce(&RunView, &Json) -> Result<ModelVerdict, E>,
    view: &RunView,
    message: String,
) -> Option<ModelVerdict> {
    let verdict = unless_failed(hook(view, &Json::new(message)).map(Some));
    verdict.filter(|verdict| *verdict != ModelVerdict::pass())
}

/// A gate: a failure denies.
pub fn pre_tool<E: Into<Failure>>(
    hook: impl FnOnce(&RunView, &CallView) -> Result<Verdict, E>,
    view: &RunView,
    request: CallView,
) -> ToolAnswer {
    hook(view, &request).unwrap_or_else(|error| Verdict::deny(error.into().message())).into()
}

/// A failure is a trap: only the host knows whether the result may be seen without this hook.
///
/// # Panics
///
/// On a failure, with its message.
pub fn post_tool<E: Into<Failure>>(
    hook: impl FnOnce(&RunView, &StepView) -> Result<ResultVerdict, E>,
    view: &RunView,
    step: StepView,
) -> Option<ResultVerdict> {
    match hook(view, &step) {
        Ok(verdict) => Some(verdict).filter(|verdict| *verdict != ResultVerdict::pass()),
        Err(error) => panic!("{}", error.into()),
    }
}

/// After a step has been recorded.
pub fn post_step<E: Into<Failure>>(
    hook: impl FnOnce(&RunView, &StepView) -> Result<(), E>,
    view: &RunView,
    step: StepView,
) {
    unless_failed(hook(view, &step));
}

/// A gate: a failure rejects.
pub fn check_done<E: Into<Failure>>(
    hook: impl FnOnce(&RunView, &Json) -> Result<DoneVerdict, E>,
    view: &RunView,
    answer: String,
) -> DoneVerdict {
    hook(view, &Json::new(answer)).unwrap_or_else(|error| DoneVerdict::reject(error.into().message()))
}

/// A stop reason, if any.
pub fn should_stop<E: Into<Failure>>(
    hook: impl FnOnce(&RunView) -> Result<Option<String>, E>,
    view: &RunView,
) -> Option<String> {
    unless_failed(hook(view))
}

/// The run ends.
pub fn run_end<E: Into<Failure>>(
    hook: impl FnOnce(&RunView, &str) -> Result<(), E>,
    view: &RunView,
    stop_reason: String,
) {
    unless_failed(hook(view, &stop_reason));
}

/// Any event of the run.
pub fn observe<E: Into<Failure>>(
    hook: impl FnOnce(&RunView, &str, &Json) -> Result<(), E>,
    view: &RunView,
    name: String,
    data: String,
) {
    unless_failed(hook(view, &name, &Json::new(data)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::{Outcome, ToolVerdict};
    use crate::host::testing;

    fn failure<T>() -> Result<T, Failure> {
        Err(Failure::execution("no idea"))
    }

    #[test]
    fn a_gate_that_fails_refuses_with_the_message() {
        let view = RunView::default();
        let answer = pre_tool(|_, _| failure(), &view, CallView::new("a/b", "{}"));
        assert_eq!(answer.verdict, ToolVerdict::Deny("no idea".into()));
        assert_eq!(check_done(|_, _| failure(), &view, "{}".into()), DoneVerdict::reject("no idea"));
    }

    #[test]
    #[should_panic(expected = "no idea")]
    fn a_result_that_was_not_looked_at_is_left_to_the_host() {
        let step = StepView::new(1, "a/b", "{}", Outcome::answered("secret"));
        post_tool(|_, _| failure(), &RunView::default(), step);
    }

    #[test]
    fn every_other_failure_is_logged_and_objects_to_nothing() {
        let view = RunView::default();
        assert_eq!(should_stop(|_| failure(), &view), None);
        assert_eq!(pre_model(|_, _, _| failure(), &view, "m".into(), "[]".into()), None);
        assert!(!should_compact(|_, _, _| failure(), &view, 1, None));
        assert_eq!(testing::take_log(), ["error: no idea"; 3]);
    }

    #[test]
    fn a_verdict_that_changes_nothing_is_none() {
        let step = StepView::new(1, "a/b", "{}", Outcome::answered("x"));
        let pass = |_: &RunView, _: &StepView| Ok::<_, Failure>(ResultVerdict::pass());
        assert_eq!(post_tool(pass, &RunView::default(), step.clone()), None);
        let stop = |_: &RunView, _: &StepView| Ok::<_, Failure>(ResultVerdict::pass().stop("enough"));
        assert_eq!(post_tool(stop, &RunView::default(), step), Some(ResultVerdict::pass().stop("enough")));
    }
}
