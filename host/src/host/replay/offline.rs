//! The gate of a replay without live tools: it decides as ever, and what would run is answered from the record.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use super::Difference;
use super::tape::Tape;
use crate::agent::machine::CallRequest;
use crate::agent::{CallReport, Dispatch, Prepared, ReadyCall, Verdict};
use crate::canonical::CanonicalJson;
use crate::gate::Gate;
use crate::hook::RunView;
use crate::message::{Failure, FailureKind, Outcome};
use crate::permission::{Answer, Approver, Question};
use crate::record::{Body, CallDecided, CallEnded, Record, Ruling, diff};

/// How often a call lets others go before it, that ended before it when they were recorded.
const PATIENCE: u32 = 1 << 16;

/// What the record says of one step.
#[derive(Clone)]
struct Recorded {
    decided: CallDecided,
    ended: Option<CallEnded>,
    /// The place of its end.
    ended_at: usize,
}

/// Decides with a gate, runs nothing.
pub(super) struct Offline {
    gate: Arc<Gate>,
    recorded: BTreeMap<u32, Recorded>,
    tape: Tape,
    follow: bool,
    stop: CancellationToken,
    differences: Arc<Mutex<Vec<Difference>>>,
}

impl Offline {
    /// `records` are those of one process.
    pub(super) fn new(
        gate: Arc<Gate>,
        records: &[Record],
        tape: Tape,
        follow: bool,
        stop: CancellationToken,
        differences: Arc<Mutex<Vec<Difference>>>,
    ) -> Self {
        Self { gate, recorded: recorded(records), tape, follow, stop, differences }
    }

    fn differs(&self, step: u32, clause: String) {
        self.differences.lock().unwrap_or_else(PoisonError::into_inner).push(Difference { step, clause });
        if !self.follow {
            self.stop.cancel();
        }
    }

    /// Before a run rests for an answer it looks for other calls that need one; those that need none are not recorded.
    fn is_looked_ahead(&self, step: u32) -> bool {
        self.recorded.range(..step).any(|(_, recorded)| recorded.decided.ruling == Ruling::Parked)
    }

    fn ready(&self, recorded: Recorded) -> Box<dyn ReadyCall> {
        // A call that had not ended when the process did is the last to end, and then nobody writes that down.
        let at = if recorded.ended.is_some() { recorded.ended_at } else { self.tape.room() };
        Box::new(Ended { record: recorded.ended, at, place: self.tape.place() })
    }

    fn as_recorded(&self, recorded: Recorded, request: &CallRequest) -> Prepared {
        let ruling = recorded.decided.ruling.clone();
        let verdict = Box::new(verdict_of(recorded.decided.clone(), request));
        match ruling {
            Ruling::Allowed => Prepared::Ready(verdict, self.ready(recorded)),
            settled => Prepared::Settled(verdict, settled),
        }
    }
}

/// The last word on each step.
fn recorded(records: &[Record]) -> BTreeMap<u32, Recorded> {
    let mut all: BTreeMap<u32, Recorded> = BTreeMap::new();
    for record in records {
        match &record.body {
            Body::CallDecided(decided) => {
                all.insert(decided.step, Recorded { decided: (**decided).clone(), ended: None, ended_at: 0 });
            }
            Body::CallEnded(ended) => {
                if let Some(step) = all.get_mut(&ended.step) {
                    step.ended = Some((**ended).clone());
                    step.ended_at = usize::try_from(record.seq).unwrap_or(usize::MAX);
                }
            }
            _ => {}
        }
    }
    all
}

#[async_trait]
impl Dispatch for Offline {
    async fn prepare(&self, request: &CallRequest, view: &RunView, cancel: &CancellationToken) -> Prepared {
        let Some(recorded) = self.recorded.get(&request.step).cloned() else {
            // What a process that ended here did not come to is no difference.
            if self.is_looked_ahead(request.step) || self.tape.is_full() {
                return Prepared::Settled(Box::default(), Ruling::Denied(String::new()));
            }
            self.differs(request.step, "has no record: the run had not come so far".to_owned());
            let failure = Failure::new(FailureKind::Execution, "there is no record of this call");
            return Prepared::Settled(Box::default(), Ruling::Invalid(failure));
        };
        // Why a call was withheld is not on record, by its nature.
        if matches!(recorded.decided.ruling, Ruling::Answered { .. } | Ruling::Withheld)
            || is_of_caller(&recorded.decided)
        {
            return self.as_recorded(recorded, request);
        }
        let (verdict, ruling) = match self.gate.prepare(request, view, cancel).await {
            Prepared::Ready(verdict, _) => (verdict, Ruling::Allowed),
            Prepared::Settled(verdict, ruling) => (verdict, ruling),
        };
        if kind(&ruling) == kind(&recorded.decided.ruling) {
            return match ruling {
                Ruling::Allowed => Prepared::Ready(verdict, self.ready(recorded)),
                settled => Prepared::Settled(verdict, settled),
            };
        }
        self.differs(request.step, clause(&verdict, &ruling, &recorded.decided));
        self.as_recorded(recorded, request)
    }

    async fn check_done(&self, arguments: &CanonicalJson, cancel: &CancellationToken) -> Result<(), Failure> {
        self.gate.check_done(arguments, cancel).await
    }
}

/// Rulings compare by what becomes of the call; their words may differ with the policy.
fn kind(ruling: &Ruling) -> &'static str {
    match ruling {
        Ruling::Allowed => "allowed",
        Ruling::Denied(_) => "denied",
        Ruling::Invalid(_) => "refused as no valid call",
        Ruling::Answered { .. } => "answered",
        Ruling::Withheld => "withheld",
        Ruling::Parked => "parked",
    }
}

fn clause(verdict: &Verdict, ruling: &Ruling, recorded: &CallDecided) -> String {
    let strictest = verdict.rules.iter().rev().max_by_key(|rule| rule.decision);
    let line = strictest.map(|rule| format!(" ({})", rule.origin)).unwrap_or_default();
    format!("would be {}{line} — recorded: {}", kind(ruling), diff::decision(recorded))
}

/// What the program that owned the run said of a call: no gate can say it again.
fn is_of_caller(decided: &CallDecided) -> bool {
    let by = decided.approval.as_ref().map(|approval| approval.by.as_str());
    let is_rewritten = decided.hooks.iter().any(|said| said.verdict == "rewrite");
    by == Some("caller") || decided.proposed.is_some() && by != Some("person") && !is_rewritten
}

fn verdict_of(decided: CallDecided, request: &CallRequest) -> Verdict {
    Verdict {
        arguments: Some(decided.arguments),
        rules: decided.rules,
        hooks: decided.hooks,
        context: decided.context,
        stop: decided.stop,
        approval: decided.approval,
        bound_to: decided.bound_to,
        authority: decided.authority,
        would_allow: decided.would_allow,
        facts: decided.facts.unwrap_or(request.tool.facts),
    }
}

/// A call whose end is on record, at this place.
struct Ended {
    record: Option<CallEnded>,
    at: usize,
    place: Arc<AtomicUsize>,
}

#[async_trait]
impl ReadyCall for Ended {
    async fn perform(self: Box<Self>, _: CancellationToken) -> CallReport {
        for _ in 0..PATIENCE {
            if self.place.load(Ordering::Relaxed) >= self.at {
                break;
            }
            tokio::task::yield_now().await;
        }
        let Some(ended) = self.record else {
            let failure = Failure::new(FailureKind::Execution, "the record has no end of this call");
            return CallReport::new(Outcome::Aborted(failure));
        };
        CallReport {
            duration_us: ended.duration_us,
            used: ended.used,
            refusals: ended.refusals,
            stderr: ended.stderr,
            warnings: ended.warnings,
            progress: ended.progress,
            hooks: ended.hooks,
            context: ended.context,
            stop: ended.stop,
            kept: ended.kept,
            wrote: ended.wrote,
            drawn: ended.drawn,
            spent: ended.spent,
            ..CallReport::new(ended.outcome)
        }
    }
}

/// The people of the record: they say again what they said.
pub(super) struct Person {
    recorded: BTreeMap<u32, Recorded>,
    /// Steps that they were asked about.
    asked: Mutex<BTreeSet<u32>>,
}

impl Person {
    pub(super) fn new(records: &[Record]) -> Self {
        Self { recorded: recorded(records), asked: Mutex::default() }
    }
}

#[async_trait]
impl Approver for Person {
    async fn ask(&self, question: &Question) -> Answer {
        let Some(Recorded { decided, .. }) = self.recorded.get(&question.step) else { return Answer::No };
        let is_first = self.asked.lock().unwrap_or_else(PoisonError::into_inner).insert(question.step);
        let Some(approval) = decided.approval.as_ref().filter(|approval| approval.by == "person") else {
            return Answer::No;
        };
        if approval.lapsed {
            return Answer::No;
        }
        let scope = approval.standing.as_ref().map(|standing| standing.scope.clone());
        match (&decided.ruling, scope) {
            _ if is_first && approval.scope == "edited"
                || decided.proposed.is_some() && question.arguments != decided.arguments =>
            {
                Answer::Edited(decided.arguments.clone())
            }
            (Ruling::Denied(reason), None) => match reason.strip_prefix("refused by the person: ") {
                Some(why) => Answer::NoBecause(why.to_owned()),
                None if reason.contains("stopped the run") => Answer::Stop,
                None => Answer::No,
            },
            (Ruling::Denied(_), Some(_)) => Answer::NoForRun,
            // Kept for this replay alone: nobody remembers for it.
            (_, Some(scope)) if approval.scope == "until revoked" => Answer::Always(scope),
            (_, Some(scope)) => Answer::YesForRun(scope),
            (_, None) => Answer::Yes,
        }
    }
}
