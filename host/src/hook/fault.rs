//! A hook that could not answer, and what follows from it.

use serde::{Deserialize, Serialize};

/// Why a hook gave no answer: a trap, its time, a panic, an answer beyond its powers. Displayed as a clause.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct HookFault(pub String);

impl HookFault {
    /// A fault for this reason.
    pub fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}

/// What follows the fault of a gate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnFault {
    /// It keeps denying what it watches, for the rest of the run.
    #[default]
    Deny,
    /// The run stops.
    Stop,
}
