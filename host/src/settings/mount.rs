//! A mount while files and flags are put together.

use std::path::PathBuf;

use super::layers::Note;
use super::sourced::Sourced;
use super::types::Mount;
use crate::error::{Error, Result};
use crate::need::FsMode;
use crate::origin::Origin;
use crate::permission::Mask;

/// A mount before it is known whether anybody gives it a path.
#[derive(Debug, Default)]
pub(super) struct MountDraft {
    pub(super) path: Option<Sourced<PathBuf>>,
    pub(super) mode: Option<Sourced<FsMode>>,
    pub(super) masks: Vec<Mask>,
    pub(super) quota_mib: Option<Sourced<u64>>,
    pub(super) given: bool,
    /// The first line that speaks of it in full; none if only an untrusted file does.
    pub(super) origin: Option<Origin>,
}

impl MountDraft {
    /// The mount, if somebody who may gives it a path.
    pub(super) fn finish(self, name: &str, shared_masks: Vec<Mask>) -> Result<Option<Mount>> {
        let path = match (self.path, self.origin) {
            (Some(path), _) => path,
            (None, Some(origin)) => {
                return Err(Error::usage(format!("mount `{name}` has no `path`"))
                    .hint("write `path = \".\"`")
                    .at(origin));
            }
            // Only an untrusted file speaks of it, and there is nothing to narrow.
            (None, None) => return Ok(None),
        };
        let mode = self.mode.unwrap_or_else(|| Sourced::new(FsMode::ReadOnly, Origin::Shipped));
        let masks = shared_masks.into_iter().chain(self.masks).collect();
        let mount = Mount { path, mode, masks, quota_mib: self.quota_mib, given: self.given };
        mount.compile_masks()?;
        Ok(Some(mount))
    }
}

/// Of the same mount given twice, the narrower mode holds; says so.
pub(super) fn narrower_mode(
    name: &str,
    known: &mut Option<Sourced<FsMode>>,
    new: Option<Sourced<FsMode>>,
) -> Option<Note> {
    let new = new?;
    let Some(old) = known.take() else {
        *known = Some(new);
        return None;
    };
    if old.value == new.value {
        *known = Some(new);
        return None;
    }
    let (narrow, wide) = if old.value < new.value { (old, new) } else { (new, old) };
    let message = format!(
        "mount `{name}` is `{}` here and `{}` in {}: the narrower one holds",
        narrow.value, wide.value, wide.origin
    );
    let note = Note { message, origin: narrow.origin.clone() };
    *known = Some(narrow);
    Some(note)
}
