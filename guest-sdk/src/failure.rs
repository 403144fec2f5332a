//! A failure that a tool reports on purpose, built by kind.
//!
//! Separate from the contract's record so that it can be built step by step and keeps the contract's limits.

use std::fmt;

use crate::contract;

/// What the contract allows for a message and for a hint.
const MAX_MESSAGE: usize = 8 * 1024;
const MAX_HINT: usize = 2 * 1024;

/// What kind of thing went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// The arguments are wrong; calling again with better ones can work.
    Validation,
    /// The thing that was named does not exist.
    NotFound,
    /// Something outside the tool refused: the sandbox, the file system, the other side.
    PermissionDenied,
    /// Time ran out.
    Timeout,
    /// The other side could not be reached, or broke off.
    Network,
    /// The other side asked to slow down.
    RateLimit,
    /// The run or this call was cancelled.
    Cancelled,
    /// Anything else that went wrong while doing the work.
    Execution,
}

/// A failure that is reported on purpose: an answer, not a crash.
///
/// The message is one sentence for the model that names what failed; write names in backticks, begin
/// in lower case, and leave out the final stop. The hint says what to try instead. Messages are cut at
/// 8 KiB and hints at 2 KiB.
///
/// ```
/// use looplet_guest::{Failure, FailureKind};
///
/// let failure = Failure::rate_limit("`api.example.com` allows 10 requests a minute").hint("wait");
/// assert_eq!(failure.kind(), FailureKind::RateLimit);
/// assert!(failure.is_retriable());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    kind: FailureKind,
    message: String,
    retriable: bool,
    hint: Option<String>,
}

impl Failure {
    /// A failure of some kind. Timeouts, network failures and rate limits are retriable until
    /// [`Failure::final_answer`] says otherwise, the rest is not until [`Failure::retriable`] does.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        let passing = [FailureKind::Timeout, FailureKind::Network, FailureKind::RateLimit];
        Self { kind, message: message.into(), retriable: passing.contains(&kind), hint: None }
    }

    /// The arguments are wrong; calling again with better ones can work.
    pub fn validation(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Validation, message)
    }

    /// The thing that was named does not exist.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(FailureKind::NotFound, message)
    }

    /// Something outside the tool refused.
    pub fn permission_denied(message: impl Into<String>) -> Self {
        Self::new(FailureKind::PermissionDenied, message)
    }

    /// Time ran out.
    pub fn timeout(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Timeout, message)
    }

    /// The other side could not be reached, or broke off.
    pub fn network(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Network, message)
    }

    /// The other side asked to slow down.
    pub fn rate_limit(message: impl Into<String>) -> Self {
        Self::new(FailureKind::RateLimit, message)
    }

    /// The run or this call was cancelled.
    pub fn cancelled(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Cancelled, message)
    }

    /// Anything else that went wrong while doing the work.
    pub fn execution(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Execution, message)
    }

    /// Says what to try instead.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Says that the same call, unchanged, can succeed later.
    pub fn retriable(mut self) -> Self {
        self.retriable = true;
        self
    }

    /// Says that the same call, unchanged, will fail again.
    pub fn final_answer(mut self) -> Self {
        self.retriable = false;
        self
    }

    /// What kind of thing went wrong.
    pub fn kind(&self) -> FailureKind {
        self.kind
    }

    /// The message.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The hint, if there is one.
    pub fn hint_text(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// Whether the same call, unchanged, can succeed later.
    pub fn is_retriable(&self) -> bool {
        self.retriable
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::execution(error.to_string())
    }
}

impl From<Failure> for contract::Failure {
    fn from(failure: Failure) -> Self {
        Self {
            kind: failure.kind.into(),
            message: cut(failure.message, MAX_MESSAGE),
            retriable: failure.retriable,
            hint: failure.hint.map(|hint| cut(hint, MAX_HINT)),
        }
    }
}

impl From<FailureKind> for contract::FailureKind {
    fn from(kind: FailureKind) -> Self {
        match kind {
            FailureKind::Validation => Self::Validation,
            FailureKind::NotFound => Self::NotFound,
            FailureKind::PermissionDenied => Self::PermissionDenied,
            FailureKind::Timeout => Self::Timeout,
            FailureKind::Network => Self::Network,
            FailureKind::RateLimit => Self::RateLimit,
            FailureKind::Cancelled => Self::Cancelled,
            FailureKind::Execution => Self::Execution,
        }
    }
}

impl From<contract::Failure> for Failure {
    fn from(failure: contract::Failure) -> Self {
        let contract::Failure { kind, message, retriable, hint } = failure;
        Self { kind: kind.into(), message, retriable, hint }
    }
}

impl From<contract::FailureKind> for FailureKind {
    fn from(kind: contract::FailureKind) -> Self {
        use contract::FailureKind as Kind;
        match kind {
            Kind::Validation => Self::Validation,
            Kind::NotFound => Self::NotFound,
            Kind::PermissionDenied => Self::PermissionDenied,
            Kind::Timeout => Self::Timeout,
            Kind::Network => Self::Network,
            Kind::RateLimit => Self::RateLimit,
            Kind::Cancelled => Self::Cancelled,
            Kind::Execution => Self::Execution,
        }
    }
}

/// Cuts a text at a boundary of characters.
fn cut(mut text: String, most: usize) -> String {
    if text.len() > most {
        text.truncate(text.floor_char_boundary(most));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_by_itself_is_retriable_and_the_author_has_the_last_word() {
        assert!(Failure::network("n").is_retriable());
        assert!(Failure::rate_limit("r").is_retriable());
        assert!(Failure::timeout("t").is_retriable());
        assert!(!Failure::execution("e").is_retriable());
        assert!(Failure::execution("e").retriable().is_retriable());
        assert!(!Failure::network("n").final_answer().is_retriable());
    }

    #[test]
    fn long_messages_and_hints_are_cut_to_what_the_contract_allows() {
        let failure = Failure::execution("é".repeat(8000)).hint("h".repeat(3000));
        let record = contract::Failure::from(failure);
        assert_eq!(record.message.len(), 8 * 1024);
        assert_eq!(record.hint.map(|hint| hint.len()), Some(2 * 1024));
    }

    #[test]
    fn a_failure_survives_the_way_through_the_contract() {
        let failure = Failure::permission_denied("no").hint("ask").retriable();
        assert_eq!(Failure::from(contract::Failure::from(failure.clone())), failure);
    }
}
