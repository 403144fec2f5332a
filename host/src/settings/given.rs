//! A directory that the embedding program gives to tools.

use std::path::PathBuf;

use super::name::check_name;
use crate::error::{Error, Result};
use crate::need::FsMode;
use crate::origin::Origin;

/// A directory that tools may be given, under a name. Built-in and pinned plugins that ask for it by this name
/// have it without a grant.
///
/// Nothing is opened before the host is built. What is hidden is not there for any tool; the shipped masks
/// (keys, tokens, the host's own files) hold beside those that are named here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenMount {
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) mode: FsMode,
    pub(super) hide: Vec<String>,
    pub(super) read_only: Vec<String>,
    pub(super) quota_mib: Option<u64>,
    pub(super) is_wide: bool,
}

impl GivenMount {
    /// A directory that no tool changes. A relative path is seen from the current directory.
    ///
    /// # Errors
    /// A name that is none, an empty path.
    pub fn read_only(name: impl Into<String>, path: impl Into<PathBuf>) -> Result<Self> {
        Self::new(name.into(), path.into(), FsMode::ReadOnly)
    }

    /// A directory that tools may write to, as far as the policy lets them.
    ///
    /// # Errors
    /// A name that is none, an empty path.
    pub fn read_write(name: impl Into<String>, path: impl Into<PathBuf>) -> Result<Self> {
        Self::new(name.into(), path.into(), FsMode::ReadWrite)
    }

    fn new(name: String, path: PathBuf, mode: FsMode) -> Result<Self> {
        check_name(&name).map_err(|error| error.at(Origin::Program))?;
        if path.as_os_str().is_empty() {
            return Err(Error::usage(format!("mount `{name}` has an empty path")).hint("`.` is the current directory"));
        }
        Ok(Self { name, path, mode, hide: Vec::new(), read_only: Vec::new(), quota_mib: None, is_wide: false })
    }

    /// Hides what a pattern matches, as `hide` of a mount in a file does.
    pub fn hide(mut self, pattern: impl Into<String>) -> Self {
        self.hide.push(pattern.into());
        self
    }

    /// Keeps what a pattern matches from being changed, as `read_only` of a mount in a file does.
    pub fn keep(mut self, pattern: impl Into<String>) -> Self {
        self.read_only.push(pattern.into());
        self
    }

    /// Lets it be all of the machine, the home directory or what is above it, which is refused otherwise.
    pub fn wide(mut self) -> Self {
        self.is_wide = true;
        self
    }

    /// The MiB that one run may write.
    pub fn quota_mib(mut self, mib: u64) -> Self {
        self.quota_mib = Some(mib);
        self
    }
}
