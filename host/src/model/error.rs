//! Why a model gave no answer: closed kinds, one sentence, a hint, and whether trying again can help.
//!
//! The sentence names the provider, host and port, and the status; it never holds the key, the path or
//! the query of the URL. Words of a server are cleaned, cut and put last.

use std::fmt;
use std::time::{Duration, SystemTime};

use crate::error::Error;

/// The most characters of a server's words that a message holds.
const WORDS: usize = 300;

/// What kind of thing went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ModelErrorKind {
    /// No connection, or no answer in time.
    Unreachable,
    /// The provider wants a key, or refuses the one it got.
    Auth,
    /// Too many requests, or nothing left to spend.
    RateLimited,
    /// The provider has a fault of its own.
    Server,
    /// There is no such model, or nothing at this URL.
    NotFound,
    /// The provider understood the request and refused it.
    Rejected,
    /// The answer is broken off, too long, or not of the expected form.
    BadAnswer,
    /// The request does not fit the context window.
    ContextTooLong,
    /// The request was stopped from our side.
    Cancelled,
    /// A scripted model has no more turns.
    Exhausted,
}

impl ModelErrorKind {
    /// The word for it, as in the journal.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Auth => "auth",
            Self::RateLimited => "rate_limited",
            Self::Server => "server",
            Self::NotFound => "not_found",
            Self::Rejected => "rejected",
            Self::BadAnswer => "bad_answer",
            Self::ContextTooLong => "context_too_long",
            Self::Cancelled => "cancelled",
            Self::Exhausted => "exhausted",
        }
    }
}

impl fmt::Display for ModelErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// When a provider wants to be asked again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RetryAfter {
    /// After this time.
    Wait(Duration),
    /// At this moment of its clock.
    At(SystemTime),
}

impl RetryAfter {
    /// Reads the header of that name: seconds or an HTTP date.
    pub(super) fn from_header(text: &str) -> Option<Self> {
        let text = text.trim();
        match text.parse() {
            Ok(seconds) => Some(Self::Wait(Duration::from_secs(seconds))),
            Err(_) => httpdate::parse_http_date(text).ok().map(Self::At),
        }
    }

    /// How long that is from now; nothing for a moment that has passed.
    pub(super) fn wait(self, now: SystemTime) -> Duration {
        match self {
            Self::Wait(time) => time,
            Self::At(moment) => moment.duration_since(now).unwrap_or_default(),
        }
    }
}

/// Why a model gave no answer. Displayed as one sentence without the hint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelError(Box<Parts>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Parts {
    kind: ModelErrorKind,
    message: String,
    hint: Option<String>,
    retriable: bool,
    retry_after: Option<RetryAfter>,
}

impl ModelError {
    /// An error that trying again will not mend.
    pub fn new(kind: ModelErrorKind, message: impl Into<String>) -> Self {
        let message = message.into();
        Self(Box::new(Parts { kind, message, hint: None, retriable: false, retry_after: None }))
    }

    /// The run was stopped while the model worked.
    pub fn cancelled() -> Self {
        Self::new(ModelErrorKind::Cancelled, "the request to the model was cancelled")
    }

    /// Says what to do about it.
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// The same request, sent again, can succeed.
    pub fn retriable(mut self) -> Self {
        self.0.retriable = true;
        self
    }

    /// When the provider wants to be asked again.
    pub(super) fn with_retry_after(mut self, after: Option<RetryAfter>) -> Self {
        self.0.retry_after = after;
        self
    }

    /// Says how often it was tried, where trying was in vain.
    pub(super) fn after_attempts(mut self, attempts: u32) -> Self {
        if attempts > 1 && self.0.retriable {
            self.0.message = format!("{} ({attempts} attempts)", self.0.message);
        }
        self
    }

    /// What kind of thing went wrong.
    pub fn kind(&self) -> ModelErrorKind {
        self.0.kind
    }

    /// What to do about it, where that is known.
    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// Whether the same request, sent again, can succeed.
    pub fn is_retriable(&self) -> bool {
        self.0.retriable
    }

    /// When the provider wants to be asked again.
    pub(super) fn retry_after(&self) -> Option<RetryAfter> {
        self.0.retry_after
    }
}

impl fmt::Display for ModelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for ModelError {}

impl From<ModelError> for Error {
    fn from(error: ModelError) -> Self {
        let told = Self::failed(&error.0.message);
        match error.0.hint {
            Some(hint) => told.hint(hint),
            None => told,
        }
    }
}

/// A text of somebody else on one line: control characters are blanks, blanks do not repeat, and what
/// is longer than `most` characters is cut.
pub(super) fn clean(text: &str, most: usize) -> String {
    let visible = text.replace(|character: char| character.is_control(), " ");
    let line = visible.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// The words of a server, to be put at the end of a message; nothing for nothing.
pub(super) fn words(text: &str) -> String {
    match clean(text, WORDS) {
        line if line.is_empty() => line,
        line => format!(": {line}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_becomes_one_short_line() {
        assert_eq!(clean(" a\u{1b}[31m\n\tb ", 10), "a [31m b");
        assert_eq!(clean("ääää", 3), "äää…");
    }

    #[test]
    fn the_moment_of_the_next_attempt_is_read_as_seconds_or_date() {
        let now = httpdate::parse_http_date("Wed, 21 Oct 2015 07:28:00 GMT").expect("is a date");
        let wait = |text| RetryAfter::from_header(text).map(|after| after.wait(now).as_secs());
        assert_eq!(wait(" 7 "), Some(7));
        assert_eq!(wait("Wed, 21 Oct 2015 07:28:30 GMT"), Some(30));
        assert_eq!(wait("Wed, 21 Oct 2015 07:27:00 GMT"), Some(0));
        assert_eq!(wait("-1"), None);
        assert_eq!(wait("soon"), None);
    }

    #[test]
    fn an_error_becomes_one_for_people_with_its_hint() {
        let error = ModelError::new(ModelErrorKind::Auth, "no key").with_hint("set one");
        assert_eq!(Error::from(error).report(), "error: no key\nhint: set one");
    }
}
