//! What a run amounts to: counts, cost, denials. A fold of records behind the last line of a run and
//! the first line of `show`.

use crate::refusal::RefusalReason;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Body, CallDecided, CallEnded, HookVerdict, MatchedRule, ModelAnswered, Record, Ruling, RunId, StopReason, Usage,
};
use crate::message::Outcome;
use crate::permission::Decision;

/// Who denied a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeniedBy {
    /// A rule, or that no rule matched, or that nobody was there to ask.
    Policy,
    /// A hook.
    Hook,
    /// The person who was asked.
    Person,
    /// The program that owns the run.
    Caller,
    /// The host, to which the person's yes no longer fits.
    Host,
}

impl DeniedBy {
    /// Who denied this call; none if nobody did.
    pub fn of(decided: &CallDecided) -> Option<Self> {
        if !matches!(decided.ruling, Ruling::Denied(_)) {
            return None;
        }
        if decided.approval.as_ref().is_some_and(|approval| approval.lapsed) {
            return Some(Self::Host);
        }
        let refused_by = decided.approval.as_ref().filter(|approval| !approval.yes);
        let says = |verdict: &str| decided.hooks.iter().any(|hook| hook.verdict == verdict);
        let ruled = decided.settled_by().is_some_and(|rule| rule.decision != Decision::Allow);
        // What a hook asks, where no rule does, is the hook's denial when nobody says yes; so is a call to which
        // it left nothing.
        let is_hook = says("deny") || says(HookVerdict::FAULT) || ((says("ask") || says("narrow")) && !ruled);
        Some(match refused_by.map(|approval| approval.by.as_str()) {
            Some("person") => Self::Person,
            Some("caller") => Self::Caller,
            _ if is_hook => Self::Hook,
            _ => Self::Policy,
        })
    }
}

/// A call that was denied, for the operator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeniedCall {
    /// Number of the step.
    pub step: u32,
    /// `plugin/tool`.
    pub tool: String,
    /// Who denied it.
    pub by: DeniedBy,
    /// The reason that the model was given.
    pub reason: String,
    /// The rule that counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<MatchedRule>,
    /// The lines of TOML that would allow it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub would_allow: Option<String>,
}

/// What a run amounts to so far. Constant work for a record.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    /// Name of the run.
    pub run: Option<RunId>,
    /// Steps that ended.
    pub steps: u32,
    /// Answers of the model.
    pub turns: u32,
    /// Requests to the model, failed ones included.
    pub model_calls: u32,
    /// Tokens and money.
    pub usage: Usage,
    /// Calls that were denied.
    pub denied: Vec<DeniedCall>,
    /// Calls that a person was asked about.
    pub asked: u32,
    /// Steps that failed or were ended by the host.
    pub failed: u32,
    /// Attempts of tools to reach what their box did not hold.
    pub refusals: u64,
    /// Those of them that a mask of a mount hid.
    pub hidden: u64,
    /// Why the run ended or rests; none while it goes on.
    pub stop: Option<StopReason>,
    /// What the model's last failure was, in words for the operator.
    pub fault: Option<String>,
    /// Active time in milliseconds.
    pub active_ms: u64,
    /// From the first record to the last, in milliseconds.
    pub elapsed_ms: u64,
    first_at_ms: Option<u64>,
    done: String,
    accepted: Option<Value>,
    text: Option<String>,
}

impl Tally {
    /// Takes the next record.
    pub fn push(&mut self, record: &Record) {
        let first = *self.first_at_ms.get_or_insert(record.at_ms);
        self.elapsed_ms = self.elapsed_ms.max(record.at_ms.saturating_sub(first));
        match &record.body {
            Body::RunStarted(started) => {
                self.run = Some(started.run);
                started.done.name.clone_into(&mut self.done);
            }
            Body::RunResumed(_) => self.stop = None,
            Body::ModelAsked(_) => self.model_calls += 1,
            Body::ModelAnswered(answer) => self.answer(answer),
            Body::ModelFailed(failed) => {
                self.usage = self.usage.plus(failed.usage);
                self.active_ms = self.active_ms.max(failed.active_ms);
                self.fault = Some(failed.message.clone());
            }
            Body::CallDecided(decided) => self.decided(decided),
            Body::CallEnded(ended) => self.ended(ended),
            Body::Stopped(reason) => self.stop = Some(reason.clone()),
            Body::Message(_) | Body::CallStarted(_) | Body::CallAnswered(_) | Body::Hooked(_) | Body::Notice(_) => {}
        }
    }

    fn answer(&mut self, answer: &ModelAnswered) {
        self.turns += 1;
        self.usage = self.usage.plus(answer.usage);
        self.active_ms = self.active_ms.max(answer.active_ms);
        self.fault = None;
        self.text = answer.calls.is_empty().then(|| answer.text.clone());
    }

    fn decided(&mut self, decided: &CallDecided) {
        self.active_ms = self.active_ms.max(decided.active_ms);
        if decided.approval.as_ref().is_some_and(|approval| approval.by == "person") {
            self.asked += 1;
        }
        let Some(outcome) = decided.outcome() else { return };
        self.steps += 1;
        match (outcome, DeniedBy::of(decided)) {
            (Outcome::Denied(reason), Some(by)) => self.denied.push(DeniedCall {
                step: decided.step,
                tool: decided.tool.clone(),
                by,
                reason,
                rule: decided.settled_by().cloned(),
                would_allow: decided.would_allow.clone(),
            }),
            (Outcome::Ok(_), _) if decided.tool == self.done => {
                self.accepted = Some(decided.arguments.to_value());
            }
            (Outcome::Ok(_), _) => {}
            _ => self.failed += 1,
        }
    }

    fn ended(&mut self, ended: &CallEnded) {
        self.steps += 1;
        self.active_ms = self.active_ms.max(ended.active_ms);
        self.failed += u32::from(!ended.outcome.is_ok());
        self.usage = ended.spent.iter().fold(self.usage, |usage, spent| usage.plus(spent.usage));
        for refusal in &ended.refusals {
            self.refusals += u64::from(refusal.count);
            let hidden = refusal.reason == RefusalReason::Hidden;
            self.hidden += u64::from(refusal.count) * u64::from(hidden);
        }
    }

    /// What the run produced: the arguments of an accepted `done`, or the final text. None if it did not end by itself.
    pub fn output(&self) -> Option<Value> {
        match self.stop.as_ref()? {
            StopReason::Done => self.accepted.clone(),
            StopReason::Text => self.text.clone().map(Value::String),
            _ => None,
        }
    }

    /// How many calls were denied by one of the three.
    pub fn denied_by(&self, by: DeniedBy) -> usize {
        self.denied.iter().filter(|call| call.by == by).count()
    }
}
