//! `looplet.lock`: which components are meant, and what they said of themselves when somebody looked at them.
//!
//! It lies beside the file that names the plugins. `add` writes it; this type reads and renders it, others do the
//! files.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::error::{Error, Result};
use crate::origin::Origin;
use crate::plugin::Definition;

/// The version of the format that this host reads and writes.
const FORMAT: u64 = 1;

/// Components by the operator's name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lock(BTreeMap<String, Pin>);

/// One component that somebody looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pin {
    /// The operator's name.
    pub name: String,
    /// Where it was taken from, for people: a path or an address.
    pub from: String,
    /// The component.
    pub digest: Digest,
    /// What it said.
    #[serde(flatten)]
    pub definition: Definition,
}

#[derive(Serialize, Deserialize)]
struct File {
    format: u64,
    #[serde(default, rename = "plugin", skip_serializing_if = "Vec::is_empty")]
    plugins: Vec<Pin>,
}

/// Read first, so that a newer file is told from a damaged one.
#[derive(Deserialize)]
struct Version {
    format: u64,
}

impl Lock {
    /// Reads the text of a lock; `name` is how people call the file.
    ///
    /// # Errors
    /// No TOML, no lock, one of a newer format.
    pub fn parse(name: &str, text: &str) -> Result<Self> {
        let damaged = |error: &toml::de::Error| {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            let line = u32::try_from(before.matches('\n').count() + 1).unwrap_or(u32::MAX);
            Error::usage(format!("the lock cannot be read: {}", error.message()))
                .hint("take it back from where it was kept, or remove it and pin the plugins anew with `looplet-host add`")
                .at(Origin::line(name, line))
        };
        let Version { format } = toml::from_str(text).map_err(|error| damaged(&error))?;
        if format != FORMAT {
            return Err(Error::usage(format!("the lock is of format {format}, and this host reads format {FORMAT}"))
                .hint("use a newer looplet-host")
                .at(Origin::line(name, 1)));
        }
        let file: File = toml::from_str(text).map_err(|error| damaged(&error))?;
        Ok(Self(file.plugins.into_iter().map(|pin| (pin.name.clone(), pin)).collect()))
    }

    /// The text of the lock.
    pub fn render(&self) -> String {
        let file = File { format: FORMAT, plugins: self.0.values().cloned().collect() };
        // Texts always have a form in TOML.
        let body = toml::to_string(&file).unwrap_or_default();
        format!(
            "# Which components are meant, and what they said of themselves: written by `looplet-host add`.\n{body}"
        )
    }

    /// The component of that name.
    pub fn get(&self, name: &str) -> Option<&Pin> {
        self.0.get(name)
    }

    /// All of them.
    pub fn pins(&self) -> impl Iterator<Item = &Pin> {
        self.0.values()
    }

    /// Pins a component, in the place of what was pinned under its name.
    pub fn add(&mut self, pin: Pin) {
        self.0.insert(pin.name.clone(), pin);
    }
}

/// One lock as it was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LockFile {
    /// What stands there; none where there is no file.
    pub lock: Option<Lock>,
    /// It is as a person left it by `add`: not only the project's word.
    pub is_own: bool,
}

/// The locks of what the user's file names, and of all else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Locks {
    /// Beside the user's own file.
    pub user: LockFile,
    /// Beside the project's file, or the one that takes its place.
    pub project: LockFile,
    /// Whether plugins are held against them at all: a program that embeds the host reads none unasked.
    pub are_read: bool,
}

impl Locks {
    /// What a person pinned in their own lock: names and digests.
    pub fn known(&self) -> impl Iterator<Item = (&str, Digest)> {
        self.user.lock.iter().flat_map(Lock::pins).map(|pin| (pin.name.as_str(), pin.digest))
    }

    /// The lock that speaks of a plugin, and its name for people.
    pub fn of(&self, is_users: bool) -> (&LockFile, &'static str) {
        if is_users { (&self.user, "user/looplet.lock") } else { (&self.project, "looplet.lock") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_read_back_as_it_was_written() {
        let definition = Definition {
            id: "acme-jira".into(),
            version: "0.3.0".into(),
            description: "Talks to Jira.".into(),
            imports: vec!["wasi:http/types@0.2.3".into()],
            tools: vec![crate::plugin::ToolDefinition {
                name: "create".into(),
                description: "Creates an issue.\nOne at a time, \"quoted\" and '''so'''.".into(),
                needs: vec!["http GET https://a.example/**: to ask".into()],
                input_schema: r#"{"type":"object"}"#.into(),
                ..crate::plugin::ToolDefinition::default()
            }],
            ..Definition::default()
        };
        let mut lock = Lock::default();
        lock.add(Pin { name: "jira".into(), from: "plugins/jira.wasm".into(), digest: Digest::of(b"x"), definition });
        assert_eq!(Lock::parse("looplet.lock", &lock.render()).expect("is a lock"), lock);
        assert_eq!(Lock::parse("looplet.lock", &Lock::default().render()).expect("is a lock"), Lock::default());
    }

    #[test]
    fn what_is_no_lock_says_why() {
        let why = |text: &str| Lock::parse("looplet.lock", text).expect_err("is refused").report();
        expect_test::expect![[r"
            error: looplet.lock:1: the lock is of format 2, and this host reads format 1
            hint: use a newer looplet-host
            error: looplet.lock:2: the lock cannot be read: invalid type: integer `3`, expected a sequence
            hint: take it back from where it was kept, or remove it and pin the plugins anew with `looplet-host add`
            error: looplet.lock:1: the lock cannot be read: key with no value, expected `=`
            hint: take it back from where it was kept, or remove it and pin the plugins anew with `looplet-host add`
            error: looplet.lock:1: the lock cannot be read: missing field `format`
            hint: take it back from where it was kept, or remove it and pin the plugins anew with `looplet-host add`
            error: looplet.lock:5: the lock cannot be read: no `sha256:` with 64 hex digits
            hint: take it back from where it was kept, or remove it and pin the plugins anew with `looplet-host add`"]].assert_eq(&["format = 2\n[future]\nx = 1", "format = 1\nplugin = 3", "form", "", "format = 1\n[[plugin]]\nname = \"a\"\nfrom = \"a\"\ndigest = \"md5:00\"\nid = \"a\"\nversion = \"1\"\ndescription = \"\""].map(why).join("\n"));
    }
}
