//! The error that a person reads: a message, a hint, a place, an exit code.
//!
//! Separate from the failures that guests and models get (`message::Failure`): this one may name
//! files, lines and flags, and never reaches a model. It prints nothing by itself.

use std::fmt;

use crate::origin::Origin;

/// The result of everything that a person may have to read about.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Exit codes of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// A model, a budget or the host ended the work.
    Failed = 1,
    /// The command line or the configuration is wrong.
    Usage = 2,
    /// A call was denied.
    Denied = 3,
    /// Pending calls wait for an answer.
    Parked = 4,
    /// Ctrl-C.
    Interrupted = 130,
}

impl Exit {
    /// The number that the process ends with.
    pub fn code(self) -> u8 {
        self as u8
    }
}

/// What went wrong, in words for the operator.
///
/// The message starts in lower case, has names in backticks and no final stop. The hint says what to
/// do about it. Displayed as `place: message`; [`Error::report`] adds the hint.
///
/// ```
/// use looplet_host::error::{Error, Exit};
/// let error = Error::usage("no plugin `jira`").hint("name its file in `[plugins]`");
/// assert_eq!(error.report(), "error: no plugin `jira`\nhint: name its file in `[plugins]`");
/// assert_eq!(error.exit(), Exit::Usage);
/// ```
#[derive(Debug, Clone)]
pub struct Error(Box<Parts>);

#[derive(Debug, Clone)]
struct Parts {
    message: String,
    hint: Option<String>,
    place: Option<Origin>,
    exit: Exit,
}

impl Error {
    /// An error with an exit code.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self(Box::new(Parts { message: message.into(), hint: None, place: None, exit }))
    }

    /// The command line or the configuration is wrong.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// The work could not be done.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(Exit::Failed, message)
    }

    /// Says what to do about it.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Says which line it is about.
    pub fn at(mut self, place: Origin) -> Self {
        self.0.place = Some(place);
        self
    }

    /// Puts what was being done before the message.
    pub fn context(mut self, what: impl fmt::Display) -> Self {
        self.0.message = format!("{what}: {}", self.0.message);
        self
    }

    /// The message alone.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The hint, if there is one.
    pub fn hint_text(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// The line it is about, if there is one.
    pub fn place(&self) -> Option<&Origin> {
        self.0.place.as_ref()
    }

    /// What the process ends with.
    pub fn exit(&self) -> Exit {
        self.0.exit
    }

    /// The whole text for a terminal, without a final line end.
    pub fn report(&self) -> String {
        match self.hint_text() {
            Some(hint) => format!("error: {self}\nhint: {hint}"),
            None => format!("error: {self}"),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.place {
            Some(place) => write!(f, "{place}: {}", self.0.message),
            None => f.write_str(&self.0.message),
        }
    }
}

impl std::error::Error for Error {}
