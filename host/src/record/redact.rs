//! Where text stands in a record that came from outside, so that what the operator keeps out is kept out.
//!
//! Each form is taken apart whole: a new member is a decision made here. Names, ids and digests stay, since
//! other records refer to them, and so do the operator's own words about the run: tools, plugins, rules, flags.

use super::{
    Approval, Body, CallAnswered, CallDecided, CallEnded, HookVerdict, Hooked, ModelAnswered, ModelFailed, Notice,
    Progress, Ruling, RunResumed, RunStarted, StderrTail, StopReason, WrittenFile,
};
use crate::canonical;
use crate::message::{Attachment, Content, Failure, Message, Outcome, ProposedCall, ToolOutput};
use crate::model::Finish;
use crate::permission::{OnBehalf, Question};
use crate::redaction::{Redact, Redaction, each};
use crate::refusal::Refusal;

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
        let Self {
            format: _,
            host: _,
            run: _,
            parent: _,
            child_of: _,
            project: _,
            task,
            messages,
            model: _,
            parameters: _,
            mounts: _,
            plugins: _,
            tools: _,
            done: _,
            policy: _,
            flags: _,
            at_terminal: _,
            wire: _,
            budget: _,
        } = self;
        each!(redaction: task, messages)
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
        let Self { turn, text, calls, usage: _, finish, model, duration_ms: _, active_ms: _ } = self;
        let mut hit = each!(redaction: text, calls, finish, model);
        for (index, call) in calls.iter_mut().enumerate().filter(|(_, call)| redaction.hits(&call.id)) {
            // It pairs the call with its answer, and has to be one of its own.
            call.id = format!("redacted_{turn}_{index}");
            hit = true;
        }
        hit
    }
}

impl Redact for Finish {
    fn redact(&mut self, redaction: &Redaction) -> bool {
        match self {
            Self::Other(word) => word.redact(redaction),
            Self::Stop | Self::ToolCalls | Self::Length | Self::Filter => false,
        }
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
            tool,
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
        each!(redaction: tool, arguments, proposed, ruling, hooks, context, stop, approval, authority, would_allow)
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
        let Self { yes: _, by: _, scope, waited_ms: _, standing: _, lapsed: _ } = self;
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
            drawn: _,
            spent: _,
            active_ms: _,
        } = self;
        each!(redaction: outcome, refusals, stderr, warnings, progress, hooks, context, stop, kept, wrote)
    }
}

impl Redact for Hooked {
    fn redact(&mut self, redaction: &Redaction) -> bool {
        let Self { point: _, turn: _, step: _, hooks, context, stop, offer_only } = self;
        each!(redaction: hooks, context, stop, offer_only)
    }
}

impl Redact for HookVerdict {
    fn redact(&mut self, redaction: &Redaction) -> bool {
        let Self { hook: _, verdict: _, reason, narrow, rewritten, state, sent_bytes: _, log } = self;
        each!(redaction: reason, narrow, rewritten, state, log)
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
        match self {
            Self::Hook(reason) => reason.redact(redaction),
            Self::Done
            | Self::Text
            | Self::BudgetExhausted
            | Self::TurnsExhausted
            | Self::CallsExhausted
            | Self::ToolCallsExhausted(_)
            | Self::TokensExhausted
            | Self::MoneyExhausted
            | Self::EgressExhausted
            | Self::DeadlineExceeded
            | Self::FailuresInARow
            | Self::Cancelled
            | Self::StreamClosed
            | Self::ModelError
            | Self::EmptyAnswer
            | Self::AnswerCut
            | Self::AnswerFiltered
            | Self::DoneMissing
            | Self::WaitingForApproval
            | Self::JournalError => false,
        }
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
        let Self { capability: _, operation, target, reason: _, origin: _, would_allow, count: _ } = self;
        each!(redaction: operation, target, would_allow)
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

/// What is left of a call is not what was proposed: it is withheld. Its name is a word of the model.
impl Redact for ProposedCall {
    fn redact(&mut self, redaction: &Redaction) -> bool {
        let Self { id: _, name, arguments, withheld } = self;
        if redaction.hits(name) {
            // A form that every provider takes back.
            "redacted".clone_into(name);
            *withheld = true;
        }
        if let Some(left) = arguments_without(redaction, arguments) {
            *arguments = left;
            *withheld = true;
        }
        *withheld
    }
}

/// The arguments without what is kept out; none where there was nothing. A text can hold what its value does
/// not, such as an argument that is given twice, and what is no JSON can hold it in escapes: nothing is left of
/// those.
fn arguments_without(redaction: &Redaction, arguments: &str) -> Option<String> {
    let in_text = redaction.hits(arguments) || redaction.hits(&unescaped(arguments));
    let mut value = canonical::parse(arguments).ok();
    let in_value = value.redact(redaction);
    if !in_text && !in_value {
        return None;
    }
    let left = value.filter(|_| in_value).map(|value| value.to_string());
    Some(left.filter(|left| !redaction.hits(left)).unwrap_or_else(|| "{}".to_owned()))
}

/// A text with the escapes of JSON undone, wherever they stand.
fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        plain.push_str(&rest[..at]);
        let behind = &rest[at + 1..];
        let code = behind.strip_prefix('u').and_then(|digits| digits.get(..4));
        let character = code.and_then(|code| u32::from_str_radix(code, 16).ok()).and_then(char::from_u32);
        rest = match (character, behind.chars().next()) {
            (Some(character), _) => {
                plain.push(character);
                &behind[5..]
            }
            (None, Some(next)) => {
                plain.push(match next {
                    'n' => '\n',
                    't' => '\t',
                    'r' => '\r',
                    other => other,
                });
                &behind[next.len_utf8()..]
            }
            (None, None) => "",
        };
    }
    plain.push_str(rest);
    plain
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
            Self::Json(value) => {
                let hit = value.redact(redaction);
                // What a pattern says of the text that is shown, quotes and all, it says of that text.
                let mut shown = value.to_string();
                if !shown.redact(redaction) {
                    return hit;
                }
                *self = Self::Text(shown);
                true
            }
        }
    }
}

impl Redact for Attachment {
    fn redact(&mut self, redaction: &Redaction) -> bool {
        let Self { media_type, name, bytes } = self;
        each!(redaction: media_type, name, bytes)
    }
}

impl Redact for Failure {
    fn redact(&mut self, redaction: &Redaction) -> bool {
        let Self { kind: _, message, retriable: _, hint } = self;
        each!(redaction: message, hint)
    }
}

/// What a person is asked: the reason of a hook, what is wrong with arguments that were typed, and the task of a
/// sub-agent. What is kept out is in no arguments that are asked about.
impl Redact for Question {
    fn redact(&mut self, redaction: &Redaction) -> bool {
        each!(redaction: self.reason, self.faults, self.model_text, self.on_behalf)
    }
}

impl Redact for OnBehalf {
    fn redact(&mut self, redaction: &Redaction) -> bool {
        let Self { step: _, task } = self;
        task.redact(redaction)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_hold_it_however_they_are_written() {
        let redaction =
            Redaction::default().with(r"key-\d+").and_then(|all| all.with(r"\d{20}")).expect("are patterns");
        let left = |arguments: &str| arguments_without(&redaction, arguments);
        assert_eq!(left(r#"{"path":"a"}"#), None);
        assert_eq!(left(r#"{"path":"key-1","b":2}"#).as_deref(), Some(r#"{"path":"[redacted]","b":2}"#));
        assert_eq!(left(r#"{"path":"\u006bey-1"}"#).as_deref(), Some(r#"{"path":"[redacted]"}"#));
        for hidden in [
            r#"{"path":"key-1","path":"a"}"#,
            r#"{"n":41112223334445556666}"#,
            r#"{"c":"\u006bey-12"#,
            r#"{"c":"key-12"#,
            r#"{"c":"\\u006b\u0065y-12 key-1"#,
        ] {
            assert_eq!(left(hidden).as_deref(), Some("{}"), "{hidden}");
        }
    }
}
