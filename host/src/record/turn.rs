//! The model's side of a turn: what it was asked, what it answered.

use serde::{Deserialize, Serialize};

use crate::canonical::CanonicalJson;
use crate::digest::Digest;
use crate::message::ProposedCall;
use crate::model::{Finish, WireForm};

/// A request is about to be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelAsked {
    /// Number of the turn, from 1.
    pub turn: u32,
    /// Digest of the bytes that are sent.
    pub request: Digest,
    /// The model, where it is not the run's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Parameters of this request, where they are not the run's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<CanonicalJson>,
    /// The only tools that it offers, where those are not all of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offered: Option<Vec<String>>,
    /// How it is written, where that is not the run's way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wire: Option<WireForm>,
}

/// The model's answer, whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelAnswered {
    /// Number of the turn.
    pub turn: u32,
    /// Its text; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// The calls it proposes, in order. Their ids are unique within the answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<ProposedCall>,
    /// What it cost.
    #[serde(default, skip_serializing_if = "Usage::is_nothing")]
    pub usage: Usage,
    /// Why it ended, if not because all was said, or calls were made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finish: Option<Finish>,
    /// The model that the provider says answered, where it is not the one that was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// How long the answer took, in milliseconds, retries included.
    pub duration_ms: u64,
    /// The run's active time at this point, in milliseconds.
    pub active_ms: u64,
}

impl ModelAnswered {
    /// Why it ended.
    pub fn ended(&self) -> Finish {
        self.finish.clone().unwrap_or_else(|| Finish::of(!self.calls.is_empty()))
    }
}

/// There is no answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelFailed {
    /// Number of the turn.
    pub turn: u32,
    /// What went wrong, in words for the operator.
    pub message: String,
    /// What arrived of the text before it broke off.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub partial: String,
    /// What was paid for it all the same.
    #[serde(default, skip_serializing_if = "Usage::is_nothing")]
    pub usage: Usage,
    /// Whether the question was broken off by cancelling: the run stops for that, not for the model.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cancelled: bool,
    /// How long it took, in milliseconds, retries included.
    pub duration_ms: u64,
    /// The run's active time at this point, in milliseconds.
    pub active_ms: u64,
}

/// Tokens and money, as the provider reports them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens of the request, cached ones included.
    #[serde(default)]
    pub input: u64,
    /// Tokens of the answer, hidden reasoning included.
    #[serde(default)]
    pub output: u64,
    /// Those of `input` that came from the provider's cache.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cached: u64,
    /// Millionths of a US dollar, as far as prices are known.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cost_micro_usd: u64,
}

impl Usage {
    fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// Tokens in and out.
    pub fn tokens(&self) -> u64 {
        self.input.saturating_add(self.output)
    }

    /// Both together.
    pub fn plus(self, other: Self) -> Self {
        Self {
            input: self.input.saturating_add(other.input),
            output: self.output.saturating_add(other.output),
            cached: self.cached.saturating_add(other.cached),
            cost_micro_usd: self.cost_micro_usd.saturating_add(other.cost_micro_usd),
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature is serde's")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}
