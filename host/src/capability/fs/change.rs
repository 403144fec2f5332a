//! What changes a mount: creating, removing, renaming, linking, setting times.
//!
//! Renaming a directory could carry a masked file to a name that no mask covers, or the other way
//! round, so the whole tree is looked at first.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::SystemTime;

use cap_fs_ext::{DirExt as _, MetadataExt as _, SystemTimeSpec};

use super::error::FsError;
use super::handle::{Handle, HandleKind};
use super::path::MountPath;
use super::reach::{self, Access, ReachKind};
use super::view::{RENAMES, View, Wants};
use super::walk::{self, DEPTH, Final, OpenDir, Target};
use crate::refusal::RefusalReason;

/// How many entries a directory that is renamed may hold in all.
const RENAMED_TREE: u32 = 10_000;

impl View {
    /// Creates a directory.
    pub fn create_dir(&self, at: &Handle, path: &str) -> Result<(), FsError> {
        let target = self.changing(at, path, "create directory")?;
        let name = target.name.as_deref().ok_or(FsError::Exists)?;
        if self.is_single_file(at, &target) {
            return Err(FsError::Denied);
        }
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
        target.parent.dir.remove_file(name)?;
        self.changes.note(at.preopen, &target.place, true);
        Ok(())
    }

    /// Renames a file, a link or a directory within one mount.
    pub fn rename(&self, from_at: &Handle, from: &str, to_at: &Handle, to: &str) -> Result<(), FsError> {
        self.check_mount(from_at, to_at)?;
        let source = self.changing(from_at, from, "rename")?;
        let goal = self.changing(to_at, to, "rename")?;
        let (Some(source_name), Some(goal_name)) = (source.name.as_deref(), goal.name.as_deref()) else {
            return Err(FsError::Invalid);
        };
        let metadata = source.parent.dir.symlink_metadata(source_name)?;
        let is_single = self.is_single_file(from_at, &source) || self.is_single_file(to_at, &goal);
        if metadata.nlink() > 1 && !metadata.is_dir() && is_single {
            self.note(from_at.preopen, &source.place, "rename", RefusalReason::SecondLink, None);
            return Err(FsError::Denied);
        }
        let (from, to) = ((from_at.preopen, &source.place), (to_at.preopen, &goal.place));
        if metadata.is_symlink() {
            self.check_link(&source.parent, source_name, from, to)?;
        }
        if !metadata.is_dir() {
            if reach::sibling_of(goal_name) == source_name {
                carry_mode(&source, source_name, &goal, goal_name);
            }
            let was_there = goal.parent.dir.symlink_metadata(goal_name).is_ok();
            source.parent.dir.rename(source_name, &goal.parent.dir, goal_name)?;
            self.note_rename((from_at.preopen, &source.place), (to_at.preopen, &goal.place, was_there));
            return Ok(());
        }
        self.check_tree(&source.parent.enter(source_name)?, from, to)?;
        // Before and after: another call may open a handle in between.
        RENAMES.fetch_add(1, Ordering::SeqCst);
        let renamed = source.parent.dir.rename(source_name, &goal.parent.dir, goal_name);
        RENAMES.fetch_add(1, Ordering::SeqCst);
        renamed?;
        self.note_rename(from, (to.0, to.1, true));
        Ok(())
    }

    fn note_rename(&self, from: (usize, &MountPath), to: (usize, &MountPath, bool)) {
        self.changes.note(from.0, from.1, true);
        self.changes.note(to.0, to.1, to.2);
    }

    /// Whether all that lies in a directory may be changed both where it is and where it would be. Not
    /// recursive, and with one directory open at a time: guests choose how deep a tree is.
    fn check_tree(
        &self,
        tree: &Arc<OpenDir>,
        from: (usize, &MountPath),
        to: (usize, &MountPath),
    ) -> Result<(), FsError> {
        let mut left = RENAMED_TREE;
        let mut pending = vec![MountPath::root()];
        while let Some(below) = pending.pop() {
            let directory = walk::open_place(tree, &below)?;
            let moved = below.names().fold(to.1.clone(), |place, name| place.join(name));
            if moved.names().count() >= DEPTH {
                return Err(FsError::TooLong);
            }
            for entry in directory.dir.entries()? {
                let entry = entry?;
                left = left.checked_sub(1).ok_or_else(|| {
                    self.note(from.0, from.1, "rename", RefusalReason::Limit, None);
                    FsError::TooMany
                })?;
                let name = entry.file_name().into_string().map_err(|_| FsError::Denied)?;
                let (old, new) = (directory.place.join(&name), moved.join(&name));
                self.permit(from.0, &old, "rename", Wants::Change).map_err(|_| FsError::Denied)?;
                self.permit(to.0, &new, "rename", Wants::Change).map_err(|_| FsError::Denied)?;
                let file_type = entry.file_type()?;
                if file_type.is_dir() {
                    pending.push(below.join(&name));
                } else if file_type.is_symlink() {
                    self.check_link(&directory, &name, (from.0, &old), (to.0, &new))?;
                }
            }
        }
        Ok(())
    }

    /// Refuses to move a link that stays in the mount to where it would lead out of it: guests are held
    /// back by the walk, but other programs of the machine would follow it.
    fn check_link(
        &self,
        directory: &OpenDir,
        name: &str,
        from: (usize, &MountPath),
        to: (usize, &MountPath),
    ) -> Result<(), FsError> {
        let says = directory.dir.read_link_contents(name)?;
        let says = says.to_str().ok_or(FsError::Denied)?;
        let stays = |place: &MountPath| place.split().is_some_and(|(holder, _)| led_to(&holder, says).is_some());
        if stays(from.1) && !stays(to.1) {
            self.note(to.0, to.1, "rename", RefusalReason::LeavesMount, None);
            return Err(FsError::LeavesMount);
        }
        self.check_way(to, "rename")
    }

    /// Refuses a link where a mask counts on a directory: other programs of the machine would find what the
    /// link leads to under the name that is masked.
    fn check_way(&self, (preopen, place): (usize, &MountPath), operation: &'static str) -> Result<(), FsError> {
        let Some(hit) = self.preopens[preopen].mount.masks().below(place.as_str()) else { return Ok(()) };
        self.note(preopen, place, operation, RefusalReason::ReadOnly, Some(hit.origin.clone()));
        Err(FsError::Denied)
    }

    /// Gives a file a second name. Both ends must be free to change, in trees of one mount.
    pub fn hard_link(&self, from_at: &Handle, from: &str, to_at: &Handle, to: &str) -> Result<(), FsError> {
        self.check_mount(from_at, to_at)?;
        let source = self.changing(from_at, from, "link")?;
        let goal = self.changing(to_at, to, "link")?;
        let (Some(source_name), Some(goal_name)) = (source.name.as_deref(), goal.name.as_deref()) else {
            return Err(FsError::Invalid);
        };
        // A link would say something else at another place; a single file must keep its only name.
        let is_file = source.parent.dir.symlink_metadata(source_name)?.is_file();
        if !is_file || self.is_single_file(from_at, &source) || self.is_single_file(to_at, &goal) {
            return Err(FsError::Denied);
        }
        self.charge_entry(to_at.preopen, &goal.place)?;
        source.parent.dir.hard_link(source_name, &goal.parent.dir, goal_name)?;
        self.changes.note(to_at.preopen, &goal.place, false);
        Ok(())
    }

    /// Makes a link. What it says must be relative, stay in the mount, and lead to what the call may know
    /// of. A call that was given one file may not put a link in its place.
    pub fn symlink(&self, at: &Handle, says: &str, path: &str) -> Result<(), FsError> {
        let target = self.changing(at, path, "create link")?;
        let name = target.name.as_deref().ok_or(FsError::Exists)?;
        if self.is_single_file(at, &target) {
            return Err(FsError::Denied);
        }
        let Some(led_to) = led_to(&target.parent.place, says) else {
            self.note(at.preopen, &target.place, "create link", RefusalReason::LeavesMount, None);
            return Err(FsError::LeavesMount);
        };
        self.permit(at.preopen, &led_to, "create link", Wants::Look)?;
        self.check_way((at.preopen, &target.place), "create link")?;
        self.charge_entry(at.preopen, &target.place)?;
        Ok(target.parent.dir.symlink(says, name)?)
    }

    fn check_mount(&self, from: &Handle, to: &Handle) -> Result<(), FsError> {
        let identity = |handle: &Handle| self.preopens[handle.preopen].mount.identity();
        if identity(from) == identity(to) { Ok(()) } else { Err(FsError::CrossDevice) }
    }

    /// Whether the target is reached as one named file and not as part of a tree.
    fn is_single_file(&self, at: &Handle, target: &Target) -> bool {
        reach::is_single_file(&self.preopens[at.preopen].reaches, &target.place)
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

/// The place that a relative link in the directory means. None where it could lead out of the mount:
/// `..` behind a name counts as that, since the name may be a link itself.
fn led_to(directory: &MountPath, says: &str) -> Option<MountPath> {
    if says.is_empty() || says.starts_with('/') || says.contains('\0') || cfg!(windows) && says.contains(['\\', ':']) {
        return None;
    }
    let mut place = directory.clone();
    let mut has_name = false;
    for name in says.split('/') {
        match name {
            "" | "." => {}
            ".." if has_name => return None,
            ".." => place = place.split()?.0,
            _ => {
                has_name = true;
                place = place.join(name);
            }
        }
    }
    Some(place)
}
