//! A hook: one instance a run, called at the points that it exports.
//!
//! The instance is a cache. What a hook keeps goes through the host, so that the instance may be dropped
//! between any two points; after a fault it is.

use std::sync::Arc;

use serde_json::Value;
use tokio_util::sync::CancellationToken;
use wasmtime::component::Instance;
use wasmtime::{Engine, Store};

use super::component::CheckedComponent;
use super::enter::{Alive, Entering, Finished, Work};
use super::limits::Limits;
use super::state::CallState;
use super::{Plugin, Sandbox, hook_convert, trap};
use crate::capability::Authority;
use crate::hook::{
    CallView, DoneVerdict, HookFault, ModelVerdict, Point, RequestVerdict, ResultVerdict, RunView, StepView, ToolAnswer,
};
use crate::message::Message;
use crate::plugin::{CallContext, LogLine};
use crate::refusal::Refusal;

/// What a hook is asked.
#[derive(Clone, Debug)]
pub enum HookCall {
    /// The run begins with this task, or goes on.
    RunStart(String, bool),
    /// Tokens of the next request, and of the model's window.
    ShouldCompact(u64, Option<u32>),
    /// The request is about to be built.
    PrePrompt,
    /// The model, and the messages that were added.
    PreModel(String, Vec<Message>),
    /// The answer.
    PostModel(Message),
    /// A call.
    PreTool(CallView),
    /// A step before its record.
    PostTool(StepView),
    /// A step.
    PostStep(StepView),
    /// What the run is to end with.
    CheckDone(Value),
    /// Between calls and turns.
    ShouldStop,
    /// Why the run ends.
    RunEnd(String),
    /// A record, under its name.
    Observe(String, Value),
}

/// What a hook answered.
#[derive(Clone, Debug, PartialEq)]
pub enum HookAnswer {
    /// It took note.
    Noted,
    /// Whether to compact.
    Compact(bool),
    /// A text, or a reason to stop.
    Text(Option<String>),
    /// About a request.
    Request(RequestVerdict),
    /// About an answer.
    Model(ModelVerdict),
    /// About a call.
    Tool(ToolAnswer),
    /// About a result.
    Result(ResultVerdict),
    /// About the end.
    Done(DoneVerdict),
}

/// What a hook answered at a point, and what it did for it.
pub struct HookReport {
    /// Its answer; a fault is a trap, its time, or an answer that is none of the contract.
    pub answer: Result<HookAnswer, HookFault>,
    /// What it logged.
    pub log: Vec<LogLine>,
    /// What it tried and did not get.
    pub refusals: Vec<Refusal>,
    /// Bytes that its requests carried out.
    pub sent_bytes: u64,
}

/// A hook of one run.
pub struct HookInstance {
    sandbox: Sandbox,
    component: CheckedComponent,
    authority: Authority,
    limits: Limits,
    context: CallContext,
    kept: Option<Alive>,
    /// Nothing but what goes through the host lasts from one point to the next.
    forgets: bool,
}

impl HookInstance {
    /// A hook with what it was given. Nothing of it runs yet.
    pub fn new(sandbox: &Sandbox, plugin: &Plugin, authority: Authority, limits: Limits, context: CallContext) -> Self {
        let (sandbox, component) = (sandbox.clone(), plugin.component.clone());
        Self { sandbox, component, authority, limits, context, kept: None, forgets: false }
    }

    /// Drops the instance after every point. For tests of hooks: what they keep must go through the host.
    #[must_use]
    pub fn forgetting(mut self) -> Self {
        self.forgets = true;
        self
    }

    /// Asks it at a point. What it kept counts only if it answered.
    pub async fn call(&mut self, view: &RunView, call: HookCall) -> HookReport {
        let refusals = Arc::clone(&self.authority.refusals);
        let report = self.ask(view, call).await;
        HookReport { refusals: refusals.take(), ..report }
    }

    async fn ask(&mut self, view: &RunView, call: HookCall) -> HookReport {
        let state = self.context.state.clone();
        let (authority, limits, context) = (self.authority.clone(), self.limits, self.context.clone());
        let kept = self.kept.take();
        let history = Arc::clone(&view.history);
        let alive = move |engine: &Engine, place| {
            let state = CallState::of_hook(&authority, &limits, context, place, history);
            match kept {
                Some(mut alive) => {
                    alive.store.data_mut().begin_again(state);
                    alive
                }
                None => Alive::fresh(engine, state),
            }
        };
        let work = HookWork { component: self.component.clone(), view: hook_convert::to_view(view), call };
        let entering = Entering {
            component: &self.component,
            run: self.context.run,
            limits: self.limits,
            cancel: CancellationToken::new(),
        };
        let finished = match self.sandbox.enter(entering, work, alive).await {
            Ok(finished) => finished,
            Err(failure) => return HookReport::of(Err(HookFault(failure.message))),
        };
        let Finished { answer, stop, mut alive, written: _ } = finished;
        let log = alive.store.data_mut().desk.take_log();
        // What is still on its way stays here, and what is counted is all.
        alive.store.data().http.usage().end();
        let sent_bytes = alive.store.data().http.usage().sent_bytes();
        let answer = match answer {
            Ok(answer) => {
                state.commit(std::mem::take(&mut alive.store.data_mut().desk.kept));
                self.kept = Some(alive).filter(|_| !self.forgets);
                answer.map_err(HookFault)
            }
            Err(ended) => {
                let state = alive.store.data();
                let (failure, _) = trap::to_failure(&ended, stop, &self.limits, state.memory.refused);
                Err(HookFault(why(&failure.message, &state.stderr.last_lines(2))))
            }
        };
        HookReport { log, sent_bytes, ..HookReport::of(answer) }
    }
}

impl HookReport {
    fn of(answer: Result<HookAnswer, HookFault>) -> Self {
        Self { answer, log: Vec::new(), refusals: Vec::new(), sent_bytes: 0 }
    }
}

/// What ended a hook, and the last thing that it wrote to its standard error.
fn why(message: &str, stderr: &[String]) -> String {
    let what = message.strip_prefix("the tool ").map_or_else(|| message.to_owned(), |what| format!("it {what}"));
    // A panic in Rust ends with a note that helps nobody here.
    match stderr.iter().rev().find(|line| !line.starts_with("note: run with")) {
        Some(last) => format!("{what}; it last wrote `{last}`"),
        None => what,
    }
}

/// One point of a hook.
struct HookWork {
    component: CheckedComponent,
    view: super::bindings::looplet::plugin::hook_types::RunView,
    call: HookCall,
}

/// Calls the function of a point that the component exports.
macro_rules! handle {
    ($self:ident, $store:ident, $instance:ident, $interface:ident $(, $argument:expr)*) => {{
        let Some(indices) = &$self.component.points().$interface else {
            return Ok(Err("it does not export this point".to_owned()));
        };
        let guest = indices.load(&mut *$store, $instance)?;
        guest.call_handle(&mut *$store, &$self.view $(, $argument)*).await?
    }};
}

impl Work for HookWork {
    /// The text of an error says what is no answer.
    type Answer = Result<HookAnswer, String>;
    type Report = Finished<Self::Answer>;

    async fn run(&self, store: &mut Store<CallState>, instance: &Instance) -> wasmtime::Result<Self::Answer> {
        let most = store.data().output_bytes;
        Ok(match &self.call {
            HookCall::RunStart(task, resumed) => {
                let task = serde_json::json!({ "task": task }).to_string();
                handle!(self, store, instance, run_start, &task, *resumed);
                Ok(HookAnswer::Noted)
            }
            HookCall::ShouldCompact(tokens, window) => {
                let tokens = u32::try_from(*tokens).unwrap_or(u32::MAX);
                Ok(HookAnswer::Compact(handle!(self, store, instance, should_compact, tokens, *window)))
            }
            HookCall::PrePrompt => Ok(HookAnswer::Text(hook_convert::text(handle!(self, store, instance, pre_prompt)))),
            HookCall::PreModel(model, added) => {
                let added = serde_json::to_string(added).unwrap_or_default();
                let verdict = handle!(self, store, instance, pre_model, model, &added);
                Ok(HookAnswer::Request(verdict.map(hook_convert::request).unwrap_or_default()))
            }
            HookCall::PostModel(message) => {
                let message = serde_json::to_string(message).unwrap_or_default();
                let verdict = handle!(self, store, instance, post_model, &message);
                Ok(HookAnswer::Model(verdict.map(hook_convert::model).unwrap_or_default()))
            }
            HookCall::PreTool(call) => {
                let call = hook_convert::to_call(call);
                let answer = handle!(self, store, instance, pre_tool, &call);
                hook_convert::answer(answer, most).map(HookAnswer::Tool)
            }
            HookCall::PostTool(step) => {
                let step = hook_convert::to_step(step);
                let verdict = handle!(self, store, instance, post_tool, &step);
                let verdict = verdict.map(|verdict| hook_convert::result(verdict, most)).transpose();
                verdict.map(|verdict| HookAnswer::Result(verdict.unwrap_or_default()))
            }
            HookCall::PostStep(step) => {
                let step = hook_convert::to_step(step);
                handle!(self, store, instance, post_step, &step);
                Ok(HookAnswer::Noted)
            }
            HookCall::CheckDone(answer) => {
                let answer = answer.to_string();
                Ok(HookAnswer::Done(hook_convert::done(handle!(self, store, instance, check_done, &answer))))
            }
            HookCall::ShouldStop => {
                Ok(HookAnswer::Text(hook_convert::text(handle!(self, store, instance, should_stop))))
            }
            HookCall::RunEnd(reason) => {
                handle!(self, store, instance, run_end, reason);
                Ok(HookAnswer::Noted)
            }
            HookCall::Observe(name, data) => {
                let data = data.to_string();
                handle!(self, store, instance, observe, name, &data);
                Ok(HookAnswer::Noted)
            }
        })
    }

    fn report(self, finished: Finished<Self::Answer>) -> (Self::Report, Option<Alive>) {
        (finished, None)
    }
}

impl Plugin {
    /// The hook points that it exports.
    pub fn points(&self) -> crate::hook::Points {
        crate::hook::Points::of(self.hook_points().iter().filter_map(|name| Point::parse(name)))
    }

    /// Whether it asks for the past of a run.
    pub fn reads_history(&self) -> bool {
        self.component.reads_history()
    }
}
