//! A component as a hook of a run: each point is a call into its sandbox, with what the operator gave it.

use std::sync::PoisonError;

use async_trait::async_trait;
use serde_json::Value;
use tokio::sync::Mutex;

use crate::hook::{
    Answered, CallView, DoneVerdict, Hook, HookFault, ModelVerdict, Points, RequestVerdict, ResultVerdict, RunView,
    StepView, ToolAnswer,
};
use crate::message::Message;
use crate::plugin::{LogLevel, PluginState};
use crate::refusal::Refusal;
use crate::sandbox::{HookAnswer, HookCall, HookInstance, Plugin};

/// How many lines of a hook are kept for one record.
const LINES: usize = 20;

/// A hook that is a component. One call at a time.
pub struct ComponentHook {
    points: Points,
    reads_history: bool,
    state: PluginState,
    instance: Mutex<HookInstance>,
    said: std::sync::Mutex<Said>,
}

impl ComponentHook {
    /// The hook of a component, behind an instance of it. `state` is what the instance was given as its state.
    pub fn new(plugin: &Plugin, state: PluginState, instance: HookInstance) -> Self {
        let (points, reads_history) = (plugin.points(), plugin.reads_history());
        Self { points, reads_history, state, instance: Mutex::new(instance), said: std::sync::Mutex::default() }
    }

    async fn ask(&self, view: &RunView, call: HookCall) -> Answered<HookAnswer> {
        let report = self.instance.lock().await.call(view, call).await;
        let lines = report.log.into_iter().filter(|line| line.level >= LogLevel::Info).map(|line| line.message);
        let mut said = self.said();
        said.sent_bytes = said.sent_bytes.saturating_add(report.sent_bytes);
        said.log.extend(lines.chain(report.refusals.iter().map(refused)));
        let surplus = said.log.len().saturating_sub(LINES);
        said.log.drain(..surplus);
        report.answer
    }

    fn said(&self) -> std::sync::MutexGuard<'_, Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is told of it in the next record.
#[derive(Default)]
struct Said {
    log: Vec<String>,
    sent_bytes: u64,
}

/// What a hook did not get, in the words of a line. The line that would allow it is one of its table in the file.
fn refused(refusal: &Refusal) -> String {
    let Refusal { operation, target, reason, would_allow, .. } = refusal;
    let line = would_allow.as_ref().map(|line| format!("; would be allowed by `grants.{line}`")).unwrap_or_default();
    format!("refused: {operation} {target}: {}{line}", reason.as_str())
}

/// The answer of the form that belongs to the point.
macro_rules! expect_answer {
    ($asked:expr, $form:path) => {
        match $asked {
            $form(answer) => Ok(answer),
            _ => Err(HookFault::new("it answered in the form of another point")),
        }
    };
}

#[async_trait]
impl Hook for ComponentHook {
    fn points(&self) -> Points {
        self.points
    }

    fn reads_history(&self) -> bool {
        self.reads_history
    }

    fn state(&self) -> Option<&PluginState> {
        Some(&self.state)
    }

    fn take_log(&self) -> Vec<String> {
        std::mem::take(&mut self.said().log)
    }

    fn take_sent_bytes(&self) -> u64 {
        std::mem::take(&mut self.said().sent_bytes)
    }

    async fn run_start(&self, view: &RunView, task: &str, resumed: bool) -> Answered<()> {
        self.ask(view, HookCall::RunStart(task.to_owned(), resumed)).await.map(drop)
    }

    async fn should_compact(&self, view: &RunView, tokens: u64, window: Option<u32>) -> Answered<bool> {
        expect_answer!(self.ask(view, HookCall::ShouldCompact(tokens, window)).await?, HookAnswer::Compact)
    }

    async fn pre_prompt(&self, view: &RunView) -> Answered<Option<String>> {
        expect_answer!(self.ask(view, HookCall::PrePrompt).await?, HookAnswer::Text)
    }

    async fn pre_model(&self, view: &RunView, model: &str, added: &[Message]) -> Answered<RequestVerdict> {
        let call = HookCall::PreModel(model.to_owned(), added.to_vec());
        expect_answer!(self.ask(view, call).await?, HookAnswer::Request)
    }

    async fn post_model(&self, view: &RunView, message: &Message) -> Answered<ModelVerdict> {
        expect_answer!(self.ask(view, HookCall::PostModel(message.clone())).await?, HookAnswer::Model)
    }

    async fn pre_tool(&self, view: &RunView, call: &CallView) -> Answered<ToolAnswer> {
        expect_answer!(self.ask(view, HookCall::PreTool(call.clone())).await?, HookAnswer::Tool)
    }

    async fn post_tool(&self, view: &RunView, step: &StepView) -> Answered<ResultVerdict> {
        expect_answer!(self.ask(view, HookCall::PostTool(step.clone())).await?, HookAnswer::Result)
    }

    async fn post_step(&self, view: &RunView, step: &StepView) -> Answered<()> {
        self.ask(view, HookCall::PostStep(step.clone())).await.map(drop)
    }

    async fn check_done(&self, view: &RunView, answer: &Value) -> Answered<DoneVerdict> {
        expect_answer!(self.ask(view, HookCall::CheckDone(answer.clone())).await?, HookAnswer::Done)
    }

    async fn should_stop(&self, view: &RunView) -> Answered<Option<String>> {
        expect_answer!(self.ask(view, HookCall::ShouldStop).await?, HookAnswer::Text)
    }

    async fn run_end(&self, view: &RunView, stop_reason: &str) -> Answered<()> {
        self.ask(view, HookCall::RunEnd(stop_reason.to_owned())).await.map(drop)
    }

    async fn observe(&self, view: &RunView, name: &str, data: &Value) -> Answered<()> {
        self.ask(view, HookCall::Observe(name.to_owned(), data.clone())).await.map(drop)
    }
}
