//! The hooks of one run, in their order: called at each point, their answers merged, their faults kept.
//!
//! Deny comes before ask, ask before narrow (all of them intersected), narrow before rewrite (chained, each
//! sees the last one's arguments), rewrite before answer (the first). Texts are joined in order and capped;
//! the first reason to stop is kept. Who faulted once is not called again: a gate keeps refusing, what may
//! replace results keeps withholding them, anybody else is silent.

use serde_json::Value;

use super::answer::DoneVerdict;
use super::entry::{Entry, HookEntry, REASON_BYTES, cut};
use super::fault::HookFault;
use super::point::{Point, Points};
use super::recorded::RecordedHooks;
use super::round::{Done, Request, Round, Screened};
use super::view::{CallView, RunView, StepView};
use crate::message::{Failure, FailureKind, Message, Outcome};
use crate::record::{HookMemory, HookVerdict};
use crate::redaction::Redaction;

/// The hooks of one run. Without one, every point costs a test of a bit.
#[derive(Default)]
pub struct HookChain {
    entries: Vec<Entry>,
    points: Points,
    /// What no hook is shown of what another one says.
    redaction: Redaction,
    /// Nobody is called: it is said again what was said before.
    recorded: Option<RecordedHooks>,
}

impl HookChain {
    /// The hooks of a run, in their order. Points that a hook has no power for are not called. What a hook
    /// keeps and that it failed is known by its name, so that a second of one name is numbered.
    pub fn new(mut entries: Vec<HookEntry>) -> Self {
        for index in 0..entries.len() {
            let (before, rest) = entries.split_at_mut(index);
            let same = before.iter().filter(|other| is_numbered(&other.name, &rest[0].name)).count();
            if same > 0 {
                rest[0].name = format!("{}#{}", rest[0].name, same + 1);
            }
        }
        let entries: Vec<Entry> = entries.into_iter().map(Entry::new).collect();
        let points = entries.iter().fold(Points::default(), |all, entry| all.with(entry.points));
        Self { entries, points, ..Self::default() }
    }

    /// With what is kept out of the run.
    pub fn keeping_out(mut self, redaction: &Redaction) -> Self {
        self.redaction = redaction.clone();
        self
    }

    /// The hooks of a run that is repeated. None is called.
    pub fn recorded(recorded: RecordedHooks) -> Self {
        Self { points: recorded.points(), recorded: Some(recorded), ..Self::default() }
    }

    /// The same hooks for a run inside of theirs: what they know and keep is one, so that what they gate
    /// here is gated there, and what happens there counts here.
    pub fn for_child(&self) -> Self {
        let entries: Vec<Entry> = self.entries.iter().map(Entry::for_child).collect();
        let points = entries.iter().fold(Points::default(), |all, entry| all.with(entry.points));
        Self { entries, points, redaction: self.redaction.clone(), recorded: None }
    }

    /// Whether anybody is called at a point.
    pub fn wants(&self, point: Point) -> bool {
        self.points.contains(point)
    }

    /// Whether any hook looks at the past of the run.
    pub fn reads_history(&self) -> bool {
        self.entries.iter().any(|entry| entry.given.hook.reads_history())
    }

    /// Whether there is no hook at all.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.recorded.is_none()
    }

    /// Goes on from what the records of a run say: kept state, and who faulted.
    pub fn restore(&self, memory: &HookMemory) {
        for entry in &self.entries {
            if let (Some(state), Some(kept)) = (entry.given.hook.state(), memory.state.get(&entry.given.name)) {
                state.restore(kept.clone());
            }
            if let Some(why) = memory.faults.get(&entry.given.name) {
                entry.set_fault(why.clone());
            }
        }
    }

    /// The run begins, or goes on.
    pub async fn run_start(&self, view: &RunView, task: &str, resumed: bool) -> Round {
        if let Some(recorded) = &self.recorded {
            return recorded.round(Point::RunStart);
        }
        let mut round = Round::default();
        for entry in self.at(Point::RunStart) {
            let answered = entry.call(Point::RunStart, entry.given.hook.run_start(view, task, resumed)).await;
            entry.note(&mut round, answered);
        }
        round
    }

    /// Whether a hook wants the history compacted.
    pub async fn should_compact(&self, view: &RunView, tokens: u64, window: Option<u32>) -> (Round, bool) {
        if let Some(recorded) = &self.recorded {
            return (recorded.round(Point::ShouldCompact), false);
        }
        let (mut round, mut wanted) = (Round::default(), false);
        for entry in self.at(Point::ShouldCompact) {
            let answered =
                entry.call(Point::ShouldCompact, entry.given.hook.should_compact(view, tokens, window)).await;
            if answered.as_ref().is_ok_and(|wants| *wants) {
                wanted = true;
                entry.say(&mut round, "compact", None);
            } else {
                entry.note(&mut round, answered);
            }
        }
        (round, wanted)
    }

    /// Texts for the request that is about to be built.
    pub async fn pre_prompt(&self, view: &RunView) -> Round {
        if let Some(recorded) = &self.recorded {
            return recorded.round(Point::PrePrompt);
        }
        let mut round = Round::default();
        for entry in self.at(Point::PrePrompt) {
            match entry.call(Point::PrePrompt, entry.given.hook.pre_prompt(view)).await {
                Ok(text) => entry.add(&mut round, text, None),
                fault => entry.note(&mut round, fault),
            }
        }
        round
    }

    /// What is wanted of the request that is about to be sent.
    pub async fn pre_model(&self, view: &RunView, model: &str, added: &[Message]) -> Request {
        if let Some(recorded) = &self.recorded {
            return recorded.request();
        }
        let mut request = Request::default();
        for entry in self.at(Point::PreModel) {
            match entry.call(Point::PreModel, entry.given.hook.pre_model(view, model, added)).await {
                Ok(verdict) => entry.take_request(&mut request, model, verdict),
                Err(fault) => entry.note(&mut request.round, Err::<(), _>(fault)),
            }
        }
        request
    }

    /// What is said to an answer of the model.
    pub async fn post_model(&self, view: &RunView, message: &Message) -> Round {
        if let Some(recorded) = &self.recorded {
            return recorded.round(Point::PostModel);
        }
        let mut round = Round::default();
        for entry in self.at(Point::PostModel) {
            match entry.call(Point::PostModel, entry.given.hook.post_model(view, message)).await {
                Ok(verdict) => entry.add(&mut round, verdict.add_context, verdict.stop),
                Err(fault) => entry.note(&mut round, Err::<(), _>(fault)),
            }
        }
        round
    }

    /// What the gates make of a call. The first denial ends it.
    pub async fn pre_tool(&self, view: &RunView, mut call: CallView) -> Screened {
        if let Some(recorded) = &self.recorded {
            return recorded.screened(call.call.arguments);
        }
        let mut screened = Screened::new(call.call.arguments.clone());
        for entry in self.at(Point::PreTool) {
            let answered = match entry.fault() {
                Some(_) => Err(HookFault::new("it failed before")),
                None => entry.call(Point::PreTool, entry.given.hook.pre_tool(view, &call)).await,
            };
            let answered = answered.and_then(|answer| entry.within_powers(answer));
            match answered {
                Ok(answer) => entry.take_answer(&mut screened, answer),
                Err(fault) => {
                    let reason = format!("the hook `{}` failed, and what it watches is refused", entry.given.name);
                    entry.keep(&fault);
                    entry.say(&mut screened.round, HookVerdict::FAULT, Some(fault.0));
                    screened.round.stop = screened.round.stop.take().or_else(|| entry.stop_on_fault());
                    screened.denied = Some(reason);
                }
            }
            // Arguments that hold what is kept out are shown to nobody else: the call will not run.
            if screened.denied.is_some() || self.redaction.holds(&screened.arguments) {
                break;
            }
            call.call.arguments = screened.arguments.clone();
        }
        screened
    }

    /// What the hooks make of a result. Each sees what those before it left.
    pub async fn post_tool(&self, view: &RunView, mut step: StepView) -> (Round, Outcome) {
        let mut round = Round::default();
        for entry in self.at(Point::PostTool) {
            let answered = match entry.fault() {
                Some(_) if !entry.replaces() => continue,
                Some(_) => Err(HookFault::new("it failed before")),
                None => entry.call(Point::PostTool, entry.given.hook.post_tool(view, &step)).await,
            };
            match answered {
                Ok(verdict) => {
                    entry.take_result(&mut round, &mut step.outcome, verdict);
                    self.redaction.clean(&mut step.outcome);
                }
                Err(fault) => {
                    entry.keep(&fault);
                    entry.say(&mut round, HookVerdict::FAULT, Some(fault.0));
                    round.stop = round.stop.take().or_else(|| entry.stop_on_fault());
                    if entry.replaces() {
                        let message = format!("the result was withheld: the hook `{}` failed", entry.given.name);
                        step.outcome = Outcome::Aborted(Failure::new(FailureKind::Execution, message));
                    }
                }
            }
        }
        (round, step.outcome)
    }

    /// Tells of a recorded step.
    pub async fn post_step(&self, view: &RunView, step: &StepView) -> Round {
        if let Some(recorded) = &self.recorded {
            return recorded.round(Point::PostStep);
        }
        let mut round = Round::default();
        for entry in self.at(Point::PostStep) {
            let answered = entry.call(Point::PostStep, entry.given.hook.post_step(view, step)).await;
            entry.note(&mut round, answered);
        }
        round
    }

    /// Whether the run is done. The first rejection ends it.
    pub async fn check_done(&self, view: &RunView, answer: &Value) -> Done {
        if let Some(recorded) = &self.recorded {
            return recorded.done();
        }
        let mut done = Done::default();
        for entry in self.at(Point::CheckDone) {
            let answered = match entry.fault() {
                Some(_) => Err(HookFault::new("it failed before")),
                None => entry.call(Point::CheckDone, entry.given.hook.check_done(view, answer)).await,
            };
            match answered {
                Ok(DoneVerdict::Pass) => entry.say(&mut done.round, "pass", None),
                Ok(DoneVerdict::Reject(reason)) => {
                    let reason = cut(&reason, REASON_BYTES);
                    entry.say(&mut done.round, "reject", Some(reason.clone()));
                    done.rejected = Some(reason);
                }
                Err(fault) => {
                    entry.keep(&fault);
                    entry.say(&mut done.round, HookVerdict::FAULT, Some(fault.0));
                    done.round.stop = done.round.stop.take().or_else(|| entry.stop_on_fault());
                    done.rejected = Some(format!("the hook `{}` failed, and the end is refused", entry.given.name));
                }
            }
            if done.rejected.is_some() {
                break;
            }
        }
        done
    }

    /// A reason to stop between calls and turns. The first one ends it.
    pub async fn should_stop(&self, view: &RunView) -> Round {
        if let Some(recorded) = &self.recorded {
            return recorded.round(Point::ShouldStop);
        }
        let mut round = Round::default();
        for entry in self.at(Point::ShouldStop) {
            match entry.call(Point::ShouldStop, entry.given.hook.should_stop(view)).await {
                Ok(reason) => entry.add(&mut round, None, reason),
                fault => entry.note(&mut round, fault),
            }
            if round.stop.is_some() {
                break;
            }
        }
        round
    }

    /// The run ends or rests.
    pub async fn run_end(&self, view: &RunView, stop_reason: &str) -> Round {
        if let Some(recorded) = &self.recorded {
            return recorded.round(Point::RunEnd);
        }
        let mut round = Round::default();
        for entry in self.at(Point::RunEnd) {
            let answered = entry.call(Point::RunEnd, entry.given.hook.run_end(view, stop_reason)).await;
            entry.note(&mut round, answered);
        }
        round
    }

    /// Tells of a record.
    pub async fn observe(&self, view: &RunView, name: &str, data: &Value) -> Round {
        if let Some(recorded) = &self.recorded {
            return recorded.round(Point::Observe);
        }
        let mut round = Round::default();
        for entry in self.at(Point::Observe) {
            let answered = entry.call(Point::Observe, entry.given.hook.observe(view, name, data)).await;
            entry.note(&mut round, answered);
        }
        round
    }

    /// Those that are called at a point. Who faulted is called no more, but gates and those who replace
    /// results are asked what follows.
    fn at(&self, point: Point) -> impl Iterator<Item = &Entry> {
        let keeps = matches!(point, Point::PreTool | Point::CheckDone | Point::PostTool);
        let called = self.entries.iter().filter(move |entry| entry.points.contains(point));
        called.filter(move |entry| keeps || entry.fault().is_none())
    }
}

/// Whether a name is this one, perhaps with a number.
fn is_numbered(name: &str, base: &str) -> bool {
    name.strip_prefix(base).is_some_and(|rest| rest.is_empty() || rest.starts_with('#'))
}
