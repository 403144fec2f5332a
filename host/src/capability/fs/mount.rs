//! A mount: a host directory under a logical name, opened once, with its mode, masks and quota.
//!
//! The only place that opens a directory by its host path. From then on everything goes through the
//! handle, so that swapping the directory under the path changes nothing.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use cap_fs_ext::MetadataExt as _;
use cap_std::ambient_authority;
use cap_std::fs::Dir;

use super::error::FsError;
use super::path::{MountPath, is_name};
use super::quota::Taken;
use super::walk::{self, Astray, Final, OpenDir};
use crate::error::{Error, Result};
use crate::need::FsMode;
use crate::origin::Origin;
use crate::permission::{MaskHit, MaskKind, Masks};
use crate::refusal::{Refusal, RefusalReason};

/// A host directory under a logical name. Cheap to clone; all clones share the handle.
#[derive(Clone, Debug)]
pub struct Mount(Arc<Parts>, Arc<Taken>);

/// What a mount is made from.
#[derive(Clone, Debug)]
pub struct MountSpec {
    /// The operator's name for it.
    pub name: String,
    /// The directory.
    pub host_path: PathBuf,
    /// How far it may be used at most.
    pub mode: FsMode,
    /// What is hidden and what is read-only in it.
    pub masks: Masks,
    /// How many bytes the calls of a run may write.
    pub quota_bytes: Option<u64>,
    /// The line that defines it.
    pub origin: Origin,
}

#[derive(Debug)]
struct Parts {
    name: String,
    host_path: PathBuf,
    dir: Arc<Dir>,
    identity: FileIdentity,
    mode: FsMode,
    masks: Masks,
    quota_bytes: Option<u64>,
    origin: Origin,
}

/// Device and inode, by which two paths are known to be one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileIdentity {
    /// Device number.
    pub device: u64,
    /// Inode number.
    pub inode: u64,
}

impl Mount {
    /// Opens the directory. Errors say what is wrong with the path: not there, a file, not allowed.
    pub fn open(spec: MountSpec) -> Result<Self> {
        let MountSpec { name, host_path, mode, masks, quota_bytes, origin } = spec;
        let shown = host_path.display();
        let fault = |message: String| Error::usage(message).at(origin.clone());
        let dir = Dir::open_ambient_dir(&host_path, ambient_authority()).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => {
                fault(format!("mount `{name}`: there is no directory `{shown}`")).hint("create it, or name another one")
            }
            std::io::ErrorKind::NotADirectory => fault(format!("mount `{name}`: `{shown}` is not a directory"))
                .hint("a mount is a directory; name the one that holds the file"),
            _ => fault(format!("mount `{name}`: cannot open `{shown}`: {error}")),
        })?;
        let metadata =
            dir.dir_metadata().map_err(|error| fault(format!("mount `{name}`: cannot look at `{shown}`: {error}")))?;
        let identity = FileIdentity { device: metadata.dev(), inode: metadata.ino() };
        let parts = Parts { name, host_path, dir: Arc::new(dir), identity, mode, masks, quota_bytes, origin };
        Ok(Self(Arc::new(parts), Arc::default()))
    }

    /// The operator's name for it.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Where it lies, for people. Never opened again.
    pub fn host_path(&self) -> &Path {
        &self.0.host_path
    }

    /// How far it may be used at most.
    pub fn mode(&self) -> FsMode {
        self.0.mode
    }

    /// What is hidden and what is read-only in it.
    pub fn masks(&self) -> &Masks {
        &self.0.masks
    }

    /// The line that defines it.
    pub fn origin(&self) -> &Origin {
        &self.0.origin
    }

    /// Device and inode of the directory behind the handle.
    pub fn identity(&self) -> FileIdentity {
        self.0.identity
    }

    pub(crate) fn dir(&self) -> &Arc<Dir> {
        &self.0.dir
    }

    /// How many bytes the calls of a run may write to it.
    pub fn quota_bytes(&self) -> Option<u64> {
        self.0.quota_bytes
    }

    /// The same mount, with another count of what is written to it.
    pub(super) fn counted_by(&self, taken: Taken) -> Self {
        Self(Arc::clone(&self.0), Arc::new(taken))
    }

    /// What was written to it, on this count. Nothing is counted where there is no quota.
    pub fn written_bytes(&self) -> u64 {
        self.1.bytes()
    }

    /// Takes bytes off the quota; false, and nothing taken, where they do not fit.
    pub(crate) fn charge(&self, bytes: u64) -> bool {
        self.quota_bytes().is_none_or(|most| self.1.take(bytes, most))
    }

    /// What a call did not get of it.
    pub(super) fn refusal(
        &self,
        place: &MountPath,
        operation: &str,
        reason: RefusalReason,
        origin: Option<Origin>,
    ) -> Refusal {
        let target = format!("{}:/{}", self.name(), place.as_str());
        Refusal { origin, ..Refusal::new("fs", operation, target, reason) }
    }

    /// Whether a path of this machine, there already or not, lies in it. Compared by device and inode, so
    /// that no other spelling and no link hides it.
    pub fn holds(&self, place: &Path) -> bool {
        let existing = place.ancestors().find_map(|ancestor| std::fs::canonicalize(ancestor).ok());
        let Some(existing) = existing else { return false };
        existing.ancestors().any(|ancestor| {
            let Ok(dir) = Dir::open_ambient_dir(ancestor, ambient_authority()) else { return false };
            dir.dir_metadata()
                .is_ok_and(|metadata| self.identity() == FileIdentity { device: metadata.dev(), inode: metadata.ino() })
        })
    }

    /// Whether it is a directory of this machine or lies in it, links followed.
    pub fn lies_in(&self, place: &Path) -> bool {
        let place = std::fs::canonicalize(place).unwrap_or_else(|_| place.to_owned());
        std::fs::canonicalize(self.host_path()).is_ok_and(|path| path.starts_with(place))
    }

    /// Whether a mask hides what a path of this machine leads to.
    pub fn hides(&self, place: &Path) -> bool {
        self.mask_of(place) == Some(MaskKind::Hidden)
    }

    /// Whether a mask hides a directory of this machine, or something below it by its place.
    pub fn hides_within(&self, place: &Path) -> bool {
        let Some(inside) = self.inside(place) else { return false };
        let is_hidden = |hit: MaskHit<'_>| hit.kind == MaskKind::Hidden;
        self.masks().of(&inside).is_some_and(is_hidden) || self.masks().below(&inside).is_some_and(is_hidden)
    }

    /// Whether a mask keeps what a path of this machine leads to from being changed.
    pub fn protects(&self, place: &Path) -> bool {
        self.mask_of(place).is_some()
    }

    fn mask_of(&self, place: &Path) -> Option<MaskKind> {
        self.masks().of(&self.inside(place)?).map(|hit| hit.kind)
    }

    /// What a path of this machine is inside of the mount, links followed.
    fn inside(&self, place: &Path) -> Option<String> {
        // Of what is not there, the part that is.
        let (above, there) = place.ancestors().find_map(|above| Some((above, std::fs::canonicalize(above).ok()?)))?;
        let place = place.strip_prefix(above).map_or(there.clone(), |rest| there.join(rest));
        Some(place.strip_prefix(std::fs::canonicalize(self.host_path()).ok()?).ok()?.to_str()?.to_owned())
    }

    /// Whether a directory stands at the place; none where nothing stands there.
    pub(crate) fn is_dir(&self, place: &MountPath) -> Option<bool> {
        let root = OpenDir::root(self.dir());
        let Some((parent, name)) = place.split() else { return Some(true) };
        let parent = walk::open_place(&root, &parent).ok()?;
        parent.dir.symlink_metadata(name).ok().map(|metadata| metadata.is_dir())
    }

    /// The place that a relative path means, links followed, and whether something is there. Of a path
    /// that does not exist yet, the deepest directory that does is resolved. The error is a clause.
    pub(crate) fn locate(&self, path: &str) -> Result<(MountPath, bool), String> {
        let root = OpenDir::root(self.dir());
        match walk::walk(&root, path, Final::Follow, &|_| Ok(())) {
            Ok(target) => {
                let exists = match &target.name {
                    Some(name) => target.look(name).is_ok(),
                    None => true,
                };
                Ok((target.place, exists))
            }
            Err(Astray::Leaves(_)) => Err("it leads out of the mount".to_owned()),
            Err(Astray::Error(FsError::Io(error))) if error.kind() == std::io::ErrorKind::NotFound => {
                self.locate_beyond(path)
            }
            Err(Astray::Error(error)) => Err(format!("it cannot be resolved: {error}")),
        }
    }

    /// Resolves the directory that would hold a path, itself perhaps not there yet.
    fn locate_beyond(&self, path: &str) -> Result<(MountPath, bool), String> {
        let path = path.trim_end_matches('/');
        match path.rsplit_once('/') {
            Some((parent, name)) if is_name(name) => {
                let (parent, _) = self.locate(if parent.is_empty() { "." } else { parent })?;
                Ok((parent.join(name), false))
            }
            _ => Err("it leads over a directory that does not exist".to_owned()),
        }
    }
}
