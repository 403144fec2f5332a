//! The type of a run's result, checked when the model says that it is done.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Launch;
use crate::canonical::CanonicalJson;
use crate::error::{Error, Result};
use crate::host::opening;

impl Launch {
    /// The run has to end with a result of this type: its schema is what the model is told of `done`, and an
    /// answer that does not fit goes back to the model with what is wrong. [`Run::finish_as`] gives it.
    ///
    /// Takes the place of the schema that a configuration file gives.
    ///
    /// [`Run::finish_as`]: crate::agent::Run::finish_as
    pub fn done<T: JsonSchema + DeserializeOwned>(mut self) -> Self {
        let mut schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>();
        // Models are told it with every request, and read no drafts.
        schema.remove("$schema");
        match done_schema(&schema.to_value()) {
            Ok(schema) => self.done = Some(schema),
            Err(error) => drop(self.fault.get_or_insert(error)),
        }
        self
    }
}

fn done_schema(schema: &Value) -> Result<CanonicalJson> {
    let schema = CanonicalJson::from_value(schema)
        .map_err(|error| Error::usage(format!("the schema of `done` has no canonical form: {error}")))?;
    opening::check_done_schema(&schema)?;
    Ok(schema)
}
