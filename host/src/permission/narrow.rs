//! `narrow = { fs = { MOUNT = [places] } }`: what a rule leaves of mounts, written by hand.

use std::collections::BTreeMap;

use serde_json::Value;

use super::fields::{Fields, kind};
use super::path::{PathFact, PathResolver};
use super::place::{FsPlace, Narrowing};
use super::template::Template;
use crate::error::{Error, Result};
use crate::need::FsMode;

/// A narrowing whose places depend on the arguments of the call.
#[derive(Clone, Debug, Default)]
pub struct Narrow(BTreeMap<String, Vec<NarrowPlace>>);

#[derive(Clone, Debug)]
struct NarrowPlace {
    at: Template,
    mode: FsMode,
}

impl Narrow {
    /// Reads `{ fs = { MOUNT = place or list } }`, where a place is a text (in the need's mode) or
    /// `{ at, mode }`. An empty list closes the mount.
    pub fn from_value(value: &Value) -> Result<Self> {
        let fields = Fields::of(value, "`narrow`", &["fs"])?;
        let Some(mounts) = fields.get("fs") else {
            return Err(
                Error::usage("`narrow` is empty").hint("write `narrow = { fs = { workspace = [\"{/path}\"] } }`")
            );
        };
        let Value::Object(mounts) = mounts else {
            return Err(Error::usage(format!("`fs` of `narrow` is {}, not a table of mounts", kind(mounts))));
        };
        let places = |value: &Value| match value {
            Value::Array(items) => items.iter().map(NarrowPlace::from_value).collect(),
            one => Ok(vec![NarrowPlace::from_value(one)?]),
        };
        mounts.iter().map(|(mount, value)| Ok((mount.clone(), places(value)?))).collect::<Result<_>>().map(Self)
    }

    /// The mounts that it speaks of.
    pub fn mounts(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// What it leaves for a call; none if the arguments do not say. Adds to `narrowing`, replacing
    /// what that says of the same mounts.
    pub(super) fn evaluate(
        &self,
        arguments: &Value,
        resolver: &dyn PathResolver,
        narrowing: &mut Narrowing,
    ) -> Option<()> {
        for (mount, places) in &self.0 {
            let mut found = Vec::new();
            for place in places {
                for text in place.at.fill(arguments)? {
                    match resolver.resolve(mount, &text) {
                        PathFact::Resolved { path, .. } => found.push(FsPlace { path, mode: place.mode }),
                        PathFact::Refused { .. } => return None,
                    }
                }
            }
            narrowing.set(mount, found);
        }
        Some(())
    }
}

impl NarrowPlace {
    fn from_value(value: &Value) -> Result<Self> {
        if let Value::String(at) = value {
            return Ok(Self { at: Template::parse(at)?, mode: FsMode::ReadWrite });
        }
        let fields = Fields::of(value, "a place of `narrow`", &["at", "mode"])?;
        let mode = match fields.get("mode") {
            None => FsMode::ReadWrite,
            Some(Value::String(mode)) if mode == "ro" => FsMode::ReadOnly,
            Some(Value::String(mode)) if mode == "rw" => FsMode::ReadWrite,
            Some(other) => {
                return Err(Error::usage(format!("`mode` of a place is {other}")).hint("it is `ro` or `rw`"));
            }
        };
        Ok(Self { at: Template::parse(fields.text("at", "a place of `narrow`")?)?, mode })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::path::LexicalResolver;
    use super::*;

    fn evaluate(narrow: &Value, arguments: &Value) -> String {
        let mut narrowing = Narrowing::none();
        match Narrow::from_value(narrow).expect("is a narrowing").evaluate(arguments, &LexicalResolver, &mut narrowing)
        {
            Some(()) => serde_json::to_string(&narrowing).expect("serialises"),
            None => "cannot tell".to_owned(),
        }
    }

    #[test]
    fn places_add_up_and_one_that_cannot_be_told_spoils_all() {
        let copy = json!({"fs": {"workspace": [{"at": "{/from}", "mode": "ro"}, {"at": "{/to}", "mode": "rw"}]}});
        assert_eq!(
            evaluate(&copy, &json!({"from": "a", "to": "./b/"})),
            r#"{"workspace":[{"path":"a","mode":"ro"},{"path":"b","mode":"rw"}]}"#
        );
        assert_eq!(evaluate(&copy, &json!({"from": "a"})), "cannot tell");
        assert_eq!(evaluate(&copy, &json!({"from": "a", "to": "../b"})), "cannot tell");
        assert_eq!(
            evaluate(&json!({"fs": {"notes": [], "workspace": "{/p:-.}"}}), &json!({})),
            r#"{"notes":[],"workspace":[{"path":".","mode":"rw"}]}"#
        );
    }

    #[test]
    fn a_wrong_narrowing_says_what_to_write() {
        let report = |value: Value| Narrow::from_value(&value).expect_err("is refused").report();
        assert_eq!(report(json!({"http": []})), "error: unknown key `http` in `narrow`\nhint: known are `fs`");
        assert_eq!(
            report(json!({"fs": {"w": [{"at": "x", "mode": "wr"}]}})),
            "error: `mode` of a place is \"wr\"\nhint: it is `ro` or `rw`"
        );
        assert_eq!(
            report(json!({})),
            "error: `narrow` is empty\nhint: write `narrow = { fs = { workspace = [\"{/path}\"] } }`"
        );
    }
}
