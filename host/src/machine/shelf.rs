//! Where compiled components are kept: a directory that only its owner can write to, and a key beside it
//! that lies elsewhere.

use std::io::{Read as _, Write as _};
use std::sync::Arc;

use super::{Machine, files};
use crate::sandbox::compiled::{Compilation, OpenEntry, Shelf};
use cap_fs_ext::{FollowSymlinks, OpenOptionsFollowExt as _};
use cap_std::fs::{Dir, File, OpenOptions};

/// A directory that nobody else can write to.
struct CacheDir(Dir);

impl Shelf for CacheDir {
    fn read(&self, name: &str) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        self.file(name)?.read_to_end(&mut bytes).ok()?;
        Some(bytes)
    }

    /// On Linux alone, where a path can name an open file.
    #[cfg(target_os = "linux")]
    fn open(&self, name: &str) -> Option<OpenEntry> {
        use std::os::fd::AsRawFd as _;
        let file = self.file(name)?;
        let (len, path) = (file.metadata().ok()?.len(), format!("/proc/self/fd/{}", file.as_raw_fd()));
        Some(OpenEntry { content: Box::new(file), len, path: path.into() })
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        // Whole or not at all; two processes that write the same entry write the same bytes.
        let temporary = format!("{name}.{}.tmp", std::process::id());
        let options = OpenOptions::new().write(true).create_new(true).follow(FollowSymlinks::No).clone();
        let written = self.0.open_with(&temporary, &options).and_then(|mut file| file.write_all(bytes));
        if written.and_then(|()| self.0.rename(&temporary, &self.0, name)).is_err() {
            let _ = self.0.remove_file(&temporary);
        }
    }
}

impl CacheDir {
    fn file(&self, name: &str) -> Option<File> {
        let options = OpenOptions::new().read(true).follow(FollowSymlinks::No).clone();
        self.0.open_with(name, &options).ok()
    }
}

/// Keeps what is compiled in the user's cache. Where there can be none, the note says why.
pub fn shelve(compilation: Compilation, machine: &Machine) -> (Compilation, Option<String>) {
    match open(machine) {
        Ok((cache, key)) => (compilation.with_shelf(Arc::new(cache), key), None),
        Err(why) => (compilation, Some(format!("note: plugins are compiled anew each time: {why}"))),
    }
}

/// Opens the cache and its key. The error is a clause that says why there can be none.
fn open(machine: &Machine) -> Result<(CacheDir, [u8; 32]), String> {
    let dir = machine.compiled_dir();
    let shown = dir.display();
    files::make_own_dir(&dir).map_err(|error| format!("`{shown}` cannot be made: {error}"))?;
    let opened = open_own_dir(&dir).map_err(|why| format!("`{shown}` {why}"))?;
    Ok((CacheDir(opened), key(machine)?))
}

#[cfg(unix)]
fn open_own_dir(dir: &std::path::Path) -> Result<Dir, String> {
    use rustix::fs::{Mode, OFlags, fstat, open};
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::RDONLY;
    let handle = open(dir, flags, Mode::empty()).map_err(|error| format!("cannot be opened: {error}"))?;
    let stat = fstat(&handle).map_err(|error| format!("cannot be looked at: {error}"))?;
    if stat.st_uid != rustix::process::geteuid().as_raw() {
        return Err("belongs to somebody else".to_owned());
    }
    if stat.st_mode & 0o022 != 0 {
        return Err("can be written by others: `chmod 700` it".to_owned());
    }
    Ok(Dir::from_std_file(handle.into()))
}

#[cfg(not(unix))]
fn open_own_dir(dir: &std::path::Path) -> Result<Dir, String> {
    Dir::open_ambient_dir(dir, cap_std::ambient_authority()).map_err(|error| format!("cannot be opened: {error}"))
}

/// The secret of this user, made the first time.
fn key(machine: &Machine) -> Result<[u8; 32], String> {
    let path = machine.seal_file();
    if let Ok(bytes) = std::fs::read(&path)
        && let Ok(key) = bytes.try_into()
    {
        return Ok(key);
    }
    let mut key = [0; 32];
    getrandom::fill(&mut key).map_err(|error| format!("no random numbers for its key: {error}"))?;
    files::write_own(&path, key).map_err(|error| error.to_string())?;
    Ok(key)
}
