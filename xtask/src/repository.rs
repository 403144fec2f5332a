//! Where this repository and its target directory are.
//!
//! Found at run time, from what cargo tells the program: nothing of the machine that compiled it is
//! kept, and a target directory that several clones share stays right.

use std::env;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// The folders that everything else is found from.
pub struct Repository {
    root: PathBuf,
    target: PathBuf,
}

impl Repository {
    /// The repository whose member package (`host`, `tests`, `xtask`) cargo is running or building.
    pub fn of_this_package() -> Result<Self> {
        let package = env::var_os("CARGO_MANIFEST_DIR")
            .map(PathBuf::from)
            .ok_or_else(|| Error::new("not started by cargo").hint("use `cargo xtask`"))?;
        let root = package
            .parent()
            .ok_or_else(|| Error::new(format!("`{}` is in no workspace", package.display())))?
            .to_owned();
        let target = target_directory(&root);
        Ok(Self { root, target })
    }

    /// A repository at a place of its own; for tests of this crate and for unusual layouts.
    pub fn at(root: impl Into<PathBuf>, target: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), target: target.into() }
    }

    /// The folder with the workspace's `Cargo.toml`.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Cargo's target directory.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Where guests are built: a target directory of their own, because a build script runs while
    /// the cargo around it holds the lock of the outer one.
    pub fn guest_target(&self) -> PathBuf {
        self.target.join("guests")
    }
}

/// Cargo marks its target directory with `CACHEDIR.TAG`; going up from our own place finds it
/// however it was chosen (variable, configuration or flag).
fn target_directory(root: &Path) -> PathBuf {
    let inside = env::var_os("OUT_DIR").map(PathBuf::from).or_else(|| env::current_exe().ok());
    let marked = inside
        .as_deref()
        .and_then(|place| place.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file()).map(Path::to_owned));
    let named = || env::var_os("CARGO_TARGET_DIR").map(PathBuf::from).filter(|path| path.is_absolute());
    marked.or_else(named).unwrap_or_else(|| root.join("target"))
}
