//! The built-in `done`: how it is declared to the model, and what it takes.

use serde_json::{Value, json};

use crate::canonical::CanonicalJson;
use crate::message::{Failure, FailureKind};
use crate::plugin::Schema;
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

    /// Checks arguments against the schema of the run; the failure names each place that does not fit.
    pub(super) fn check(&self, arguments: &CanonicalJson) -> Result<(), Failure> {
        let Some(schema) = &self.schema else { return self.check_summary(arguments) };
        let faults = match Schema::compile(schema) {
            Ok(schema) => schema.faults(&arguments.to_value()),
            // It was checked when the run began; a journal can be another's.
            Err(why) => vec![format!("its schema {why}")],
        };
        if faults.is_empty() {
            return Ok(());
        }
        let message = format!("the arguments of `{}` do not fit: {}", self.name, faults.join("; "));
        Err(Failure { retriable: true, ..Failure::new(FailureKind::Validation, message) })
    }

    fn check_summary(&self, arguments: &CanonicalJson) -> Result<(), Failure> {
        if arguments.to_value().get("summary").is_some_and(Value::is_string) {
            return Ok(());
        }
        let message = format!("`{}` needs a text `summary`", self.name);
        Err(Failure::new(FailureKind::Validation, message).hint(r#"{"summary": "what you found or did"}"#))
    }
}
