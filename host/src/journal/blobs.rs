//! Payloads kept apart from the lines, each under its digest, so that equal ones are kept once.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::cannot;
use crate::digest::Digest;
use crate::error::Result;
use crate::record::Blob;

/// The blobs of one run.
#[derive(Debug)]
pub(super) struct Blobs {
    dir: PathBuf,
    /// Written since the last sync.
    unsynced: Vec<File>,
}

impl Blobs {
    /// The blobs in a directory, which is made when the first is written.
    pub(super) fn at(dir: PathBuf) -> Self {
        Self { dir, unsynced: Vec::new() }
    }

    /// Writes a blob under another name first, so that one under its own name is whole.
    pub(super) fn write(&mut self, blob: &Blob) -> Result<()> {
        let path = self.dir.join(blob.digest.to_hex());
        let is_there = fs::symlink_metadata(&path).is_ok_and(|found| found.len() == blob.bytes.len() as u64);
        if is_there {
            return Ok(());
        }
        let file = self.write_new(&path, &blob.bytes).map_err(|error| cannot("write", &path, &error))?;
        self.unsynced.push(file);
        Ok(())
    }

    fn write_new(&self, path: &Path, bytes: &[u8]) -> io::Result<File> {
        match DirBuilder::new().mode(0o700).create(&self.dir) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        let unfinished = path.with_extension("part");
        let _ = fs::remove_file(&unfinished);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished)?;
        let written = file.write_all(bytes).and_then(|()| fs::rename(&unfinished, path));
        if written.is_err() {
            let _ = fs::remove_file(&unfinished);
        }
        written.map(|()| file)
    }

    /// Puts on disk what was written since the last time.
    pub(super) fn sync(&mut self) -> Result<()> {
        if self.unsynced.is_empty() {
            return Ok(());
        }
        let files = self.unsynced.iter().try_for_each(File::sync_all);
        files.and_then(|()| sync_dir(&self.dir)).map_err(|error| cannot("write", &self.dir, &error))?;
        self.unsynced.clear();
        Ok(())
    }

    /// The bytes of a blob, unchecked.
    pub(super) fn read(&self, digest: Digest) -> io::Result<Vec<u8>> {
        fs::read(self.dir.join(digest.to_hex()))
    }
}

/// Puts the names in a directory on disk.
pub(super) fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}
