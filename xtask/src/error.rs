//! What went wrong, in words for the person who builds: a message and what to do about it.
//!
//! The host has a richer error; build scripts cannot use it, since they run before the host exists.

use std::fmt;
use std::path::Path;

/// The result of everything in this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A message in lower case and, mostly, a hint. Displayed as both, on lines of their own.
#[derive(Debug)]
pub struct Error {
    message: String,
    hint: Option<String>,
}

impl Error {
    /// An error with a message.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None }
    }

    /// An operation on a file or folder that failed.
    pub fn file(what: &str, path: &Path, cause: &std::io::Error) -> Self {
        Self::new(format!("cannot {what} `{}`: {cause}", path.display()))
    }

    /// Says what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.hint {
            Some(hint) => write!(f, "\nhint: {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}
