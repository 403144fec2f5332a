//! The run directory: writes the records of a run, reads them back, finds runs. The only writer of run files.
//!
//! A run is a directory `RUNS/<id>/`, for its owner only: `journal.jsonl`, one record a line, appended and
//! never rewritten, and `blobs/<sha256>` for payloads over 16 KiB. Each line holds the digest of the line
//! before it. Which directory, and what the records mean, is for others to know.
#![expect(clippy::disallowed_methods, reason = "this room is the one that writes runs")]

mod blobs;
mod read;
mod runs;
#[cfg(test)]
mod tests;
mod write;

pub use read::Journal;
pub use runs::{Runs, Summary};
pub use write::JournalWriter;

use std::io;
use std::path::Path;

use crate::error::Error;

/// Name of the file of records.
const JOURNAL: &str = "journal.jsonl";

/// Name of the directory of blobs.
const BLOBS: &str = "blobs";

/// An error about one of the files.
fn cannot(what: &str, path: &Path, error: &io::Error) -> Error {
    let message = Error::failed(format!("cannot {what} `{}`: {error}", path.display()));
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            message.hint("make room; a run that had begun has lost nothing and goes on with `looplet-host resume`")
        }
        _ => message,
    }
}
