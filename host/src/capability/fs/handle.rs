//! What a guest holds and is told: handles, how they are opened, what is known of what they are open on.
//!
//! Values alone; what happens on them stands in `view`, `change` and `file`.

use std::sync::Arc;
use std::time::SystemTime;

use cap_std::fs::FileType;

use super::file::OpenFile;
use super::usage::OpenSlot;
use super::walk::OpenDir;

/// Something that the guest has open.
#[derive(Debug)]
pub struct Handle {
    pub(super) preopen: usize,
    pub(super) kind: HandleKind,
}

/// A directory or a file.
#[derive(Debug)]
pub enum HandleKind {
    /// A directory.
    Dir(DirHandle),
    /// A regular file.
    File(OpenFile),
}

/// An open directory of a guest.
#[derive(Debug)]
pub struct DirHandle {
    pub(super) open: Arc<OpenDir>,
    /// How many directories had been renamed when it was opened.
    pub(super) renames: u64,
    pub(super) _slot: OpenSlot,
}

impl Handle {
    /// What it is open on.
    pub fn kind(&self) -> &HandleKind {
        &self.kind
    }
}

/// How a file is to be opened. All false opens a directory or looks at a file without reading it.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "the flags of the call that it carries")]
pub struct OpenOptions {
    /// Follow a link at the end of the path.
    pub follow: bool,
    /// Create it where it is not there.
    pub create: bool,
    /// Fail where it is there.
    pub exclusive: bool,
    /// Cut it to nothing.
    pub truncate: bool,
    /// It must be a directory.
    pub directory: bool,
    /// For reading.
    pub read: bool,
    /// For writing.
    pub write: bool,
}

impl OpenOptions {
    pub(super) fn changes(self) -> bool {
        self.create || self.truncate || self.write
    }
}

/// What is known of a file, directory or link.
#[derive(Clone, Debug)]
pub struct Stat {
    /// What it is.
    pub file_type: FileType,
    /// How many names it has.
    pub links: u64,
    /// Bytes.
    pub size: u64,
    /// Last read, where the system keeps it.
    pub accessed: Option<SystemTime>,
    /// Last change of the content.
    pub modified: Option<SystemTime>,
    /// When it was made.
    pub created: Option<SystemTime>,
    /// Equal for the same thing within one call, unrelated between calls.
    pub identity: u64,
}

/// One entry of a directory.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// What it is; none where the system did not say.
    pub file_type: Option<FileType>,
}
