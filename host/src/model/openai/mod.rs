//! `OpenAI` Chat Completions, of `OpenAI` or of any server that speaks it.
//!
//! One plain exchange: `body` writes the request, `answer` reads the response, retries are `retry`'s.

mod answer;
mod body;
#[cfg(test)]
mod tests;

use async_trait::async_trait;
use serde_json::Value;

use super::endpoint::Endpoint;
use super::error::ModelError;
use super::event::EventSink;
use super::http::{Exchange, HttpClient};
use super::key::ApiKey;
use super::wire::Wire;
use super::{Model, ModelRequest, ModelResponse, refusal};

/// Which field caps the length of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CapField {
    /// `max_completion_tokens`: `OpenAI`'s own newer models take nothing else.
    MaxCompletionTokens,
    /// `max_tokens`: the only one that many compatible servers know.
    MaxTokens,
}

impl CapField {
    /// `OpenAI`'s and Azure's own hosts take the new field, all others the old one.
    fn of(endpoint: &Endpoint) -> Self {
        let host = endpoint.host();
        if host == "api.openai.com" || host.ends_with(".openai.azure.com") {
            Self::MaxCompletionTokens
        } else {
            Self::MaxTokens
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::MaxCompletionTokens => "max_completion_tokens",
            Self::MaxTokens => "max_tokens",
        }
    }
}

/// A model behind a Chat Completions server.
#[derive(Clone, Debug)]
pub struct OpenAi {
    http: HttpClient,
    endpoint: Endpoint,
    key: Option<ApiKey>,
    /// The model's name alone.
    model: String,
    /// With the provider before it.
    name: String,
    cap_field: CapField,
    context_tokens: Option<u32>,
}

impl OpenAi {
    /// A model at a base URL such as `https://api.openai.com/v1`; the whole URL of the endpoint is
    /// understood as well.
    pub fn new(http: HttpClient, endpoint: Endpoint, key: Option<ApiKey>, model: &str) -> Self {
        let endpoint = endpoint.without_suffix(&["chat", "completions"]);
        Self {
            cap_field: CapField::of(&endpoint),
            http,
            endpoint,
            key,
            model: model.to_owned(),
            name: format!("openai:{model}"),
            context_tokens: None,
        }
    }

    /// The wire of a model that is asked no more: what it would send, and nowhere to send it.
    pub(super) fn for_form(fixed: &Value) -> Option<Self> {
        let endpoint = Endpoint::parse("http://127.0.0.1:9").ok()?;
        let field = match fixed.get("cap_field")?.as_str()? {
            "max_tokens" => CapField::MaxTokens,
            "max_completion_tokens" => CapField::MaxCompletionTokens,
            _ => return None,
        };
        Some(Self::new(HttpClient::default(), endpoint, None, fixed.get("model")?.as_str()?).with_cap_field(field))
    }

    /// Caps answers with this field, whatever the host.
    pub fn with_cap_field(mut self, field: CapField) -> Self {
        self.cap_field = field;
        self
    }

    /// The size of the context window, over which requests are refused before they are sent.
    pub fn with_context_tokens(mut self, tokens: Option<u32>) -> Self {
        self.context_tokens = tokens;
        self
    }
}

#[async_trait]
impl Model for OpenAi {
    async fn complete(&self, request: &ModelRequest<'_>, events: &EventSink) -> Result<ModelResponse, ModelError> {
        refusal::check_window(&self.name, self.context_tokens, request)?;
        let exchange = Exchange {
            provider: "openai",
            endpoint: &self.endpoint,
            path: &["chat", "completions"],
            key: self.key.as_ref(),
            body: Some(request.bytes()),
        };
        let answer = self.http.send(&exchange, events).await?;
        let value = refusal::read(&exchange, &self.model, &answer)?;
        answer::read(&value, answer.body, request.messages().len()).map_err(|what| exchange.bad_answer(what))
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn context_tokens(&self) -> Option<u32> {
        self.context_tokens
    }

    fn wire(&self) -> &dyn Wire {
        self
    }
}
