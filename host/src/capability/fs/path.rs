//! A place in a mount, as a path that cannot lead out of it.
//!
//! Every comparison of the filesystem view (masks, reach) is made on such paths and never on text
//! that a guest sent.

use std::fmt;
use std::sync::Arc;

/// A path relative to the root of a mount: plain names joined by `/`, no `.` or `..`, no links on
/// the way. Displayed as `.` for the root.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MountPath(Arc<str>);

impl MountPath {
    /// The mount itself.
    pub fn root() -> Self {
        Self("".into())
    }

    /// Reads a path that is already plain; `.` is the root. None where it is not plain.
    pub fn from_plain(text: &str) -> Option<Self> {
        if matches!(text, "." | "") {
            return Some(Self::root());
        }
        text.split('/').all(is_name).then(|| Self(text.into()))
    }

    /// The place of one name below this one.
    pub fn join(&self, name: &str) -> Self {
        if self.0.is_empty() { Self(name.into()) } else { Self(format!("{}/{name}", self.0).into()) }
    }

    /// Whether this is the mount itself.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the other place is this one or lies below it.
    pub fn covers(&self, other: &Self) -> bool {
        self.is_root() || other.0.strip_prefix(&*self.0).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// The directory that holds it, and its name there. None for the root.
    pub fn split(&self) -> Option<(Self, &str)> {
        if self.is_root() {
            return None;
        }
        match self.0.rsplit_once('/') {
            Some((parent, name)) => Some((Self(parent.into()), name)),
            None => Some((Self::root(), &self.0)),
        }
    }

    /// The names on the way, none for the root.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.split('/').filter(|name| !name.is_empty())
    }

    /// The text; empty for the root.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MountPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_root() { "." } else { &self.0 })
    }
}

impl fmt::Debug for MountPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Whether a text names one entry of a directory, on every operating system.
pub(crate) fn is_name(text: &str) -> bool {
    let forbidden = if cfg!(windows) { &['/', '\\', ':', '\0'][..] } else { &['/', '\0'][..] };
    !matches!(text, "" | "." | "..") && !text.contains(forbidden)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> MountPath {
        MountPath::from_plain(text).expect("is plain")
    }

    #[test]
    fn a_place_covers_itself_and_what_lies_below_it() {
        assert!(path("src").covers(&path("src/a.rs")));
        assert!(path("src").covers(&path("src")));
        assert!(path(".").covers(&path("src")));
        assert!(!path("src").covers(&path("srcs")));
        assert!(!path("src/a").covers(&path("src")));
    }

    #[test]
    fn text_that_is_not_plain_is_no_place() {
        for text in ["..", "a/../b", "/a", "a//b", "a/", "./a", "a/\0"] {
            assert_eq!(MountPath::from_plain(text), None, "{text:?}");
        }
    }

    #[test]
    fn splitting_gives_the_parent_and_the_name() {
        assert_eq!(path("a/b").split(), Some((path("a"), "b")));
        assert_eq!(path("a").split(), Some((MountPath::root(), "a")));
        assert_eq!(MountPath::root().split(), None);
    }
}
