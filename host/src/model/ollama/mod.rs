//! Ollama by its native `/api/chat`.
//!
//! Not by its compatible route, which ignores the size of the window that is asked for and cuts long
//! requests without a word.

mod answer;
mod body;
mod catalog;
#[cfg(test)]
mod tests;

use async_trait::async_trait;
use serde_json::Value;

pub use catalog::{Installed, installed};

use super::endpoint::Endpoint;
use super::error::{ModelError, ModelErrorKind};
use super::event::EventSink;
use super::http::{Exchange, HttpClient};
use super::wire::Wire;
use super::{Model, ModelRequest, ModelResponse, refusal};

/// Where Ollama listens unless it is told otherwise.
pub const USUAL_ENDPOINT: &str = "http://127.0.0.1:11434";

/// The window that is asked for where nothing else is said, if the model has it. The server's own
/// default is a few thousand tokens, which the tools of an agent fill alone.
pub const USUAL_CONTEXT_TOKENS: u32 = 32_768;

/// A model of an Ollama server.
#[derive(Clone, Debug)]
pub struct Ollama {
    http: HttpClient,
    endpoint: Endpoint,
    /// The model's name alone, with its tag.
    model: String,
    /// With the provider before it.
    name: String,
    context_tokens: u32,
}

impl Ollama {
    /// A model at a base URL such as [`USUAL_ENDPOINT`]; one that ends in `/v1` or `/api` is understood.
    pub fn new(http: HttpClient, endpoint: Endpoint, model: &str, context_tokens: u32) -> Self {
        let endpoint = base(endpoint);
        let name = format!("ollama:{model}");
        Self { http, endpoint, model: model.to_owned(), name, context_tokens }
    }

    /// The wire of a model that is asked no more: what it would send, and nowhere to send it.
    pub(super) fn for_form(fixed: &Value) -> Option<Self> {
        let endpoint = Endpoint::parse(USUAL_ENDPOINT).ok()?;
        let tokens = u32::try_from(fixed.get("context_tokens")?.as_u64()?).ok()?;
        Some(Self::new(HttpClient::default(), endpoint, fixed.get("model")?.as_str()?, tokens))
    }
}

#[async_trait]
impl Model for Ollama {
    async fn complete(&self, request: &ModelRequest<'_>, events: &EventSink) -> Result<ModelResponse, ModelError> {
        refusal::check_window(&self.name, Some(self.context_tokens), request)?;
        let exchange = Exchange {
            provider: "ollama",
            endpoint: &self.endpoint,
            path: &["api", "chat"],
            key: None,
            body: Some(request.bytes()),
        };
        let answer = self.http.send(&exchange, events).await.map_err(explain)?;
        let value = refusal::read(&exchange, &self.model, &answer).map_err(explain)?;
        answer::read(&value, answer.body, request.messages().len()).map_err(|what| exchange.bad_answer(what))
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn context_tokens(&self) -> Option<u32> {
        Some(self.context_tokens)
    }

    fn wire(&self) -> &dyn Wire {
        self
    }
}

fn base(endpoint: Endpoint) -> Endpoint {
    endpoint.without_suffix(&["v1"]).without_suffix(&["api"])
}

/// Adds what to do, in Ollama's own commands.
fn explain(error: ModelError) -> ModelError {
    match error.kind() {
        ModelErrorKind::Unreachable if error.is_retriable() => error.with_hint("start it with `ollama serve`"),
        ModelErrorKind::NotFound => {
            error.with_hint("`ollama list` shows what is installed, `ollama pull NAME` installs")
        }
        ModelErrorKind::Rejected if error.to_string().contains("does not support tools") => {
            error.with_hint("use a model that can call tools; `looplet-host doctor` lists those installed")
        }
        _ => error,
    }
}
