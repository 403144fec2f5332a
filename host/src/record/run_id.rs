//! The name of a run: a ULID, so that names sort by the time of the start.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use ulid::Ulid;

/// The name of a run: 26 characters, unique, in the order of the starts. Also the name of its directory.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct RunId(Ulid);

impl RunId {
    /// A new name, of the present moment.
    pub fn generate() -> Self {
        Self(Ulid::generate())
    }

    /// The name that a moment and a random number make; for tests and for hosts with a clock of their own.
    pub fn from_parts(unix_ms: u64, random: u128) -> Self {
        Self(Ulid::from_parts(unix_ms, random))
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl From<RunId> for String {
    fn from(id: RunId) -> Self {
        id.to_string()
    }
}

impl TryFrom<String> for RunId {
    type Error = NoRunId;

    fn try_from(text: String) -> Result<Self, NoRunId> {
        text.parse()
    }
}

/// A text that names no run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no run id: expected 26 digits and capital letters")]
pub struct NoRunId;

impl FromStr for RunId {
    type Err = NoRunId;

    /// Reads the one spelling that is written, so that a run has one directory.
    fn from_str(text: &str) -> Result<Self, NoRunId> {
        let id = Ulid::from_string(text).map_err(|_| NoRunId)?;
        if id.to_string() == text { Ok(Self(id)) } else { Err(NoRunId) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_spelling() {
        let id = RunId::from_parts(1_763_700_000_000, 7);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(id.to_string().to_lowercase().parse::<RunId>(), Err(NoRunId));
        assert_eq!("../../etc/passwd0000000000".parse::<RunId>(), Err(NoRunId));
    }
}
