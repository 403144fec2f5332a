//! What a model is told of arguments that do not fit: what is wrong, which name was meant, and the form.

use serde_json::{Map, Value};

use super::tool::GatedTool;
use crate::message::{Failure, FailureKind};
use crate::permission::nearest;
use crate::record::cut;

/// How many faults are told.
const FAULTS: usize = 4;
/// How many arguments of the form are told.
const ARGUMENTS: usize = 16;
/// How long a name may be that is looked for, and how much of one is told, in characters.
const NAME: usize = 64;
/// How long all of it may be, in characters.
const MESSAGE: usize = 2_000;

/// The failure of a call with such arguments; none where they fit.
pub(super) fn wrong_arguments(tool: &GatedTool, arguments: &Value) -> Option<Failure> {
    let mut clauses = tool.faults(arguments);
    if clauses.is_empty() {
        return None;
    }
    clauses.truncate(FAULTS);
    let schema = tool.spec().input_schema.to_value();
    let nothing = Map::new();
    let closed = schema["additionalProperties"] == Value::Bool(false);
    let properties = schema["properties"].as_object().or(closed.then_some(&nothing));
    if let Some(properties) = properties.filter(|properties| closed || !properties.is_empty()) {
        clauses.extend(meant(arguments, properties));
        clauses.push(form(&schema, properties));
    }
    let message = format!("the arguments do not fit the schema of `{}`: {}", tool.shown_name(), clauses.join("; "));
    Some(Failure::new(FailureKind::Validation, cut(&message, MESSAGE)))
}

/// For each name that is none: the argument that was probably meant, if it was not given too.
fn meant(arguments: &Value, properties: &Map<String, Value>) -> Vec<String> {
    let Some(given) = arguments.as_object() else { return Vec::new() };
    // Both are a stranger's: what is long is no slip of the pen, and not compared.
    let is_short = |name: &&String| name.len() <= NAME;
    let missing = || properties.keys().filter(is_short).filter(|name| !given.contains_key(*name)).map(String::as_str);
    let unknown = given.keys().filter(is_short).filter(|name| !properties.contains_key(*name)).take(FAULTS);
    let clause = |name: &String| nearest(name, missing()).map(|meant| format!("did you mean `{meant}` by `{name}`?"));
    unknown.filter_map(clause).collect()
}

/// `it takes `path` (string), `lines` (integer, optional)`: what has to be there first.
fn form(schema: &Value, properties: &Map<String, Value>) -> String {
    let is_required =
        |name: &str| schema["required"].as_array().is_some_and(|required| required.iter().any(|other| other == name));
    let (required, optional): (Vec<_>, Vec<_>) = properties.iter().partition(|(name, _)| is_required(name));
    let required = required.into_iter().map(|(name, schema)| format!("`{}`{}", cut(name, NAME), kind(schema, None)));
    let optional =
        optional.into_iter().map(|(name, schema)| format!("`{}`{}", cut(name, NAME), kind(schema, Some("optional"))));
    let all: Vec<String> = required.chain(optional).collect();
    match all.len() {
        0 => "it takes nothing".to_owned(),
        count if count > ARGUMENTS => {
            format!("it takes {} and {} more", all[..ARGUMENTS].join(", "), count - ARGUMENTS)
        }
        _ => format!("it takes {}", all.join(", ")),
    }
}

/// ` (string, optional)`, as far as the schema says it in a word.
fn kind(schema: &Value, more: Option<&'static str>) -> String {
    let types = match &schema["type"] {
        Value::Array(types) => types.iter().filter_map(Value::as_str).filter(|kind| *kind != "null").collect(),
        kind => kind.as_str().into_iter().collect::<Vec<_>>(),
    };
    let kind = (!types.is_empty()).then(|| types.join(" or "));
    let words: Vec<&str> = kind.as_deref().into_iter().chain(more).collect();
    if words.is_empty() { String::new() } else { format!(" ({})", words.join(", ")) }
}
