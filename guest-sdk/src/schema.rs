//! JSON Schemas from Rust types, in the form that the contract wants. For the code that the macros write.
//!
//! 2020-12, everything in place, nothing that points out of the document: `schemars` with its
//! `$schema`, title and Rust-only formats taken off, since every byte of it is sent to the model.

use schemars::generate::SchemaSettings;
use schemars::transform::RestrictFormats;
use schemars::{JsonSchema, SchemaGenerator};

/// The schema of what a tool takes, or of a plugin's settings.
pub fn of_arguments<T: JsonSchema>() -> String {
    text::<T>(SchemaSettings::draft2020_12().for_deserialize())
}

/// The schema of what a tool answers.
pub fn of_answer<T: JsonSchema>() -> String {
    text::<T>(SchemaSettings::draft2020_12().for_serialize())
}

fn text<T: JsonSchema>(settings: SchemaSettings) -> String {
    let settings =
        settings.with(|settings| settings.inline_subschemas = true).with_transform(RestrictFormats::default());
    let mut schema = SchemaGenerator::new(settings).into_root_schema_for::<T>();
    schema.remove("$schema");
    schema.remove("title");
    if schema.get("description").and_then(|text| text.as_str()) == Some("") {
        schema.remove("description");
    }
    schema.as_value().to_string()
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};
    use serde_json::{Value, json};

    use super::*;
    use crate::NoArguments;

    /// How to look.
    #[derive(Deserialize, JsonSchema)]
    #[serde(rename_all = "lowercase")]
    enum Order {
        Name,
        Size,
    }

    #[derive(Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its schema is looked at")]
    struct Args {
        /// The file.
        path: String,
        /// From here, counted from 1.
        first: Option<u32>,
        order: Order,
    }

    #[derive(Deserialize, Serialize, JsonSchema)]
    struct Tree {
        #[serde(default)]
        leaves: Vec<Tree>,
    }

    fn read(text: &str) -> Value {
        serde_json::from_str(text).expect("a schema is JSON")
    }

    #[test]
    fn doc_comments_become_descriptions_and_everything_stands_in_place() {
        let expected = json!({
            "type": "object",
            "properties": {
                "path": {"type": "string", "description": "The file."},
                "first": {
                    "type": ["integer", "null"],
                    "minimum": 0,
                    "description": "From here, counted from 1."
                },
                "order": {"type": "string", "enum": ["name", "size"], "description": "How to look."}
            },
            "required": ["path", "order"],
            "additionalProperties": false
        });
        assert_eq!(read(&of_arguments::<Args>()), expected);
    }

    #[test]
    fn a_type_that_holds_itself_refers_to_its_own_document_only() {
        let schema = of_arguments::<Tree>();
        assert!(schema.contains("\"$ref\":\"#"), "{schema}");
        assert_eq!(schema.matches("$ref").count(), schema.matches("\"$ref\":\"#").count());
    }

    #[test]
    fn a_member_with_a_default_is_required_of_an_answer_only() {
        assert_eq!(read(&of_arguments::<Tree>()).get("required"), None);
        assert_eq!(read(&of_answer::<Tree>())["required"], json!(["leaves"]));
    }

    #[test]
    fn no_arguments_are_an_empty_object() {
        let expected = json!({"type": "object", "additionalProperties": false});
        assert_eq!(read(&of_arguments::<NoArguments>()), expected);
    }
}
