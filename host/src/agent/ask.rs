//! What the loop asks of a model: one trait, so that the loop is tested without any.
//!
//! The adapter of a real model keeps its own cache of the request's bytes; it is handed the whole
//! history and remembers how much of it it has written.

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use crate::canonical::CanonicalJson;
use crate::digest::Digest;
use crate::message::{Message, ProposedCall};
use crate::model::{Finish, WireForm};
use crate::record::Usage;

/// What the model is asked.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// Number of the turn, from 1. The same turn may be asked again after a crash.
    pub turn: u32,
    /// The whole history. It only ever grows at its end.
    pub messages: &'a [Message],
    /// The only tools to offer, by the names that the model uses; none for all of the run.
    pub offered: Option<&'a [String]>,
}

/// What is about to be sent, for the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// Digest of the request's bytes.
    pub request: Digest,
    /// The model, where it is not the run's.
    pub model: Option<String>,
    /// Parameters of this request, where they are not the run's.
    pub parameters: Option<CanonicalJson>,
    /// How it is written, where that is not the run's way.
    pub wire: Option<WireForm>,
}

impl Announcement {
    /// A request to the run's model with the run's parameters.
    pub fn new(request: Digest) -> Self {
        Self { request, model: None, parameters: None, wire: None }
    }
}

/// What the model answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Its text; may be empty.
    pub text: String,
    /// The calls it proposes. Empty and repeated ids are replaced before the answer is recorded.
    pub calls: Vec<ProposedCall>,
    /// What it cost.
    pub usage: Usage,
    /// Why it ended.
    pub finish: Finish,
    /// The model that the provider says answered, where that is worth a note.
    pub model: Option<String>,
}

impl Answer {
    /// A plain text without calls.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), calls: Vec::new(), usage: Usage::default(), finish: Finish::Stop, model: None }
    }

    /// Calls without a text.
    pub fn calls(calls: Vec<ProposedCall>) -> Self {
        Self { calls, finish: Finish::ToolCalls, ..Self::text("") }
    }
}

/// Why there is no answer, after all retries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelFault {
    /// In words for the operator. Shown to no model.
    pub message: String,
    /// What arrived of the text.
    pub partial: String,
    /// What was paid for it.
    pub usage: Usage,
}

impl ModelFault {
    /// A fault without a partial answer.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), ..Self::default() }
    }
}

/// The model's side of the loop.
#[async_trait]
pub trait AskModel: Send {
    /// Says what [`AskModel::ask`] would send for the same question. Sends nothing. A fault, such as a
    /// request that is larger than the window, ends the run as one of `ask` does.
    fn announce(&mut self, question: &Question<'_>) -> Result<Announcement, ModelFault>;

    /// An estimate of the request in tokens, and the model's window, if it is known.
    fn size(&mut self, _question: &Question<'_>) -> (u64, Option<u32>) {
        (0, None)
    }

    /// Asks, with retries and fallbacks. Comes back soon after `cancel`, with what arrived.
    async fn ask(&mut self, question: &Question<'_>, cancel: &CancellationToken) -> Result<Answer, ModelFault>;
}
