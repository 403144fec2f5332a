//! A call of a native tool that was let through: bounded in time and in what it answers, held when it panics.
//!
//! There is no wall. The function is a future beside the loop, and stopping it means dropping it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use super::RunMemory;
use super::perform::{Desk, edited, keep_out, tail};
use super::tool::GatedTool;
use crate::agent::{CallReport, Notes, ReadyCall, caught};
use crate::budget::Budget;
use crate::canonical::CanonicalJson;
use crate::message::{Failure, FailureKind, Outcome};
use crate::native::{CallContext, Children, Family, Ledger, Tool};
use crate::permission::Approver;
use crate::plugin::CallSupport;
use crate::record::RunId;
use crate::redaction::Redaction;
use crate::sandbox::{Limits, cut_and_clean, outcome_of_native};

/// Between two looks at the clock when little time is left.
const TICK: Duration = Duration::from_millis(1);

/// A call with everything it was given.
pub(super) struct AllowedNative {
    pub(super) native: Tool,
    pub(super) tool: GatedTool,
    pub(super) run: RunId,
    pub(super) step: u32,
    pub(super) arguments: CanonicalJson,
    /// A person changed the arguments: the model is told.
    pub(super) is_edited: bool,
    pub(super) approver: Arc<dyn Approver>,
    pub(super) notes: Notes,
    pub(super) redaction: Redaction,
    /// What sub-agents of it may spend in all.
    pub(super) left: Budget,
    pub(super) children: Option<Arc<dyn Children>>,
    /// What the gate knows of the run: what sub-agents ran, the run has run.
    pub(super) memory: Arc<Mutex<RunMemory>>,
}

#[async_trait]
impl ReadyCall for AllowedNative {
    async fn perform(self: Box<Self>, cancel: CancellationToken) -> CallReport {
        let Self { native, tool, run, step, arguments, is_edited, approver, notes, redaction, left, children, memory } =
            *self;
        let desk = Arc::new(Desk::new(&tool, step, approver, notes, redaction.clone()));
        // Over with the call, so that what it handed to others ends with it.
        let child = cancel.child_token();
        let _over = child.clone().drop_guard();
        let ledger = Arc::new(Ledger::new(left));
        let family = children.map(|children| Family { children, ledger: Arc::clone(&ledger) });
        let context = CallContext::new(run, step, child, Arc::clone(&desk) as Arc<dyn CallSupport>, family);
        let started = Instant::now();
        let outcome = run_bounded(&native, &arguments, context.clone(), &ledger, &cancel).await;
        let spent = ledger.spent();
        let mut memory = memory.lock().unwrap_or_else(PoisonError::into_inner);
        spent.iter().flat_map(|spent| &spent.ran).for_each(|tool| memory.note_run(tool.clone()));
        drop(memory);
        let lines = context.take_lines().into_iter();
        let lines = lines.map(|line| cut_and_clean(line, Limits::LOG_LINE_BYTES)).collect();
        let mut report = CallReport {
            duration_us: u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX),
            stderr: tail(lines),
            warnings: edited(is_edited, &arguments).into_iter().collect(),
            progress: desk.take_progress(),
            waited_ms: ledger.waited_ms(),
            spent,
            ..CallReport::new(outcome)
        };
        keep_out(&mut report, &redaction);
        report
    }
}

async fn run_bounded(
    native: &Tool,
    arguments: &CanonicalJson,
    context: CallContext,
    ledger: &Ledger,
    cancel: &CancellationToken,
) -> Outcome {
    let arguments = arguments.to_value();
    // Made inside, so that a panic before the first wait is held too.
    let called = async move { native.call(arguments, context).await };
    let ended = tokio::select! {
        biased;
        () = cancel.cancelled() => return Outcome::Aborted(cancelled()),
        ended = caught(Box::pin(called)) => ended,
        () = wall(native.wall_time(), ledger) => return Outcome::Aborted(timeout(native)),
    };
    match ended {
        Ok(answer) => outcome_of_native(answer, &Limits::SHIPPED),
        Err(panic) => {
            let panic = cut_and_clean(panic, Limits::HINT_BYTES);
            Outcome::Aborted(Failure::new(FailureKind::Execution, format!("the tool panicked: {panic}")))
        }
    }
}

/// Waits until a call has taken so long by itself: while a sub-agent is there, the clock stands still.
async fn wall(allowed: Duration, ledger: &Ledger) {
    let started = Instant::now();
    loop {
        let own = started.elapsed().saturating_sub(ledger.busy());
        match allowed.checked_sub(own).filter(|left| !left.is_zero()) {
            Some(left) => tokio::time::sleep(left.max(TICK)).await,
            None => return,
        }
    }
}

fn cancelled() -> Failure {
    Failure::new(FailureKind::Cancelled, "cancelled while it ran; whether it took effect is unknown")
}

fn timeout(native: &Tool) -> Failure {
    let ms = native.wall_time().as_millis();
    let message = format!("the tool was stopped after {ms} ms; whether it had an effect is not known");
    Failure::new(FailureKind::Timeout, message)
}
