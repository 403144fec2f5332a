//! Appending to a journal: the one open file of a run, locked while it is open.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, OFlags, flock};

use super::blobs::{Blobs, sync_dir};
use super::read::Journal;
use super::{BLOBS, JOURNAL, cannot};
use crate::agent::Sink;
use crate::error::{Error, Result};
use crate::record::Encoded;

/// Appends to the journal of one run. While it is open no other process can.
#[derive(Debug)]
pub struct JournalWriter {
    dir: PathBuf,
    path: PathBuf,
    file: File,
    blobs: Blobs,
    /// Length of all whole lines in bytes.
    whole: u64,
    /// Whether the names of file and directory are on disk.
    is_rooted: bool,
    /// What went wrong; nothing is written after it.
    broken: Option<Error>,
}

impl JournalWriter {
    /// Begins the journal of a new run in a directory of its own. The parent is made if it is missing.
    pub fn create(dir: &Path) -> Result<Self> {
        if let Some(runs) = dir.parent() {
            let made = DirBuilder::new().mode(0o700).recursive(true).create(runs);
            made.map_err(|error| cannot("make", runs, &error))?;
        }
        DirBuilder::new().mode(0o700).create(dir).map_err(|error| cannot("make", dir, &error))?;
        Self::open_file(dir, OpenOptions::new().create_new(true))
    }

    /// Opens the journal of a run to go on with it, and reads it. A torn last line is cut off.
    pub fn open(dir: &Path) -> Result<(Self, Journal)> {
        let mut writer = Self::open_file(dir, &mut OpenOptions::new())?;
        let journal = Journal::read_from(&writer.file, dir)?;
        if journal.is_torn {
            writer.file.set_len(journal.whole).map_err(|error| cannot("repair", &writer.path, &error))?;
        }
        writer.whole = journal.whole;
        Ok((writer, journal))
    }

    fn open_file(dir: &Path, options: &mut OpenOptions) -> Result<Self> {
        let path = dir.join(JOURNAL);
        let no_follow = i32::try_from(OFlags::NOFOLLOW.bits()).unwrap_or_default();
        let options = options.read(true).append(true).mode(0o600).custom_flags(no_follow);
        let file = options.open(&path).map_err(|error| cannot("open", &path, &error))?;
        flock(&file, FlockOperation::NonBlockingLockExclusive).map_err(|error| match error {
            rustix::io::Errno::WOULDBLOCK => {
                let run = dir.file_name().unwrap_or(dir.as_os_str()).display();
                Error::failed(format!("run {run} is being written by another process")).hint("wait for it, or stop it")
            }
            other => cannot("lock", &path, &other.into()),
        })?;
        let blobs = Blobs::at(dir.join(BLOBS));
        Ok(Self { dir: dir.into(), path, file, blobs, whole: 0, is_rooted: false, broken: None })
    }

    /// Where the journal lies.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    fn append_line(&mut self, line: &str) -> io::Result<()> {
        let mut bytes = Vec::with_capacity(line.len() + 1);
        bytes.extend_from_slice(line.as_bytes());
        bytes.push(b'\n');
        self.file.write_all(&bytes)?;
        self.whole += bytes.len() as u64;
        Ok(())
    }

    /// Takes back what was written of a line; if that fails too, the line is torn and cut off at the next opening.
    fn take_back(&mut self) {
        let _ = self.file.set_len(self.whole);
    }

    fn root(&mut self) -> io::Result<()> {
        if !self.is_rooted {
            sync_dir(&self.dir)?;
            self.dir.parent().map_or(Ok(()), sync_dir)?;
            self.is_rooted = true;
        }
        Ok(())
    }

    fn unbroken(&mut self, work: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        if let Some(error) = &self.broken {
            return Err(error.clone());
        }
        let done = work(self);
        self.broken = done.as_ref().err().cloned();
        done
    }
}

impl Sink for JournalWriter {
    fn append(&mut self, encoded: &Encoded) -> Result<()> {
        self.unbroken(|writer| {
            encoded.blobs.iter().try_for_each(|blob| writer.blobs.write(blob))?;
            writer.append_line(&encoded.line).map_err(|error| {
                writer.take_back();
                cannot("write", &writer.path, &error)
            })
        })
    }

    fn sync(&mut self) -> Result<()> {
        self.unbroken(|writer| {
            writer.blobs.sync()?;
            let synced = writer.file.sync_data().and_then(|()| writer.root());
            synced.map_err(|error| cannot("write", &writer.path, &error))
        })
    }
}

/// Removes a run's directory and all in it. Refused while a process writes to it.
pub(super) fn remove(dir: &Path) -> Result<()> {
    let _locked = JournalWriter::open_file(dir, &mut OpenOptions::new())?;
    fs::remove_dir_all(dir).map_err(|error| cannot("remove", dir, &error))
}
