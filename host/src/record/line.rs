//! One record as one line of JSON: writing, reading, the chain of digests, payloads that are kept apart.
//!
//! Separate from the records because this is the form on disk. Pure: blobs are handed out and asked for.

use serde_json::{Map, Value, json};

use super::{Body, FORMAT, Record};
use crate::digest::Digest;
use crate::error::{Error, Result};

/// The largest payload, in bytes, that stands in the line itself.
pub const PAYLOAD_BYTES: usize = 16 * 1024;

/// The key of a reference to a blob. A payload that uses it itself is kept as a blob, whatever its size.
const BLOB: &str = "$blob";

/// A payload that is kept apart, under its digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blob {
    /// Digest of the bytes.
    pub digest: Digest,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// A record in the form it is written in.
#[derive(Clone, Debug, PartialEq)]
pub struct Encoded {
    /// The record.
    pub record: Record,
    /// The line, without its line end.
    pub line: String,
    /// Payloads to be written before the line.
    pub blobs: Vec<Blob>,
}

/// Where a journal stands: the number of the next record and the digest of the last line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Chain {
    next: u64,
    head: Option<Digest>,
}

impl Chain {
    /// Digest of the last line; none before the first.
    pub fn head(&self) -> Option<Digest> {
        self.head
    }

    /// Number of the next record.
    pub fn next_seq(&self) -> u64 {
        self.next
    }

    /// Writes the next record. The chain itself moves on with [`Chain::advance`], once the line is kept.
    pub fn encode(&self, at_ms: u64, body: Body) -> Result<Encoded> {
        let record = Record { seq: self.next, at_ms, prev: self.head, body };
        let no_json = |error| Error::failed(format!("a record has no form as JSON: {error}"));
        let line = serde_json::to_string(&record).map_err(no_json)?;
        if line.len() <= PAYLOAD_BYTES && !line.contains(BLOB) {
            return Ok(Encoded { record, line, blobs: Vec::new() });
        }
        let mut value = serde_json::to_value(&record).map_err(no_json)?;
        let mut blobs = Vec::new();
        outline_body(&mut value, &mut blobs);
        Ok(Encoded { record, line: value.to_string(), blobs })
    }

    /// Goes on behind a line that is kept.
    pub fn advance(&mut self, line: &str) {
        self.next += 1;
        self.head = Some(Digest::of(line.as_bytes()));
    }

    /// Checks that a record stands where it belongs.
    pub fn check(&self, record: &Record) -> Result<(), DecodeError> {
        if record.seq != self.next {
            return Err(DecodeError::Damaged(format!("record {} stands where {} belongs", record.seq, self.next)));
        }
        if record.prev != self.head {
            return Err(DecodeError::Damaged(format!(
                "record {} does not follow from the line before it (digests differ)",
                record.seq
            )));
        }
        Ok(())
    }
}

/// Why a line is no record. Displayed as a clause.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// It is not as it was written.
    #[error("{0}")]
    Damaged(String),
    /// It is whole, and for another host; the format that it names, `?` where that is no number.
    #[error("the run was written in format {0}, this host reads format {FORMAT}")]
    OtherFormat(String),
}

/// Reads a line; `load` gives the bytes of a blob, which are checked here.
pub fn decode(line: &str, load: impl FnMut(Digest) -> Result<Vec<u8>, DecodeError>) -> Result<Record, DecodeError> {
    let mut value: Value =
        serde_json::from_str(line).map_err(|error| DecodeError::Damaged(format!("no JSON: {error}")))?;
    check_format(&value)?;
    if line.contains(BLOB) {
        restore(&mut value, &mut { load })?;
    }
    serde_json::from_value(value).map_err(|error| {
        let error = error.to_string();
        // The words for a body of no known kind are about our types.
        DecodeError::Damaged(match error.contains("flattened data") {
            true => "it is no record of a kind that this host knows".to_owned(),
            false => format!("no record: {error}"),
        })
    })
}

fn check_format(value: &Value) -> Result<(), DecodeError> {
    match value.pointer("/run_started/format").map(Value::as_u64) {
        Some(format) if format != Some(FORMAT.into()) => {
            Err(DecodeError::OtherFormat(format.map_or_else(|| "?".into(), |number| number.to_string())))
        }
        _ => Ok(()),
    }
}

/// Keeps apart what is large in the members of the body; the record itself stays readable.
fn outline_body(record: &mut Value, blobs: &mut Vec<Blob>) {
    for content in record.as_object_mut().into_iter().flat_map(Map::values_mut) {
        match content {
            Value::Object(members) => members.values_mut().for_each(|member| outline(member, blobs)),
            other => outline(other, blobs),
        }
    }
}

/// Puts references in place of the smallest parts that are too large.
fn outline(value: &mut Value, blobs: &mut Vec<Blob>) {
    if value.as_object().is_some_and(|members| members.contains_key(BLOB)) {
        return keep_apart(value, blobs);
    }
    match value {
        Value::String(text) if text.len() > PAYLOAD_BYTES => keep_apart(value, blobs),
        Value::Array(_) | Value::Object(_) => {
            let before = (is_large(value)).then(|| value.clone());
            let kept = blobs.len();
            match value {
                Value::Array(items) => items.iter_mut().for_each(|item| outline(item, blobs)),
                Value::Object(members) => members.values_mut().for_each(|item| outline(item, blobs)),
                _ => {}
            }
            if let Some(before) = before.filter(|_| is_large(value)) {
                blobs.truncate(kept);
                *value = before;
                keep_apart(value, blobs);
            }
        }
        _ => {}
    }
}

fn is_large(value: &Value) -> bool {
    value.to_string().len() > PAYLOAD_BYTES
}

fn keep_apart(value: &mut Value, blobs: &mut Vec<Blob>) {
    let (form, bytes) = match value.take() {
        Value::String(text) => ("text", text.into_bytes()),
        other => ("json", other.to_string().into_bytes()),
    };
    let digest = Digest::of(&bytes);
    *value = json!({ BLOB: digest, "form": form });
    blobs.push(Blob { digest, bytes });
}

fn restore(
    value: &mut Value,
    load: &mut impl FnMut(Digest) -> Result<Vec<u8>, DecodeError>,
) -> Result<(), DecodeError> {
    match value {
        Value::Object(members) if members.contains_key(BLOB) => {
            *value = payload(members, load)?;
            Ok(())
        }
        Value::Object(members) => members.values_mut().try_for_each(|member| restore(member, load)),
        Value::Array(items) => items.iter_mut().try_for_each(|item| restore(item, load)),
        _ => Ok(()),
    }
}

fn payload(
    reference: &Map<String, Value>,
    load: &mut impl FnMut(Digest) -> Result<Vec<u8>, DecodeError>,
) -> Result<Value, DecodeError> {
    let digest = reference.get(BLOB).and_then(Value::as_str).and_then(Digest::parse);
    let digest = digest.ok_or_else(|| DecodeError::Damaged("a reference to a blob has no digest".into()))?;
    let bytes = load(digest)?;
    if Digest::of(&bytes) != digest {
        return Err(DecodeError::Damaged(format!("blob {} is damaged", digest.to_hex())));
    }
    match reference.get("form").and_then(Value::as_str) {
        Some("text") => String::from_utf8(bytes).map(Value::String).map_err(|error| error.to_string()),
        Some("json") => serde_json::from_slice(&bytes).map_err(|error| error.to_string()),
        _ => Err("the reference does not say what it is".into()),
    }
    .map_err(|error| DecodeError::Damaged(format!("blob {}: {error}", digest.to_hex())))
}

/// A digest as hex digits alone.
pub(super) mod hex {
    use serde::{Deserialize, Deserializer, Serializer, de};

    use super::Digest;

    #[expect(clippy::ref_option, reason = "the signature is serde's")]
    pub(in crate::record) fn serialize<S: Serializer>(
        digest: &Option<Digest>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match digest {
            Some(digest) => serializer.serialize_str(&digest.to_hex()),
            None => serializer.serialize_none(),
        }
    }

    pub(in crate::record) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Digest>, D::Error> {
        let digits = String::deserialize(deserializer)?;
        let digest = Digest::parse(&format!("sha256:{digits}"));
        digest.map(Some).ok_or_else(|| de::Error::custom("`prev` is no digest of 64 hex digits"))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;
    use crate::message::{Content, Outcome, ToolOutput};
    use crate::record::{CallEnded, Notice, Used};

    fn ended(content: Content) -> Body {
        let mut output = ToolOutput::text("");
        output.content = content;
        Body::CallEnded(Box::new(CallEnded {
            spent: None,
            step: 1,
            outcome: Outcome::Ok(output),
            duration_us: 1,
            used: Used::default(),
            refusals: Vec::new(),
            stderr: None,
            warnings: Vec::new(),
            progress: Vec::new(),
            hooks: Vec::new(),
            context: Vec::new(),
            stop: None,
            kept: std::collections::BTreeMap::new(),
            wrote: Vec::new(),
            drawn: std::collections::BTreeMap::new(),
            active_ms: 0,
        }))
    }

    fn read_back(encoded: &Encoded) -> Result<Record, DecodeError> {
        let blobs: HashMap<Digest, Vec<u8>> =
            encoded.blobs.iter().map(|blob| (blob.digest, blob.bytes.clone())).collect();
        decode(&encoded.line, |digest| {
            blobs.get(&digest).cloned().ok_or_else(|| DecodeError::Damaged("is missing".into()))
        })
    }

    #[test]
    fn a_small_record_is_one_short_line() {
        let mut chain = Chain::default();
        let first = chain.encode(5, Body::Notice(Notice::Cancelled)).expect("has a form");
        assert_eq!(first.line, r#"{"seq":0,"at":5,"notice":"cancelled"}"#);
        chain.advance(&first.line);
        let second = chain.encode(6, Body::Notice(Notice::Active(7))).expect("has a form");
        assert_eq!(
            second.line,
            format!(
                r#"{{"seq":1,"at":6,"prev":"{}","notice":{{"active":7}}}}"#,
                Digest::of(first.line.as_bytes()).to_hex()
            )
        );
    }

    #[test]
    fn a_large_text_is_kept_apart_and_found_again() {
        let text = "x".repeat(PAYLOAD_BYTES + 1);
        let encoded = Chain::default().encode(0, ended(Content::Text(text.clone()))).expect("has a form");
        assert_eq!(encoded.blobs, [Blob { digest: Digest::of(text.as_bytes()), bytes: text.into_bytes() }]);
        assert!(encoded.line.len() < 400, "{}", encoded.line);
        assert_eq!(read_back(&encoded), Ok(encoded.record.clone()));
    }

    #[test]
    fn many_small_values_are_kept_apart_as_one() {
        let list: Value = (0..10_000).collect();
        let encoded = Chain::default().encode(0, ended(Content::Json(list))).expect("has a form");
        assert_eq!(encoded.blobs.len(), 1);
        assert_eq!(read_back(&encoded), Ok(encoded.record.clone()));
    }

    #[test]
    fn a_payload_cannot_pass_for_a_reference() {
        let forged = json!({ "rows": [{ BLOB: Digest::of(b"secret"), "form": "text" }] });
        let encoded = Chain::default().encode(0, ended(Content::Json(forged))).expect("has a form");
        assert_eq!(read_back(&encoded), Ok(encoded.record.clone()));
    }

    #[test]
    fn a_blob_with_other_bytes_is_refused() {
        let text = "x".repeat(PAYLOAD_BYTES + 1);
        let mut encoded = Chain::default().encode(0, ended(Content::Text(text))).expect("has a form");
        encoded.blobs[0].bytes[0] = b'y';
        let error = read_back(&encoded).expect_err("is refused").to_string();
        assert_eq!(error, format!("blob {} is damaged", encoded.blobs[0].digest.to_hex()));
    }

    #[test]
    fn another_format_is_named() {
        let line = r#"{"seq":0,"at":0,"run_started":{"format":2}}"#;
        let error = decode(line, |_| Err(DecodeError::Damaged(String::new()))).expect_err("is refused");
        assert_eq!(error.to_string(), "the run was written in format 2, this host reads format 1");
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            "\\PC{0,20}".prop_map(Value::String),
            (0..3_usize).prop_map(|n| Value::String("long ".repeat(n * 2_000))),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
                prop::collection::vec((prop_oneof![Just(BLOB.to_owned()), "[a-z]{1,4}"], inner), 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_written_is_read_back_the_same(value in any_json()) {
            let encoded = Chain::default().encode(0, ended(Content::Json(value))).expect("has a form");
            prop_assert!(!encoded.line.contains('\n'));
            prop_assert_eq!(read_back(&encoded), Ok(encoded.record.clone()));
        }
    }
}
