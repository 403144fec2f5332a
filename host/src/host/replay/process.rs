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
        let outside = (from..to).find(|index| is_from_outside(&records[*index..to])).unwrap_or(to);
        // Hooks were told of the end before it was recorded.
        let is_last_word = |index: &usize| is_end_of_hooks(&records[*index].body);
        let told = (from..outside).rev().take_while(is_last_word).last();
        let own = if outside < to { told.unwrap_or(outside) } else { to };
        Process { resumed: resumed(&records[from]), from, own, to }
    };
    starts.iter().copied().zip(ends).map(process).collect()
}

/// Whether the first of these happened because somebody outside wanted it, or because time had passed.
fn is_from_outside(records: &[Record]) -> bool {
    match &records[0].body {
        Body::Notice(Notice::Cancelled | Notice::Closed | Notice::Forked) | Body::CallAnswered(_) => true,
        // A word that came when the run was about to stop: behind it nothing happened but the stop.
        Body::Notice(Notice::Steered(_)) => {
            let behind = records.iter().find(|record| !matches!(record.body, Body::Notice(Notice::Steered(_))));
            behind.is_some_and(|record| matches!(record.body, Body::Stopped(_)))
        }
        Body::ModelFailed(failed) => failed.cancelled,
        Body::Stopped(reason) => {
            matches!(reason, StopReason::Cancelled | StopReason::StreamClosed | StopReason::DeadlineExceeded)
        }
        _ => false,
    }
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
