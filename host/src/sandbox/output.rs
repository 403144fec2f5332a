//! The answer of a tool, bounded and cleaned before anybody else sees it.

use super::bindings::looplet::plugin::common;
use super::convert;
use super::limits::Limits;
use crate::canonical;
use crate::message::{Content, Failure, FailureKind, Outcome, ToolOutput};

/// How many attachments a result may have.
const ATTACHMENTS: usize = 256;
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
        Err(failure) => Outcome::Failed(convert::failure(failure)),
    }
}

/// What becomes of what a tool outside of the sandbox answered: the same bounds, the same cleaning.
pub(crate) fn outcome_of_native(answer: Result<ToolOutput, Failure>, limits: &Limits) -> Outcome {
    match answer {
        Ok(output) => outcome(Ok(convert::to_output(output)), limits),
        Err(failure) => Outcome::Failed(convert::clean(failure)),
    }
}

/// The output as far as it is let through, or why it is not.
pub(super) fn bounded(output: common::ToolOutput, allowed: usize) -> Result<ToolOutput, Failure> {
    let attached: usize = output.attachments.iter().map(|attachment| attachment.bytes.len()).sum();
    if output.attachments.len() > ATTACHMENTS {
        let message =
            format!("the tool answered with {} attachments, {ATTACHMENTS} are allowed", output.attachments.len());
        return Err(Failure::new(FailureKind::Execution, message));
    }
    if attached > allowed {
        return Err(too_large("attachments", attached, allowed));
    }
    let mut warnings: Vec<String> =
        output.warnings.into_iter().take(WARNINGS).map(|warning| cut_and_clean(warning, WARNING_BYTES)).collect();
    let allowed = allowed - attached;
    let content = match output.content {
        common::Content::Text(text) => {
            let (text, cut) = cut_text(text, allowed);
            warnings.extend(cut);
            Content::Text(text)
        }
        common::Content::Json(text) if text.len() > allowed => return Err(too_large("data", text.len(), allowed)),
        common::Content::Json(text) => Content::Json(canonical::parse(&text).map_err(|fault| {
            Failure::new(FailureKind::Execution, format!("the tool answered with data that is no JSON: {fault}"))
        })?),
    };
    let attachments = output.attachments.into_iter().map(convert::attachment).collect();
    Ok(ToolOutput { content, attachments, warnings })
}

/// What is counted is what is shown: cleaning can make a text longer.
fn cut_text(text: String, allowed: usize) -> (String, Option<String>) {
    let bytes = text.len();
    let kept = cut_and_clean(text, allowed);
    let note = (bytes > allowed).then(|| format!("the result was cut: {allowed} of {bytes} bytes are shown"));
    (kept, note)
}

fn too_large(what: &str, bytes: usize, allowed: usize) -> Failure {
    Failure::new(
        FailureKind::Execution,
        format!("the tool answered with {bytes} bytes of {what}, {allowed} are allowed"),
    )
    .hint("ask for less at once")
}

/// Text of at most so many bytes, without codes that could act on a terminal; line ends and tabs stay.
/// Always a text of its own: a cut one would hold on to all the memory of what the guest sent.
pub(crate) fn cut_and_clean(text: String, bytes: usize) -> String {
    let is_live = |character: char| character.is_control() && !matches!(character, '\n' | '\t' | '\r');
    if text.len() <= bytes && !text.contains(is_live) {
        return text;
    }
    let mut clean = String::new();
    for character in text.chars() {
        let character = if is_live(character) { char::REPLACEMENT_CHARACTER } else { character };
        if clean.len() + character.len_utf8() > bytes {
            break;
        }
        clean.push(character);
    }
    clean
}

impl Limits {
    /// Whether arguments of this size may be handed to a guest.
    pub(super) fn fits_arguments(bytes: usize) -> bool {
        bytes <= Self::ARGUMENT_BYTES
    }
}
