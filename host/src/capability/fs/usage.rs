//! What a call has used of its filesystem limits, shared with the streams that it has open.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use super::error::FsError;

/// The filesystem limits of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FsLimits {
    /// Bytes that may be written, growth of files by other means included.
    pub written_bytes: u64,
    /// Files, directories and links that may be created.
    pub created_entries: u64,
    /// Directory entries that may be listed.
    pub listed_entries: u64,
    /// Files and directories open at once.
    pub open_files: u32,
}

impl FsLimits {
    /// The shipped limits.
    pub const SHIPPED: Self =
        Self { written_bytes: 32 << 20, created_entries: 1_000, listed_entries: 100_000, open_files: 64 };
}

/// Counters of one call. Reading them is for the step's record.
#[derive(Debug, Default)]
pub struct FsUsage {
    pub(super) read_bytes: AtomicU64,
    pub(super) written_bytes: AtomicU64,
    pub(super) created_entries: AtomicU64,
    pub(super) listed_entries: AtomicU64,
    open_files: AtomicU32,
}

impl FsUsage {
    /// Bytes read.
    pub fn read_bytes(&self) -> u64 {
        self.read_bytes.load(Ordering::Relaxed)
    }

    /// Bytes written.
    pub fn written_bytes(&self) -> u64 {
        self.written_bytes.load(Ordering::Relaxed)
    }
}

/// Takes an amount off a limit; false, and nothing taken, where it does not fit.
pub(super) fn charge(counter: &AtomicU64, amount: u64, limit: u64) -> bool {
    counter
        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| used.checked_add(amount).filter(|sum| *sum <= limit))
        .is_ok()
}

/// A place among the open files, given back when dropped.
#[derive(Debug)]
pub(super) struct OpenSlot(Arc<FsUsage>);

impl OpenSlot {
    pub(super) fn take(usage: &Arc<FsUsage>, limit: u32) -> Result<Self, FsError> {
        usage
            .open_files
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |open| (open < limit).then_some(open + 1))
            .map(|_| Self(Arc::clone(usage)))
            .map_err(|_| FsError::TooMany)
    }
}

impl Drop for OpenSlot {
    fn drop(&mut self) {
        self.0.open_files.fetch_sub(1, Ordering::Relaxed);
    }
}
