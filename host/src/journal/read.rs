//! Reading a journal back: every line is checked against the one before it.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use super::blobs::Blobs;
use super::{BLOBS, JOURNAL, cannot};
use crate::digest::Digest;
use crate::error::{Error, Result};
use crate::origin::Origin;
use crate::record::{Body, Chain, DecodeError, Record, RunStarted, decode};

/// A journal as it was read.
#[derive(Debug)]
pub struct Journal {
    /// The records, in order, without gaps; at least one.
    pub records: Vec<Record>,
    /// Where the journal stands: number of the next record, digest of the last line.
    pub chain: Chain,
    /// Whether the last line was torn by a crash. It is not among the records.
    pub is_torn: bool,
    /// Length of all whole lines in bytes.
    pub(super) whole: u64,
}

impl Journal {
    /// Reads the journal in a run's directory. Anything but a torn last line that is not as it was
    /// written is an error that names the line.
    pub fn read(dir: &Path) -> Result<Self> {
        let path = dir.join(JOURNAL);
        let file = File::open(&path).map_err(|error| cannot("read", &path, &error))?;
        Self::read_from(&file, dir)
    }

    /// The record that the run began with.
    pub fn started(&self) -> Result<&RunStarted> {
        match self.records.first().map(|record| &record.body) {
            Some(Body::RunStarted(started)) => Ok(started),
            _ => Err(Error::failed("the journal does not begin with the start of a run")),
        }
    }

    /// The digest of the last line.
    pub fn head(&self) -> Option<Digest> {
        self.chain.head()
    }

    pub(super) fn read_from(file: &File, dir: &Path) -> Result<Self> {
        let path = dir.join(JOURNAL);
        let blobs = Blobs::at(dir.join(BLOBS));
        let mut lines = BufReader::new(file);
        let mut journal = Self { records: Vec::new(), chain: Chain::default(), is_torn: false, whole: 0 };
        let mut line = Vec::new();
        loop {
            line.clear();
            lines.read_until(b'\n', &mut line).map_err(|error| cannot("read", &path, &error))?;
            match line.split_last() {
                None => break,
                Some((b'\n', text)) => journal.take(text, &blobs, &path)?,
                Some(_) => {
                    journal.is_torn = true;
                    break;
                }
            }
        }
        if journal.records.is_empty() {
            return Err(Error::failed(format!("`{}` holds no record: the run never began", path.display())));
        }
        Ok(journal)
    }

    fn take(&mut self, line: &[u8], blobs: &Blobs, path: &Path) -> Result<()> {
        let number = u32::try_from(self.records.len() + 1).unwrap_or(u32::MAX);
        let damaged = |error: &DecodeError| refused(error, path, number);
        let text = std::str::from_utf8(line).map_err(|_| damaged(&DecodeError::Damaged("no text".into())))?;
        let record = decode(text, |digest| load(blobs, digest)).map_err(|error| damaged(&error))?;
        self.chain.check(&record).map_err(|error| damaged(&error))?;
        self.chain.advance(text);
        self.records.push(record);
        self.whole += line.len() as u64 + 1;
        Ok(())
    }
}

/// What is said of a line that cannot be read.
fn refused(error: &DecodeError, path: &Path, number: u32) -> Error {
    let said = match error {
        DecodeError::OtherFormat(_) => {
            Error::failed(error.to_string()).hint("the `looplet-host` that wrote it reads it, or a newer one")
        }
        DecodeError::Damaged(_) => Error::failed(format!("the journal is damaged: {error}")),
    };
    said.at(Origin::line(&path.display().to_string(), number))
}

/// First and last whole record of a journal, without a look at those between them.
pub(super) fn ends(dir: &Path) -> Result<(Record, Option<Record>, u64)> {
    let path = dir.join(JOURNAL);
    let unreadable = |error: io::Error| cannot("read", &path, &error);
    let mut file = File::open(&path).map_err(unreadable)?;
    let bytes = file.metadata().map_err(unreadable)?.len();
    let mut first = Vec::new();
    BufReader::new(&file).read_until(b'\n', &mut first).map_err(unreadable)?;
    let mut tail = Vec::new();
    file.seek(SeekFrom::Start(bytes.saturating_sub(TAIL))).map_err(unreadable)?;
    file.read_to_end(&mut tail).map_err(unreadable)?;
    let blobs = Blobs::at(dir.join(BLOBS));
    let parse = |line: &[u8]| {
        let text = std::str::from_utf8(line).map_err(|_| DecodeError::Damaged("no text".into()))?;
        decode(text, |digest| load(&blobs, digest))
    };
    let begun = parse(&first).map_err(|error| refused(&error, &path, 1))?;
    let lines = tail.strip_suffix(b"\n").into_iter().flat_map(|whole| whole.rsplit(|byte| *byte == b'\n'));
    // A run that was answered rests as before.
    let last = lines.map_while(|line| parse(line).ok()).find(|record| !matches!(record.body, Body::CallAnswered(_)));
    Ok((begun, last, bytes))
}

/// How much of the end of a journal is looked at for its last line; a stop is far shorter.
const TAIL: u64 = 4096;

fn load(blobs: &Blobs, digest: Digest) -> Result<Vec<u8>, DecodeError> {
    blobs.read(digest).map_err(|error| {
        let what = if error.kind() == io::ErrorKind::NotFound { "is missing".into() } else { error.to_string() };
        DecodeError::Damaged(format!("blob {} {what}", digest.to_hex()))
    })
}
