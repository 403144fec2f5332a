//! Files around a mount, and a guest that tries things with them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use looplet_host::capability::Authority;
use looplet_host::capability::fs::{FsLimits, Mount, MountPath, MountSpec, Preopen, Reach, ReachKind};
use looplet_host::need::FsMode;
use looplet_host::origin::Origin;
use looplet_host::permission::{Mask, MaskKind, Masks, Tier};
use looplet_host::refusal::RefusalLog;
use serde_json::json;
use tempfile::TempDir;

use super::{Call, report};
use crate::guests;

/// A directory with a mount `workspace` at `in`, and the file `canary` beside it, which nobody may reach.
pub struct World {
    top: TempDir,
    mounts: Vec<Mount>,
    masks: Vec<Mask>,
    mode: FsMode,
    reaches: Vec<Reach>,
    limits: FsLimits,
    quota_bytes: Option<u64>,
}

impl World {
    /// `in/src/a.rs` holds «inside», `in/src/deep/b.rs` «deep», `canary` «outside».
    ///
    /// # Panics
    /// If the files cannot be made.
    pub fn new() -> Self {
        let world = Self {
            top: TempDir::new().expect("a directory"),
            mounts: Vec::new(),
            masks: Vec::new(),
            mode: FsMode::ReadWrite,
            reaches: vec![reach(".", FsMode::ReadWrite, ReachKind::Tree)],
            limits: FsLimits::SHIPPED,
            quota_bytes: None,
        };
        world.file("canary", "outside").file("in/src/a.rs", "inside").file("in/src/deep/b.rs", "deep")
    }

    /// With a file of this content, and the directories that hold it.
    ///
    /// # Panics
    /// If it cannot be written.
    #[must_use]
    pub fn file(self, path: &str, text: &str) -> Self {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("is below")).expect("directories");
        fs::write(path, text).expect("a file");
        self
    }

    /// With a symbolic link.
    ///
    /// # Panics
    /// If it cannot be made.
    #[must_use]
    pub fn link(self, says: impl AsRef<Path>, path: &str) -> Self {
        std::os::unix::fs::symlink(says, self.path(path)).expect("a link");
        self
    }

    /// With a pattern that hides.
    #[must_use]
    pub fn hide(self, pattern: &str) -> Self {
        self.mask(pattern, MaskKind::Hidden)
    }

    /// With a pattern that keeps from being changed.
    #[must_use]
    pub fn keep(self, pattern: &str) -> Self {
        self.mask(pattern, MaskKind::ReadOnly)
    }

    fn mask(mut self, pattern: &str, kind: MaskKind) -> Self {
        let origin = Origin::line("looplet.toml", 7);
        self.masks.push(Mask { pattern: pattern.to_owned(), kind, tier: Tier::Written, origin });
        self
    }

    /// With the whole mount read-only.
    #[must_use]
    pub fn read_only(mut self) -> Self {
        self.mode = FsMode::ReadOnly;
        self
    }

    /// With only this directory of the mount.
    #[must_use]
    pub fn only_tree(mut self, path: &str, mode: FsMode) -> Self {
        self.reaches = vec![reach(path, mode, ReachKind::Tree)];
        self
    }

    /// With only this file of the mount.
    #[must_use]
    pub fn only_file(mut self, path: &str, mode: FsMode) -> Self {
        self.reaches = vec![reach(path, mode, ReachKind::File)];
        self
    }

    /// With other limits for files.
    #[must_use]
    pub fn limits(mut self, change: impl FnOnce(&mut FsLimits)) -> Self {
        change(&mut self.limits);
        self
    }

    /// With a quota on the mount.
    #[must_use]
    pub fn quota(mut self, bytes: u64) -> Self {
        self.quota_bytes = Some(bytes);
        self
    }

    /// With a second mount, `other`, writable, at this directory.
    ///
    /// # Panics
    /// If it cannot be opened.
    #[must_use]
    pub fn other(mut self, path: &str) -> Self {
        fs::create_dir_all(self.path(path)).expect("directories");
        let mount = self.mount("other", path, FsMode::ReadWrite, Masks::none());
        self.mounts.push(mount);
        self
    }

    /// A path in the world, of this machine.
    pub fn path(&self, path: &str) -> PathBuf {
        self.top.path().join(path)
    }

    /// What a file holds now, or why it cannot be read.
    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap_or_else(|error| error.kind().to_string())
    }

    /// The authority of a call in this world, with mounts opened now.
    pub fn authority(&self) -> Authority {
        let masks = Masks::new(self.masks.clone()).expect("are masks");
        let workspace = self.mount("workspace", "in", self.mode, masks);
        let whole = vec![reach(".", FsMode::ReadWrite, ReachKind::Tree)];
        let others = self.mounts.iter().map(|mount| preopen(mount.clone(), whole.clone()));
        let mounts = std::iter::once(preopen(workspace, self.reaches.clone())).chain(others).collect();
        Authority { mounts, refusals: Arc::new(RefusalLog::default()), ..Authority::default() }
    }

    /// Lets `fs_probe` take these steps in one call: words apart, a line for each of what came, then what
    /// the operator learns.
    pub fn probe(&self, steps: &[&str]) -> String {
        report(&self.call(steps).run())
    }

    /// The call that takes these steps.
    pub fn call(&self, steps: &[&str]) -> Call {
        let steps: Vec<Vec<&str>> = steps.iter().map(|step| step.split(' ').collect()).collect();
        let limits = self.limits;
        Call::of(guests::FS_PROBE, json!({ "steps": steps })).with(self.authority()).limits(|all| all.fs = limits)
    }

    fn mount(&self, name: &str, path: &str, mode: FsMode, masks: Masks) -> Mount {
        Mount::open(MountSpec {
            name: name.to_owned(),
            host_path: self.path(path),
            mode,
            masks,
            quota_bytes: self.quota_bytes,
            origin: Origin::flag("--mount"),
        })
        .expect("is a directory")
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

fn preopen(mount: Mount, reaches: Vec<Reach>) -> Preopen {
    Preopen { guest_name: mount.name().to_owned(), mount, reaches }
}

fn reach(path: &str, mode: FsMode, kind: ReachKind) -> Reach {
    let path = MountPath::from_plain(path).expect("is plain");
    Reach { path, mode, kind, origin: Some(Origin::line("looplet.toml", 9)) }
}
