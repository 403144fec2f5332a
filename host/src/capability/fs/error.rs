//! What a guest is told when a filesystem operation does not succeed.
//!
//! A closed list without host paths or reasons: the reason stays in the call's refusals.

use std::io;

/// Why a filesystem operation of a guest did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum FsError {
    /// Not there, or hidden.
    #[error("not found")]
    NotFound,
    /// The mode, a mask or the reach does not allow it.
    #[error("permission denied")]
    Denied,
    /// The path leads out of the mount.
    #[error("not permitted")]
    LeavesMount,
    /// There is something already.
    #[error("exists")]
    Exists,
    /// A directory was wanted.
    #[error("not a directory")]
    NotDirectory,
    /// A file was wanted.
    #[error("is a directory")]
    IsDirectory,
    /// Too many links on the way.
    #[error("too many symbolic links")]
    Loop,
    /// The path is too long or leads too deep.
    #[error("too long")]
    TooLong,
    /// The request makes no sense.
    #[error("invalid")]
    Invalid,
    /// The handle is of the wrong kind, or was opened for something else.
    #[error("bad descriptor")]
    BadDescriptor,
    /// The host offers no such thing.
    #[error("not supported")]
    Unsupported,
    /// The two ends lie in different mounts.
    #[error("in different mounts")]
    CrossDevice,
    /// A byte limit of the call or the mount is used up.
    #[error("no space left")]
    NoSpace,
    /// A count limit of the call is used up.
    #[error("too many")]
    TooMany,
    /// The operating system said no.
    #[error("{0}")]
    Io(#[from] io::Error),
}
