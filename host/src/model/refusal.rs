//! Reads answers that are no success: which kind of error a status and a body mean.
//!
//! Separate from the providers because they share status codes and, nearly, the form of error bodies.

use serde_json::Value;

use super::ModelRequest;
use super::error::{ModelError, ModelErrorKind, words};
use super::http::{Answer, Exchange};

/// How servers say that a request does not fit, in lower case.
const TOO_LONG: [&str; 5] =
    ["context_length_exceeded", "maximum context length", "context window", "context length", "prompt is too long"];

/// The JSON of a successful answer, or what went wrong.
pub(super) fn read(exchange: &Exchange<'_>, model: &str, answer: &Answer) -> Result<Value, ModelError> {
    if !(200..300).contains(&answer.status) {
        return Err(refusal(exchange, model, answer));
    }
    let value = serde_json::from_slice::<Value>(&answer.body).map_err(|error| not_json(exchange, answer, &error))?;
    // Some gateways report the fault of the provider behind them with status 200.
    match value.get("error").filter(|error| !error.is_null()) {
        Some(error) => {
            let status = error.get("code").and_then(Value::as_u64).unwrap_or(500);
            let status = u16::try_from(status).unwrap_or(500);
            let inner = Answer { status, content_type: None, retry_after: None, body: answer.body.clone() };
            Err(refusal(exchange, model, &inner))
        }
        None => Ok(value),
    }
}

fn not_json(exchange: &Exchange<'_>, answer: &Answer, error: &serde_json::Error) -> ModelError {
    let content_type = answer.content_type.as_deref().unwrap_or("no content type");
    let is_html = content_type.starts_with("text/html") || answer.body.trim_ascii_start().starts_with(b"<");
    let status = answer.status;
    if is_html {
        return exchange
            .bad_answer(&format!("answered with a web page instead of JSON (status {status})"))
            .with_hint("check the base URL: it usually ends in `/v1`");
    }
    if answer.body.is_empty() {
        return exchange.bad_answer(&format!("answered with nothing (status {status})"));
    }
    exchange.bad_answer(&format!("answered with no JSON (status {status}, {content_type}): {error}"))
}

/// What a provider says in the body of an error.
struct Said {
    message: String,
    code: String,
}

impl Said {
    fn of(exchange: &Exchange<'_>, body: &[u8]) -> Self {
        let value: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
        let error = value.get("error").unwrap_or(&value);
        let text = |key| error.get(key).and_then(Value::as_str);
        let message = error.as_str().or_else(|| text("message")).or_else(|| text("detail"));
        let message = message.map_or_else(|| plain(body), str::to_owned);
        let code = text("code").or_else(|| text("type")).unwrap_or_default().to_owned();
        Self { message: exchange.scrubbed(&message), code }
    }

    fn says(&self, phrases: &[&str]) -> bool {
        let message = self.message.to_lowercase();
        phrases.iter().any(|phrase| self.code == *phrase || message.contains(phrase))
    }
}

/// A body that is no error object: its text, unless it is markup or JSON without words.
fn plain(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(2048)]);
    let is_words = !text.trim_start().starts_with(['<', '{', '[']);
    if is_words { text.into_owned() } else { String::new() }
}

/// The error for a status that is no success.
fn refusal(exchange: &Exchange<'_>, model: &str, answer: &Answer) -> ModelError {
    let said = Said::of(exchange, &answer.body);
    let (who, status, words) = (exchange.who(), answer.status, words(&said.message));
    let error = |kind, what: &str| ModelError::new(kind, format!("{who} {what} (status {status}){words}"));
    match status {
        300..400 => error(ModelErrorKind::NotFound, "sends requests elsewhere")
            .with_hint("redirects are not followed: set the base URL to where they lead"),
        401 | 403 if exchange.key.is_none() => {
            error(ModelErrorKind::Auth, "wants a key").with_hint("set its key, such as OPENAI_API_KEY")
        }
        401 | 403 => error(ModelErrorKind::Auth, "refused the key")
            .with_hint("set another key, or check that it is meant for this server"),
        404 | 410 => not_found(exchange, model, &said, &error),
        429 if said.says(&["insufficient_quota"]) => {
            error(ModelErrorKind::RateLimited, "has no quota left for this key")
                .with_hint("look at the account's billing page, or use another key or model")
        }
        429 => error(ModelErrorKind::RateLimited, "takes no more requests for now")
            .with_retry_after(answer.retry_after)
            .with_hint("wait a while, or use another model")
            .retriable(),
        413 => error(ModelErrorKind::ContextTooLong, "cannot take a request of this size"),
        400..500 if said.says(&TOO_LONG) => error(ModelErrorKind::ContextTooLong, "cannot take a request of this size"),
        408 | 409 | 425 => error(ModelErrorKind::Server, "could not take the request").retriable(),
        400..500 => error(ModelErrorKind::Rejected, "rejected the request"),
        529 => error(ModelErrorKind::Server, "is overloaded").with_retry_after(answer.retry_after).retriable(),
        500..600 => {
            error(ModelErrorKind::Server, "has a fault of its own").with_retry_after(answer.retry_after).retriable()
        }
        _ => error(ModelErrorKind::BadAnswer, "answered with an unknown status"),
    }
}

fn not_found(
    exchange: &Exchange<'_>,
    model: &str,
    said: &Said,
    error: &dyn Fn(ModelErrorKind, &str) -> ModelError,
) -> ModelError {
    let is_model = said.code == "model_not_found" || said.message.contains("model");
    if is_model {
        return error(ModelErrorKind::NotFound, &format!("has no model `{model}`"));
    }
    // Without the base URL's own path, in which people put keys.
    let path = exchange.path.join("/");
    error(ModelErrorKind::NotFound, &format!("has nothing at `…/{path}`"))
        .with_hint("check the base URL: it usually ends in `/v1`")
}

/// Refuses a request that does not fit the window by the host's own estimate, before it is sent: some
/// servers cut what is too long and say nothing.
pub(super) fn check_window(
    model: &str,
    context_tokens: Option<u32>,
    request: &ModelRequest<'_>,
) -> Result<(), ModelError> {
    let Some(window) = context_tokens else {
        return Ok(());
    };
    let tokens = request.estimated_tokens();
    if tokens <= u64::from(window) {
        return Ok(());
    }
    let message = format!("the request is about {tokens} tokens, the window of `{model}` is {window}");
    Err(ModelError::new(ModelErrorKind::ContextTooLong, message)
        .with_hint("raise `context_tokens` if the model takes more, or start a run with less history"))
}
