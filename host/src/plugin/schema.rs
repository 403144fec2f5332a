//! JSON Schemas of plugins, compiled so that they cannot reach anything or run for long.
//!
//! A plugin's schema is untrusted text: it may not name another document, its patterns are matched by
//! an engine without backtracking, and its size and depth are bounded.

use jsonschema::error::ValidationErrorKind;
use jsonschema::{Draft, PatternOptions, ValidationError, Validator};
use serde_json::Value;

use crate::canonical::CanonicalJson;

/// How long a schema may be, in bytes.
pub const SCHEMA_BYTES: usize = 64 << 10;
/// How deep it may be nested.
const SCHEMA_DEPTH: usize = 32;
/// How many faults of a value are named.
const FAULTS: usize = 8;
/// How much of a name is told, in characters.
const NAME: usize = 64;

/// A JSON Schema 2020-12 that is ready to check values.
#[derive(Debug, Clone)]
pub struct Schema(std::sync::Arc<Validator>);

impl Schema {
    /// Compiles a schema. The error is a clause that says what is wrong with it.
    pub fn compile(schema: &CanonicalJson) -> Result<Self, String> {
        if schema.as_str().len() > SCHEMA_BYTES {
            return Err(format!("is {} bytes long, at most {SCHEMA_BYTES} are allowed", schema.as_str().len()));
        }
        let value = schema.to_value();
        check_shape(&value, SCHEMA_DEPTH)?;
        jsonschema::options()
            .with_draft(Draft::Draft202012)
            .with_pattern_options(PatternOptions::regex())
            .build(&value)
            .map(|validator| Self(validator.into()))
            .map_err(|error| format!("is no JSON Schema: {error}"))
    }

    /// What is wrong with a value, one clause each, empty where it fits.
    pub fn faults(&self, value: &Value) -> Vec<String> {
        let mut faults: Vec<String> = self
            .0
            .iter_errors(value)
            .take(FAULTS)
            .map(|error| {
                let place = error.instance_path().to_string();
                if place.is_empty() { said(&error) } else { format!("`{place}`: {}", said(&error)) }
            })
            .collect();
        faults.dedup();
        faults
    }
}

/// The faults that are met most in our own words, the others in those of the validator.
fn said(error: &ValidationError<'_>) -> String {
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            let names = unexpected.iter().take(FAULTS).map(|name| format!("`{}`", begin(name)));
            let names = names.collect::<Vec<_>>().join(", ");
            format!("{names} {} not known", if unexpected.len() == 1 { "is" } else { "are" })
        }
        ValidationErrorKind::Required { property } => {
            format!("`{}` is missing", begin(property.as_str().unwrap_or_default()))
        }
        _ => error.to_string(),
    }
}

/// As much of a name as says which.
fn begin(name: &str) -> String {
    name.chars().take(NAME).collect()
}

/// Refuses what is too deep, and every reference that leaves the document.
fn check_shape(value: &Value, depth: usize) -> Result<(), String> {
    let Some(depth) = depth.checked_sub(1) else {
        return Err(format!("is nested deeper than {SCHEMA_DEPTH} levels"));
    };
    match value {
        Value::Object(members) => {
            for keyword in ["$ref", "$dynamicRef", "$id", "$schema"] {
                if let Some(Value::String(target)) = members.get(keyword) {
                    check_reference(keyword, target)?;
                }
            }
            members.values().try_for_each(|member| check_shape(member, depth))
        }
        Value::Array(items) => items.iter().try_for_each(|item| check_shape(item, depth)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
    }
}

fn check_reference(keyword: &str, target: &str) -> Result<(), String> {
    let stays = match keyword {
        "$schema" => target.starts_with("https://json-schema.org/draft/2020-12/schema"),
        "$id" => false,
        _ => target.starts_with('#'),
    };
    if stays { Ok(()) } else { Err(format!("has `{keyword}` that leaves the document: `{target}`")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compile(text: &str) -> Result<Schema, String> {
        Schema::compile(&CanonicalJson::from_text(text).expect("is JSON"))
    }

    #[test]
    fn values_are_checked_and_faults_name_their_place() {
        let schema = compile(
            r#"{"type":"object","properties":{"path":{"type":"string"},"n":{"type":"integer"}},"required":["path"]}"#,
        )
        .expect("compiles");
        assert_eq!(schema.faults(&serde_json::json!({"path": "a", "n": 1})), Vec::<String>::new());
        assert_eq!(
            schema.faults(&serde_json::json!({"n": true})),
            ["`path` is missing", "`/n`: true is not of type \"integer\""]
        );
    }

    #[test]
    fn a_reference_that_leaves_the_document_is_refused() {
        for target in ["file:///etc/passwd", "http://127.0.0.1:9/x.json", "other.json"] {
            let error = compile(&format!(r#"{{"properties":{{"a":{{"$ref":"{target}"}}}}}}"#)).expect_err("is refused");
            assert_eq!(error, format!("has `$ref` that leaves the document: `{target}`"));
        }
        assert!(compile(r##"{"$defs":{"a":{"type":"string"}},"$ref":"#/$defs/a"}"##).is_ok());
    }

    #[test]
    fn a_schema_that_is_too_deep_or_no_schema_is_refused() {
        let deep = format!("{}true{}", r#"{"not":"#.repeat(40), "}".repeat(40));
        assert_eq!(compile(&deep).expect_err("is refused"), "is nested deeper than 32 levels");
        assert!(compile(r#"{"type":"strin"}"#).expect_err("is refused").starts_with("is no JSON Schema: "));
    }

    #[test]
    fn a_pattern_that_would_backtrack_is_matched_in_linear_time() {
        let schema = compile(r#"{"type":"string","pattern":"^(a+)+$"}"#).expect("compiles");
        assert_eq!(schema.faults(&Value::String(format!("{}b", "a".repeat(50_000)))).len(), 1);
    }
}
