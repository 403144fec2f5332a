//! JSON in one form only (RFC 8785), so that schema, hooks, policy, approver, journal and guest see the same bytes.
//!
//! A text that can be read in two ways is refused: duplicate keys, numbers beyond ±2^53, lone
//! surrogates, a byte order mark. Depth is bounded while reading, size by whoever reads.

use std::fmt;
use std::sync::Arc;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};

/// The largest whole number up to which every reader of JSON holds all of them exactly: 2^53.
const EXACT: u64 = 1 << 53;

/// JSON text in canonical form: sorted keys, shortest numbers, no white space.
///
/// Cheap to clone. Equal values have equal texts, and equal digests.
///
/// ```
/// use looplet_host::canonical::CanonicalJson;
/// let json = CanonicalJson::from_text(r#"{ "b": 1.0, "a": "\u00e9" }"#).unwrap();
/// assert_eq!(json.as_str(), r#"{"a":"é","b":1}"#);
/// assert!(CanonicalJson::from_text(r#"{"a":1,"a":2}"#).is_err());
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct CanonicalJson(Arc<str>);

impl CanonicalJson {
    /// Reads a text and puts it into canonical form.
    pub fn from_text(text: &str) -> Result<Self, NotCanonical> {
        Ok(Self::write(&parse(text)?))
    }

    /// Writes a value in canonical form.
    pub fn from_value(value: &Value) -> Result<Self, NotCanonical> {
        check_numbers(value)?;
        Ok(Self::write(value))
    }

    /// The empty object.
    pub fn empty_object() -> Self {
        Self("{}".into())
    }

    fn write(value: &Value) -> Self {
        let mut text = String::new();
        write_value(value, &mut text);
        Self(text.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The value, read anew.
    pub fn to_value(&self) -> Value {
        // What was written by `write_value` always reads again.
        serde_json::from_str(&self.0).unwrap_or(Value::Null)
    }
}

impl fmt::Display for CanonicalJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for CanonicalJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Serialises as the value itself, not as a string that holds JSON.
impl Serialize for CanonicalJson {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_value().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for CanonicalJson {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Strict.deserialize(deserializer)?;
        Ok(Self::write(&value))
    }
}

/// Why a text has no canonical form. Displayed as a clause: `key "a" stands twice`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotCanonical(String);

/// Reads a JSON text strictly; objects come out in the order of the text.
pub fn parse(text: &str) -> Result<Value, NotCanonical> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = Strict
        .deserialize(&mut reader)
        .and_then(|value| reader.end().map(|()| value))
        .map_err(|error| NotCanonical(error.to_string()))?;
    Ok(value)
}

fn check_numbers(value: &Value) -> Result<(), NotCanonical> {
    match value {
        Value::Number(number) => exact(number).map_err(NotCanonical),
        Value::Array(items) => items.iter().try_for_each(check_numbers),
        Value::Object(members) => members.values().try_for_each(check_numbers),
        Value::Null | Value::Bool(_) | Value::String(_) => Ok(()),
    }
}

fn exact(number: &Number) -> Result<(), String> {
    // Whole numbers are compared as such: as a double, 2^53 + 1 would be 2^53.
    let fits = match (number.as_u64(), number.as_i64()) {
        (Some(value), _) => value <= EXACT,
        (None, Some(value)) => value.unsigned_abs() <= EXACT,
        (None, None) => number.as_f64().is_some_and(|value| value.abs() <= 9_007_199_254_740_992.0),
    };
    if fits { Ok(()) } else { Err(format!("number {number} is beyond ±2^53, write it as a string")) }
}

fn write_value(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => {
            out.push_str(ryu_js::Buffer::new().format(number.as_f64().unwrap_or(0.0)));
        }
        Value::String(text) => write_string(text, out),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_value(item, out);
            }
            out.push(']');
        }
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
            out.push('{');
            for (index, (key, item)) in members.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_string(key, out);
                out.push(':');
                write_value(item, out);
            }
            out.push('}');
        }
    }
}

fn write_string(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            control if control < ' ' => {
                out.push_str("\\u00");
                for shift in [4, 0] {
                    out.push(char::from_digit((control as u32 >> shift) & 0xf, 16).unwrap_or('0'));
                }
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

/// Builds a value and refuses what `serde_json` lets pass.
struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Value, E> {
        number(value.into())
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Value, E> {
        number(value.into())
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        let held = Number::from_f64(value).ok_or_else(|| E::custom("a number is not finite"))?;
        number(held)
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E: de::Error>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Strict)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = members.next_key::<String>()? {
            let value = members.next_value_seed(Strict)?;
            if object.contains_key(&key) {
                return Err(de::Error::custom(format!("key {key:?} stands twice")));
            }
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}

fn number<E: de::Error>(number: Number) -> Result<Value, E> {
    exact(&number).map_err(E::custom)?;
    Ok(Value::Number(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(text: &str) -> String {
        CanonicalJson::from_text(text).expect("has a canonical form").as_str().to_owned()
    }

    fn refused(text: &str) -> String {
        CanonicalJson::from_text(text).expect_err("is refused").to_string()
    }

    #[test]
    fn keys_are_sorted_by_utf_16_units() {
        // U+1F600 sorts before U+FB33 in UTF-16 and after it in UTF-8.
        assert_eq!(canonical("{\"\u{fb33}\":1,\"\u{1f600}\":2,\"a\":3}"), "{\"a\":3,\"\u{1f600}\":2,\"\u{fb33}\":1}");
    }

    #[test]
    fn numbers_take_their_shortest_form() {
        assert_eq!(canonical("[1.0,-0,1e3,0.1,1e-7,333333333.33333329]"), "[1,0,1000,0.1,1e-7,333333333.3333333]");
    }

    #[test]
    fn strings_are_escaped_only_where_they_must_be() {
        assert_eq!(canonical(r#"["\u0001\u0008\/\u00e9\""]"#), "[\"\\u0001\\b/é\\\"\"]");
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_refused() {
        let cases = [
            (r#"{"a":1,"a":2}"#, "key \"a\" stands twice at line 1 column 13"),
            ("9007199254740993", "number 9007199254740993 is beyond ±2^53, write it as a string at line 1 column 16"),
            ("-1e17", "number -1e+17 is beyond ±2^53, write it as a string at line 1 column 5"),
            (r#""\ud800""#, "unexpected end of hex escape at line 1 column 8"),
            ("\u{feff}{}", "expected value at line 1 column 1"),
            ("{} {}", "trailing characters at line 1 column 4"),
            (&"[".repeat(1000), "recursion limit exceeded at line 1 column 128"),
        ];
        for (text, why) in cases {
            assert_eq!(refused(text), why);
        }
    }

    #[test]
    fn a_number_above_the_exact_range_is_refused_also_from_a_value() {
        assert!(CanonicalJson::from_value(&serde_json::json!({"n": 9_007_199_254_740_993_u64})).is_err());
        assert!(CanonicalJson::from_value(&serde_json::json!({"n": 9_007_199_254_740_992_u64})).is_ok());
    }
}
