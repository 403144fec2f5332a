//! A call of a native tool that was let through: bounded in time and in what it answers, held when it panics.
//!
//! There is no wall. The function is a future beside the loop, and stopping it means dropping it.

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use super::perform::{Desk, edited, tail};
use super::tool::GatedTool;
use crate::agent::{CallReport, ReadyCall, caught};
use crate::canonical::CanonicalJson;
use crate::message::{Failure, FailureKind, Outcome};
use crate::native::{CallContext, Tool};
use crate::permission::Approver;
use crate::plugin::CallSupport;
use crate::record::RunId;
use crate::sandbox::{Limits, cut_and_clean, outcome_of_native};

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
}

#[async_trait]
impl ReadyCall for AllowedNative {
    async fn perform(self: Box<Self>, cancel: CancellationToken) -> CallReport {
        let Self { native, tool, run, step, arguments, is_edited, approver } = *self;
        let desk = Arc::new(Desk::new(&tool, approver));
        // Over with the call, so that what it handed to others ends with it.
        let child = cancel.child_token();
        let _over = child.clone().drop_guard();
        let context = CallContext::new(run, step, child, Arc::clone(&desk) as Arc<dyn CallSupport>);
        let started = Instant::now();
        let outcome = run_bounded(&native, &arguments, context.clone(), &cancel).await;
        let lines = context.take_lines().into_iter();
        let lines = lines.map(|line| cut_and_clean(line, Limits::LOG_LINE_BYTES)).collect();
        CallReport {
            duration_us: u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX),
            stderr: tail(lines),
            warnings: edited(is_edited, &arguments).into_iter().collect(),
            progress: desk.take_progress(),
            ..CallReport::new(outcome)
        }
    }
}

async fn run_bounded(
    native: &Tool,
    arguments: &CanonicalJson,
    context: CallContext,
    cancel: &CancellationToken,
) -> Outcome {
    let arguments = arguments.to_value();
    // Made inside, so that a panic before the first wait is held too.
    let called = async move { native.call(arguments, context).await };
    let ended = tokio::select! {
        biased;
        () = cancel.cancelled() => return Outcome::Aborted(cancelled()),
        ended = caught(Box::pin(called)) => ended,
        () = tokio::time::sleep(native.wall_time()) => return Outcome::Aborted(timeout(native)),
    };
    match ended {
        Ok(answer) => outcome_of_native(answer, &Limits::SHIPPED),
        Err(panic) => {
            let panic = cut_and_clean(panic, Limits::HINT_BYTES);
            Outcome::Aborted(Failure::new(FailureKind::Execution, format!("the tool panicked: {panic}")))
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
