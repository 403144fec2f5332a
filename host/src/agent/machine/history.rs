//! The history that the model sees: how an outcome is told, and how an answer's calls are closed.

use std::fmt::Write as _;

use super::{OpenTurn, Stage, State};
use crate::message::{Failure, Message, Outcome};
use crate::record::StopReason;

/// What the model is told of an outcome: the text, and whether it is a failure.
///
/// Never how a refused call could be granted: that is for the operator.
pub fn told(outcome: &Outcome, warnings: &[String]) -> (String, bool) {
    let (mut text, failed) = match outcome {
        Outcome::Ok(output) => (output.content.to_text(), false),
        Outcome::Failed(failure) => (failure_in_words("failed", failure), true),
        Outcome::Denied(reason) if reason.is_empty() => ("refused".into(), true),
        Outcome::Denied(reason) => (format!("refused: {reason}"), true),
        Outcome::Aborted(failure) => (failure_in_words("ended by the host", failure), true),
    };
    if let Outcome::Ok(output) = outcome {
        for attachment in &output.attachments {
            let name = attachment.name.as_deref().unwrap_or("without a name");
            let (media_type, size) = (&attachment.media_type, attachment.bytes.len());
            let _ = write!(text, "\n[attachment {name}: {media_type}, {size} bytes]");
        }
    }
    let own: &[String] = if let Outcome::Ok(output) = outcome { &output.warnings } else { &[] };
    for warning in own.iter().chain(warnings) {
        let _ = write!(text, "\nwarning: {warning}");
    }
    (text, failed)
}

fn failure_in_words(what: &str, failure: &Failure) -> String {
    let mut text = format!("{what} ({}): {}", failure.kind, failure.message);
    if let Some(hint) = &failure.hint {
        let _ = write!(text, "\nhint: {hint}");
    }
    if failure.retriable {
        text.push_str("\nthe call may be tried again");
    }
    text
}

/// What the model is told of a call that was not run.
pub(super) fn not_run(reason: &StopReason) -> (String, bool) {
    let why = match reason {
        StopReason::Done => "the run was done before it",
        StopReason::BudgetExhausted
        | StopReason::TurnsExhausted
        | StopReason::CallsExhausted
        | StopReason::ToolCallsExhausted(_)
        | StopReason::TokensExhausted
        | StopReason::MoneyExhausted
        | StopReason::EgressExhausted => "the run's budget was used up before it",
        StopReason::DeadlineExceeded => "the run's time was over before it",
        _ => "the run stopped before it",
    };
    (format!("not run: {why}"), true)
}

impl State {
    /// The history with every proposed call answered: what a run that goes on from this one starts with.
    pub fn closed_history(&self) -> Vec<Message> {
        let mut messages = self.messages.clone();
        if let Some(turn) = &self.turn {
            let reason = self.stopped.clone().unwrap_or(StopReason::StreamClosed);
            messages.extend(turn.answers(&reason));
        }
        messages
    }
}

impl OpenTurn {
    /// One answer for each call, in the order of the calls; what is not closed was not run, for this reason.
    pub(super) fn answers(&self, reason: &StopReason) -> impl Iterator<Item = Message> {
        self.calls.iter().map(move |call| {
            let (text, failed) = match &call.stage {
                Stage::Closed { text, failed } => (text.clone(), *failed),
                Stage::Started | Stage::Lost => ("its outcome is unknown: the run broke off".into(), true),
                Stage::Proposed | Stage::Allowed(_) | Stage::Parked => not_run(reason),
            };
            let (call_id, name) = (call.proposed.id.clone(), call.proposed.name.clone());
            Message::Tool { call_id, name, text, failed }
        })
    }
}
