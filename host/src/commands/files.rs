//! What the commands write where the operator says, what they are piped, and when things were.
#![expect(clippy::disallowed_methods, reason = "this file writes what the operator asked for")]

use std::fs;
use std::path::Path;

use looplet_host::error::{Error, Result};

/// What the clock says, in milliseconds since 1970. For records; nothing is decided on it.
pub(crate) fn unix_ms() -> u64 {
    use looplet_host::agent::{Clock as _, SystemClock};
    SystemClock::default().unix_ms()
}

/// A moment as people read it, in UTC: `2026-11-21 09:14`.
pub(crate) fn moment(unix_ms: u64) -> String {
    let minutes = unix_ms / 60_000;
    let (mut days, minute) = (minutes / 1_440, minutes % 1_440);
    let is_leap = |year: u64| year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
    let mut year = 1970;
    while days >= 365 + u64::from(is_leap(year)) {
        days -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let mut month = 1;
    for length in [31, 28 + u64::from(is_leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    format!("{year}-{month:02}-{:02} {:02}:{:02}", days + 1, minute / 60, minute % 60)
}

/// Makes a directory that must not be there yet.
pub(crate) fn make_new_dir(dir: &Path) -> Result<()> {
    fs::create_dir(dir).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => Error::usage(format!("`{}` is there already", dir.display()))
            .hint("name a directory that does not exist: nothing is overwritten"),
        _ => Error::usage(format!("cannot make the directory `{}`: {error}", dir.display())),
    })
}

/// Writes a file that the operator asked for.
pub(crate) fn write_file(path: &Path, text: &str) -> Result<()> {
    let fault = |error: std::io::Error| Error::usage(format!("cannot write `{}`: {error}", path.display()));
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir).map_err(fault)?;
    }
    fs::write(path, text).map_err(fault)
}

/// Makes a directory for a new project. One that is there and has something in it is refused.
pub(crate) fn make_empty_dir(dir: &Path) -> Result<()> {
    let fault = |error: std::io::Error| Error::usage(format!("cannot make `{}`: {error}", dir.display()));
    match fs::read_dir(dir).map(|mut entries| entries.next().is_none()) {
        Ok(true) => Ok(()),
        Ok(false) => Err(Error::usage(format!("`{}` is there and not empty", dir.display()))
            .hint("nothing is overwritten; take another name, or move it away")),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => fs::create_dir(dir).map_err(fault),
        Err(error) => Err(fault(error)),
    }
}

/// Reads standard input to its end.
pub(crate) fn read_stdin() -> Result<String> {
    std::io::read_to_string(std::io::stdin())
        .map_err(|error| Error::usage(format!("cannot read the task from standard input: {error}")))
}
