//! The first-party plugins inside this binary.
//!
//! Bytes alone: they are loaded, described and granted like any other plugin. The build script puts
//! them here; which ones is said by the `Cargo.toml` of each plugin.

use crate::digest::Digest;

/// A plugin that comes with the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Builtin {
    /// What follows `builtin:`, for example `files`.
    pub name: &'static str,
    /// The component.
    pub bytes: &'static [u8],
    /// The digest of the component, by which it is known when it is loaded from a file.
    pub digest: Digest,
    /// Whether it is there for its hooks. A hook is power over a run: it is never loaded unasked.
    pub is_hook: bool,
    /// Whether it does nothing without a grant: then it is loaded only where some line grants it something.
    pub needs_grant: bool,
}

static ALL: &[Builtin] = include!(concat!(env!("OUT_DIR"), "/builtin.rs"));

/// All built-in plugins, by name.
pub fn all() -> &'static [Builtin] {
    ALL
}

/// The built-in plugin of this name.
pub fn get(name: &str) -> Option<&'static Builtin> {
    ALL.iter().find(|builtin| builtin.name == name)
}

/// The built-in plugin with this digest, however it was loaded.
pub fn with_digest(digest: Digest) -> Option<&'static Builtin> {
    ALL.iter().find(|builtin| builtin.digest == digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_a_component_and_is_found_by_name_and_by_digest() {
        // The first four bytes of every module and component, then the version of a component.
        let component = b"\0asm\x0d\0\x01\0";
        for builtin in all() {
            assert_eq!(&builtin.bytes[..8], component, "{}", builtin.name);
            assert_eq!(get(builtin.name), Some(builtin));
            assert_eq!(builtin.digest, Digest::of(builtin.bytes));
            assert_eq!(with_digest(builtin.digest), Some(builtin));
        }
        assert!(!all().is_empty());
    }

    #[test]
    fn hooks_are_told_from_plugins_with_tools() {
        let hooks: Vec<_> = all().iter().filter(|builtin| builtin.is_hook).map(|builtin| builtin.name).collect();
        assert_eq!(hooks, ["per-tool-limit", "redact", "stagnation", "step-budget"]);
        assert!(get("files").is_some_and(|files| !files.is_hook));
    }

    #[test]
    fn another_name_or_digest_is_none_of_them() {
        assert_eq!(get("no-such-plugin"), None);
        assert_eq!(with_digest(Digest::of(b"")), None);
    }
}
