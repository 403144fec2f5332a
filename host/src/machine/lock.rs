//! The locks: where they lie, what stands in them, and whether a person wrote what stands there.

use std::path::{Path, PathBuf};

use super::{Machine, files, trust_store};
use crate::digest::Digest;
use crate::error::{Error, Result};
use crate::settings::{Lock, LockFile, Locks, Trust};

/// The name of a lock.
pub const LOCK_FILE: &str = "looplet.lock";

impl Machine {
    /// The lock beside the user's own file.
    pub fn user_lock(&self) -> PathBuf {
        self.user_file().with_file_name(LOCK_FILE)
    }

    /// The lock beside the file that speaks for the project.
    pub fn project_lock(&self, policy: Option<&Path>) -> PathBuf {
        let file = policy.map_or_else(|| self.project_file(), |policy| self.surroundings.cwd.join(policy));
        file.with_file_name(LOCK_FILE)
    }
}

/// Both locks.
pub fn read_locks(machine: &Machine, policy: Option<&Path>) -> Result<Locks> {
    let project = machine.project_lock(policy);
    let mut user = read(machine, "user/looplet.lock", &machine.user_lock())?;
    // Nobody else writes there.
    user.is_own = true;
    Ok(Locks { user, project: read(machine, LOCK_FILE, &project)?, are_read: true })
}

/// The digest of what lies where a component is to be written; none where nothing does.
pub fn component_there(path: &Path) -> Result<Option<Digest>> {
    if !path.try_exists().unwrap_or(true) {
        return Ok(None);
    }
    files::read_bytes(path).map(|bytes| Some(Digest::of(&bytes)))
}

/// Writes a component that was fetched, whole or not at all.
pub fn write_component(path: &Path, bytes: &[u8]) -> Result<()> {
    let dir = path.parent().unwrap_or(Path::new("/"));
    let fault = |error| Error::failed(format!("cannot make `{}`: {error}", dir.display()));
    std::fs::create_dir_all(dir).map_err(fault)?;
    files::write_beside(path, bytes)
}

/// One lock. It is a person's own as long as it is what `add` wrote.
fn read(machine: &Machine, name: &str, path: &Path) -> Result<LockFile> {
    let Some(text) = files::read_text(path)? else { return Ok(LockFile::default()) };
    let trusted = trust_store(machine)?.of(&path.display().to_string(), &Digest::of(text.as_bytes()));
    Ok(LockFile { lock: Some(Lock::parse(name, &text)?), is_own: trusted == Trust::Trusted })
}

/// Writes a lock; with `is_own` also that a person has looked at all of it.
pub fn write_lock(machine: &Machine, path: &Path, lock: &Lock, is_own: bool) -> Result<()> {
    let text = lock.render();
    files::write_beside(path, text.as_bytes())?;
    if !is_own {
        return Ok(());
    }
    let mut store = trust_store(machine)?;
    store.trust(&path.display().to_string(), Digest::of(text.as_bytes()));
    files::write_own(&machine.trust_file(), store.render())
}
