//! How a run ended, for the caller and for the last line on the terminal.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::digest::Digest;
use crate::error::{Error, Exit};
use crate::record::words::{count, duration, money, thousands};
use crate::record::{DeniedBy, DeniedCall, RunId, StopReason, Tally, Usage, cut};

/// How a run ended. Displayed as the last line of a run:
/// `done · 6 steps · 1 denied by policy · 9 ms · show: looplet-host show 01J…`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// Name of the run.
    pub run: RunId,
    /// Why it ended, or rests.
    pub stop_reason: StopReason,
    /// More about it, in words for the operator: the model's fault, what is wrong with the disk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The arguments of an accepted `done`, or the final text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<Value>,
    /// Steps, failed and denied ones included.
    pub steps: u32,
    /// Answers of the model.
    pub turns: u32,
    /// Requests to the model.
    pub model_calls: u32,
    /// Tokens and money.
    pub usage: Usage,
    /// Every call that was denied.
    pub denied: Vec<DeniedCall>,
    /// Calls that a person was asked about.
    pub asked: u32,
    /// Attempts of tools to reach what their box did not hold.
    pub refusals: u64,
    /// Digest of the journal's last line. Kept elsewhere, it shows changes of the journal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head: Option<Digest>,
    /// From the start to the last record, in milliseconds.
    pub elapsed_ms: u64,
    /// Without the time that persons were waited for, in milliseconds.
    pub active_ms: u64,
    /// Whether a journal is left to look at.
    #[serde(skip)]
    pub is_kept: bool,
}

/// When an ended run counts as a failure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExitRules {
    /// Only an accepted `done` is a success.
    pub require_done: bool,
    /// Any denied call is a failure.
    pub fail_on_denied: bool,
}

impl Outcome {
    /// The outcome of a run that came to rest. `broken` says what kept the journal from being written.
    pub(super) fn new(run: RunId, tally: Tally, head: Option<Digest>, is_kept: bool, broken: Option<Error>) -> Self {
        let stop_reason = match (&broken, &tally.stop) {
            (Some(_), _) => StopReason::JournalError,
            (None, Some(reason)) => reason.clone(),
            (None, None) => StopReason::StreamClosed,
        };
        let fault = (stop_reason == StopReason::ModelError).then(|| tally.fault.clone()).flatten();
        Self {
            output: tally.output().filter(|_| broken.is_none()),
            run,
            stop_reason,
            detail: broken.map(|error| error.to_string()).or(fault),
            steps: tally.steps,
            turns: tally.turns,
            model_calls: tally.model_calls,
            usage: tally.usage,
            denied: tally.denied,
            asked: tally.asked,
            refusals: tally.refusals,
            head,
            elapsed_ms: tally.elapsed_ms,
            active_ms: tally.active_ms,
            is_kept,
        }
    }

    /// The outcome of a run whose driver a fault of the host took away.
    pub(super) fn gone(run: RunId) -> Self {
        let fault = Error::failed("the host failed; the journal holds what happened");
        Self::new(run, Tally::default(), None, true, Some(fault))
    }

    /// Every call that was denied.
    pub fn denied(&self) -> &[DeniedCall] {
        &self.denied
    }

    /// The result as a text: a `done` without more than a summary gives the summary.
    pub fn text(&self) -> Option<String> {
        match self.output.as_ref()? {
            Value::String(text) => Some(text.clone()),
            Value::Object(members) => match (members.get("summary"), members.len()) {
                (Some(Value::String(summary)), 1) => Some(summary.clone()),
                _ => Some(Value::Object(members.clone()).to_string()),
            },
            other => Some(other.to_string()),
        }
    }

    /// What the process ends with; none means success.
    pub fn exit(&self, rules: ExitRules) -> Option<Exit> {
        let not_done = rules.require_done && self.stop_reason != StopReason::Done;
        self.stop_reason
            .exit()
            .or_else(|| (rules.fail_on_denied && !self.denied.is_empty()).then_some(Exit::Denied))
            .or_else(|| not_done.then_some(Exit::Failed))
    }

    fn denied_by(&self, by: DeniedBy) -> u64 {
        self.denied.iter().filter(|call| call.by == by).count() as u64
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.stop_reason.in_words())?;
        if let Some(detail) = &self.detail {
            write!(f, " ({})", cut(detail, 200))?;
        }
        if self.stop_reason == StopReason::StreamClosed {
            write!(f, " after {}", count(self.steps.into(), "step"))?;
        } else {
            write!(f, " · {}", count(self.steps.into(), "step"))?;
        }
        let more = [
            (self.usage.tokens() > 0, count(self.usage.tokens(), "token")),
            (self.usage.cost_micro_usd > 0, money(self.usage.cost_micro_usd)),
            (self.refusals > 0, format!("{} refused by the sandbox", reaches(self.refusals))),
        ];
        for (_, text) in more.iter().filter(|(is_shown, _)| *is_shown) {
            write!(f, " · {text}")?;
        }
        for (by, who) in [
            (DeniedBy::Policy, "policy"),
            (DeniedBy::Hook, "a hook"),
            (DeniedBy::Person, "the person"),
            (DeniedBy::Caller, "the caller"),
            (DeniedBy::Host, "the host"),
        ] {
            match self.denied_by(by) {
                0 => {}
                denied => write!(f, " · {denied} denied by {who}")?,
            }
        }
        write!(f, " · {}", duration(self.elapsed_ms))?;
        if self.is_kept && self.stop_reason == StopReason::WaitingForApproval {
            let run = self.run;
            return write!(f, " · answer: looplet-host answer {run} yes|no|why, then: looplet-host resume {run}");
        }
        match (self.is_kept, self.denied.is_empty()) {
            (true, true) => write!(f, " · show: looplet-host show {}", self.run),
            (true, false) => write!(f, " · show: looplet-host show {} --denied", self.run),
            (false, _) => Ok(()),
        }
    }
}

fn reaches(number: u64) -> String {
    match number {
        1 => "1 reach".into(),
        more => format!("{} reaches", thousands(more)),
    }
}
