//! Finding the place that a guest's path means, one name at a time, without ever leaving the mount.
//!
//! Links are followed here and not by the kernel: every step opens one plain name below a handle that
//! is already held, so that the place which masks and reach are asked about is the place that is used.

use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::sync::Arc;

use cap_fs_ext::DirExt as _;
use cap_std::fs::{Dir, Metadata};

use super::error::FsError;
use super::path::{MountPath, is_name};

/// How many links one path may lead over, as in Linux.
const LINKS: u32 = 40;

/// How long the text of a path may be, as in Linux: each of its names costs the host a call, and
/// nothing can stop the guest in between.
const PATH_BYTES: usize = 4096;

/// How deep a place may lie. Deeper trees cannot be made, so that none is too deep to be walked.
pub(super) const DEPTH: usize = 256;

/// A directory that is open, and where it is. Holds one descriptor however deep it lies: the way back
/// up is opened anew.
#[derive(Debug)]
pub(crate) struct OpenDir {
    pub(super) dir: Arc<Dir>,
    pub(super) place: MountPath,
    root: Arc<Dir>,
}

impl OpenDir {
    pub(super) fn root(dir: &Arc<Dir>) -> Arc<Self> {
        Arc::new(Self { dir: Arc::clone(dir), place: MountPath::root(), root: Arc::clone(dir) })
    }

    pub(super) fn enter(self: &Arc<Self>, name: &str) -> io::Result<Arc<Self>> {
        let dir = self.dir.open_dir_nofollow(name)?;
        Ok(Arc::new(Self { dir: Arc::new(dir), place: self.place.join(name), root: Arc::clone(&self.root) }))
    }

    /// The directory that holds this one; none for the root.
    fn parent(&self) -> io::Result<Option<Arc<Self>>> {
        let Some((parent, _)) = self.place.split() else { return Ok(None) };
        open_place(&Self::root(&self.root), &parent).map(Some)
    }
}

/// Whether a link at the end of a path is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Final {
    Follow,
    Keep,
}

/// Where a path leads: a name below an open directory, or that directory itself.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) parent: Arc<OpenDir>,
    /// None where the path means the directory itself, such as `.` or the root of a mount.
    pub(super) name: Option<String>,
    pub(super) place: MountPath,
    /// The path ended in a slash.
    pub(super) must_be_dir: bool,
    /// What stands there, where the walk had to look for a link.
    pub(super) seen: Option<Metadata>,
}

impl Target {
    /// What stands at the name, links not followed. Looks only where the walk has not.
    pub(super) fn look(&self, name: &str) -> io::Result<Metadata> {
        self.seen.clone().map_or_else(|| self.parent.dir.symlink_metadata(name), Ok)
    }
}

/// Why a walk ended early. The place is that of the link or directory where it happened.
#[derive(Debug)]
pub(super) enum Astray {
    /// An error of the guest or the operating system.
    Error(FsError),
    /// The path, or the link at this place, leads out of the mount.
    Leaves(MountPath),
}

impl From<io::Error> for Astray {
    fn from(error: io::Error) -> Self {
        Self::Error(error.into())
    }
}

impl From<FsError> for Astray {
    fn from(error: FsError) -> Self {
        Self::Error(error)
    }
}

/// Walks a path. `bar` is asked about every link before it is followed, about every directory that the
/// path turns back from with `..`, and about what is on the way but cannot be entered: otherwise the
/// error would tell that something hidden is there.
pub(super) fn walk(
    start: &Arc<OpenDir>,
    path: &str,
    last: Final,
    bar: &dyn Fn(&MountPath) -> Result<(), FsError>,
) -> Result<Target, Astray> {
    if path.starts_with('/') {
        return Err(Astray::Leaves(start.place.clone()));
    }
    if path.is_empty() {
        return Err(FsError::NotFound.into());
    }
    if path.len() > PATH_BYTES {
        return Err(FsError::TooLong.into());
    }
    let mut pending: VecDeque<String> = VecDeque::new();
    let mut must_be_dir = prepend(&mut pending, path);
    let mut current = Arc::clone(start);
    let mut links = 0;
    while let Some(name) = pending.pop_front() {
        if name == ".." {
            bar(&current.place)?;
            current = current.parent()?.ok_or_else(|| Astray::Leaves(current.place.clone()))?;
            continue;
        }
        if !is_name(&name) {
            return Err(FsError::Invalid.into());
        }
        if current.place.names().count() >= DEPTH {
            return Err(FsError::TooLong.into());
        }
        let is_last = pending.is_empty();
        let target = if is_last {
            let keep = last == Final::Keep && !must_be_dir;
            // What is not there is found out by what follows.
            let seen = if keep { None } else { current.dir.symlink_metadata(&name).ok() };
            let is_link = seen.as_ref().is_some_and(|seen| seen.file_type().is_symlink());
            if is_link && let Some(target) = link_target(&current, &name)? {
                target
            } else {
                let place = current.place.join(&name);
                // It was a link and is none any more: looked at anew.
                let seen = seen.filter(|_| !is_link);
                return Ok(Target { parent: current, name: Some(name), place, must_be_dir, seen });
            }
        } else {
            match current.enter(&name) {
                Ok(entered) => {
                    current = entered;
                    continue;
                }
                Err(error) => {
                    bar(&current.place.join(&name))?;
                    link_target(&current, &name)?.ok_or(error)?
                }
            }
        };
        links += 1;
        if links > LINKS {
            return Err(FsError::Loop.into());
        }
        let place = current.place.join(&name);
        bar(&place)?;
        if target.starts_with('/') || Path::new(&target).is_absolute() {
            return Err(Astray::Leaves(place));
        }
        must_be_dir |= prepend(&mut pending, &target) && is_last;
    }
    let place = current.place.clone();
    Ok(Target { parent: current, name: None, place, must_be_dir: true, seen: None })
}

/// Opens the directory at a place that is known to be plain, link by link refused.
pub(super) fn open_place(root: &Arc<OpenDir>, place: &MountPath) -> io::Result<Arc<OpenDir>> {
    place.names().try_fold(Arc::clone(root), |dir, name| dir.enter(name))
}

/// Puts the names of a path before those that are pending; true where the path asks for a directory.
fn prepend(pending: &mut VecDeque<String>, path: &str) -> bool {
    let asks_for_dir = path.ends_with('/') || path.ends_with("/.") || path == ".";
    for name in path.split('/').rev().filter(|name| !matches!(*name, "" | ".")) {
        pending.push_front(name.to_owned());
    }
    asks_for_dir
}

/// What the link of this name says; none where it is no link.
fn link_target(dir: &OpenDir, name: &str) -> Result<Option<String>, Astray> {
    match dir.dir.read_link_contents(name) {
        Ok(target) => match target.into_os_string().into_string() {
            Ok(target) => Ok(Some(target)),
            Err(_) => Err(FsError::Invalid.into()),
        },
        // Not a link, or not there: what follows finds out.
        Err(_) => Ok(None),
    }
}
