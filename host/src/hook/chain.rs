//! The hooks of one run, in their order: called at each point, their answers merged, their faults kept.
//!
//! Deny comes before ask, ask before narrow (all of them intersected), narrow before rewrite (chained, each
//! sees the last one's arguments), rewrite before answer (the first). Texts are joined in order and capped; the first reason to stop is kept. Who
//! faulted once is not called again: a gate keeps refusing, what may replace results keeps withholding
//! them, anybody else is silent.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use super::answer::{DoneVerdict, RequestVerdict, ResultVerdict, ToolAnswer, ToolVerdict};
use super::fault::{HookFault, OnFault};
use super::point::{Point, Points};
use super::power::{Power, Powers};
use super::view::{CallView, RunView, StepView};
use super::{Answered, Hook};
use crate::canonical::CanonicalJson;
use crate::message::{Failure, FailureKind, Message, Outcome, ToolOutput};
use crate::need::Place;
use crate::permission::Narrowing;
use crate::record::{HookMemory, HookVerdict};

/// Most bytes of text that all hooks together add at one point.
const CONTEXT_BYTES: usize = 16 << 10;
/// Most bytes of a reason.
const REASON_BYTES: usize = 2 << 10;

/// One hook with what the operator gives it.
#[derive(Clone)]
pub struct HookEntry {
    /// The operator's name for it.
    pub name: String,
    /// What it may do.
    pub powers: Powers,
    /// What follows the fault of a gate.
    pub on_fault: OnFault,
    /// The hook.
    pub hook: Arc<dyn Hook>,
}

/// The hooks of one run. Without one, every point costs a test of a bit.
#[derive(Default)]
pub struct HookChain {
    entries: Vec<Entry>,
    points: Points,
}

struct Entry {
    given: HookEntry,
    points: Points,
    fault: Mutex<Option<String>>,
}

/// What was said at one point, for the record.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Round {
    /// What each hook said. One that had no objection and kept nothing new is left out, but at calls.
    pub verdicts: Vec<HookVerdict>,
    /// Texts for the next request.
    pub context: Vec<String>,
    /// The first reason to stop.
    pub stop: Option<String>,
}

impl Round {
    /// Whether there is nothing to record.
    pub fn is_empty(&self) -> bool {
        self.verdicts.is_empty() && self.context.is_empty() && self.stop.is_none()
    }
}

/// What the gates before tools make of a call.
#[derive(Clone, Debug, PartialEq)]
pub struct Screened {
    /// For the record.
    pub round: Round,
    /// A refusal, with its reason for the model.
    pub denied: Option<String>,
    /// Who wants a person to be asked, and why.
    pub ask: Option<String>,
    /// What the call keeps of its mounts.
    pub narrowing: Narrowing,
    /// The variables that the call keeps, where a hook narrowed it.
    pub variables: Option<Vec<String>>,
    /// The arguments, perhaps rewritten.
    pub arguments: CanonicalJson,
    /// The answer in place of the tool's, and who gives it.
    pub answer: Option<(String, ToolOutput)>,
}

/// What the hooks want of a request.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Request {
    /// For the record.
    pub round: Round,
    /// Only these tools are offered, by the names that the model uses.
    pub offer_only: Option<Vec<String>>,
}

/// What the gates say to the end of the run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Done {
    /// For the record.
    pub round: Round,
    /// Why the run is not done.
    pub rejected: Option<String>,
}

impl HookChain {
    /// The hooks of a run, in their order. Points that a hook has no power for are not called.
    pub fn new(entries: Vec<HookEntry>) -> Self {
        let entries: Vec<Entry> = entries
            .into_iter()
            .map(|given| {
                let points = Points::of(given.hook.points().iter().filter(|point| given.powers.allow(*point)));
                Entry { given, points, fault: Mutex::default() }
            })
            .collect();
        let points = entries.iter().fold(Points::default(), |all, entry| all.with(entry.points));
        Self { entries, points }
    }

    /// Whether anybody is called at a point.
    pub fn wants(&self, point: Point) -> bool {
        self.points.contains(point)
    }

    /// Whether there is no hook at all.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
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
        let mut round = Round::default();
        for entry in self.at(Point::RunStart) {
            let answered = entry.call(Point::RunStart, entry.given.hook.run_start(view, task, resumed)).await;
            entry.note(&mut round, answered);
        }
        round
    }

    /// Whether a hook wants the history compacted.
    pub async fn should_compact(&self, view: &RunView, tokens: u64, window: Option<u32>) -> (Round, bool) {
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
        let arguments = call.call.arguments.clone();
        let mut screened = Screened {
            round: Round::default(),
            denied: None,
            ask: None,
            narrowing: Narrowing::none(),
            variables: None,
            arguments,
            answer: None,
        };
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
            if screened.denied.is_some() {
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
                Ok(verdict) => entry.take_result(&mut round, &mut step.outcome, verdict),
                Err(fault) => {
                    entry.keep(&fault);
                    entry.say(&mut round, HookVerdict::FAULT, Some(fault.0));
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
        let mut round = Round::default();
        for entry in self.at(Point::PostStep) {
            let answered = entry.call(Point::PostStep, entry.given.hook.post_step(view, step)).await;
            entry.note(&mut round, answered);
        }
        round
    }

    /// Whether the run is done. The first rejection ends it.
    pub async fn check_done(&self, view: &RunView, answer: &Value) -> Done {
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
        let mut round = Round::default();
        for entry in self.at(Point::RunEnd) {
            let answered = entry.call(Point::RunEnd, entry.given.hook.run_end(view, stop_reason)).await;
            entry.note(&mut round, answered);
        }
        round
    }

    /// Tells of a record.
    pub async fn observe(&self, view: &RunView, name: &str, data: &Value) -> Round {
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

impl Entry {
    /// Calls the hook; a panic of it is a fault.
    async fn call<T>(&self, point: Point, asked: impl Future<Output = Answered<T>> + Send) -> Answered<T> {
        let mut asked = Box::pin(AssertUnwindSafe(asked));
        let caught = std::future::poll_fn(move |cx| {
            let polled = std::panic::catch_unwind(AssertUnwindSafe(|| asked.as_mut().poll(cx)));
            polled.unwrap_or_else(|_| std::task::Poll::Ready(Err(HookFault::new("it panicked"))))
        });
        caught.await.map_err(|fault| HookFault(format!("{point}: {fault}")))
    }

    fn fault(&self) -> Option<String> {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_fault(&self, why: String) {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(why);
    }

    /// The first fault is the one that is kept.
    fn keep(&self, fault: &HookFault) {
        self.set_fault(fault.0.clone());
    }

    fn replaces(&self) -> bool {
        self.given.powers.contains(Power::EditResults)
    }

    fn stop_on_fault(&self) -> Option<String> {
        (self.given.on_fault == OnFault::Stop).then(|| format!("the hook `{}` failed", self.given.name))
    }

    /// Records what it says, with what it has kept since.
    fn say(&self, round: &mut Round, verdict: &str, reason: Option<String>) {
        let state = self.given.hook.state().map(crate::plugin::PluginState::take_changes).unwrap_or_default();
        let (hook, verdict, log) = (self.given.name.clone(), verdict.to_owned(), self.given.hook.take_log());
        round.verdicts.push(HookVerdict { hook, verdict, reason, state, log });
    }

    /// Records a point at which nothing can be said: only what it has kept, or its fault.
    fn note<T>(&self, round: &mut Round, answered: Answered<T>) {
        match answered {
            Ok(_) => {
                self.say(round, "noted", None);
                // Nothing kept and nothing said is nothing to record.
                round.verdicts.pop_if(|last| last.state.is_empty() && last.log.is_empty());
            }
            Err(fault) => {
                self.keep(&fault);
                self.say(round, HookVerdict::FAULT, Some(fault.0));
                if self.points.contains(Point::PreTool) || self.points.contains(Point::CheckDone) {
                    round.stop = round.stop.take().or_else(|| self.stop_on_fault());
                }
            }
        }
    }

    /// Takes a text and a reason to stop, as far as the powers reach.
    fn add(&self, round: &mut Round, text: Option<String>, stop: Option<String>) {
        let text = text.filter(|text| !text.is_empty());
        let (may_add, may_stop) =
            (self.given.powers.contains(Power::AddContext), self.given.powers.contains(Power::Gate));
        let said = match (&text, &stop) {
            (None, None) => return self.note(round, Ok(())),
            (_, Some(_)) if !may_stop => "stop: not in its powers",
            (Some(_), None) if !may_add => "add-context: not in its powers",
            (_, Some(_)) => "stop",
            (Some(_), None) => "add-context",
        };
        self.say(round, said, stop.clone().map(|reason| cut(&reason, REASON_BYTES)));
        if may_add {
            let used: usize = round.context.iter().map(String::len).sum();
            round.context.extend(text.map(|text| cut(&text, CONTEXT_BYTES.saturating_sub(used))));
        }
        if may_stop {
            round.stop = round.stop.take().or(stop.map(|reason| cut(&reason, REASON_BYTES)));
        }
    }

    fn take_request(&self, request: &mut Request, model: &str, verdict: RequestVerdict) {
        let says_nothing = verdict == RequestVerdict::default();
        if let Some(offered) = verdict.offer_only.filter(|_| self.given.powers.contains(Power::AddContext)) {
            // What several of them leave.
            let both = request.offer_only.take().map(|before| before.into_iter().filter(|name| offered.contains(name)));
            request.offer_only = Some(both.map_or_else(|| offered.clone(), Iterator::collect));
            self.say(&mut request.round, "offer-only", Some(offered.join(", ")));
        }
        if let Some(other) = verdict.use_model.filter(|other| other != model) {
            self.say(&mut request.round, "use-model: no other model is set up", Some(other));
        }
        if verdict.add_context.is_some() || verdict.stop.is_some() || says_nothing {
            self.add(&mut request.round, verdict.add_context, verdict.stop);
        }
    }

    /// An answer beyond the powers of a gate is a fault: it cannot be left out without widening.
    fn within_powers(&self, answer: ToolAnswer) -> Answered<ToolAnswer> {
        let power = match &answer.verdict {
            ToolVerdict::Rewrite(_) => Power::EditArguments,
            ToolVerdict::Answer(_) => Power::Answer,
            ToolVerdict::Pass | ToolVerdict::Ask(_) | ToolVerdict::Deny(_) => return Ok(answer),
        };
        match self.given.powers.contains(power) {
            true => Ok(answer),
            false => Err(HookFault(format!("it has no power `{power}`"))),
        }
    }

    fn take_answer(&self, screened: &mut Screened, answer: ToolAnswer) {
        let narrows = answer.narrow.is_some();
        if let Some(places) = answer.narrow {
            screened.narrowing = screened.narrowing.intersect(&Narrowing::from_places(&places));
            let named: Vec<String> = places
                .iter()
                .filter_map(|place| match place {
                    Place::Env(name) => Some(name.clone()),
                    _ => None,
                })
                .collect();
            let both = screened.variables.take().map(|before| before.into_iter().filter(|name| named.contains(name)));
            screened.variables = Some(both.map_or_else(|| named.clone(), Iterator::collect));
        }
        let (verdict, reason) = match answer.verdict {
            ToolVerdict::Pass => (if narrows { "narrow" } else { "pass" }, None),
            ToolVerdict::Ask(reason) => {
                let reason = cut(&reason, REASON_BYTES);
                screened.ask.get_or_insert_with(|| reason.clone());
                ("ask", Some(reason))
            }
            ToolVerdict::Deny(reason) => {
                let reason = cut(&reason, REASON_BYTES);
                screened.denied = Some(reason.clone());
                ("deny", Some(reason))
            }
            ToolVerdict::Rewrite(arguments) => {
                screened.arguments = arguments;
                ("rewrite", None)
            }
            ToolVerdict::Answer(output) => {
                screened.answer.get_or_insert_with(|| (self.given.name.clone(), output));
                ("answer", None)
            }
        };
        self.say(&mut screened.round, verdict, reason);
        if let Some(text) = answer.add_context.filter(|_| self.given.powers.contains(Power::AddContext)) {
            screened.round.context.push(cut(&text, CONTEXT_BYTES));
        }
    }

    fn take_result(&self, round: &mut Round, outcome: &mut Outcome, verdict: ResultVerdict) {
        let ran = matches!(outcome, Outcome::Ok(_) | Outcome::Failed(_));
        match verdict.replace {
            Some(replacement) if self.replaces() && ran => {
                *outcome = replacement;
                self.say(round, "replace", None);
            }
            Some(_) if !self.replaces() => self.say(round, "replace: not in its powers", None),
            _ => {}
        }
        self.add(round, verdict.add_context, verdict.stop);
    }
}

/// At most so many bytes, whole characters.
fn cut(text: &str, most: usize) -> String {
    text[..text.floor_char_boundary(most)].to_owned()
}
