//! The one door to providers: sends a body, takes the whole answer, bounded in time and size.
//!
//! Knows HTTP and nothing of models; `refusal` reads answers that are no success. Clients are made at
//! their first use, because reading the machine's certificates costs more than a scripted run.

use std::error::Error as StdError;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, Response};

use super::endpoint::Endpoint;
use super::error::{ModelError, ModelErrorKind, RetryAfter, clean};
use super::event::EventSink;
use super::key::ApiKey;

/// How long and how much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HttpLimits {
    /// The longest time until a connection stands; 10 s.
    pub connect: Duration,
    /// The longest time until the whole answer is there; 300 s, because models think.
    pub answer: Duration,
    /// The most bytes of one answer; 16 MiB.
    pub answer_bytes: usize,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self { connect: Duration::from_secs(10), answer: Duration::from_mins(5), answer_bytes: 16 << 20 }
    }
}

/// Connections to providers, shared by all models of a process. Cheap to clone.
///
/// Follows no redirect, because the key and the task would go to a place that nobody named. Uses the
/// system's proxy, except for plain HTTP to this machine itself.
#[derive(Clone, Debug, Default)]
pub struct HttpClient(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    limits: HttpLimits,
    local: OnceLock<Client>,
    remote: OnceLock<Client>,
}

/// One request.
pub(super) struct Exchange<'a> {
    /// The provider's word, for messages.
    pub(super) provider: &'static str,
    pub(super) endpoint: &'a Endpoint,
    /// Segments below the base URL.
    pub(super) path: &'a [&'a str],
    pub(super) key: Option<&'a ApiKey>,
    /// What is posted; `None` asks with GET.
    pub(super) body: Option<Bytes>,
}

/// A whole answer, whatever its status.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) content_type: Option<String>,
    pub(super) retry_after: Option<RetryAfter>,
    pub(super) body: Bytes,
}

impl HttpClient {
    /// One with limits of its own.
    pub fn new(limits: HttpLimits) -> Self {
        Self(Arc::new(Shared { limits, ..Shared::default() }))
    }

    /// Sends and waits for the whole answer, or until the request is cancelled.
    pub(super) async fn send(&self, exchange: &Exchange<'_>, events: &EventSink) -> Result<Answer, ModelError> {
        tokio::select! {
            biased;
            () = events.cancelled() => Err(ModelError::cancelled()),
            answer = self.exchange(exchange) => answer,
        }
    }

    async fn exchange(&self, exchange: &Exchange<'_>) -> Result<Answer, ModelError> {
        let url = exchange.endpoint.join(exchange.path);
        let client = self.client(exchange)?;
        let request = match &exchange.body {
            Some(body) => client.post(url).body(body.clone()),
            None => client.get(url),
        };
        let sent = request.headers(headers(exchange)?).timeout(self.0.limits.answer).send().await;
        let response = sent.map_err(|error| self.unreachable(exchange, &error))?;
        self.whole(exchange, response).await
    }

    async fn whole(&self, exchange: &Exchange<'_>, mut response: Response) -> Result<Answer, ModelError> {
        let status = response.status().as_u16();
        let text = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
        let content_type = text(CONTENT_TYPE).map(|value| clean(value, 80));
        let retry_after = text(RETRY_AFTER).and_then(RetryAfter::from_header);
        let announced = response.content_length();
        let limit = self.0.limits.answer_bytes;
        let too_long = || exchange.bad_answer(&format!("answered with more than {limit} bytes"));

        if announced.is_some_and(|length| length > limit as u64) {
            return Err(too_long());
        }
        let mut body = BytesMut::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if body.len() + chunk.len() > limit => return Err(too_long()),
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => break,
                Err(error) if error.is_timeout() => return Err(self.unreachable(exchange, &error)),
                Err(_) => return Err(broken_off(exchange, body.len(), announced)),
            }
        }
        Ok(Answer { status, content_type, retry_after, body: body.freeze() })
    }

    fn client(&self, exchange: &Exchange<'_>) -> Result<&Client, ModelError> {
        let is_local = exchange.endpoint.is_plain_loopback();
        let cell = if is_local { &self.0.local } else { &self.0.remote };
        if let Some(client) = cell.get() {
            return Ok(client);
        }
        let builder = Client::builder()
            .connect_timeout(self.0.limits.connect)
            .redirect(Policy::none())
            .user_agent(concat!("looplet-host/", env!("CARGO_PKG_VERSION")));
        // Certificates that cannot be asked for are not read: that alone takes milliseconds.
        let builder = if is_local { builder.no_proxy().tls_certs_only([]) } else { builder };
        let client = builder.build().map_err(|error| {
            let cause = root_cause(&error);
            let message = format!("cannot set up connections for `{}`: {cause}", exchange.provider);
            ModelError::new(ModelErrorKind::Unreachable, message)
        })?;
        Ok(cell.get_or_init(|| client))
    }

    fn unreachable(&self, exchange: &Exchange<'_>, error: &reqwest::Error) -> ModelError {
        let Exchange { provider, endpoint, .. } = exchange;
        let limits = &self.0.limits;
        let kind = ModelErrorKind::Unreachable;
        match (error.is_timeout(), error.is_connect()) {
            (true, true) => {
                let time = limits.connect.as_secs();
                let message = format!("cannot reach `{provider}` at {endpoint}: no connection within {time} s");
                ModelError::new(kind, message).retriable()
            }
            // The provider may have done the work, and been paid for it: asking again would triple both.
            (true, false) => {
                let time = limits.answer.as_secs();
                ModelError::new(kind, format!("{} gave no answer within {time} s", exchange.who()))
            }
            (false, true) => {
                let cause = root_cause(error);
                ModelError::new(kind, format!("cannot reach `{provider}` at {endpoint}: {cause}")).retriable()
            }
            (false, false) => {
                let cause = root_cause(error);
                ModelError::new(kind, format!("{} broke off the connection: {cause}", exchange.who())).retriable()
            }
        }
    }
}

impl Exchange<'_> {
    /// Provider and place, as messages name them.
    pub(super) fn who(&self) -> String {
        format!("`{}` at {}", self.provider, self.endpoint)
    }

    /// The error for an answer that is not of the expected form; `what` goes on after the provider.
    pub(super) fn bad_answer(&self, what: &str) -> ModelError {
        ModelError::new(ModelErrorKind::BadAnswer, format!("{} {what}", self.who()))
    }

    /// Words of a server, without the key.
    pub(super) fn scrubbed(&self, words: &str) -> String {
        self.key.map_or_else(|| words.to_owned(), |key| key.scrub(words))
    }
}

fn headers(exchange: &Exchange<'_>) -> Result<HeaderMap, ModelError> {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    if exchange.body.is_some() {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    if let Some(key) = exchange.key {
        let value = HeaderValue::from_str(&format!("Bearer {}", key.expose()));
        let mut value = value.map_err(|_| {
            let message = format!("the key for `{}` does not fit into a header", exchange.provider);
            ModelError::new(ModelErrorKind::Auth, message)
        })?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    Ok(headers)
}

fn broken_off(exchange: &Exchange<'_>, got: usize, announced: Option<u64>) -> ModelError {
    let of = announced.map(|length| format!(" of {length}")).unwrap_or_default();
    exchange.bad_answer(&format!("broke off its answer after {got}{of} bytes")).retriable()
}

/// The innermost cause, in lower case and without the number that the system adds.
fn root_cause(error: &dyn StdError) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    let text = clean(&cause.to_string(), 200);
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_lowercase().chain(characters).collect(),
        None => "no reason given".to_owned(),
    }
}
