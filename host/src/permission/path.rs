//! Path matchers: an argument, resolved inside a mount, compared with globs.
//!
//! Resolving needs handles, so it stands behind a trait: the host resolves once per call and
//! remembers; here is only the lexical one, for the examples of rules.

use serde_json::Value;

use super::answer::{Leaning, Match};
use super::argument::{Argument, Lookup};
use super::fields::{Fields, texts};
use super::pattern::PathGlob;
use crate::error::{Error, Result};

/// What the text of an argument stands for in a mount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathFact {
    /// A place inside the mount.
    Resolved {
        /// Relative to the mount, without `..` and links, `.` for its root.
        path: String,
        /// Whether there is something; if not, the parent was resolved and the last name appended.
        exists: bool,
    },
    /// No place inside the mount.
    Refused {
        /// One clause for the operator.
        reason: String,
    },
}

/// Finds out what texts stand for. Must answer the same for the same question during one call.
pub trait PathResolver {
    /// What `text` stands for in the operator's mount `mount`.
    fn resolve(&self, mount: &str, text: &str) -> PathFact;
}

/// Resolves by the text alone, as if nothing were a link and everything existed. For examples of rules.
#[derive(Clone, Copy, Debug, Default)]
pub struct LexicalResolver;

impl PathResolver for LexicalResolver {
    fn resolve(&self, mount: &str, text: &str) -> PathFact {
        let refused = |reason: &str| PathFact::Refused { reason: reason.to_owned() };
        if text.contains('\0') {
            return refused("it holds a NUL");
        }
        let relative = match text.strip_prefix('/') {
            None => text,
            Some(rest) => match rest.strip_prefix(mount) {
                Some("") => ".",
                Some(inside) if inside.starts_with('/') => inside,
                _ => return refused("it is an absolute path outside of the mount"),
            },
        };
        let mut parts = Vec::new();
        for part in relative.split('/') {
            match part {
                ".." if parts.pop().is_none() => return refused("it leads out of the mount"),
                "" | "." | ".." => {}
                name => parts.push(name),
            }
        }
        PathFact::Resolved { path: if parts.is_empty() { ".".to_owned() } else { parts.join("/") }, exists: true }
    }
}

/// `path = { arg, mount, glob }`: an argument that names a place of a mount.
#[derive(Clone, Debug)]
pub struct PathMatcher {
    argument: Argument,
    mount: String,
    globs: Vec<PathGlob>,
}

/// The answer of a path matcher, with the places that a permission is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathMatch {
    /// The answer.
    pub answer: Match,
    /// The resolved places that match, relative to the mount.
    pub places: Vec<String>,
}

impl PathMatcher {
    /// Reads a matcher from a table of `arg`, `mount` and `glob` (a text or a list).
    pub fn from_value(value: &Value) -> Result<Self> {
        let fields = Fields::of(value, "`path`", &["arg", "mount", "glob"])?;
        let globs = fields
            .get("glob")
            .ok_or_else(|| Error::usage("`path` has no `glob`").hint("`**` is every place of the mount"))?;
        Ok(Self {
            argument: Argument::parse(fields.text("arg", "`path`")?)?,
            mount: fields.text("mount", "`path`")?.to_owned(),
            globs: texts(globs, "`glob` of `path`")?.into_iter().map(PathGlob::parse).collect::<Result<_>>()?,
        })
    }

    /// The argument that it reads.
    pub fn argument(&self) -> &Argument {
        &self.argument
    }

    /// The operator's name of the mount.
    pub fn mount(&self) -> &str {
        &self.mount
    }

    /// Compares what the call names with the globs.
    pub fn evaluate(&self, arguments: &Value, resolver: &dyn PathResolver, leaning: Leaning) -> PathMatch {
        let mut places = Vec::new();
        let mut judge = |value: &Value| match value {
            Value::String(text) => self.judge(text, resolver, leaning, &mut places),
            _ => Match::CannotTell,
        };
        let answer = match self.argument.look_up(arguments) {
            Lookup::Found(Value::Array(items)) => leaning.over(items.iter().map(judge)),
            Lookup::Found(value) => judge(value),
            Lookup::Absent | Lookup::Unresolvable => Match::CannotTell,
        };
        PathMatch { answer, places }
    }

    fn judge(&self, text: &str, resolver: &dyn PathResolver, leaning: Leaning, places: &mut Vec<String>) -> Match {
        let fact = resolver.resolve(&self.mount, text);
        let restricts = leaning == Leaning::Restrict;
        // A file system may fold case, and the name may be about to become something else: a rule
        // that restricts also looks at the words that were used.
        if restricts && self.globs.iter().any(|glob| glob.matches_folded(text)) {
            return Match::Yes;
        }
        let PathFact::Resolved { path, .. } = fact else {
            return Match::CannotTell;
        };
        let matches =
            self.globs.iter().any(|glob| if restricts { glob.matches_folded(&path) } else { glob.matches(&path) });
        if matches {
            places.push(path);
        }
        matches.into()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answer(glob: &str, arguments: &Value, leaning: Leaning) -> Match {
        let matcher = json!({"arg": "path", "mount": "workspace", "glob": glob});
        PathMatcher::from_value(&matcher).expect("is a matcher").evaluate(arguments, &LexicalResolver, leaning).answer
    }

    fn both(glob: &str, path: &str) -> [Match; 2] {
        [Leaning::Permit, Leaning::Restrict].map(|leaning| answer(glob, &json!({"path": path}), leaning))
    }

    #[test]
    fn the_resolved_place_decides_and_what_cannot_be_resolved_never_permits() {
        assert_eq!(both("src/**", "./src//a.rs"), [Match::Yes, Match::Yes]);
        assert_eq!(both("src/**", "/workspace/src/a.rs"), [Match::Yes, Match::Yes]);
        assert_eq!(both("src/**", "src/../build.rs"), [Match::No, Match::Yes]);
        assert_eq!(both("src/**", "../src/a.rs"), [Match::CannotTell, Match::CannotTell]);
        assert_eq!(both("src/**", "/etc/passwd"), [Match::CannotTell, Match::CannotTell]);
        assert_eq!(both("src/**", "/workspacex/src/a"), [Match::CannotTell, Match::CannotTell]);
        assert_eq!(both("src/**", "src/\0"), [Match::CannotTell, Match::Yes]);
    }

    #[test]
    fn a_restriction_holds_in_any_case_and_a_permission_does_not() {
        assert_eq!(both("Cargo.lock", "./CARGO.lock"), [Match::No, Match::Yes]);
        assert_eq!(both("straße/**", "STRAßE/a"), [Match::No, Match::Yes]);
    }

    #[test]
    fn an_argument_that_is_no_text_cannot_be_told() {
        for arguments in [json!({}), json!({"path": 1}), json!({"path": []}), json!({"path": [["src/a"]]})] {
            assert_eq!(answer("**", &arguments, Leaning::Permit), Match::CannotTell, "{arguments}");
            assert_eq!(answer("**", &arguments, Leaning::Restrict), Match::CannotTell, "{arguments}");
        }
    }
}
