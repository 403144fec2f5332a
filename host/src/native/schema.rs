//! JSON Schemas from Rust types, short enough to be sent with every request.

use schemars::generate::SchemaSettings;
use schemars::transform::RestrictFormats;
use schemars::{JsonSchema, SchemaGenerator};

use crate::canonical::{CanonicalJson, NotCanonical};

/// The schema of what a function takes: in place, without what only Rust reads.
pub(super) fn of_arguments<T: JsonSchema>() -> Result<CanonicalJson, NotCanonical> {
    let settings = SchemaSettings::draft2020_12().for_deserialize().with_transform(RestrictFormats::default());
    let mut schema = SchemaGenerator::new(settings).into_root_schema_for::<T>();
    schema.remove("$schema");
    schema.remove("title");
    CanonicalJson::from_value(schema.as_value())
}
