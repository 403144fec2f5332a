//! The few things read from a guest's `Cargo.toml`.
//!
//! Line by line instead of with a TOML parser, which every fresh clone would have to compile first:
//! our own manifests are written as `cargo new` writes them, one key a line.

use std::fs;
use std::path::Path;

use crate::error::{Error, Result};

/// What a guest's manifest says.
#[derive(Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The name of the package.
    pub package: String,
    /// The name of the file that cargo makes, without `.wasm`.
    pub library: String,
    /// Whether it becomes a component at all; helpers that guests share do not.
    pub is_component: bool,
    /// Whether it is embedded in the host: `[package.metadata.looplet] builtin = true`.
    pub is_builtin: bool,
    /// When it is loaded.
    pub loaded: Loaded,
}

/// When a built-in plugin is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loaded {
    /// Where nobody names plugins.
    Always,
    /// Also then only where some line grants it something, without which it does nothing:
    /// `[package.metadata.looplet] loaded = "granted"`.
    Granted,
    /// Where it is named, as hooks have to be: `[package.metadata.looplet] kind = "hook"`.
    Named,
}

impl Manifest {
    /// Reads a `Cargo.toml`.
    pub fn from_file(file: &Path) -> Result<Self> {
        let text = fs::read_to_string(file).map_err(|cause| Error::file("read", file, &cause))?;
        Self::from_text(&text).ok_or_else(|| Error::new(format!("`{}` names no package", file.display())))
    }

    fn from_text(text: &str) -> Option<Self> {
        let package = value(text, "[package]", "name")?.trim_matches('"').to_owned();
        let library = value(text, "[lib]", "name")
            .map_or_else(|| package.replace('-', "_"), |name| name.trim_matches('"').to_owned());
        let is_component = value(text, "[lib]", "crate-type").is_some_and(|kinds| kinds.contains("\"cdylib\""));
        let is_builtin = value(text, "[package.metadata.looplet]", "builtin") == Some("true");
        let says = |key, word| value(text, "[package.metadata.looplet]", key) == Some(word);
        let loaded = match () {
            () if says("kind", "\"hook\"") => Loaded::Named,
            () if says("loaded", "\"granted\"") => Loaded::Granted,
            () => Loaded::Always,
        };
        Some(Self { package, library, is_component, is_builtin, loaded })
    }
}

/// The text after `key =` in the section with this header, without a comment.
fn value<'a>(text: &'a str, header: &str, key: &str) -> Option<&'a str> {
    text.lines()
        .map(|line| line.split('#').next().unwrap_or_default().trim())
        .skip_while(|line| *line != header)
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split_once('='))
        .find(|(name, _)| name.trim() == key)
        .map(|(_, value)| value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_built_in_plugin_is_known_by_its_metadata() {
        let text = "[package]\nname = \"step-budget\" # a hook\nversion = \"0.1.0\"\n\n\
                    [package.metadata.looplet]\nbuiltin = true\nkind = \"hook\"\n\n[lib]\ncrate-type = [\"cdylib\"]\n";
        let expected = Manifest {
            package: "step-budget".into(),
            library: "step_budget".into(),
            is_component: true,
            is_builtin: true,
            loaded: Loaded::Named,
        };
        assert_eq!(Manifest::from_text(text), Some(expected));
    }

    #[test]
    fn a_helper_is_no_component_and_a_section_ends_at_the_next_header() {
        let text = "[package]\nname = \"shared\"\n\n[lib]\nname = \"other\"\n\n[features]\n\
                    crate-type = [\"cdylib\"]\nbuiltin = true\nkind = \"hook\"\n";
        let expected = Manifest {
            package: "shared".into(),
            library: "other".into(),
            is_component: false,
            is_builtin: false,
            loaded: Loaded::Always,
        };
        assert_eq!(Manifest::from_text(text), Some(expected));
    }

    #[test]
    fn a_manifest_without_a_package_is_refused() {
        assert_eq!(Manifest::from_text("[workspace]\nname = \"no\"\n"), None);
    }
}
