//! Which files a call changed, and how they are after it: for the record, so that a fork can say what
//! differs from then.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::sync::{Mutex, PoisonError};

use cap_fs_ext::{FollowSymlinks, OpenOptionsFollowExt as _};

use super::mount::Mount;
use super::path::MountPath;
use super::view::View;
use super::walk::{self, OpenDir};
use crate::digest::Digest;

/// How many places of a call are kept.
const PLACES: usize = 256;

/// The largest file that is read again for its digest.
const FILE_BYTES: u64 = 4 << 20;

/// How many bytes are read again after one call.
const ALL_BYTES: u64 = 16 << 20;

/// A file that a call changed, as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The operator's name of the mount.
    pub mount: String,
    /// Relative to the mount.
    pub path: String,
    /// Its size; none where there is no such file any more.
    pub bytes: Option<u64>,
    /// Digest of its content, where it is small.
    pub digest: Option<Digest>,
}

/// The places that a call changed: whether something was there before, by mount and path.
#[derive(Debug, Default)]
pub(super) struct Changes(Mutex<BTreeMap<(usize, MountPath), bool>>);

impl Changes {
    /// Notes a place; what was there before its first change counts.
    pub(super) fn note(&self, preopen: usize, place: &MountPath, was_there: bool) {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if places.len() < PLACES {
            places.entry((preopen, place.clone())).or_insert(was_there);
        }
    }
}

impl View {
    /// The files that were changed so far. What the call made and took away again is left out.
    pub fn written(&self) -> Vec<Written> {
        let places = self.changes.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut left = ALL_BYTES;
        let written = |((preopen, place), was_there): ((usize, MountPath), bool)| {
            let mount = &self.preopens[preopen].mount;
            let (bytes, digest) = match mount.look(&place, left.min(FILE_BYTES)) {
                Some((bytes, digest)) => (Some(bytes), digest),
                None => (None, None),
            };
            left -= digest.and(bytes).unwrap_or_default().min(left);
            let is_worth_a_word = was_there || bytes.is_some();
            is_worth_a_word.then(|| Written { mount: mount.name().to_owned(), path: place.to_string(), bytes, digest })
        };
        places.into_iter().filter_map(written).collect()
    }
}

impl Mount {
    /// Size and digest of the file at a place; the digest only of one with at most so many bytes. None
    /// where there is no regular file. Follows no link.
    pub fn look(&self, place: &MountPath, at_most: u64) -> Option<(u64, Option<Digest>)> {
        let (parent, name) = place.split()?;
        let parent = walk::open_place(&OpenDir::root(self.dir()), &parent).ok()?;
        let metadata = parent.dir.symlink_metadata(name).ok().filter(cap_std::fs::Metadata::is_file)?;
        let bytes = metadata.len();
        if bytes > at_most {
            return Some((bytes, None));
        }
        let mut how = cap_std::fs::OpenOptions::new();
        how.read(true).follow(FollowSymlinks::No);
        super::view::nonblocking(&mut how);
        let content = parent.dir.open_with(name, &how).ok().and_then(|file| {
            let mut content = Vec::new();
            file.take(bytes.saturating_add(1)).read_to_end(&mut content).ok()?;
            (content.len() as u64 == bytes).then_some(content)
        });
        Some((bytes, content.map(|content| Digest::of(&content))))
    }
}
