//! What answers: the trait [`Model`], and the providers behind it.
//!
//! A model gets the history and the tools and proposes text and calls; it runs nothing and decides
//! nothing. Requests are written by a [`Wire`], a pure value, so that the bytes that were sent can be
//! digested before they leave and rebuilt later. Nothing here reads files or the environment.

mod chat;
mod choice;
mod connect;
mod endpoint;
mod error;
mod event;
mod http;
mod json;
mod key;
pub mod ollama;
pub mod openai;
mod price;
mod refusal;
mod request;
mod response;
pub mod retry;
mod scripted;
pub mod select;
mod setup;
#[cfg(test)]
mod test_server;
mod transcript;
mod wire;

use async_trait::async_trait;

pub use choice::{IntoModel, ModelChoice};
pub use connect::connect;
pub use endpoint::Endpoint;
pub use error::{ModelError, ModelErrorKind};
pub use event::{EventSink, ModelEvent};
pub use http::{HttpClient, HttpLimits};
pub use key::ApiKey;
pub use price::{Price, micro_usd};
pub use request::ModelRequest;
pub use response::{Finish, ModelResponse, Usage};
pub use scripted::Scripted;
pub use setup::{RequestSetup, ToolChoice, ToolDeclaration};
pub use transcript::Transcript;
pub use wire::{PlainWire, Wire, WireForm};

/// Something that answers a request with text, tool calls, or both.
///
/// ```
/// use async_trait::async_trait;
/// use looplet_host::model::{EventSink, Model, ModelError, ModelRequest, ModelResponse};
///
/// struct Parrot;
///
/// #[async_trait]
/// impl Model for Parrot {
///     async fn complete(
///         &self,
///         request: &ModelRequest<'_>,
///         _events: &EventSink,
///     ) -> Result<ModelResponse, ModelError> {
///         Ok(ModelResponse::text(format!("{} messages", request.messages().len())))
///     }
/// }
/// ```
#[async_trait]
pub trait Model: Send + Sync {
    /// Answers one request. Ends early, with [`ModelErrorKind::Cancelled`], once `events` is cancelled.
    ///
    /// A provider sends precisely [`ModelRequest::bytes`]: the journal has taken their digest.
    async fn complete(&self, request: &ModelRequest<'_>, events: &EventSink) -> Result<ModelResponse, ModelError>;

    /// What people call it: `provider:name`.
    #[expect(clippy::unnecessary_literal_bound, reason = "providers answer with a name that they own")]
    fn name(&self) -> &str {
        "custom"
    }

    /// What it costs, if it knows; else the prices of the settings count.
    fn price(&self) -> Option<Price> {
        None
    }

    /// Size of the context window in tokens, if it is known.
    fn context_tokens(&self) -> Option<u32> {
        None
    }

    /// How requests to this model are written.
    fn wire(&self) -> &dyn Wire {
        &PlainWire
    }
}
