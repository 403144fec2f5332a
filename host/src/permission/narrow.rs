//! `narrow = { fs = { MOUNT = [places] }, http = [addresses] }`: what a rule leaves, written by hand.

use std::collections::BTreeMap;

use serde_json::Value;

use super::fields::{Fields, kind};
use super::http_pattern::HttpPattern;
use super::http_target::HttpTarget;
use super::path::{PathFact, PathResolver};
use super::place::{FsPlace, Narrowing};
use super::template::Template;
use crate::error::{Error, Result};
use crate::need::FsMode;

/// A narrowing whose places depend on the arguments of the call.
#[derive(Clone, Debug, Default)]
pub struct Narrow {
    fs: BTreeMap<String, Vec<NarrowPlace>>,
    http: Option<Vec<NarrowUrl>>,
}

#[derive(Clone, Debug)]
struct NarrowPlace {
    at: Template,
    mode: FsMode,
}

/// The address that an argument names, or all of its origin.
#[derive(Clone, Debug)]
struct NarrowUrl {
    at: Template,
    whole_origin: bool,
}

impl Narrow {
    /// Reads `{ fs = { MOUNT = place or list } }`, where a place is a text (in the need's mode) or
    /// `{ at, mode }`, and `http = address or list`, where an address is a text or `{ at, reach }`. An empty
    /// list closes the mount, or all requests.
    pub fn from_value(value: &Value) -> Result<Self> {
        let fields = Fields::of(value, "`narrow`", &["fs", "http"])?;
        let http = fields.get("http").map(|value| list(value, NarrowUrl::from_value)).transpose()?;
        let nothing = serde_json::Map::new();
        let mounts = match fields.get("fs") {
            Some(Value::Object(mounts)) => mounts,
            Some(other) => {
                return Err(Error::usage(format!("`fs` of `narrow` is {}, not a table of mounts", kind(other))));
            }
            None if http.is_some() => &nothing,
            None => {
                return Err(Error::usage("`narrow` is empty")
                    .hint("write `narrow = { fs = { workspace = [\"{/path}\"] } }` or `{ http = \"{/url}\" }`"));
            }
        };
        let fs = mounts.iter().map(|(mount, value)| Ok((mount.clone(), list(value, NarrowPlace::from_value)?)));
        Ok(Self { fs: fs.collect::<Result<_>>()?, http })
    }

    /// The mounts that it speaks of.
    pub fn mounts(&self) -> impl Iterator<Item = &str> {
        self.fs.keys().map(String::as_str)
    }

    /// What it leaves for a call; none if the arguments do not say. Adds to `narrowing`, replacing
    /// what that says of the same mounts.
    pub(super) fn evaluate(
        &self,
        arguments: &Value,
        resolver: &dyn PathResolver,
        narrowing: &mut Narrowing,
    ) -> Option<()> {
        for (mount, places) in &self.fs {
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
        if let Some(addresses) = &self.http {
            let mut found = Vec::new();
            for address in addresses {
                for text in address.at.fill(arguments)? {
                    let target = HttpTarget::parse("GET", &text).ok()?;
                    let at = if address.whole_origin { HttpPattern::at_origin } else { HttpPattern::at };
                    found.push(at(&target));
                }
            }
            narrowing.set_requests(found);
        }
        Some(())
    }
}

/// One, or a list of them.
fn list<T>(value: &Value, read: impl Fn(&Value) -> Result<T>) -> Result<Vec<T>> {
    match value {
        Value::Array(items) => items.iter().map(read).collect(),
        one => Ok(vec![read(one)?]),
    }
}

impl NarrowUrl {
    fn from_value(value: &Value) -> Result<Self> {
        if let Value::String(at) = value {
            return Ok(Self { at: Template::parse(at)?, whole_origin: false });
        }
        let fields = Fields::of(value, "an address of `narrow`", &["at", "reach"])?;
        let whole_origin = match fields.get("reach") {
            None => false,
            Some(Value::String(reach)) if reach == "url" => false,
            Some(Value::String(reach)) if reach == "origin" => true,
            Some(other) => {
                return Err(Error::usage(format!("`reach` of an address is {other}")).hint("it is `url` or `origin`"));
            }
        };
        Ok(Self { at: Template::parse(fields.text("at", "an address of `narrow`")?)?, whole_origin })
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
            r#"{"fs":{"workspace":[{"path":"a","mode":"ro"},{"path":"b","mode":"rw"}]}}"#
        );
        assert_eq!(evaluate(&copy, &json!({"from": "a"})), "cannot tell");
        assert_eq!(evaluate(&copy, &json!({"from": "a", "to": "../b"})), "cannot tell");
        assert_eq!(
            evaluate(&json!({"fs": {"notes": [], "workspace": "{/p:-.}"}}), &json!({})),
            r#"{"fs":{"notes":[],"workspace":[{"path":".","mode":"rw"}]}}"#
        );
    }

    #[test]
    fn requests_are_narrowed_to_an_address_or_to_its_origin() {
        let url = json!({"url": "https://a.example:8443/x/*?q"});
        assert_eq!(evaluate(&json!({"http": "{/url}"}), &url), r#"{"http":["* https://a.example:8443/x/\\*"]}"#);
        let origin = json!({"http": [{"at": "{/url}", "reach": "origin"}]});
        assert_eq!(evaluate(&origin, &url), r#"{"http":["* https://a.example:8443/**"]}"#);
        assert_eq!(evaluate(&json!({"http": []}), &url), r#"{"http":[]}"#);
        for unknown in [json!({}), json!({"url": "a.example"}), json!({"url": "* https://*/**"})] {
            assert_eq!(evaluate(&origin, &unknown), "cannot tell", "{unknown}");
        }
    }

    #[test]
    fn a_wrong_narrowing_says_what_to_write() {
        let report = |value: Value| Narrow::from_value(&value).expect_err("is refused").report();
        assert_eq!(report(json!({"env": []})), "error: unknown key `env` in `narrow`\nhint: known are `fs`, `http`");
        assert_eq!(
            report(json!({"http": {"at": "{/url}", "reach": "host"}})),
            "error: `reach` of an address is \"host\"\nhint: it is `url` or `origin`"
        );
        assert_eq!(
            report(json!({"fs": {"w": [{"at": "x", "mode": "wr"}]}})),
            "error: `mode` of a place is \"wr\"\nhint: it is `ro` or `rw`"
        );
        assert_eq!(
            report(json!({})),
            "error: `narrow` is empty\nhint: write `narrow = { fs = { workspace = [\"{/path}\"] } }` or `{ http = \"{/url}\" }`"
        );
    }
}
