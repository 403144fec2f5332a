//! What a model answered, in one form for all providers.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::message::ProposedCall;

/// The answer to one request. May be empty of both text and calls: the loop decides what that means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelResponse {
    /// The text, or the words of a refusal.
    pub text: String,
    /// The calls, in the order of the answer.
    pub calls: Vec<ProposedCall>,
    /// What it cost, where the provider says so.
    pub usage: Option<Usage>,
    /// Why the answer ended.
    pub finish: Finish,
    /// The body as it came. Not redacted: for the journal, which redacts.
    pub raw: Bytes,
    /// The model that the provider says answered.
    pub model: Option<String>,
}

impl ModelResponse {
    /// A plain answer without calls.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), calls: Vec::new(), usage: None, finish: Finish::Stop, raw: Bytes::new(), model: None }
    }

    /// Whether it holds neither text nor calls.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty() && self.calls.is_empty()
    }
}

/// Tokens of one request and its answer, as the provider reports them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Usage {
    /// Tokens of the request, cached ones included.
    #[serde(default)]
    pub input: u64,
    /// Tokens of the answer, hidden reasoning included.
    #[serde(default)]
    pub output: u64,
    /// Those of `input` that came from the provider's cache.
    #[serde(default)]
    pub cached: u64,
    /// Millionths of a US dollar, where the provider says it itself. Counts before any price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_micro_usd: Option<u64>,
}

/// Why an answer ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finish {
    /// The model had said all.
    Stop,
    /// It waits for the results of its calls.
    ToolCalls,
    /// The cap on the answer or the end of the window cut it.
    Length,
    /// The provider's filter cut it.
    Filter,
    /// The provider's own word.
    Other(String),
}

impl Finish {
    /// How an answer ends where nothing else is said.
    pub fn of(has_calls: bool) -> Self {
        if has_calls { Self::ToolCalls } else { Self::Stop }
    }

    /// Whether it ended as answers do: all was said, or calls were made.
    pub fn is_plain(&self) -> bool {
        matches!(self, Self::Stop | Self::ToolCalls)
    }

    /// Reads the word of a provider. Calls count for more than the word: some servers say `stop`
    /// wherever a model ends, also with calls.
    pub(super) fn from_word(word: Option<&str>, has_calls: bool) -> Self {
        match word {
            Some("length") => Self::Length,
            Some("content_filter") => Self::Filter,
            None | Some("stop" | "" | "tool_calls" | "function_call") => Self::of(has_calls),
            Some(_) if has_calls => Self::ToolCalls,
            Some(other) => Self::Other(super::error::clean(other, 64)),
        }
    }
}

/// The id of a call that came without one, or with one that the same answer used before.
///
/// The number of messages before the answer makes it unique in the run, and the same when the
/// recorded answer is read again.
pub(super) fn made_up_id(messages: usize, index: usize) -> String {
    format!("call_{messages}_{index}")
}

/// The provider's id where it can be used, else a made-up one.
pub(super) fn call_id(given: Option<&str>, earlier: &[ProposedCall], messages: usize, index: usize) -> String {
    match given {
        Some(id) if !id.is_empty() && earlier.iter().all(|call| call.id != id) => id.to_owned(),
        _ => made_up_id(messages, index),
    }
}
