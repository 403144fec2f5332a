//! One call, as the host hands it over, and a tool as `plugin!` sees it.
//!
//! Separate from `plugin` because authors meet both: a tool may take `&Call`, and tests may make one.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::contract::{self, ToolSpec};
use crate::failure::Failure;
use crate::output::Output;

/// One call of one tool. A tool function that wants it takes `&Call` as its second parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    id: String,
    arguments: String,
}

impl Call {
    /// A call, for tests: the host makes those of a run.
    pub fn new(id: impl Into<String>, arguments: impl Into<String>) -> Self {
        Self { id: id.into(), arguments: arguments.into() }
    }

    /// Unique among all runs, and the same when a step is repeated after a crash: an idempotency key
    /// towards others.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The arguments as JSON text.
    pub fn arguments_text(&self) -> &str {
        &self.arguments
    }

    /// The arguments as a type. What does not fit is a failure `validation` that says where.
    pub fn arguments<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_str(&self.arguments)
            .map_err(|error| Failure::validation(format!("the arguments do not fit: {error}")))
    }
}

impl From<contract::ToolCall> for Call {
    fn from(call: contract::ToolCall) -> Self {
        Self { id: call.id, arguments: call.arguments }
    }
}

/// A tool of a plugin. Written by [`macro@crate::tool`].
pub trait Tool {
    /// Its name, as the model calls it.
    const NAME: &'static str;

    /// What it says of itself.
    fn spec() -> ToolSpec;

    /// Does the work.
    fn call(call: &Call) -> Result<Output, Failure>;
}

/// What a tool without parameters takes: an empty object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(description = "")]
pub struct NoArguments {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_that_do_not_fit_are_a_failure_that_says_where() {
        let failure = Call::new("1", "{\"x\":1}").arguments::<NoArguments>();
        let message = "the arguments do not fit: unknown field `x`, there are no fields at line 1 column 4";
        assert_eq!(failure, Err(Failure::validation(message)));
    }
}
