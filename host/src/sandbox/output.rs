//! The answer of a tool, bounded and cleaned before anybody else sees it.

use super::bindings::looplet::plugin::common;
use super::convert;
use super::limits::Limits;
use crate::canonical;
use crate::message::{Content, Failure, FailureKind, Outcome, ToolOutput};

/// How many warnings are kept.
const WARNINGS: usize = 32;
/// How long a warning may be, in bytes.
const WARNING_BYTES: usize = 1 << 10;

/// What becomes of what the guest answered.
pub(super) fn outcome(answer: Result<common::ToolOutput, common::Failure>, limits: &Limits) -> Outcome {
    match answer {
        Ok(output) => match bounded(output, limits.output_bytes) {
            Ok(output) => Outcome::Ok(output),
            Err(failure) => Outcome::Aborted(failure),
        },
        Err(failure) => Outcome::Failed(clean_failure(&convert::failure(failure))),
    }
}

fn bounded(output: common::ToolOutput, allowed: usize) -> Result<ToolOutput, Failure> {
    let attached: usize = output.attachments.iter().map(|attachment| attachment.bytes.len()).sum();
    if attached > allowed {
        return Err(too_large("attachments", attached, allowed));
    }
    let mut warnings: Vec<String> = output
        .warnings
        .into_iter()
        .take(WARNINGS)
        .map(|warning| clean(&super::host::cut(warning, WARNING_BYTES)))
        .collect();
    let allowed = allowed - attached;
    let content = match output.content {
        common::Content::Text(text) => {
            let (text, cut) = cut_text(text, allowed);
            warnings.extend(cut);
            Content::Text(clean(&text))
        }
        common::Content::Json(text) if text.len() > allowed => return Err(too_large("data", text.len(), allowed)),
        common::Content::Json(text) => Content::Json(canonical::parse(&text).map_err(|fault| {
            Failure::new(FailureKind::Execution, format!("the tool answered with data that is no JSON: {fault}"))
        })?),
    };
    let attachments = output.attachments.into_iter().map(convert::attachment).collect();
    Ok(ToolOutput { content, attachments, warnings })
}

fn cut_text(text: String, allowed: usize) -> (String, Option<String>) {
    if text.len() <= allowed {
        return (text, None);
    }
    let note = format!("the result was cut: {allowed} of {} bytes are shown", text.len());
    (super::host::cut(text, allowed), Some(note))
}

fn too_large(what: &str, bytes: usize, allowed: usize) -> Failure {
    Failure::new(FailureKind::Execution, format!("the tool answered with {bytes} bytes of {what}, {allowed} are allowed"))
        .hint("ask for less at once")
}

fn clean_failure(failure: &Failure) -> Failure {
    let hint = failure.hint.as_deref().map(clean);
    Failure { kind: failure.kind, message: clean(&failure.message), retriable: failure.retriable, hint }
}

/// Text without codes that could act on a terminal; line ends and tabs stay.
fn clean(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() && !matches!(c, '\n' | '\t' | '\r') { '\u{fffd}' } else { c })
        .collect()
}

impl Limits {
    /// Whether arguments of this size may be handed to a guest.
    pub(super) fn fits_arguments(bytes: usize) -> bool {
        bytes <= Self::ARGUMENT_BYTES
    }
}
