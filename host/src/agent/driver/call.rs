//! One call: decided, recorded, run, recorded. Several at once where they allow it.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{Broken, Driver, taken_back, timed};
use crate::agent::contain::{Boxed, Lost, SideBySide, contain};
use crate::agent::dispatch::{CallReport, Prepared, ReadyCall, Verdict};
use crate::agent::machine::{Action, CallRequest};
use crate::agent::turn::{Touch, veto};
use crate::canonical::CanonicalJson;
use crate::hook::{Done, Point};
use crate::message::{Failure, FailureKind, Outcome, ToolOutput};
use crate::record::{Body, CallDecided, CallEnded, CallFacts, CallStarted, Ruling};

/// Most calls that run side by side.
const WIDTH: usize = 8;

impl Driver {
    pub(super) async fn judge(&mut self, mut request: CallRequest) -> Result<(), Broken> {
        let mut answer = None;
        let mut proposed = None;
        match self.touches.remove(&request.step) {
            Some(Touch::Veto(reason)) => {
                let mut decided = Verdict::default().record(&request, Ruling::Denied(reason));
                decided.approval = Some(veto());
                return self.settle(decided);
            }
            Some(Touch::Edit(arguments)) => {
                proposed = Some(std::mem::replace(&mut request.arguments, arguments));
            }
            Some(Touch::Unfit(reason)) => {
                let ruling = Ruling::Invalid(Failure::new(FailureKind::Validation, reason));
                return self.settle(Verdict::default().record(&request, ruling));
            }
            Some(Touch::Answer(output)) => answer = Some(output),
            None => {}
        }
        let cancel = self.stop.child_token();
        let (dispatch, view) = (Arc::clone(&self.parts.dispatch), self.view());
        let prepared =
            taken_back(contain(dispatch.prepare(&request, &view, &cancel), &cancel), &cancel, &self.parts.rest).await;
        if self.is_stopping() {
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
        self.conclude(decided, call, answer).await
    }

    /// Before a run rests for an answer: finds the other calls of the turn that need one too, so that
    /// all are asked about at once. What could run, and what is denied, is decided when its turn comes.
    pub(super) async fn park_ahead(&mut self) -> Result<(), Broken> {
        let cancel = self.stop.child_token();
        let dispatch = Arc::clone(&self.parts.dispatch);
        for request in self.fold.state.calls_ahead() {
            if self.touches.contains_key(&request.step) {
                continue;
            }
            let view = self.view();
            let prepared = contain(dispatch.prepare(&request, &view, &cancel), &cancel).await;
            if let Ok(Prepared::Settled(verdict, Ruling::Parked)) = prepared {
                let decided = verdict.record(&request, Ruling::Parked);
                self.record(Body::CallDecided(Box::new(decided)))?;
            }
        }
        Ok(())
    }

    /// Keeps what may run, settles the rest.
    async fn conclude(
        &mut self,
        mut decided: CallDecided,
        call: Option<Box<dyn ReadyCall>>,
        answer: Option<ToolOutput>,
    ) -> Result<(), Broken> {
        match (call, answer) {
            (Some(_), Some(output)) => {
                let outcome = Outcome::Ok(output);
                decided.ruling = Ruling::Answered { by: "caller".into(), outcome };
                self.review_answered(&mut decided).await;
                self.settle(decided)
            }
            (Some(call), None) => {
                let step = decided.step;
                if self.parts.hooks.wants(Point::PostTool) {
                    self.reviewed.insert(step, (decided.tool.clone(), decided.arguments.clone()));
                }
                self.record(Body::CallDecided(Box::new(decided)))?;
                self.prepared.insert(step, call);
                Ok(())
            }
            (None, _) => {
                if decided.ruling == Ruling::Allowed {
                    decided.ruling = not_decided("it was allowed, and there is nothing to run");
                }
                self.review_answered(&mut decided).await;
                self.settle(decided)
            }
        }
    }

    pub(super) async fn check_done(&mut self, step: u32, arguments: CanonicalJson) -> Result<(), Broken> {
        let cancel = self.stop.child_token();
        let dispatch = Arc::clone(&self.parts.dispatch);
        let checked = match self.fold.state.done().check(&arguments) {
            Ok(()) => {
                taken_back(contain(dispatch.check_done(&arguments, &cancel), &cancel), &cancel, &self.parts.rest).await
            }
            rejected => Ok(rejected),
        };
        if self.is_stopping() {
            return Ok(());
        }
        let done = match &checked {
            Ok(Ok(())) if self.parts.hooks.wants(Point::CheckDone) => {
                let hooks = self.parts.hooks.clone();
                hooks.check_done(&self.view(), &arguments.to_value()).await
            }
            _ => Done::default(),
        };
        let ruling = match (checked, done.rejected) {
            (Ok(Ok(())), Some(reason)) => Ruling::Invalid(Failure::new(FailureKind::Validation, reason)),
            (Ok(Ok(())), None) => {
                let outcome = Outcome::Ok(ToolOutput::text("the run is done"));
                Ruling::Answered { by: "host".into(), outcome }
            }
            (Ok(Err(failure)), _) => Ruling::Invalid(failure),
            (Err(Lost::Panicked(panic)), _) => not_decided(&panic),
            (Err(Lost::Deaf), _) => return Ok(()),
        };
        let name = self.fold.state.done().name.clone();
        let (hooks, context, stop) = (done.round.verdicts, done.round.context, done.round.stop);
        self.settle(CallDecided { hooks, context, stop, ..CallDecided::new(step, name, arguments, ruling) })
    }

    /// Records a decision that ends the step.
    pub(super) fn settle(&mut self, mut decided: CallDecided) -> Result<(), Broken> {
        decided.active_ms = self.active_ms();
        self.record(Body::CallDecided(Box::new(decided)))
    }

    pub(super) async fn perform(&mut self, step: u32, facts: CallFacts) -> Result<(), Broken> {
        let Some(call) = self.prepared.remove(&step) else {
            let failure = Failure::new(FailureKind::Execution, "the host lost the call before it ran");
            return self.end_call(step, CallReport::new(Outcome::Aborted(failure)));
        };
        if !facts.repeatable {
            self.record(Body::CallStarted(CallStarted { step }))?;
            self.sync()?;
        }
        let cancel = self.stop.child_token();
        let report = run(call, &cancel, self.time_left(), facts).await;
        self.stand_still(report.waited_ms);
        self.note_deadline(&cancel);
        let report = self.review_report(step, report).await;
        self.end_call(step, report)?;
        if facts.repeatable { Ok(()) } else { self.sync() }
    }

    /// Results are recorded as they come; the steps are handed out in the order of the calls.
    pub(super) async fn perform_side_by_side(&mut self, actions: Vec<Action>) -> Result<(), Broken> {
        let cancel = self.stop.child_token();
        let left = self.time_left();
        let mut calls: Vec<Boxed<'_, (u32, CallReport)>> = Vec::new();
        for action in actions {
            let Action::Perform { step, facts } = action else { continue };
            let Some(call) = self.prepared.remove(&step) else { continue };
            let cancel = cancel.clone();
            calls.push(Box::pin(async move { (step, run(call, &cancel, left, facts).await) }));
        }
        let mut side_by_side = SideBySide::new(calls, WIDTH);
        // People are asked one at a time: waits that overlap are one.
        let mut waited_ms = 0;
        while let Some((step, report)) = side_by_side.next().await {
            self.stand_still(report.waited_ms.saturating_sub(waited_ms));
            waited_ms = waited_ms.max(report.waited_ms);
            self.note_deadline(&cancel);
            let report = self.review_report(step, report).await;
            self.end_call(step, report)?;
        }
        Ok(())
    }

    pub(super) fn end_call(&mut self, step: u32, report: CallReport) -> Result<(), Broken> {
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
            kept: report.kept,
            wrote: report.wrote,
            drawn: report.drawn,
            spent: report.spent,
            active_ms: self.active_ms(),
        })))
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
        Err(Lost::Deaf) => {
            Failure::new(FailureKind::Cancelled, "cancelled while it ran; whether it took effect is unknown")
        }
    };
    CallReport::new(Outcome::Aborted(failure))
}

fn not_decided(why: &str) -> Ruling {
    let message = format!("the host failed while it decided on the call: {why}");
    Ruling::Invalid(Failure::new(FailureKind::Execution, message))
}

pub(super) fn unknown_outcome() -> Outcome {
    let message = "the run broke off while the call ran; whether it took effect is unknown";
    Outcome::Aborted(Failure::new(FailureKind::Execution, message))
}
