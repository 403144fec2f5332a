//! A path as the model writes it, brought into one form: relative to the workspace.

use std::fmt;
use std::path::{Component, Path, PathBuf};

use looplet_guest::prelude::*;

use crate::ROOT;

/// A place in the workspace: names joined by `/`, without `.` and `..`; empty for the workspace itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place(String);

impl Place {
    /// The workspace itself.
    pub(crate) fn top() -> Self {
        Self(String::new())
    }

    /// Reads a path: relative, or beginning with `/workspace`.
    ///
    /// `..` is refused even inside the workspace: taken away by its looks, it would name another file
    /// than the one that the host resolved and showed, where a link stands before it.
    pub(crate) fn read(text: &str) -> Result<Self, Failure> {
        if text.is_empty() || text.contains('\0') {
            return Err(Failure::validation("the path is empty or has a NUL in it"));
        }
        let path = Path::new(text);
        let path = path.strip_prefix(ROOT).unwrap_or(path);
        let mut place = Self::top();
        for component in path.components() {
            match component {
                Component::Normal(name) => place = place.join(&name.to_string_lossy()),
                Component::CurDir => {}
                Component::ParentDir => return Err(parent(text)),
                Component::RootDir | Component::Prefix(_) => return Err(outside(text)),
            }
        }
        Ok(place)
    }

    /// The place one name deeper.
    pub(crate) fn join(&self, name: &str) -> Self {
        if self.is_top() { Self(name.to_owned()) } else { Self(format!("{}/{name}", self.0)) }
    }

    /// Where it lies below a root.
    pub(crate) fn under(&self, root: &Path) -> PathBuf {
        // `join("")` would add a slash.
        if self.is_top() { root.to_owned() } else { root.join(&self.0) }
    }

    /// The directory that it lies in; none for the workspace itself.
    pub(crate) fn parent(&self) -> Option<Self> {
        if self.is_top() {
            return None;
        }
        Some(self.0.rsplit_once('/').map_or_else(Self::top, |(parent, _)| Self(parent.to_owned())))
    }

    /// Its names from the top.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.split('/').filter(|name| !name.is_empty())
    }

    /// Its path from a directory above it; none where that one is not above it.
    pub(crate) fn below(&self, directory: &Self) -> Option<&str> {
        if directory.is_top() {
            return Some(&self.0);
        }
        self.0.strip_prefix(&directory.0)?.strip_prefix('/')
    }

    fn is_top(&self) -> bool {
        self.0.is_empty()
    }
}

fn parent(text: &str) -> Failure {
    Failure::validation(format!("`{text}` has `..` in it"))
        .hint("name the path from the top of the workspace, such as `src/main.rs`")
}

fn outside(text: &str) -> Failure {
    Failure::permission_denied(format!("`{text}` is outside of the workspace"))
        .hint("name the path from the top of the workspace, such as `src/main.rs`")
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_top() { "." } else { &self.0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        match Place::read(text) {
            Ok(place) => place.to_string(),
            Err(failure) => failure.to_string(),
        }
    }

    #[test]
    fn a_path_has_one_form() {
        for text in ["src/a.rs", "./src/a.rs", "src//a.rs", "src/./a.rs", "/workspace/src/a.rs"] {
            assert_eq!(read(text), "src/a.rs", "{text}");
        }
        for text in [".", "./", "/workspace", "/workspace/"] {
            assert_eq!(read(text), ".", "{text}");
        }
    }

    #[test]
    fn what_leads_out_is_refused_with_its_name() {
        assert_eq!(read("/etc/passwd"), "`/etc/passwd` is outside of the workspace");
        assert_eq!(read("/workspaces/a"), "`/workspaces/a` is outside of the workspace");
        assert_eq!(read("../a"), "`../a` has `..` in it");
        assert_eq!(read("a/../b"), "`a/../b` has `..` in it");
        assert_eq!(read("/workspace/../a"), "`/workspace/../a` has `..` in it");
        assert_eq!(read(""), "the path is empty or has a NUL in it");
        assert_eq!(read("a\0b"), "the path is empty or has a NUL in it");
    }

    #[test]
    fn a_place_lies_below_the_directories_above_it_only() {
        let place = Place::read("src/a/b").expect("is a place");
        let below = |directory: &str| place.below(&Place::read(directory).expect("is a place"));
        assert_eq!(below("."), Some("src/a/b"));
        assert_eq!(below("src"), Some("a/b"));
        assert_eq!(below("sr"), None);
        assert_eq!(below("src/a/b"), None);
    }
}
