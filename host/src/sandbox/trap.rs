//! Why a guest ended without an answer, in words for the model and for the operator.
//!
//! The model gets one marked line; the engine's own text and the guest's last words go to the record.

use wasmtime::Trap;
use wasmtime_wasi::I32Exit;

use super::clock::StopNow;
use super::limits::Limits;
use crate::message::{Failure, FailureKind};

/// How a call came to an end without an answer.
pub(super) enum Ended {
    /// The host stopped it.
    Stopped(StopNow),
    /// The engine or the guest itself stopped it.
    Trapped(wasmtime::Error),
}

/// The failure for the model, and the engine's text for the operator.
pub(super) fn to_failure(
    ended: &Ended,
    stop: Option<StopNow>,
    limits: &Limits,
    memory_refused: bool,
) -> (Failure, Option<String>) {
    let stopped = match ended {
        Ended::Stopped(stop) => Some(*stop),
        // The epoch callback interrupts for the same two reasons.
        Ended::Trapped(error) if error.downcast_ref::<Trap>() == Some(&Trap::Interrupt) => stop,
        Ended::Trapped(_) => None,
    };
    match (stopped, ended) {
        (Some(StopNow::Cancelled), _) => (Failure::new(FailureKind::Cancelled, "the call was cancelled"), None),
        (Some(StopNow::TimedOut), _) | (None, Ended::Stopped(_)) => (timeout(limits), None),
        (None, Ended::Trapped(error)) => (trapped(error, limits, memory_refused), Some(format!("{error:#}"))),
    }
}

/// The failure of a call whose time is up.
pub(super) fn timeout(limits: &Limits) -> Failure {
    let message =
        format!("the tool was stopped after {} ms; whether it had an effect is not known", limits.wall.as_millis());
    Failure::new(FailureKind::Timeout, message)
}

fn trapped(error: &wasmtime::Error, limits: &Limits, memory_refused: bool) -> Failure {
    if let Some(I32Exit(code)) = error.downcast_ref::<I32Exit>() {
        return Failure::new(
            FailureKind::Execution,
            format!("the tool ended itself with exit code {code} instead of answering"),
        );
    }
    let what = match error.downcast_ref::<Trap>() {
        Some(Trap::UnreachableCodeReached) => "unreachable".to_owned(),
        Some(Trap::StackOverflow) => format!("its stack of {} KiB is full", Limits::STACK_BYTES >> 10),
        Some(trap) => trap.to_string(),
        None => error.root_cause().to_string(),
    };
    let failure = Failure::new(FailureKind::Execution, format!("the tool trapped: {}", first_line(&what)));
    match memory_refused {
        true => failure
            .hint(format!("it asked for more than the {} MiB of memory that it is allowed", limits.memory_bytes >> 20)),
        false => failure,
    }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or(text)
}
