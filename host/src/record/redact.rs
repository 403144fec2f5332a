//! Where text stands in a record that came from outside, so that what the operator keeps out is kept out.
//!
//! Each form is taken apart whole: a new member is a decision made here. Names, ids and digests stay, since
//! other records refer to them, and so do the operator's own words about the run: tools, plugins, rules, flags.

use super::{
    Approval, Body, CallAnswered, CallDecided, CallEnded, HookVerdict, Hooked, ModelAnswered, ModelFailed, Notice,
    Progress, Ruling, RunResumed, RunStarted, StderrTail, StopReason, WrittenFile,
};
use crate::message::{Attachment, Content, Failure, Message, Outcome, ProposedCall, ToolOutput};
use crate::redaction::{Redact, Redaction};
use crate::refusal::Refusal;

/// All of several, whichever of them hits.
macro_rules! each {
    ($redaction:ident: $($part:expr),+ $(,)?) => { [$($part.redact($redaction)),+].contains(&true) };
}

impl Redact for Body {
    fn redact(&mut self, redaction: &Redaction) -> bool {
        match self {
            Self::RunStarted(started) => started.redact(redaction),
            Self::RunResumed(resumed) => resumed.redact(redaction),
            Self::Message(message) => message.redact(redaction),
            Self::ModelAnswered(answer) => answer.redact(redaction),
            Self::ModelFailed(failed) => failed.redact(redaction),
            Self::CallDecided(decided) => decided.redact(redaction),
            Self::CallEnded(ended) => ended.redact(redaction),
            Self::Hooked(hooked) => hooked.redact(redaction),
            Self::CallAnswered(answer) => answer.redact(redaction),
            Self::Notice(notice) => notice.redact(redaction),
            Self::Stopped(reason) => reason.redact(redaction),
            Self::ModelAsked(_) | Self::CallStarted(_) => false,
        }
    }
}

/// The task and the history. The rest is the operator's, or told by plugins before the run.
impl Redact for RunStarted {
    fn redact(&mut self, redaction: &Redaction) -> bool {
        each!(redaction: self.task, self.messages)
    }
}

impl Redact for RunResumed {
    fn redact(&mut self, redaction: &Redaction) -> bool {
        let Self { on_unknown: _, budget: _, accepted_changes: _, message } = self;
        message.redact(redaction)
    }
}

impl Redact for ModelAnswered {
    fn redact(&mut self, redaction: &Redaction) -> bool {
        let Self { turn: _, text, calls, usage: _, finish: _, model: _, duration_ms: _, active_ms: _ } = self;
        each!(redaction: text, calls)
    }
}

impl Redact for ModelFailed {
    fn redact(&mut self, redaction: &Redaction) -> bool {
        let Self { turn: _, message, partial, usage: _, cancelled: _, duration_ms: _, active_ms: _ } = self;
        each!(redaction: message, partial)
    }
}

impl Redact for CallDecided {
    fn redact(&mut self, redaction: &Redaction) -> bool {
        let Self {
            step: _,
            tool: _,
            kind: _,
            arguments,
            proposed,
            ruling,
            rules: _,
            hooks,
            context,
            stop,
            approval,
            bound_to: _,
            authority,
            would_allow,
            facts: _,
            active_ms: _,
        } = self;
        each!(redaction: arguments, proposed, ruling, hooks, context, stop, approval, authority, would_allow)
    }
}

impl Redact for Ruling {
    fn redact(&mut self, redaction: &Redaction) -> bool {
        match self {
            Self::Denied(reason) => reason.redact(redaction),
            Self::Invalid(failure) => failure.redact(redaction),
            Self::Answered { by: _, outcome } => outcome.redact(redaction),
            Self::Allowed | Self::Parked | Self::Withheld => false,
        }
    }
}

/// What it is about beyond its call is compared with later calls.
impl Redact for Approval {
    fn redact(&mut self, redaction: &Redaction) -> bool {
        let Self { yes: _, by: _, scope, waited_ms: _, standing: _ } = self;
        scope.redact(redaction)
    }
}

impl Redact for CallEnded {
    fn redact(&mut self, redaction: &Redaction) -> bool {
        let Self {
            step: _,
            outcome,
            duration_us: _,
            used: _,
            refusals,
            stderr,
            warnings,
            progress,
            hooks,
            context,
            stop,
            kept,
            wrote,
            spent: _,
            active_ms: _,
        } = self;
        each!(redaction: outcome, refusals, stderr, warnings, progress, hooks, context, stop, kept, wrote)
    }
}

impl Redact for Hooked {
    fn redact(&mut self, redaction: &Redaction) -> bool {
        let Self { point: _, turn: _, step: _, hooks, context, stop, offer_only: _ } = self;
        each!(redaction: hooks, context, stop)
    }
}

/// Places that it left to the call stay: they are what the call could reach.
impl Redact for HookVerdict {
    fn redact(&mut self, redaction: &Redaction) -> bool {
        let Self { hook: _, verdict: _, reason, narrow: _, rewritten, state, log } = self;
        each!(redaction: reason, rewritten, state, log)
    }
}

impl Redact for CallAnswered {
    fn redact(&mut self, redaction: &Redaction) -> bool {
        let Self { step: _, bound_to: _, yes: _, why } = self;
        why.redact(redaction)
    }
}

impl Redact for Notice {
    fn redact(&mut self, redaction: &Redaction) -> bool {
        match self {
            Self::HookStop(text) | Self::Steered(text) => text.redact(redaction),
            Self::Cancelled | Self::Closed | Self::Active(_) | Self::Forked => false,
        }
    }
}

impl Redact for StopReason {
    fn redact(&mut self, redaction: &Redaction) -> bool {
        if let Self::Hook(reason) = self { reason.redact(redaction) } else { false }
    }
}

impl Redact for Progress {
    fn redact(&mut self, redaction: &Redaction) -> bool {
        let Self { stage, data } = self;
        each!(redaction: stage, data)
    }
}

impl Redact for StderrTail {
    fn redact(&mut self, redaction: &Redaction) -> bool {
        let Self { lines, total: _ } = self;
        lines.redact(redaction)
    }
}

impl Redact for WrittenFile {
    fn redact(&mut self, redaction: &Redaction) -> bool {
        let Self { mount: _, path, bytes: _, digest: _ } = self;
        path.redact(redaction)
    }
}

impl Redact for Refusal {
    fn redact(&mut self, redaction: &Redaction) -> bool {
        let Self { capability: _, operation: _, target, reason: _, origin: _, count: _ } = self;
        target.redact(redaction)
    }
}

impl Redact for Message {
    fn redact(&mut self, redaction: &Redaction) -> bool {
        match self {
            Self::System { text } | Self::User { text } | Self::Tool { call_id: _, name: _, text, failed: _ } => {
                text.redact(redaction)
            }
            Self::Assistant { text, calls } => each!(redaction: text, calls),
        }
    }
}

/// Arguments that are no JSON are text. What is left of them is not what was proposed: the call is withheld.
impl Redact for ProposedCall {
    fn redact(&mut self, redaction: &Redaction) -> bool {
        let Self { id: _, name: _, arguments, withheld } = self;
        let hit = match serde_json::from_str::<serde_json::Value>(arguments) {
            Err(_) => arguments.redact(redaction),
            Ok(mut json) => {
                let hit = json.redact(redaction);
                if hit {
                    *arguments = json.to_string();
                }
                hit
            }
        };
        *withheld |= hit;
        hit
    }
}

impl Redact for Outcome {
    fn redact(&mut self, redaction: &Redaction) -> bool {
        match self {
            Self::Ok(output) => output.redact(redaction),
            Self::Failed(failure) | Self::Aborted(failure) => failure.redact(redaction),
            Self::Denied(reason) => reason.redact(redaction),
        }
    }
}

impl Redact for ToolOutput {
    fn redact(&mut self, redaction: &Redaction) -> bool {
        let Self { content, attachments, warnings } = self;
        each!(redaction: content, attachments, warnings)
    }
}

impl Redact for Content {
    fn redact(&mut self, redaction: &Redaction) -> bool {
        match self {
            Self::Text(text) => text.redact(redaction),
            Self::Json(value) => value.redact(redaction),
        }
    }
}

impl Redact for Attachment {
    fn redact(&mut self, redaction: &Redaction) -> bool {
        let Self { media_type: _, name, bytes } = self;
        each!(redaction: name, bytes)
    }
}

impl Redact for Failure {
    fn redact(&mut self, redaction: &Redaction) -> bool {
        let Self { kind: _, message, retriable: _, hint } = self;
        each!(redaction: message, hint)
    }
}
