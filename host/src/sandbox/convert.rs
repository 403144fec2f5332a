//! Between the nouns of the contract and those of the host. No decisions, only translation.

use super::bindings::exports::looplet::plugin::tool as wit_tool;
use super::bindings::looplet::plugin::{common, needs};
use super::limits::Limits;
use super::output::cut_and_clean;
use crate::message::{Attachment, Content, Failure, FailureKind, ToolCall, ToolOutput};
use crate::need::{Capability, FsMode, Need, WishedLimits};
use crate::plugin::{ArgumentRole, Effects, ShownArgument};

/// How long the name or media type of an attachment may be, in bytes.
const ATTACHMENT_NAME_BYTES: usize = 256;

pub(super) fn to_call(call: &ToolCall) -> common::ToolCall {
    common::ToolCall { id: call.id.clone(), tool: call.tool.clone(), arguments: call.arguments.as_str().to_owned() }
}

pub(super) fn failure(failure: common::Failure) -> Failure {
    clean(Failure {
        kind: failure_kind(failure.kind),
        message: failure.message,
        retriable: failure.retriable,
        hint: failure.hint,
    })
}

/// A failure in words that may be shown, as many as are allowed.
pub(super) fn clean(failure: Failure) -> Failure {
    Failure {
        message: cut_and_clean(failure.message, Limits::FAILURE_BYTES),
        hint: failure.hint.map(|hint| cut_and_clean(hint, Limits::HINT_BYTES)),
        ..failure
    }
}

/// An answer as a guest would give it.
pub(super) fn to_output(output: ToolOutput) -> common::ToolOutput {
    let attachments = output.attachments.into_iter();
    common::ToolOutput {
        content: match output.content {
            Content::Text(text) => common::Content::Text(text),
            Content::Json(value) => common::Content::Json(value.to_string()),
        },
        attachments: attachments
            .map(|Attachment { media_type, name, bytes }| common::Attachment { media_type, name, bytes })
            .collect(),
        warnings: output.warnings,
    }
}

fn failure_kind(kind: common::FailureKind) -> FailureKind {
    match kind {
        common::FailureKind::Validation => FailureKind::Validation,
        common::FailureKind::NotFound => FailureKind::NotFound,
        common::FailureKind::PermissionDenied => FailureKind::PermissionDenied,
        common::FailureKind::Timeout => FailureKind::Timeout,
        common::FailureKind::Network => FailureKind::Network,
        common::FailureKind::RateLimit => FailureKind::RateLimit,
        common::FailureKind::Cancelled => FailureKind::Cancelled,
        common::FailureKind::Execution => FailureKind::Execution,
    }
}

pub(super) fn attachment(attachment: common::Attachment) -> Attachment {
    Attachment {
        media_type: cut_and_clean(attachment.media_type, ATTACHMENT_NAME_BYTES),
        name: attachment.name.map(|name| cut_and_clean(name, ATTACHMENT_NAME_BYTES)),
        bytes: attachment.bytes,
    }
}

/// The error is a clause that says what is wrong with the need.
pub(super) fn need(need: needs::Need) -> Result<Need, String> {
    Ok(Need {
        capability: capability(need.capability)?,
        optional: need.optional,
        why: cut_and_clean(need.why, 1 << 10),
    })
}

fn capability(capability: needs::Capability) -> Result<Capability, String> {
    Ok(match capability {
        needs::Capability::Fs(need) => Capability::Fs { mount: need.mount, mode: fs_mode(need.mode) },
        needs::Capability::Http(patterns) => Capability::Http(patterns),
        needs::Capability::Env(names) => Capability::Env(names),
        needs::Capability::Secret(need) => Capability::Secret { name: need.name, origin: need.origin },
        needs::Capability::Process(names) => Capability::Process(names),
        needs::Capability::Model => Capability::Model,
        needs::Capability::Other(need) => {
            return Err(format!("needs `{}`, a capability that this host does not know", need.name));
        }
    })
}

pub(super) fn fs_mode(mode: needs::FsMode) -> FsMode {
    match mode {
        needs::FsMode::ReadOnly => FsMode::ReadOnly,
        needs::FsMode::ReadWrite => FsMode::ReadWrite,
    }
}

pub(super) fn limits(limits: needs::WishedLimits) -> WishedLimits {
    WishedLimits { wall_ms: limits.wall_ms, memory_bytes: limits.memory_bytes, output_bytes: limits.output_bytes }
}

pub(super) fn effects(effects: wit_tool::Effects) -> Effects {
    Effects {
        reads: effects.contains(wit_tool::Effects::READS),
        writes: effects.contains(wit_tool::Effects::WRITES),
        destructive: effects.contains(wit_tool::Effects::DESTRUCTIVE),
        idempotent: effects.contains(wit_tool::Effects::IDEMPOTENT),
        open_world: effects.contains(wit_tool::Effects::OPEN_WORLD),
    }
}

pub(super) fn shown(shown: wit_tool::ShownArgument) -> ShownArgument {
    let role = match shown.role {
        wit_tool::ArgumentRole::Path => ArgumentRole::Path,
        wit_tool::ArgumentRole::Before => ArgumentRole::Before,
        wit_tool::ArgumentRole::After => ArgumentRole::After,
        wit_tool::ArgumentRole::Command => ArgumentRole::Command,
        wit_tool::ArgumentRole::Url => ArgumentRole::Url,
        wit_tool::ArgumentRole::Text => ArgumentRole::Text,
    };
    ShownArgument { pointer: shown.pointer, role }
}
