//! The JSON Schema and the reference of the configuration file, both made from the table of keys.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::keys::{KEYS, Key, Kind, Support, Who, members};

/// The JSON Schema (2020-12) of `looplet.toml`, for editors.
pub fn json_schema() -> Value {
    let mut schema = table("");
    if let Value::Object(members) = &mut schema {
        members.insert("$schema".to_owned(), "https://json-schema.org/draft/2020-12/schema".into());
        members.insert("title".to_owned(), "looplet.toml".into());
    }
    schema
}

/// The reference: one row a key, as a Markdown table for each top-level noun.
pub fn reference() -> String {
    let mut text = String::new();
    for key in KEYS {
        if key.parent().is_empty() {
            let _ = write!(text, "{}## `{}`\n\n{}\n\n", if text.is_empty() { "" } else { "\n" }, key.path, key.doc);
            text.push_str("| key | holds | default | who may set it | |\n| --- | --- | --- | --- | --- |\n");
        }
        if key.kind != Kind::Table && key.kind != Kind::Tables {
            let support = match key.support {
                Support::Now => String::new(),
                Support::Later(_) => " Not supported yet.".to_owned(),
                Support::NowBut(value, _) => format!(" `{value}` is not supported yet."),
            };
            let _ = writeln!(
                text,
                "| `{}` | {} | {} | {} | {}{support} |",
                key.path,
                in_words(key.kind),
                key.default,
                who(key.who),
                key.doc
            );
        }
    }
    text
}

fn table(parent: &str) -> Value {
    let mut properties = Map::new();
    let mut others = Value::Bool(false);
    for key in members(parent) {
        match key.name() {
            "*" => others = of(key),
            name => {
                properties.insert(name.to_owned(), of(key));
            }
        }
    }
    json!({ "type": "object", "properties": properties, "additionalProperties": others })
}

fn of(key: &Key) -> Value {
    let texts = json!({ "type": "array", "items": { "type": "string" } });
    let mut schema = match key.kind {
        Kind::Table => table(&key.as_parent()),
        Kind::Tables => json!({ "type": "array", "items": table(&key.as_parent()) }),
        Kind::Text => json!({ "type": "string" }),
        Kind::TextOrFile => json!({ "anyOf": [
            { "type": "string" },
            { "type": "object", "properties": { "file": { "type": "string" } }, "required": ["file"], "additionalProperties": false },
        ] }),
        Kind::Texts => texts,
        Kind::TextOrTexts => json!({ "anyOf": [{ "type": "string" }, texts] }),
        Kind::Whole => json!({ "type": "integer", "minimum": 0 }),
        Kind::Number => json!({ "type": "number" }),
        Kind::Bool => json!({ "type": "boolean" }),
        Kind::OneOf(words) => json!({ "enum": words }),
        Kind::Open => json!({ "type": "object" }),
        Kind::Opens => json!({ "type": "array", "items": { "type": "object" } }),
    };
    if let Value::Object(members) = &mut schema {
        members.insert("description".to_owned(), format!("{} Set by {}.", key.doc, who(key.who)).into());
    }
    schema
}

fn who(who: Who) -> &'static str {
    match who {
        Who::Operator => "the operator only",
        Who::TrustedProject => "a trusted project file too",
        Who::AnyoneNarrowing => "anyone, to narrow",
    }
}

fn in_words(kind: Kind) -> String {
    match kind {
        Kind::Table | Kind::Open => "a table".to_owned(),
        Kind::Tables | Kind::Opens => "a list of tables".to_owned(),
        Kind::Text => "a text".to_owned(),
        Kind::TextOrFile => "a text or `{ file }`".to_owned(),
        Kind::Texts => "a list of texts".to_owned(),
        Kind::TextOrTexts => "a text or a list".to_owned(),
        Kind::Whole => "a whole number".to_owned(),
        Kind::Number => "a number".to_owned(),
        Kind::Bool => "true or false".to_owned(),
        Kind::OneOf(words) => words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_describes_tables_maps_and_lists() {
        let schema = json_schema();
        let at = |pointer: &str| schema.pointer(pointer).unwrap_or(&Value::Null).to_string();
        assert_eq!(at("/properties/mounts/additionalProperties/properties/mode/enum"), r#"["ro","rw"]"#);
        assert_eq!(at("/properties/rules/items/properties/decision/enum"), r#"["allow","ask","deny"]"#);
        assert_eq!(at("/properties/rules/items/additionalProperties"), "false");
        assert_eq!(
            at("/properties/providers/additionalProperties/properties/base_url/description"),
            r#""Where requests go. Set by the operator only.""#
        );
        jsonschema::options().build(&schema).expect("is a schema");
    }

    #[test]
    fn the_reference_has_every_key_that_holds_a_value() {
        let reference = reference();
        for key in KEYS.iter().filter(|key| !matches!(key.kind, Kind::Table | Kind::Tables)) {
            assert!(reference.contains(&format!("| `{}` |", key.path)), "{}", key.path);
        }
        assert!(reference.contains("| `policy.unmatched` | `ask`, `deny` | deny | anyone, to narrow | What happens to a call that no rule matches. |"));
    }
}
