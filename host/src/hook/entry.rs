//! One hook of a run: called, held to its powers, remembered when it fails.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};

use super::answer::{RequestVerdict, ResultVerdict, ToolAnswer, ToolVerdict};
use super::fault::{HookFault, OnFault};
use super::point::{Point, Points};
use super::power::{Power, Powers};
use super::round::{Request, Round, Screened};
use super::{Answered, Hook};
use crate::message::Outcome;
use crate::plugin::PluginState;
use crate::record::HookVerdict;

/// Most bytes of text that all hooks together add at one point.
const CONTEXT_BYTES: usize = 16 << 10;
/// Most bytes of a reason.
pub(super) const REASON_BYTES: usize = 2 << 10;

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

/// The hook at work.
pub(super) struct Entry {
    pub(super) given: HookEntry,
    /// Those of its points that it may be called at.
    pub(super) points: Points,
    /// Shared with the hooks of runs inside this one: who faulted has faulted for all of them.
    fault: Arc<Mutex<Option<String>>>,
    /// It is called for a run inside of its own.
    is_guest: bool,
}

impl Entry {
    pub(super) fn new(given: HookEntry) -> Self {
        let points = Points::of(given.hook.points().iter().filter(|point| given.powers.allow(*point)));
        Self { given, points, fault: Arc::default(), is_guest: false }
    }

    /// The same hook for a run inside of its own, which neither begins nor ends for it.
    pub(super) fn for_child(&self) -> Self {
        let (given, fault) = (self.given.clone(), Arc::clone(&self.fault));
        let points = self.points.iter().filter(|point| !matches!(point, Point::RunStart | Point::RunEnd));
        Self { given, points: Points::of(points), fault, is_guest: true }
    }

    /// Calls the hook; a panic of it is a fault.
    pub(super) async fn call<T>(&self, point: Point, asked: impl Future<Output = Answered<T>> + Send) -> Answered<T> {
        let mut asked = Box::pin(AssertUnwindSafe(asked));
        let caught = std::future::poll_fn(move |cx| {
            let polled = std::panic::catch_unwind(AssertUnwindSafe(|| asked.as_mut().poll(cx)));
            polled.unwrap_or_else(|_| std::task::Poll::Ready(Err(HookFault::new("it panicked"))))
        });
        caught.await.map_err(|fault| HookFault(format!("{point}: {fault}")))
    }

    pub(super) fn fault(&self) -> Option<String> {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set_fault(&self, why: String) {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(why);
    }

    /// The first fault is the one that is kept.
    pub(super) fn keep(&self, fault: &HookFault) {
        self.set_fault(fault.0.clone());
    }

    pub(super) fn replaces(&self) -> bool {
        self.given.powers.contains(Power::EditResults)
    }

    /// The reason to stop with, where the operator wants the fault to end the run and something hangs on the
    /// hook: calls, the end, or what the model sees of results.
    pub(super) fn stop_on_fault(&self) -> Option<String> {
        let gates = [Point::PreTool, Point::CheckDone, Point::ShouldStop];
        let is_guard = gates.into_iter().any(|point| self.points.contains(point)) || self.replaces();
        (is_guard && self.given.on_fault == OnFault::Stop).then(|| format!("the hook `{}` failed", self.given.name))
    }

    /// Records what it says, with what it has kept since.
    pub(super) fn say(&self, round: &mut Round, verdict: &str, reason: Option<String>) {
        round.verdicts.push(self.verdict(verdict, reason));
    }

    fn verdict(&self, verdict: &str, reason: Option<String>) -> HookVerdict {
        // What it keeps while it is a guest is still to be told where it is at home.
        let changes = if self.is_guest { PluginState::changes } else { PluginState::take_changes };
        let state = self.given.hook.state().map(changes).unwrap_or_default();
        let (hook, verdict, log) = (self.given.name.clone(), verdict.to_owned(), self.given.hook.take_log());
        let sent_bytes = self.given.hook.take_sent_bytes();
        HookVerdict { hook, verdict, reason, narrow: None, rewritten: None, state, sent_bytes, log }
    }

    /// Records a point at which nothing can be said: only what it has kept, or its fault.
    pub(super) fn note<T>(&self, round: &mut Round, answered: Answered<T>) {
        match answered {
            Ok(_) => {
                self.say(round, "noted", None);
                // Nothing kept, nothing sent and nothing said is nothing to record.
                round.verdicts.pop_if(|last| last.state.is_empty() && last.sent_bytes == 0 && last.log.is_empty());
            }
            Err(fault) => {
                self.keep(&fault);
                self.say(round, HookVerdict::FAULT, Some(fault.0));
                round.stop = round.stop.take().or_else(|| self.stop_on_fault());
            }
        }
    }

    /// Takes a text and a reason to stop, as far as the powers reach.
    pub(super) fn add(&self, round: &mut Round, text: Option<String>, stop: Option<String>) {
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

    pub(super) fn take_request(&self, request: &mut Request, model: &str, verdict: RequestVerdict) {
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
    pub(super) fn within_powers(&self, answer: ToolAnswer) -> Answered<ToolAnswer> {
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

    pub(super) fn take_answer(&self, screened: &mut Screened, answer: ToolAnswer) {
        if let Some(places) = &answer.narrow {
            screened.narrow(places);
        }
        let mut rewritten = None;
        let (verdict, reason) = match answer.verdict {
            ToolVerdict::Pass => (if answer.narrow.is_some() { "narrow" } else { "pass" }, None),
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
                screened.arguments = arguments.clone();
                rewritten = Some(arguments);
                ("rewrite", None)
            }
            ToolVerdict::Answer(output) => {
                screened.answer.get_or_insert_with(|| (self.given.name.clone(), output));
                ("answer", None)
            }
        };
        let said = HookVerdict { narrow: answer.narrow, rewritten, ..self.verdict(verdict, reason) };
        screened.round.verdicts.push(said);
        if let Some(text) = answer.add_context.filter(|_| self.given.powers.contains(Power::AddContext)) {
            screened.round.context.push(cut(&text, CONTEXT_BYTES));
        }
    }

    pub(super) fn take_result(&self, round: &mut Round, outcome: &mut Outcome, verdict: ResultVerdict) {
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
pub(super) fn cut(text: &str, most: usize) -> String {
    text[..text.floor_char_boundary(most)].to_owned()
}
