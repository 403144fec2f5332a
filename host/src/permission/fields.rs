//! A table of a rule, read with every key accounted for.
//!
//! Rules reach this room as plain values, from a file, the list of approvals or a program; who reads
//! them adds the line.

use serde_json::{Map, Value};

use super::nearest::nearest;
use crate::error::{Error, Result};

/// A table whose keys are all known.
pub(super) struct Fields<'a>(&'a Map<String, Value>);

impl<'a> Fields<'a> {
    /// Takes a table and refuses keys that are not among `known`; `what` names it in messages.
    pub(super) fn of(value: &'a Value, what: &str, known: &[&str]) -> Result<Self> {
        let Value::Object(members) = value else {
            return Err(Error::usage(format!("{what} is {}, not a table", kind(value)))
                .hint(format!("its keys are {}", list(known))));
        };
        for key in members.keys() {
            if !known.contains(&key.as_str()) {
                let hint = match nearest(key, known.iter().copied()) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => format!("known are {}", list(known)),
                };
                return Err(Error::usage(format!("unknown key `{key}` in {what}")).hint(hint));
            }
        }
        Ok(Self(members))
    }

    pub(super) fn get(&self, key: &str) -> Option<&'a Value> {
        self.0.get(key)
    }

    /// A text that must be there.
    pub(super) fn text(&self, key: &str, what: &str) -> Result<&'a str> {
        match self.0.get(key) {
            Some(Value::String(text)) => Ok(text),
            Some(other) => Err(Error::usage(format!("`{key}` of {what} is {}, not a text", kind(other)))),
            None => Err(Error::usage(format!("{what} has no `{key}`"))),
        }
    }

    /// The keys and values, in order.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&'a str, &'a Value)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }
}

/// A text or a list of texts; never empty.
pub(super) fn texts<'a>(value: &'a Value, what: &str) -> Result<Vec<&'a str>> {
    let wrong = || Error::usage(format!("{what} is neither a text nor a list of texts"));
    let list = match value {
        Value::String(text) => vec![text.as_str()],
        Value::Array(items) => items.iter().map(Value::as_str).collect::<Option<_>>().ok_or_else(wrong)?,
        _ => return Err(wrong()),
    };
    if list.is_empty() {
        Err(Error::usage(format!("{what} is an empty list")).hint("name at least one, or leave the key out"))
    } else {
        Ok(list)
    }
}

/// What a value is, in words.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a table",
    }
}

fn list(known: &[&str]) -> String {
    known.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ")
}
