//! The driver: performs what the machine wants done and appends a record of each thing that happened.
//!
//! It decides nothing. All that it learns goes through a record into the fold before it is acted on.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::ask::{Answer, ModelFault, Question};
use super::clock::Stopwatch;
use super::contain::{Lost, SideBySide, called, contain};
use super::dispatch::{CallReport, Prepared, ReadyCall, Verdict};
use super::machine::{Action, CallRequest};
use super::outcome::Outcome;
use super::turn::Touch;
use super::{Fold, Parts};
use crate::canonical::CanonicalJson;
use crate::error::Error;
use crate::message::{self, Failure, FailureKind, ProposedCall, ToolOutput};
use crate::record::{
    Body, CallDecided, CallEnded, CallFacts, CallStarted, Chain, ModelAnswered, ModelAsked, ModelFailed,
    Notice, Ruling, Step, StopReason,
};

/// Most calls that run side by side.
const WIDTH: usize = 8;

/// How far a driver goes before it rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Until {
    /// Until a step is there to be taken.
    Step,
    /// Until the model proposed calls that the caller has not seen.
    Turn,
    /// Until a step is there, or this turn is over.
    StepOf(u32),
}

/// The journal cannot be written; the run rests where its last record left it.
pub(super) struct Broken;

pub(super) struct Driver {
    pub(super) fold: Fold,
    chain: Chain,
    parts: Parts,
    /// Cancelled with the caller's token, and when the run is closed.
    stop: CancellationToken,
    stopwatch: Stopwatch,
    deadline_passed: bool,
    prepared: BTreeMap<u32, Box<dyn ReadyCall>>,
    /// What the caller wants done about calls, by step.
    pub(super) touches: BTreeMap<u32, Touch>,
    /// The last turn whose calls the caller has seen.
    pub(super) shown_turn: u32,
    pub(super) ready: VecDeque<Step>,
    broken: Option<Error>,
}

impl Driver {
    /// A driver at rest. `stop` is cancelled to close the run; the caller's token cancels it too.
    pub(super) fn new(fold: Fold, chain: Chain, parts: Parts, stop: CancellationToken) -> Self {
        Self {
            stopwatch: Stopwatch::at(fold.state.meter().active_ms()),
            fold,
            chain,
            parts,
            stop,
            deadline_passed: false,
            prepared: BTreeMap::new(),
            touches: BTreeMap::new(),
            shown_turn: 0,
            ready: VecDeque::new(),
            broken: None,
        }
    }

    /// Goes on until there is what was asked for, or the run is over.
    pub(super) async fn drive(&mut self, until: Until) {
        self.stopwatch.start(&*self.parts.clock);
        while !self.is_over() && !self.has(until) {
            if self.advance().await.is_err() {
                break;
            }
        }
        self.stopwatch.rest(&*self.parts.clock);
    }

    fn has(&self, until: Until) -> bool {
        let open = self.fold.state.open_turn();
        match until {
            Until::Step => !self.ready.is_empty(),
            Until::Turn => open.is_some_and(|turn| turn > self.shown_turn),
            Until::StepOf(turn) => !self.ready.is_empty() || open != Some(turn),
        }
    }

    /// Whether the run came to rest, or can go no further.
    pub(super) fn is_over(&self) -> bool {
        self.broken.is_some() || self.fold.state.stopped().is_some()
    }

    async fn advance(&mut self) -> Result<(), Broken> {
        if self.stop.is_cancelled() && self.fold.state.end().is_none() {
            let by_caller = self.parts.cancel.is_cancelled();
            return self.record(Body::Notice(if by_caller { Notice::Cancelled } else { Notice::Closed }));
        }
        let mut actions = self.fold.state.next();
        if matches!(actions.as_slice(), [Action::Perform { .. }, _, ..]) {
            return self.perform_side_by_side(actions).await;
        }
        match actions.pop() {
            Some(Action::Ask { turn }) => self.ask(turn).await,
            Some(Action::Say(message)) => self.record(Body::Message(message)),
            Some(Action::Judge(request)) => self.judge(request).await,
            Some(Action::CheckDone { step, arguments }) => self.check_done(step, arguments).await,
            Some(Action::Refuse(decided)) => self.settle(*decided),
            Some(Action::Perform { step, facts }) => self.perform(step, facts).await,
            Some(Action::Lose { step }) => self.end_call(step, CallReport::new(unknown_outcome())),
            Some(Action::Stop(reason)) => self.stop(reason),
            // Nothing can begin and nothing is under way: what was begun was lost with its driver.
            None => self.stop(StopReason::StreamClosed),
        }
    }

    async fn ask(&mut self, turn: u32) -> Result<(), Broken> {
        let began = self.parts.clock.monotonic();
        let question = Question { turn, messages: self.fold.state.messages() };
        let announced = called(|| self.parts.model.announce(&question));
        let announced = match announced.unwrap_or_else(|panic| Err(ModelFault::new(panicked(&panic)))) {
            Ok(announced) => announced,
            Err(fault) => return self.model_failed(turn, fault, false, began),
        };
        self.record(Body::ModelAsked(ModelAsked {
            turn,
            request: announced.request,
            model: announced.model,
            parameters: announced.parameters,
        }))?;
        let cancel = self.stop.child_token();
        let left = self.time_left();
        let question = Question { turn, messages: self.fold.state.messages() };
        let asked = timed(self.parts.model.ask(&question, &cancel), &cancel, left).await;
        self.note_deadline(&cancel);
        match asked {
            Ok(Ok(answer)) => self.answered(turn, answer, began),
            Ok(Err(fault)) => self.model_failed(turn, fault, cancel.is_cancelled(), began),
            Err(Lost::Deaf) => self.model_failed(turn, ModelFault::new("cancelled"), true, began),
            Err(Lost::Panicked(panic)) => {
                self.model_failed(turn, ModelFault::new(panicked(&panic)), false, began)
            }
        }
    }

    fn answered(&mut self, turn: u32, mut answer: Answer, began: Duration) -> Result<(), Broken> {
        make_ids_unique(turn, &mut answer.calls);
        self.record(Body::ModelAnswered(Box::new(ModelAnswered {
            turn,
            text: answer.text,
            calls: answer.calls,
            usage: answer.usage,
            finish: answer.finish,
            model: answer.model,
            duration_ms: self.ms_since(began),
            active_ms: self.active_ms(),
        })))
    }

    fn model_failed(
        &mut self,
        turn: u32,
        fault: ModelFault,
        cancelled: bool,
        began: Duration,
    ) -> Result<(), Broken> {
        self.record(Body::ModelFailed(ModelFailed {
            turn,
            message: fault.message,
            partial: fault.partial,
            usage: fault.usage,
            cancelled,
            duration_ms: self.ms_since(began),
            active_ms: self.active_ms(),
        }))
    }

    async fn judge(&mut self, mut request: CallRequest) -> Result<(), Broken> {
        let mut answer = None;
        let mut proposed = None;
        match self.touches.remove(&request.step) {
            Some(Touch::Veto(reason)) => {
                let mut decided = Verdict::default().record(&request, Ruling::Denied(reason));
                decided.approval = Some(super::turn::veto());
                return self.settle(decided);
            }
            Some(Touch::Edit(arguments)) => {
                proposed = Some(std::mem::replace(&mut request.arguments, arguments));
            }
            Some(Touch::Answer(output)) => answer = Some(output),
            None => {}
        }
        let cancel = self.stop.child_token();
        let dispatch = Arc::clone(&self.parts.dispatch);
        let prepared = contain(dispatch.prepare(&request, &cancel), &cancel).await;
        if self.stop.is_cancelled() {
            // Whatever was answered was answered to nobody; the call is decided anew after a resume.
            return Ok(());
        }
        let (verdict, ruling, call) = match prepared {
            Ok(Prepared::Ready(verdict, call)) => (*verdict, Ruling::Allowed, Some(call)),
            Ok(Prepared::Settled(verdict, ruling)) => (*verdict, ruling, None),
            Err(Lost::Panicked(panic)) => (Verdict::default(), not_decided(&panic), None),
            Err(Lost::Deaf) => return Ok(()),
        };
        let mut decided = verdict.record(&request, ruling);
        if proposed.as_ref().is_some_and(|proposed| *proposed != decided.arguments) {
            decided.proposed = proposed;
        }
        self.leave_out_wait(&decided);
        self.conclude(decided, call, answer)
    }

    /// Keeps what may run, settles the rest.
    fn conclude(
        &mut self,
        mut decided: CallDecided,
        call: Option<Box<dyn ReadyCall>>,
        answer: Option<ToolOutput>,
    ) -> Result<(), Broken> {
        match (call, answer) {
            (Some(_), Some(output)) => {
                let outcome = message::Outcome::Ok(output);
                decided.ruling = Ruling::Answered { by: "caller".into(), outcome };
                self.settle(decided)
            }
            (Some(call), None) => {
                let step = decided.step;
                self.record(Body::CallDecided(Box::new(decided)))?;
                self.prepared.insert(step, call);
                Ok(())
            }
            (None, _) => {
                if decided.ruling == Ruling::Allowed {
                    decided.ruling = not_decided("it was allowed, and there is nothing to run");
                }
                self.settle(decided)
            }
        }
    }

    async fn check_done(&mut self, step: u32, arguments: CanonicalJson) -> Result<(), Broken> {
        let cancel = self.stop.child_token();
        let dispatch = Arc::clone(&self.parts.dispatch);
        let checked = match self.fold.state.done().check_shipped(&arguments) {
            Ok(()) => contain(dispatch.check_done(&arguments, &cancel), &cancel).await,
            rejected => Ok(rejected),
        };
        if self.stop.is_cancelled() {
            return Ok(());
        }
        let ruling = match checked {
            Ok(Ok(())) => {
                let outcome = message::Outcome::Ok(ToolOutput::text("the run is done"));
                Ruling::Answered { by: "host".into(), outcome }
            }
            Ok(Err(failure)) => Ruling::Invalid(failure),
            Err(Lost::Panicked(panic)) => not_decided(&panic),
            Err(Lost::Deaf) => return Ok(()),
        };
        let name = self.fold.state.done().name.clone();
        self.settle(CallDecided::new(step, name, arguments, ruling))
    }

    /// Records a decision that ends the step.
    fn settle(&mut self, mut decided: CallDecided) -> Result<(), Broken> {
        decided.active_ms = self.active_ms();
        self.record(Body::CallDecided(Box::new(decided)))
    }

    async fn perform(&mut self, step: u32, facts: CallFacts) -> Result<(), Broken> {
        let Some(call) = self.prepared.remove(&step) else {
            let failure = Failure::new(FailureKind::Execution, "the host lost the call before it ran");
            return self.end_call(step, CallReport::new(message::Outcome::Aborted(failure)));
        };
        if !facts.repeatable {
            self.record(Body::CallStarted(CallStarted { step }))?;
            self.sync()?;
        }
        let cancel = self.stop.child_token();
        let report = run(call, &cancel, self.time_left(), facts).await;
        self.note_deadline(&cancel);
        self.end_call(step, report)?;
        if facts.repeatable { Ok(()) } else { self.sync() }
    }

    /// Results are recorded as they come; the steps are handed out in the order of the calls.
    async fn perform_side_by_side(&mut self, actions: Vec<Action>) -> Result<(), Broken> {
        let cancel = self.stop.child_token();
        let left = self.time_left();
        let mut calls: Vec<super::contain::Boxed<'_, (u32, CallReport)>> = Vec::new();
        for action in actions {
            let Action::Perform { step, facts } = action else { continue };
            let Some(call) = self.prepared.remove(&step) else { continue };
            let cancel = cancel.clone();
            calls.push(Box::pin(async move { (step, run(call, &cancel, left, facts).await) }));
        }
        let earlier = self.ready.len();
        let mut side_by_side = SideBySide::new(calls, WIDTH);
        while let Some((step, report)) = side_by_side.next().await {
            self.note_deadline(&cancel);
            self.end_call(step, report)?;
        }
        self.ready.make_contiguous()[earlier..].sort_by_key(|step| step.number);
        Ok(())
    }

    fn end_call(&mut self, step: u32, report: CallReport) -> Result<(), Broken> {
        self.record(Body::CallEnded(Box::new(CallEnded {
            step,
            outcome: report.outcome,
            duration_us: report.duration_us,
            used: report.used,
            refusals: report.refusals,
            stderr: report.stderr,
            warnings: report.warnings,
            progress: report.progress,
            hooks: report.hooks,
            context: report.context,
            stop: report.stop,
            active_ms: self.active_ms(),
        })))
    }

    fn stop(&mut self, reason: StopReason) -> Result<(), Broken> {
        self.prepared.clear();
        self.record(Body::Stopped(reason))?;
        self.sync()
    }

    /// Writes what happened, then takes it into account. Nothing counts that is not written.
    pub(super) fn record(&mut self, body: Body) -> Result<(), Broken> {
        let encoded = self.chain.encode(self.parts.clock.unix_ms(), body);
        let written = encoded.and_then(|encoded| self.parts.sink.append(&encoded).map(|()| encoded));
        let encoded = written.map_err(|error| self.give_up(error))?;
        self.chain.advance(&encoded.line);
        self.ready.extend(self.fold.apply(&encoded.record));
        if let Some(watch) = &self.parts.watch {
            // A watcher that panics is its author's affair; the run is not.
            let _ = called(|| watch.record(&encoded.record));
        }
        Ok(())
    }

    pub(super) fn sync(&mut self) -> Result<(), Broken> {
        self.parts.sink.sync().map_err(|error| self.give_up(error))
    }

    fn give_up(&mut self, error: Error) -> Broken {
        self.broken = Some(error);
        Broken
    }

    /// Ends a run that nobody takes steps of any more. It can be resumed.
    pub(super) fn close(&mut self) {
        if !self.is_over() {
            // A fault of the journal is kept for the outcome.
            let _ = self.stop(StopReason::StreamClosed);
        }
    }

    /// How the run ended, or stands.
    pub(super) fn outcome(&self) -> Outcome {
        let run = self.fold.state.run();
        let (tally, broken) = (self.fold.tally.clone(), self.broken.clone());
        Outcome::new(run, tally, self.chain.head(), self.parts.is_kept, broken)
    }

    /// Why the journal could not be written, if it could not.
    pub(super) fn broken(&self) -> Option<&Error> {
        self.broken.as_ref()
    }

    fn active_ms(&self) -> u64 {
        let allowed = self.fold.state.meter().active_ms_allowed().filter(|_| self.deadline_passed);
        self.stopwatch.ms(&*self.parts.clock).max(allowed.unwrap_or(0))
    }

    fn time_left(&self) -> Option<Duration> {
        let allowed = self.fold.state.meter().active_ms_allowed()?;
        Some(Duration::from_millis(allowed.saturating_sub(self.active_ms())))
    }

    /// A token that is cancelled though nobody cancelled the run was cancelled by the deadline.
    fn note_deadline(&mut self, cancel: &CancellationToken) {
        self.deadline_passed |= cancel.is_cancelled() && !self.stop.is_cancelled();
    }

    fn leave_out_wait(&mut self, decided: &CallDecided) {
        if let Some(approval) = &decided.approval {
            self.stopwatch.leave_out(Duration::from_millis(approval.waited_ms), &*self.parts.clock);
        }
    }

    fn ms_since(&self, began: Duration) -> u64 {
        let passed = self.parts.clock.monotonic().saturating_sub(began);
        u64::try_from(passed.as_millis()).unwrap_or(u64::MAX)
    }
}

/// A run that is dropped rests where it stands.
impl Drop for Driver {
    fn drop(&mut self) {
        self.close();
    }
}

/// Runs a call; it ends in a report whatever happens.
async fn run(
    call: Box<dyn ReadyCall>,
    cancel: &CancellationToken,
    left: Option<Duration>,
    facts: CallFacts,
) -> CallReport {
    let failure = match timed(call.perform(cancel.clone()), cancel, left).await {
        Ok(report) => return report,
        Err(Lost::Panicked(panic)) => {
            Failure::new(FailureKind::Execution, format!("the host failed while the call ran: {panic}"))
        }
        Err(Lost::Deaf) if facts.repeatable => Failure::new(FailureKind::Cancelled, "cancelled while it ran"),
        Err(Lost::Deaf) => Failure::new(
            FailureKind::Cancelled,
            "cancelled while it ran; whether it took effect is unknown",
        ),
    };
    CallReport::new(message::Outcome::Aborted(failure))
}

/// Waits for a future, and cancels it when the time that is left has passed.
async fn timed<T>(
    future: super::contain::Boxed<'_, T>,
    cancel: &CancellationToken,
    left: Option<Duration>,
) -> Result<T, Lost> {
    let contained = contain(future, cancel);
    let Some(left) = left else { return contained.await };
    tokio::pin!(contained);
    tokio::select! {
        biased;
        result = &mut contained => return result,
        () = tokio::time::sleep(left) => cancel.cancel(),
    }
    contained.await
}

fn not_decided(why: &str) -> Ruling {
    let message = format!("the host failed while it decided on the call: {why}");
    Ruling::Invalid(Failure::new(FailureKind::Execution, message))
}

fn panicked(message: &str) -> String {
    format!("the client of the model panicked: {message}")
}

fn unknown_outcome() -> message::Outcome {
    let message = "the run broke off while the call ran; whether it took effect is unknown";
    message::Outcome::Aborted(Failure::new(FailureKind::Execution, message))
}

/// Gives every call an id of its own within the answer: answers are paired with calls by it.
fn make_ids_unique(turn: u32, calls: &mut [ProposedCall]) {
    let mut seen = std::collections::HashSet::new();
    for (index, call) in calls.iter_mut().enumerate() {
        if call.id.is_empty() || !seen.insert(call.id.clone()) {
            call.id = format!("call_{turn}_{index}");
            while !seen.insert(call.id.clone()) {
                call.id.push('_');
            }
        }
    }
}
