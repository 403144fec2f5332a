//! The processes of a recorded run: where each began, how far it came by itself, and what came from outside.

use crate::agent::{Answer, ModelFault};
use crate::record::{Body, Notice, Record, RunResumed, StopReason};

/// One process of a run.
pub(super) struct Process {
    /// How it went on; none for the first.
    pub(super) resumed: Option<RunResumed>,
    /// Its first record.
    pub(super) from: usize,
    /// The first record that it did not write by itself: an interruption and what followed from it.
    pub(super) own: usize,
    /// Behind its last record.
    pub(super) to: usize,
}

/// The processes of a run, in order.
pub(super) fn processes(records: &[Record]) -> Vec<Process> {
    let resumed = |record: &Record| match &record.body {
        Body::RunResumed(resumed) => Some((**resumed).clone()),
        _ => None,
    };
    let mut starts: Vec<usize> = vec![0];
    starts.extend((1..records.len()).filter(|index| resumed(&records[*index]).is_some()));
    let ends = starts.iter().skip(1).copied().chain([records.len()]);
    let process = |(from, to): (usize, usize)| {
        let is_outside = |index: &usize| {
            // A word that came when the run was about to stop: behind it nothing happened but the stop.
            let is_late = records[*index..to].iter().find(|record| !is_word(&record.body)).is_some_and(is_stop);
            is_from_outside(&records[*index].body) || is_word(&records[*index].body) && is_late
        };
        let outside = (from..to).find(is_outside).unwrap_or(to);
        // Hooks were told of the end before it was recorded.
        let is_last_word = |index: &usize| is_end_of_hooks(&records[*index].body);
        let told = (from..outside).rev().take_while(is_last_word).last();
        let own = if outside < to { told.unwrap_or(outside) } else { to };
        Process { resumed: resumed(&records[from]), from, own, to }
    };
    starts.iter().copied().zip(ends).map(process).collect()
}

/// What happens because somebody outside wants it, or because time has passed.
fn is_from_outside(body: &Body) -> bool {
    match body {
        Body::Notice(Notice::Cancelled | Notice::Closed | Notice::Forked) | Body::CallAnswered(_) => true,
        Body::ModelFailed(failed) => failed.cancelled,
        Body::Stopped(reason) => {
            matches!(reason, StopReason::Cancelled | StopReason::StreamClosed | StopReason::DeadlineExceeded)
        }
        _ => false,
    }
}

fn is_word(body: &Body) -> bool {
    matches!(body, Body::Notice(Notice::Steered(_)))
}

fn is_stop(record: &Record) -> bool {
    matches!(record.body, Body::Stopped(_))
}

fn is_end_of_hooks(body: &Body) -> bool {
    matches!(body, Body::Hooked(hooked) if hooked.point == "run-end")
}

/// What the model said to a process, in order.
pub(super) fn answers(records: &[Record]) -> Vec<Result<Answer, ModelFault>> {
    let answer = |record: &Record| match &record.body {
        Body::ModelAnswered(answered) => Some(Ok(Answer {
            text: answered.text.clone(),
            calls: answered.calls.clone(),
            usage: answered.usage,
            finish: answered.ended(),
            model: answered.model.clone(),
        })),
        Body::ModelFailed(failed) => Some(Err(ModelFault {
            message: failed.message.clone(),
            partial: failed.partial.clone(),
            usage: failed.usage,
        })),
        _ => None,
    };
    records.iter().filter_map(answer).collect()
}
