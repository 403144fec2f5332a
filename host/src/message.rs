//! The nouns of the loop: messages, tool calls, outputs, failures, outcomes.
//!
//! Plain values that serialise. They mirror interface `common` of the contract and what the journal
//! keeps; nothing here does anything.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::canonical::CanonicalJson;

/// What kind of thing went wrong, so that the host and the model can act on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The arguments are wrong; calling again with better ones can work.
    Validation,
    /// The thing that was named does not exist.
    NotFound,
    /// Something outside the tool refused.
    PermissionDenied,
    /// Time ran out.
    Timeout,
    /// The other side could not be reached, or broke off.
    Network,
    /// The other side asked to slow down.
    RateLimit,
    /// The run or this call was cancelled.
    Cancelled,
    /// Anything else.
    Execution,
}

impl FailureKind {
    /// The word for it, as in the journal.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Validation => "validation",
            Self::NotFound => "not_found",
            Self::PermissionDenied => "permission_denied",
            Self::Timeout => "timeout",
            Self::Network => "network",
            Self::RateLimit => "rate_limit",
            Self::Cancelled => "cancelled",
            Self::Execution => "execution",
        }
    }
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A failure that a tool reports on purpose, or that the host words for the model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What kind of thing went wrong.
    pub kind: FailureKind,
    /// One sentence for the model, at most 8 KiB.
    pub message: String,
    /// Whether the same call, unchanged, can succeed later.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub retriable: bool,
    /// What to try instead, at most 2 KiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Failure {
    /// A failure without a hint that trying again will not mend.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), retriable: false, hint: None }
    }

    /// Says what to try instead.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// The result proper.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// Plain text, shown to the model as it is.
    Text(String),
    /// Data.
    Json(serde_json::Value),
}

impl Content {
    /// The text that a model is shown: the text itself, or the JSON on one line.
    pub fn to_text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Json(value) => value.to_string(),
        }
    }
}

/// Bytes that go beside the content, for example an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// Such as `image/png`.
    pub media_type: String,
    /// A name to show. Never used as a path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// What a tool answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolOutput {
    /// The result proper.
    pub content: Content,
    /// Bytes beside it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// Remarks for the model that are not part of the result.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

impl ToolOutput {
    /// A text and nothing else.
    pub fn text(text: impl Into<String>) -> Self {
        Self { content: Content::Text(text.into()), attachments: Vec::new(), warnings: Vec::new() }
    }

    /// Data and nothing else.
    pub fn json(value: serde_json::Value) -> Self {
        Self { content: Content::Json(value), attachments: Vec::new(), warnings: Vec::new() }
    }
}

impl From<serde_json::Value> for ToolOutput {
    fn from(value: serde_json::Value) -> Self {
        Self::json(value)
    }
}

impl From<String> for ToolOutput {
    fn from(text: String) -> Self {
        Self::text(text)
    }
}

impl From<&str> for ToolOutput {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

/// One call of a tool, as the guest gets it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolCall {
    /// Given by the host, unique among all runs, the same when the step is repeated after a crash.
    pub id: String,
    /// The tool's own name, as its plugin lists it.
    pub tool: String,
    /// A JSON object in canonical form.
    pub arguments: CanonicalJson,
}

/// How a tool call ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The tool answered.
    Ok(ToolOutput),
    /// The tool reported a failure.
    Failed(Failure),
    /// Policy, a hook or the person refused, with the reason for the model. The tool did not run.
    Denied(String),
    /// The host ended the call: a trap, a limit, no time left, cancelled.
    Aborted(Failure),
}

impl Outcome {
    /// Whether the tool answered.
    pub fn is_ok(&self) -> bool {
        matches!(self, Self::Ok(_))
    }
}

/// A tool call as a model asks for it, before anything was checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProposedCall {
    /// The provider's id, by which the answer is paired.
    pub id: String,
    /// The name that the model used.
    pub name: String,
    /// The arguments as the model wrote them: usually, not always, a JSON object.
    pub arguments: String,
    /// They held what the operator keeps out of runs, and are without it: the call does not run. Said by the
    /// host, never by a model.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub withheld: bool,
}

impl ProposedCall {
    /// A call as a model makes it.
    pub fn new(id: impl Into<String>, name: impl Into<String>, arguments: impl Into<String>) -> Self {
        Self { id: id.into(), name: name.into(), arguments: arguments.into(), withheld: false }
    }
}

/// One message of the history that is sent to a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "role", rename_all = "snake_case")]
pub enum Message {
    /// Instructions of the operator.
    System {
        /// The text.
        text: String,
    },
    /// The task, or a word of the person or the host in between.
    User {
        /// The text.
        text: String,
    },
    /// What the model answered.
    Assistant {
        /// Its text; may be empty when it calls tools.
        text: String,
        /// The tools that it calls.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        calls: Vec<ProposedCall>,
    },
    /// The answer to one tool call.
    Tool {
        /// Id of the call that is answered.
        call_id: String,
        /// Name of the tool, which some providers want again.
        name: String,
        /// What the model is told.
        text: String,
        /// Whether it is told of a failure.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        failed: bool,
    },
}
