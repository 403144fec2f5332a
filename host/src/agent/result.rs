//! The result of a run as a value of the program's own type.

use std::fmt;

use serde::de::DeserializeOwned;

use super::{Outcome, Run};
use crate::record::StopReason;

/// A run that ended without a result of the type that was asked for. Holds how it ended.
#[derive(Clone, Debug, PartialEq)]
pub struct NotDone {
    /// How the run ended.
    pub outcome: Box<Outcome>,
    /// Why there is no result, one clause.
    pub why: String,
}

impl fmt::Display for NotDone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.why, self.outcome)
    }
}

impl std::error::Error for NotDone {}

impl Outcome {
    /// The arguments of an accepted `done`, as a value.
    ///
    /// # Errors
    /// The run ended otherwise, or with something of another form.
    pub fn into_result<T: DeserializeOwned>(self) -> Result<T, NotDone> {
        let read = match (&self.stop_reason, self.output.clone()) {
            (StopReason::Done, Some(output)) => {
                serde_json::from_value(output).map_err(|error| format!("the result does not fit: {error}"))
            }
            _ => Err("the run gave no result".to_owned()),
        };
        read.map_err(|why| NotDone { outcome: Box::new(self), why })
    }
}

impl Run {
    /// [`Run::finish`], with the result as a value: of the type that the launch was given for `done`.
    ///
    /// # Errors
    /// A run that ended without such a result; the error holds the outcome.
    pub async fn finish_as<T: DeserializeOwned>(self) -> Result<T, NotDone> {
        self.finish().await.into_result()
    }
}
