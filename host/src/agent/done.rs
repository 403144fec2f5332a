//! The built-in `done`: how it is declared to the model, and what it takes where the operator has no schema.

use serde_json::{Value, json};

use crate::canonical::CanonicalJson;
use crate::message::{Failure, FailureKind};
use crate::record::Done;

/// What the model is told about it.
const DESCRIPTION: &str = "End the run and hand over the result. Call it once, when the task is finished or cannot \
                           be finished; calls after it are not run.";

impl Done {
    /// Words for the model.
    pub fn description(&self) -> &'static str {
        DESCRIPTION
    }

    /// JSON Schema of its arguments: the operator's, or an object with a text `summary`.
    pub fn input_schema(&self) -> CanonicalJson {
        let shipped = json!({
            "type": "object",
            "properties": { "summary": { "type": "string", "description": "The result, for the person who asked." } },
            "required": ["summary"],
        });
        self.schema
            .clone()
            .unwrap_or_else(|| CanonicalJson::from_value(&shipped).unwrap_or_else(|_| CanonicalJson::empty_object()))
    }

    /// Checks arguments where the operator has no schema of their own.
    pub(super) fn check_shipped(&self, arguments: &CanonicalJson) -> Result<(), Failure> {
        if self.schema.is_some() || arguments.to_value().get("summary").is_some_and(Value::is_string) {
            return Ok(());
        }
        let message = format!("`{}` needs a text `summary`", self.name);
        Err(Failure::new(FailureKind::Validation, message).hint(r#"{"summary": "what you found or did"}"#))
    }
}
