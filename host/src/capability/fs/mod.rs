//! The filesystem capability: mounts, what a call may reach in them, and the view that a guest gets.
//!
//! Names no type of the engine: `sandbox/` translates between this and WASI. A call's [`View`] is the
//! one place where a filesystem operation of a guest passes: it finds the true place of a path, asks
//! masks and reach about it, counts, and only then touches the disk.

mod change;
mod error;
mod file;
mod handle;
mod mount;
mod path;
mod quota;
mod reach;
mod usage;
mod view;
mod walk;
mod written;

#[cfg(all(test, unix))]
mod tests;

pub use error::FsError;
pub use file::OpenFile;
pub use handle::{Entry, Handle, HandleKind, OpenOptions, Stat};
pub use mount::{FileIdentity, Mount, MountSpec};
pub use path::MountPath;
pub use quota::{Quotas, drawn};
pub use reach::{Reach, ReachKind};
pub use usage::{FsLimits, FsUsage};
pub use view::{Preopen, View};
pub use written::Written;
