//! The driver: performs what the machine wants done and appends a record of each thing that happened.
//!
//! It decides nothing. All that it learns goes through a record into the fold before it is acted on.

mod ask;
mod call;
mod hooks;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::clock::Stopwatch;
use super::contain::{Boxed, Lost, called, contain};
use super::dispatch::{CallReport, ReadyCall};
use super::machine::Action;
use super::outcome::Outcome;
use super::owed::Owed;
use super::steering::Steering;
use super::turn::Touch;
use super::{Fold, Parts};
use crate::canonical::CanonicalJson;
use crate::error::Error;
use crate::hook::{HookLog, StepView};
use crate::record::{Body, CallDecided, Chain, Notice, Step, StopReason};

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
    /// Steps that ended and were not handed out, by number.
    ready: BTreeMap<u32, Step>,
    broken: Option<Error>,
    /// The past, for hooks.
    pub(super) log: Arc<HookLog>,
    task: String,
    model_name: String,
    /// Hooks go on with a run, rather than begin one.
    pub(super) is_resumed: bool,
    has_begun: bool,
    /// How many messages hooks before the model have been shown.
    shown_messages: usize,
    /// Steps that hooks were not told of; none where hooks need not be asked whether to stop either.
    ended: Option<Vec<StepView>>,
    /// What hooks had still to be told when the last process ended.
    pub(super) owed: Owed,
    /// Records that observers were not told of.
    events: Vec<(String, Value)>,
    /// What persons say in between.
    pub(super) steering: Steering,
    /// Calls whose results hooks are to see, by step: full name and arguments.
    reviewed: BTreeMap<u32, (String, CanonicalJson)>,
}

impl Driver {
    /// A driver at rest. `stop` is cancelled to close the run; the caller's token cancels it too.
    pub(super) fn new(fold: Fold, chain: Chain, parts: Parts, stop: CancellationToken) -> Self {
        Self {
            steering: Steering::of(fold.state.run()),
            stopwatch: Stopwatch::at(fold.state.meter().active_ms()),
            fold,
            chain,
            parts,
            stop,
            deadline_passed: false,
            prepared: BTreeMap::new(),
            touches: BTreeMap::new(),
            shown_turn: 0,
            ready: BTreeMap::new(),
            broken: None,
            log: Arc::default(),
            task: String::new(),
            model_name: String::new(),
            is_resumed: false,
            has_begun: false,
            shown_messages: 0,
            ended: None,
            owed: Owed::default(),
            events: Vec::new(),
            reviewed: BTreeMap::new(),
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
            Until::Step => self.has_step(),
            Until::Turn => open.is_some_and(|turn| turn > self.shown_turn),
            Until::StepOf(turn) => self.has_step() || open != Some(turn),
        }
    }

    /// Whether the next step in order is there. At rest those are handed out too that had to wait for another.
    fn has_step(&self) -> bool {
        let first = self.ready.first_key_value();
        first.is_some_and(|(step, _)| self.is_over() || self.fold.state.is_in_order(*step))
    }

    /// The next step in order, if it is there.
    pub(super) fn take_step(&mut self) -> Option<Step> {
        if self.has_step() { self.ready.pop_first().map(|(_, step)| step) } else { None }
    }

    /// Whether the run came to rest, or can go no further.
    pub(super) fn is_over(&self) -> bool {
        self.broken.is_some() || self.fold.state.stopped().is_some()
    }

    /// What the run is about, for hooks.
    pub(super) fn about(mut self, task: &str, model: &str) -> Self {
        (self.task, self.model_name) = (task.to_owned(), model.to_owned());
        self
    }

    async fn advance(&mut self) -> Result<(), Broken> {
        // Nothing is under way here, so that what was sent is what was recorded.
        if let Some(bytes) = self.fold.state.meter().egress_left() {
            self.parts.dispatch.bound_egress(bytes);
        }
        self.begin_hooks().await?;
        if self.owed.is_something() {
            // It may end the run.
            return self.settle_owed().await;
        }
        self.act().await?;
        if self.is_over() { Ok(()) } else { self.after_action().await }
    }

    async fn act(&mut self) -> Result<(), Broken> {
        if self.is_stopping() && self.fold.state.end().is_none() {
            let by_caller = self.parts.cancel.is_cancelled() || self.parts.rest.is_cancelled();
            return self.record(Body::Notice(if by_caller { Notice::Cancelled } else { Notice::Closed }));
        }
        for text in self.steering.take() {
            self.record(Body::Notice(Notice::Steered(text)))?;
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
            Some(Action::Lose { step }) => self.end_call(step, CallReport::new(call::unknown_outcome())),
            Some(Action::Stop(reason)) => {
                if reason == StopReason::WaitingForApproval {
                    self.park_ahead().await?;
                }
                self.stop(reason).await
            }
            // Nothing can begin and nothing is under way: what was begun was lost with its driver.
            None => self.stop(StopReason::StreamClosed).await,
        }
    }

    /// Whether nothing more is to begin.
    pub(super) fn is_stopping(&self) -> bool {
        self.stop.is_cancelled() || self.parts.rest.is_cancelled()
    }

    async fn stop(&mut self, reason: StopReason) -> Result<(), Broken> {
        self.end_hooks(&reason).await?;
        self.stop_now(reason)
    }

    /// Without a word to hooks: from where nothing can be waited for.
    fn stop_now(&mut self, reason: StopReason) -> Result<(), Broken> {
        self.prepared.clear();
        for text in self.steering.end() {
            self.record(Body::Notice(Notice::Steered(text)))?;
        }
        self.record(Body::Stopped(reason))?;
        if let Some(account) = &self.parts.account {
            account.close();
        }
        self.sync()
    }

    /// Writes what happened, then takes it into account. Nothing counts that is not written, and nothing of it
    /// that is kept out.
    pub(super) fn record(&mut self, mut body: Body) -> Result<(), Broken> {
        self.parts.redaction.clean(&mut body);
        let encoded = self.chain.encode(self.parts.clock.unix_ms(), body);
        let written = encoded.and_then(|encoded| self.parts.sink.append(&encoded).map(|()| encoded));
        let encoded = written.map_err(|error| self.give_up(error))?;
        self.chain.advance(&encoded.line);
        let step = self.fold.apply(&encoded.record);
        self.keep_for_hooks(&encoded.record.body, step.as_ref());
        if let Some(account) = &self.parts.account {
            account.read(self.fold.state.meter().spent());
        }
        self.ready.extend(step.map(|step| (step.number, step)));
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
            let _ = self.stop_now(StopReason::StreamClosed);
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
        self.deadline_passed |= cancel.is_cancelled() && !self.is_stopping();
    }

    fn leave_out_wait(&mut self, decided: &CallDecided) {
        if let Some(approval) = &decided.approval {
            self.stand_still(approval.waited_ms);
        }
    }

    /// Takes a wait for a person, which just ended, out of the run's time.
    fn stand_still(&mut self, waited_ms: u64) {
        self.stopwatch.leave_out(Duration::from_millis(waited_ms), &*self.parts.clock);
        if let Some(account) = &self.parts.account {
            account.wait(waited_ms);
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
        let _ = self.steering.end();
        if let Some(account) = &self.parts.account {
            account.close();
        }
    }
}

/// Waits for a future that nothing hangs on: it is cancelled as soon as the run is to rest.
async fn taken_back<T>(future: impl Future<Output = T>, cancel: &CancellationToken, rest: &CancellationToken) -> T {
    tokio::pin!(future);
    tokio::select! {
        biased;
        result = &mut future => return result,
        () = rest.cancelled() => cancel.cancel(),
    }
    future.await
}

/// Waits for a future, and cancels it when the time that is left has passed.
async fn timed<T>(future: Boxed<'_, T>, cancel: &CancellationToken, left: Option<Duration>) -> Result<T, Lost> {
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
