//! What changes a mount: creating, removing, renaming, linking, setting times.
//!
//! Renaming a directory could carry a masked file to a name that no mask covers, or the other way
//! round, so the whole tree is looked at first.

use std::sync::atomic::Ordering;
use std::time::SystemTime;

use cap_fs_ext::{DirExt as _, MetadataExt as _, SystemTimeSpec};

use super::error::FsError;
use super::path::MountPath;
use super::reach::{self, Access, ReachKind};
use super::view::{Handle, HandleKind, View, Wants};
use super::walk::{Final, OpenDir, Target};
use crate::refusal::RefusalReason;

/// How many entries a directory that is renamed may hold in all.
const RENAMED_TREE: u32 = 10_000;

impl View {
    /// Creates a directory.
    pub fn create_dir(&self, at: &Handle, path: &str) -> Result<(), FsError> {
        let target = self.changing(at, path, "create directory")?;
        let name = target.name.as_deref().ok_or(FsError::Exists)?;
        self.charge_entry(at.preopen, &target.place)?;
        Ok(target.parent.dir.create_dir(name)?)
    }

    /// Removes an empty directory.
    pub fn remove_dir(&self, at: &Handle, path: &str) -> Result<(), FsError> {
        let target = self.changing(at, path, "remove directory")?;
        let name = target.name.as_deref().ok_or(FsError::Invalid)?;
        Ok(target.parent.dir.remove_dir(name)?)
    }

    /// Removes a file or a link.
    pub fn remove_file(&self, at: &Handle, path: &str) -> Result<(), FsError> {
        let target = self.changing(at, path, "remove")?;
        let name = target.name.as_deref().ok_or(FsError::IsDirectory)?;
        if target.must_be_dir {
            return Err(FsError::NotDirectory);
        }
        Ok(target.parent.dir.remove_file(name)?)
    }

    /// Renames a file, a link or a directory within one mount.
    pub fn rename(&self, from_at: &Handle, from: &str, to_at: &Handle, to: &str) -> Result<(), FsError> {
        if self.preopens[from_at.preopen].mount.identity() != self.preopens[to_at.preopen].mount.identity() {
            return Err(FsError::CrossDevice);
        }
        let source = self.changing(from_at, from, "rename")?;
        let goal = self.changing(to_at, to, "rename")?;
        let (Some(source_name), Some(goal_name)) = (source.name.as_deref(), goal.name.as_deref()) else {
            return Err(FsError::Invalid);
        };
        let metadata = source.parent.dir.symlink_metadata(source_name)?;
        let single = |at: &Handle, target: &Target| {
            reach::is_single_file(&self.preopens[at.preopen].reaches, &target.place)
        };
        if metadata.nlink() > 1 && !metadata.is_dir() && (single(from_at, &source) || single(to_at, &goal)) {
            self.note(from_at.preopen, &source.place, "rename", RefusalReason::SecondLink, None);
            return Err(FsError::Denied);
        }
        if metadata.is_dir() {
            let tree = source.parent.enter(source_name)?;
            let mut left = RENAMED_TREE;
            self.check_tree(&tree, (from_at.preopen, &source.place), (to_at.preopen, &goal.place), &mut left)?;
            self.renames.fetch_add(1, Ordering::Relaxed);
        }
        if reach::sibling_of(goal_name) == source_name {
            carry_mode(&source, source_name, &goal, goal_name);
        }
        Ok(source.parent.dir.rename(source_name, &goal.parent.dir, goal_name)?)
    }

    /// Whether all that lies in a directory may be changed both where it is and where it would be.
    fn check_tree(
        &self,
        tree: &std::sync::Arc<OpenDir>,
        from: (usize, &MountPath),
        to: (usize, &MountPath),
        left: &mut u32,
    ) -> Result<(), FsError> {
        for entry in tree.dir.entries()? {
            let entry = entry?;
            *left = left.checked_sub(1).ok_or_else(|| {
                self.note(from.0, from.1, "rename", RefusalReason::Limit, None);
                FsError::TooMany
            })?;
            let name = entry.file_name().into_string().map_err(|_| FsError::Denied)?;
            let (old, new) = (from.1.join(&name), to.1.join(&name));
            self.permit(from.0, &old, "rename", Wants::Change).map_err(|_| FsError::Denied)?;
            self.permit(to.0, &new, "rename", Wants::Change).map_err(|_| FsError::Denied)?;
            if entry.file_type()?.is_dir() {
                let below = tree.enter(&name)?;
                self.check_tree(&below, (from.0, &old), (to.0, &new), left)?;
            }
        }
        Ok(())
    }

    /// Gives a file a second name. Both ends must be free to change, in trees of one mount.
    pub fn hard_link(&self, from_at: &Handle, from: &str, to_at: &Handle, to: &str) -> Result<(), FsError> {
        if self.preopens[from_at.preopen].mount.identity() != self.preopens[to_at.preopen].mount.identity() {
            return Err(FsError::CrossDevice);
        }
        let source = self.changing(from_at, from, "link")?;
        let goal = self.changing(to_at, to, "link")?;
        let (Some(source_name), Some(goal_name)) = (source.name.as_deref(), goal.name.as_deref()) else {
            return Err(FsError::Invalid);
        };
        self.charge_entry(to_at.preopen, &goal.place)?;
        Ok(source.parent.dir.hard_link(source_name, &goal.parent.dir, goal_name)?)
    }

    /// Makes a link. What it says must be relative and stay in the mount.
    pub fn symlink(&self, at: &Handle, says: &str, path: &str) -> Result<(), FsError> {
        let target = self.changing(at, path, "create link")?;
        let name = target.name.as_deref().ok_or(FsError::Exists)?;
        if !stays_inside(&target.parent.place, says) {
            self.note(at.preopen, &target.place, "create link", RefusalReason::LeavesMount, None);
            return Err(FsError::LeavesMount);
        }
        self.charge_entry(at.preopen, &target.place)?;
        Ok(target.parent.dir.symlink(says, name)?)
    }

    /// Sets the times of what a path means.
    pub fn set_times_at(
        &self,
        at: &Handle,
        path: &str,
        follow: bool,
        accessed: Option<SystemTime>,
        modified: Option<SystemTime>,
    ) -> Result<(), FsError> {
        let last = if follow { Final::Follow } else { Final::Keep };
        let target = self.find(at, path, last, "set times")?;
        self.permit(at.preopen, &target.place, "set times", Wants::Change)?;
        let (accessed, modified) = (spec(accessed), spec(modified));
        match target.name.as_deref() {
            // A link that is to be followed has been followed by now.
            Some(name) => Ok(target.parent.dir.set_symlink_times(name, accessed, modified)?),
            None => Ok(target.parent.dir.set_times(".", accessed, modified)?),
        }
    }

    /// Sets the times of what is open.
    pub fn set_times(
        &self,
        handle: &Handle,
        accessed: Option<SystemTime>,
        modified: Option<SystemTime>,
    ) -> Result<(), FsError> {
        match &handle.kind {
            HandleKind::File(file) => file.set_times(accessed, modified),
            HandleKind::Dir(_) => self.set_times_at(handle, ".", false, accessed, modified),
        }
    }

    /// Whether the handle's directory may be changed by this call, for the flags that a guest sees.
    pub fn is_mutable(&self, handle: &Handle) -> bool {
        let preopen = &self.preopens[handle.preopen];
        match &handle.kind {
            HandleKind::File(file) => file.is_writable(),
            HandleKind::Dir(_) => {
                preopen.mount.mode().is_writable()
                    && preopen.reaches.iter().any(|reach| match reach.kind {
                        ReachKind::Tree | ReachKind::File => reach.mode.is_writable(),
                    })
            }
        }
    }

    /// Finds the place that a path means and asks whether it may be changed. The root of a mount may not.
    fn changing(&self, at: &Handle, path: &str, operation: &'static str) -> Result<Target, FsError> {
        // A slash after a name asks for a directory; it must not make the link of that name be followed.
        let trimmed = path.trim_end_matches('/');
        let target = self.find(at, if trimmed.is_empty() { path } else { trimmed }, Final::Keep, operation)?;
        self.permit(at.preopen, &target.place, operation, Wants::Change)?;
        if self.access(at.preopen, &target.place) != Access::Change {
            return Err(FsError::Denied);
        }
        Ok(Target { must_be_dir: trimmed.len() < path.len(), ..target })
    }
}

/// An atomic write makes a new file under another name. WASI knows no modes, so the host hands the mode of
/// the file that is replaced over to it: a script stays executable.
fn carry_mode(source: &Target, source_name: &str, goal: &Target, goal_name: &str) {
    let Ok(replaced) = goal.parent.dir.symlink_metadata(goal_name) else { return };
    if replaced.is_file() {
        // The write itself is what counts; without the right to set a mode the file keeps the usual one.
        let _ = source.parent.dir.set_permissions(source_name, replaced.permissions());
    }
}

fn spec(time: Option<SystemTime>) -> Option<SystemTimeSpec> {
    time.map(|time| SystemTimeSpec::Absolute(cap_std::time::SystemTime::from_std(time)))
}

/// Whether a relative link that stands in the directory never climbs above the mount.
fn stays_inside(directory: &MountPath, says: &str) -> bool {
    if says.is_empty() || says.starts_with('/') || says.contains('\0') || cfg!(windows) && says.contains(['\\', ':']) {
        return false;
    }
    let mut depth = directory.names().count();
    for name in says.split('/') {
        match name {
            "" | "." => {}
            ".." if depth == 0 => return false,
            ".." => depth -= 1,
            _ => depth += 1,
        }
    }
    true
}
