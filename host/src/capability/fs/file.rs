//! An open regular file of a guest: reading, writing, growing, always within the call's limits.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use cap_std::fs::Metadata;

use super::error::FsError;
use super::handle::OpenOptions;
use super::mount::Mount;
use super::path::MountPath;
use super::usage::{FsLimits, FsUsage, OpenSlot, charge};
use super::view::View;
use crate::origin::Origin;
use crate::refusal::{RefusalLog, RefusalReason};

/// How many bytes one read answers at most.
pub(super) const READ_BYTES: usize = 256 << 10;

/// A regular file that a guest has open. Clones share the file.
#[derive(Clone, Debug)]
pub struct OpenFile(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    file: std::fs::File,
    readable: bool,
    writable: bool,
    /// The end as far as this call knows, so that holes count as written.
    end: AtomicU64,
    mount: Mount,
    place: MountPath,
    refusals: Arc<RefusalLog>,
    limits: FsLimits,
    usage: Arc<FsUsage>,
    /// Here and not in the handle: a stream keeps the file open after its handle is closed.
    _slot: OpenSlot,
}

impl OpenFile {
    pub(super) fn new(
        file: std::fs::File,
        size: u64,
        options: OpenOptions,
        (view, mount, place): (&View, Mount, MountPath),
        slot: OpenSlot,
    ) -> Self {
        Self(Arc::new(Parts {
            file,
            readable: options.read,
            writable: options.write,
            end: AtomicU64::new(size),
            mount,
            place,
            refusals: Arc::clone(view.refusals()),
            limits: view.limits,
            usage: Arc::clone(&view.usage),
            _slot: slot,
        }))
    }

    /// Whether it was opened for reading.
    pub fn is_readable(&self) -> bool {
        self.0.readable
    }

    /// Whether it was opened for writing.
    pub fn is_writable(&self) -> bool {
        self.0.writable
    }

    /// Up to `len` bytes from an offset; fewer at the end, none behind it.
    pub fn read_at(&self, len: usize, offset: u64) -> Result<Vec<u8>, FsError> {
        if !self.0.readable {
            return Err(FsError::BadDescriptor);
        }
        let bytes = loop {
            match read_at(&self.0.file, len.min(READ_BYTES), offset) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        self.0.usage.read_bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        Ok(bytes)
    }

    /// Writes all bytes at an offset.
    pub fn write_at(&self, bytes: &[u8], offset: u64) -> Result<(), FsError> {
        self.charge(bytes.len() as u64, offset)?;
        write_all_at(&self.0.file, bytes, offset)?;
        Ok(())
    }

    /// Writes all bytes at the end.
    pub fn append(&self, bytes: &[u8]) -> Result<(), FsError> {
        let end = self.0.file.metadata()?.len();
        self.write_at(bytes, end)
    }

    /// Cuts or grows it.
    pub fn set_size(&self, size: u64) -> Result<(), FsError> {
        self.charge(0, size)?;
        self.0.file.set_len(size)?;
        self.0.end.store(size, Ordering::Relaxed);
        Ok(())
    }

    /// Sets its times.
    pub fn set_times(&self, accessed: Option<SystemTime>, modified: Option<SystemTime>) -> Result<(), FsError> {
        if !self.0.writable {
            return Err(FsError::Denied);
        }
        let mut times = std::fs::FileTimes::new();
        if let Some(time) = accessed {
            times = times.set_accessed(time);
        }
        if let Some(time) = modified {
            times = times.set_modified(time);
        }
        Ok(self.0.file.set_times(times)?)
    }

    /// Waits until what was written is on the disk.
    pub fn sync(&self, data_only: bool) -> Result<(), FsError> {
        let synced = if data_only { self.0.file.sync_data() } else { self.0.file.sync_all() };
        Ok(synced?)
    }

    pub(super) fn metadata(&self) -> Result<Metadata, FsError> {
        Ok(Metadata::from_file(&self.0.file)?)
    }

    /// Counts a write of `len` bytes at `offset`: the bytes, or the growth where a hole makes it larger.
    fn charge(&self, len: u64, offset: u64) -> Result<(), FsError> {
        let parts = &*self.0;
        if !parts.writable {
            return Err(FsError::BadDescriptor);
        }
        let end = offset.checked_add(len).ok_or(FsError::Invalid)?;
        let growth = end.saturating_sub(parts.end.load(Ordering::Relaxed));
        let amount = len.max(growth);
        if !charge(&parts.usage.written_bytes, amount, parts.limits.written_bytes) {
            return Err(self.full(RefusalReason::Limit, None));
        }
        if !parts.mount.charge(amount) {
            return Err(self.full(RefusalReason::Budget, Some(parts.mount.origin().clone())));
        }
        parts.end.fetch_max(end, Ordering::Relaxed);
        Ok(())
    }

    fn full(&self, reason: RefusalReason, origin: Option<Origin>) -> FsError {
        self.0.refusals.note(self.0.mount.refusal(&self.0.place, "write", reason, origin));
        FsError::NoSpace
    }
}

/// One read into memory that nobody has to fill with zeros before.
#[cfg(unix)]
fn read_at(file: &std::fs::File, len: usize, offset: u64) -> io::Result<Vec<u8>> {
    let mut buffer = Vec::with_capacity(len);
    rustix::io::pread(file, rustix::buffer::spare_capacity(&mut buffer), offset)?;
    Ok(buffer)
}

#[cfg(unix)]
fn write_all_at(file: &std::fs::File, bytes: &[u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, offset)
}

#[cfg(windows)]
fn read_at(file: &std::fs::File, len: usize, offset: u64) -> io::Result<Vec<u8>> {
    let mut buffer = vec![0; len];
    let read = std::os::windows::fs::FileExt::seek_read(file, &mut buffer, offset)?;
    buffer.truncate(read);
    Ok(buffer)
}

#[cfg(windows)]
fn write_all_at(file: &std::fs::File, mut bytes: &[u8], mut offset: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        let written = std::os::windows::fs::FileExt::seek_write(file, bytes, offset)?;
        bytes = &bytes[written..];
        offset += written as u64;
    }
    Ok(())
}
