//! Hooks: code of others that watches a run and may narrow what it does, never widen it.
//!
//! [`Hook`] has one method for each point of the contract, [`HookChain`] calls those of a run in their
//! order and merges what they say. A hook in Rust implements the trait, or is a closure such as
//! [`OnPreTool`]; a component is made into one by the gate.

mod answer;
mod chain;
mod closures;
mod entry;
mod fault;
mod point;
mod power;
mod recorded;
mod round;
mod view;

use async_trait::async_trait;
use serde_json::Value;

pub use answer::{DoneVerdict, ModelVerdict, RequestVerdict, ResultVerdict, ToolAnswer, ToolVerdict};
pub use chain::HookChain;
pub use closures::{OnCheckDone, OnPostStep, OnPostTool, OnPrePrompt, OnPreTool, OnShouldStop};
pub use entry::HookEntry;
pub use fault::{HookFault, OnFault};
pub use point::{Point, Points};
pub use power::{Power, Powers};
pub use recorded::RecordedHooks;
pub use round::{Done, Request, Round, Screened};
pub use view::{CallView, History, HookLog, RunView, StepView};

use crate::message::Message;
use crate::plugin::PluginState;

/// What a point gives: an answer, or why there is none.
pub type Answered<T> = Result<T, HookFault>;

/// Something that watches a run. Only the points that [`Hook::points`] names are called.
///
/// One call at a time, in the order of the run. A fault of a gate keeps refusing what the gate watches,
/// one of a hook that may replace results keeps withholding them, any other hook goes silent.
///
/// ```
/// use async_trait::async_trait;
/// use looplet_host::hook::{Answered, CallView, Hook, Point, Points, RunView, ToolAnswer};
///
/// struct OneTool(&'static str);
///
/// #[async_trait]
/// impl Hook for OneTool {
///     fn points(&self) -> Points {
///         Points::of([Point::PreTool])
///     }
///
///     async fn pre_tool(&self, _: &RunView, call: &CallView) -> Answered<ToolAnswer> {
///         Ok(if call.call.tool == self.0 { ToolAnswer::pass() } else { ToolAnswer::deny("one tool only") })
///     }
/// }
/// ```
#[async_trait]
pub trait Hook: Send + Sync {
    /// The points that it wants to be called at. Others cost nothing.
    fn points(&self) -> Points;

    /// Whether it looks at [`RunView::history`]. Where no hook of a run does, the run keeps none for them.
    fn reads_history(&self) -> bool {
        true
    }

    /// What it has kept in this run, if it keeps anything.
    fn state(&self) -> Option<&PluginState> {
        None
    }

    /// Takes what it had to say to the operator since it was last asked, the last lines of it.
    fn take_log(&self) -> Vec<String> {
        Vec::new()
    }

    /// Takes how many bytes its requests have carried out since it was last asked.
    fn take_sent_bytes(&self) -> u64 {
        0
    }

    /// The run begins, or goes on after a resume. Called before any other point.
    async fn run_start(&self, _: &RunView, _task: &str, _resumed: bool) -> Answered<()> {
        Ok(())
    }

    /// A turn begins: should the history be compacted first?
    async fn should_compact(&self, _: &RunView, _estimated_tokens: u64, _window_tokens: Option<u32>) -> Answered<bool> {
        Ok(false)
    }

    /// Before the request to the model is built: a text to add to it.
    async fn pre_prompt(&self, _: &RunView) -> Answered<Option<String>> {
        Ok(None)
    }

    /// Before the request goes to the model. `added` is what was added since the last request.
    async fn pre_model(&self, _: &RunView, _model: &str, _added: &[Message]) -> Answered<RequestVerdict> {
        Ok(RequestVerdict::default())
    }

    /// After the model has answered.
    async fn post_model(&self, _: &RunView, _message: &Message) -> Answered<ModelVerdict> {
        Ok(ModelVerdict::default())
    }

    /// A gate: before the policy decides on a call.
    async fn pre_tool(&self, _: &RunView, _: &CallView) -> Answered<ToolAnswer> {
        Ok(ToolAnswer::pass())
    }

    /// After a call, before its result is recorded.
    async fn post_tool(&self, _: &RunView, _: &StepView) -> Answered<ResultVerdict> {
        Ok(ResultVerdict::default())
    }

    /// After a step has been recorded.
    async fn post_step(&self, _: &RunView, _: &StepView) -> Answered<()> {
        Ok(())
    }

    /// A gate: the model says that it is done.
    async fn check_done(&self, _: &RunView, _answer: &Value) -> Answered<DoneVerdict> {
        Ok(DoneVerdict::Pass)
    }

    /// At the end of a turn, and between calls that run in order: a reason to stop.
    async fn should_stop(&self, _: &RunView) -> Answered<Option<String>> {
        Ok(None)
    }

    /// The run ends or rests. Called last.
    async fn run_end(&self, _: &RunView, _stop_reason: &str) -> Answered<()> {
        Ok(())
    }

    /// Every record of the run, under its name.
    async fn observe(&self, _: &RunView, _name: &str, _data: &Value) -> Answered<()> {
        Ok(())
    }
}
