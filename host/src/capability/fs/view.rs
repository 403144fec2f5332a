//! The filesystem as one call sees it: opening, looking, listing.
//!
//! What changes things stands in `change`, what happens on an open file in `file`.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cap_fs_ext::{FollowSymlinks, MetadataExt as _, OpenOptionsFollowExt as _};
use cap_std::fs::Metadata;

use super::error::FsError;
use super::file::OpenFile;
use super::handle::{DirHandle, Entry, Handle, HandleKind, OpenOptions, Stat};
use super::mount::Mount;
use super::path::MountPath;
use super::reach::{self, Access, Reach};
use super::usage::{FsLimits, FsUsage, OpenSlot, charge};
use super::walk::{self, Astray, Final, OpenDir, Target};
use super::written::Changes;
use crate::need::FsMode;
use crate::origin::Origin;
use crate::permission::MaskKind;
use crate::refusal::{RefusalLog, RefusalReason};

/// Counts renames of directories by any call: a handle from before finds its place anew, so that another
/// call cannot move the directory behind it to where masks say otherwise.
pub(super) static RENAMES: AtomicU64 = AtomicU64::new(0);

/// One mount as a call gets it.
#[derive(Clone, Debug)]
pub struct Preopen {
    /// The guest's word for it: the guest finds it at `/NAME`, and `workspace` also as `.`.
    pub guest_name: String,
    /// The mount.
    pub mount: Mount,
    /// What the call may reach in it.
    pub reaches: Vec<Reach>,
}

/// The filesystem of one call. Cheap to share; dropped with the call.
#[derive(Debug)]
pub struct View {
    pub(super) preopens: Vec<Preopen>,
    pub(super) limits: FsLimits,
    pub(super) usage: Arc<FsUsage>,
    pub(super) changes: Changes,
    refusals: Arc<RefusalLog>,
    identities: RandomState,
}

/// What an operation wants to do with a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Wants {
    Look,
    Change,
}

impl View {
    pub(super) fn refusals(&self) -> &Arc<RefusalLog> {
        &self.refusals
    }

    /// A view of these mounts under these limits.
    pub fn new(preopens: Vec<Preopen>, limits: FsLimits, refusals: Arc<RefusalLog>) -> Self {
        let changes = Changes::default();
        Self { preopens, limits, usage: Arc::default(), changes, refusals, identities: RandomState::new() }
    }

    /// What the call has used so far.
    pub fn usage(&self) -> &FsUsage {
        &self.usage
    }

    /// The roots that the guest starts from, with their paths: `/NAME`, and `.` for `workspace`.
    pub fn roots(&self) -> Result<Vec<(Handle, String)>, FsError> {
        let mut roots = Vec::new();
        for (index, preopen) in self.preopens.iter().enumerate() {
            if preopen.guest_name == "workspace" {
                roots.push((self.root(index)?, ".".to_owned()));
            }
            roots.push((self.root(index)?, format!("/{}", preopen.guest_name)));
        }
        Ok(roots)
    }

    fn root(&self, preopen: usize) -> Result<Handle, FsError> {
        let open = OpenDir::root(self.preopens[preopen].mount.dir());
        self.dir_handle(preopen, open)
    }

    fn dir_handle(&self, preopen: usize, open: Arc<OpenDir>) -> Result<Handle, FsError> {
        let slot = self.take_slot(preopen, &open.place)?;
        let renames = RENAMES.load(Ordering::SeqCst);
        Ok(Handle { preopen, kind: HandleKind::Dir(DirHandle { open, renames, _slot: slot }) })
    }

    fn take_slot(&self, preopen: usize, place: &MountPath) -> Result<OpenSlot, FsError> {
        OpenSlot::take(&self.usage, self.limits.open_files)
            .inspect_err(|_| self.note(preopen, place, "open", RefusalReason::Limit, None))
    }

    /// Opens a file or a directory.
    pub fn open(&self, at: &Handle, path: &str, options: OpenOptions) -> Result<Handle, FsError> {
        let last = if options.follow { Final::Follow } else { Final::Keep };
        let target = self.find(at, path, last, "open")?;
        if options.changes() {
            self.permit(at.preopen, &target.place, "open for writing", Wants::Change)?;
        } else {
            self.permit(at.preopen, &target.place, "open", Wants::Look)?;
        }
        let Some(name) = &target.name else {
            return match options.changes() {
                true => Err(FsError::IsDirectory),
                false => self.dir_handle(at.preopen, target.parent),
            };
        };
        self.open_name(at.preopen, &target, name, options)
    }

    fn open_name(&self, preopen: usize, target: &Target, name: &str, options: OpenOptions) -> Result<Handle, FsError> {
        let found = match target.look(name) {
            Ok(metadata) => Some(metadata),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(error.into()),
        };
        let is_dir = found.as_ref().is_some_and(Metadata::is_dir);
        match &found {
            Some(_) if options.create && options.exclusive => return Err(FsError::Exists),
            Some(metadata) if metadata.file_type().is_symlink() => return Err(FsError::Loop),
            Some(metadata) if !is_dir && !metadata.is_file() => {
                self.note(preopen, &target.place, "open", RefusalReason::SpecialFile, None);
                return Err(FsError::Denied);
            }
            None if !options.create => return Err(FsError::NotFound),
            Some(_) | None => {}
        }
        if is_dir {
            if options.changes() {
                return Err(FsError::IsDirectory);
            }
            let dir = target.parent.enter(name)?;
            return self.dir_handle(preopen, dir);
        }
        if options.directory || target.must_be_dir {
            return Err(FsError::NotDirectory);
        }
        self.open_file(preopen, target, name, found.as_ref(), options)
    }

    fn open_file(
        &self,
        preopen: usize,
        target: &Target,
        name: &str,
        found: Option<&Metadata>,
        options: OpenOptions,
    ) -> Result<Handle, FsError> {
        let slot = self.take_slot(preopen, &target.place)?;
        if found.is_none() {
            self.charge_entry(preopen, &target.place)?;
        }
        let mut how = cap_std::fs::OpenOptions::new();
        how.read(options.read || !options.changes())
            .write(options.changes())
            .create(options.create)
            .create_new(options.create && options.exclusive)
            .follow(FollowSymlinks::No);
        nonblocking(&mut how);
        let file = target.parent.dir.open_with(name, &how)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            self.note(preopen, &target.place, "open", RefusalReason::SpecialFile, None);
            return Err(FsError::Denied);
        }
        if metadata.nlink() > 1 && reach::is_single_file(&self.preopens[preopen].reaches, &target.place) {
            self.note(preopen, &target.place, "open", RefusalReason::SecondLink, None);
            return Err(FsError::Denied);
        }
        if options.changes() {
            self.changes.note(preopen, &target.place, found.is_some());
        }
        // Cut only now, when it is known to be a regular file with no other name.
        if options.truncate {
            file.set_len(0)?;
        }
        let size = if options.truncate { 0 } else { metadata.len() };
        let file = OpenFile::new(
            file.into_std(),
            size,
            options,
            (self, self.preopens[preopen].mount.clone(), target.place.clone()),
            slot,
        );
        Ok(Handle { preopen, kind: HandleKind::File(file) })
    }

    /// What is known of an open file or directory.
    pub fn stat(&self, handle: &Handle) -> Result<Stat, FsError> {
        let metadata = match &handle.kind {
            HandleKind::Dir(dir) => self.current(handle.preopen, dir)?.dir.dir_metadata()?,
            HandleKind::File(file) => file.metadata()?,
        };
        Ok(self.to_stat(&metadata))
    }

    /// What is known of what a path means.
    pub fn stat_at(&self, at: &Handle, path: &str, follow: bool) -> Result<Stat, FsError> {
        let last = if follow { Final::Follow } else { Final::Keep };
        let target = self.find(at, path, last, "stat")?;
        self.permit(at.preopen, &target.place, "stat", Wants::Look)?;
        let metadata = match &target.name {
            Some(name) => target.look(name)?,
            None => target.parent.dir.dir_metadata()?,
        };
        if target.must_be_dir && !metadata.is_dir() {
            return Err(FsError::NotDirectory);
        }
        Ok(self.to_stat(&metadata))
    }

    /// What the link at a path says. Links that lead away by an absolute path are not read.
    pub fn read_link(&self, at: &Handle, path: &str) -> Result<String, FsError> {
        let target = self.find(at, path, Final::Keep, "read link")?;
        self.permit(at.preopen, &target.place, "read link", Wants::Look)?;
        let name = target.name.as_deref().ok_or(FsError::Invalid)?;
        let text = target.parent.dir.read_link_contents(name)?;
        let text = text.into_os_string().into_string().map_err(|_| FsError::Invalid)?;
        if text.starts_with('/') {
            self.note(at.preopen, &target.place, "read link", RefusalReason::LeavesMount, None);
            return Err(FsError::LeavesMount);
        }
        Ok(text)
    }

    /// The entries of a directory that this call may know of, in the order of the system. Names that are
    /// not Unicode are left out.
    pub fn entries(&self, handle: &Handle) -> Result<Vec<Entry>, FsError> {
        let open = self.dir_of(handle)?;
        self.permit(handle.preopen, &open.place, "list", Wants::Look)?;
        let mut entries = Vec::new();
        for entry in open.dir.entries()? {
            let entry = entry?;
            // What is then left out has cost the host as much.
            if !charge(&self.usage.listed_entries, 1, self.limits.listed_entries) {
                self.note(handle.preopen, &open.place, "list", RefusalReason::Limit, None);
                return Err(FsError::TooMany);
            }
            let Ok(name) = entry.file_name().into_string() else { continue };
            let place = open.place.join(&name);
            if self.is_hidden(handle.preopen, &place) || self.access(handle.preopen, &place) == Access::None {
                continue;
            }
            entries.push(Entry { name, file_type: entry.file_type().ok() });
        }
        Ok(entries)
    }

    /// Whether two handles are of the same thing.
    pub fn is_same(&self, a: &Handle, b: &Handle) -> Result<bool, FsError> {
        Ok(self.stat(a)?.identity == self.stat(b)?.identity)
    }

    fn to_stat(&self, metadata: &Metadata) -> Stat {
        Stat {
            file_type: metadata.file_type(),
            links: metadata.nlink(),
            size: metadata.len(),
            accessed: metadata.accessed().ok().map(cap_std::time::SystemTime::into_std),
            modified: metadata.modified().ok().map(cap_std::time::SystemTime::into_std),
            created: metadata.created().ok().map(cap_std::time::SystemTime::into_std),
            identity: self.identities.hash_one((metadata.dev(), metadata.ino())),
        }
    }

    /// The directory of a handle, found anew where a rename may have moved it.
    fn current(&self, preopen: usize, dir: &DirHandle) -> Result<Arc<OpenDir>, FsError> {
        if dir.renames == RENAMES.load(Ordering::SeqCst) {
            return Ok(Arc::clone(&dir.open));
        }
        let root = OpenDir::root(self.preopens[preopen].mount.dir());
        Ok(walk::open_place(&root, &dir.open.place)?)
    }

    pub(super) fn dir_of(&self, handle: &Handle) -> Result<Arc<OpenDir>, FsError> {
        match &handle.kind {
            HandleKind::Dir(dir) => self.current(handle.preopen, dir),
            HandleKind::File(_) => Err(FsError::NotDirectory),
        }
    }

    /// Finds the place that a path means.
    pub(super) fn find(
        &self,
        at: &Handle,
        path: &str,
        last: Final,
        operation: &'static str,
    ) -> Result<Target, FsError> {
        let start = self.dir_of(at)?;
        let bar = |place: &MountPath| self.permit(at.preopen, place, operation, Wants::Look);
        walk::walk(&start, path, last, &bar).map_err(|astray| match astray {
            Astray::Error(error) => error,
            Astray::Leaves(place) => {
                self.note(at.preopen, &place, operation, RefusalReason::LeavesMount, None);
                FsError::LeavesMount
            }
        })
    }

    /// Asks masks and reach whether the place may be used so; notes the refusal where not.
    pub(super) fn permit(
        &self,
        preopen: usize,
        place: &MountPath,
        operation: &'static str,
        wants: Wants,
    ) -> Result<(), FsError> {
        let Preopen { mount, reaches, .. } = &self.preopens[preopen];
        let mask = mount.masks().of(place.as_str());
        if let Some(hit) = &mask
            && hit.kind == MaskKind::Hidden
        {
            let origin = Some(hit.origin.clone());
            self.note(preopen, place, operation, RefusalReason::Hidden, origin);
            return Err(FsError::NotFound);
        }
        let access = reach::access(reaches, place);
        if access == Access::None {
            let cut = reaches.iter().find_map(|reach| reach.origin.clone());
            self.note(preopen, place, operation, RefusalReason::OutsideReach, cut);
            return Err(FsError::NotFound);
        }
        if wants == Wants::Look {
            return Ok(());
        }
        let refusal = match mask {
            Some(hit) => Some((RefusalReason::ReadOnly, Some(hit.origin.clone()))),
            None if mount.mode() == FsMode::ReadOnly => Some((RefusalReason::ReadOnly, Some(mount.origin().clone()))),
            None if access != Access::Change => {
                let cut = reaches.iter().find_map(|reach| reach.origin.clone());
                Some((RefusalReason::ReadOnly, cut))
            }
            None => None,
        };
        match refusal {
            Some((reason, origin)) => {
                self.note(preopen, place, operation, reason, origin);
                Err(FsError::Denied)
            }
            None => Ok(()),
        }
    }

    pub(super) fn access(&self, preopen: usize, place: &MountPath) -> Access {
        reach::access(&self.preopens[preopen].reaches, place)
    }

    fn is_hidden(&self, preopen: usize, place: &MountPath) -> bool {
        let hit = self.preopens[preopen].mount.masks().of(place.as_str());
        hit.is_some_and(|hit| hit.kind == MaskKind::Hidden)
    }

    /// Takes one off the entries that the call may create.
    pub(super) fn charge_entry(&self, preopen: usize, place: &MountPath) -> Result<(), FsError> {
        if charge(&self.usage.created_entries, 1, self.limits.created_entries) {
            return Ok(());
        }
        self.note(preopen, place, "create", RefusalReason::Limit, None);
        Err(FsError::NoSpace)
    }

    pub(super) fn note(
        &self,
        preopen: usize,
        place: &MountPath,
        operation: &'static str,
        reason: RefusalReason,
        origin: Option<Origin>,
    ) {
        self.refusals.note(self.preopens[preopen].mount.refusal(place, operation, reason, origin));
    }
}

/// A pipe or a device must never make the open wait.
#[cfg(unix)]
pub(super) fn nonblocking(options: &mut cap_std::fs::OpenOptions) {
    use cap_std::fs::OpenOptionsExt as _;
    options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
}

#[cfg(not(unix))]
pub(super) fn nonblocking(_: &mut cap_std::fs::OpenOptions) {}
