//! A folder of guest crates (`plugins/`, `tests/guests/`) and its components, built when they changed.
//!
//! Each such folder is a cargo workspace of its own with one crate a subfolder. Components are kept
//! in the target directory with a stamp each: the digest of all they were made from. Several build
//! scripts may ask at once; a file lock lets one build and the others find the work done.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::manifest::{Loaded, Manifest};
use crate::program;
use crate::repository::Repository;
use crate::sources::{self, Sources, sorted_entries};
use crate::toolchain::{TARGET, Toolchain};

/// A folder of guest crates.
pub struct Guests<'a> {
    repository: &'a Repository,
    folder: PathBuf,
    crates: Vec<Guest>,
    /// What belongs to all: crates that are no component, and every manifest, because cargo chooses
    /// the features of a dependency for all crates together.
    shared: Vec<PathBuf>,
}

/// One crate that becomes a component.
struct Guest {
    name: String,
    folder: PathBuf,
    manifest: Manifest,
}

/// A component that was built, now or before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    /// The name of the crate's folder.
    pub name: String,
    /// The file, in the target directory.
    pub file: PathBuf,
    /// Whether this build made it.
    pub is_new: bool,
    /// When it is loaded, where it is built in.
    pub loaded: Loaded,
}

impl<'a> Guests<'a> {
    /// The guests in a folder, named relative to the repository's root.
    pub fn in_folder(repository: &'a Repository, folder: &str) -> Result<Self> {
        let folder = repository.root().join(folder);
        let mut crates = Vec::new();
        let mut shared = Vec::new();
        for entry in sorted_entries(&folder)? {
            let file = entry.join("Cargo.toml");
            let Some(name) = entry.file_name().filter(|_| file.is_file()) else {
                continue;
            };
            let name = name.to_string_lossy().into_owned();
            let manifest = Manifest::from_file(&file)?;
            shared.push(file);
            if manifest.is_component {
                crates.push(Guest { name, folder: entry, manifest });
            } else {
                shared.push(entry);
            }
        }
        Ok(Self { repository, folder, crates, shared })
    }

    /// Only those that are embedded in the host.
    #[must_use]
    pub fn only_builtin(mut self) -> Self {
        self.crates.retain(|guest| guest.manifest.is_builtin);
        self
    }

    /// The names of the guests, in alphabetical order.
    pub fn names(&self) -> Vec<&str> {
        self.crates.iter().map(|guest| guest.name.as_str()).collect()
    }

    /// Whether there is no guest.
    pub fn is_empty(&self) -> bool {
        self.crates.is_empty()
    }

    /// Everything that is there of what the components are made from: files and folders.
    pub fn sources(&self) -> Vec<PathBuf> {
        let crates = self.crates.iter().map(|guest| guest.folder.clone());
        crates.chain(self.shared_sources()).filter(|path| path.exists()).collect()
    }

    /// Builds what changed and returns all components, in alphabetical order.
    pub fn build(&self, toolchain: &Toolchain) -> Result<Vec<Component>> {
        if self.is_empty() {
            return Ok(Vec::new());
        }
        let _lock = self.lock()?;
        let cache = self.cache();
        fs::create_dir_all(&cache).map_err(|cause| Error::file("create", &cache, &cause))?;
        let wanted = self.crates.iter().map(|guest| self.stamp(guest, toolchain)).collect::<Result<Vec<_>>>()?;
        let stale: Vec<_> =
            self.crates.iter().zip(&wanted).filter(|(guest, stamp)| !is_fresh(&cache, guest, stamp)).collect();
        if !stale.is_empty() {
            self.compile(toolchain)?;
        }
        for (guest, stamp) in &stale {
            self.put_into_cache(&cache, guest, stamp)?;
        }
        let is_new = |guest: &Guest| stale.iter().any(|(stale, _)| stale.name == guest.name);
        let component = |guest: &Guest| Component {
            name: guest.name.clone(),
            file: component_file(&cache, guest),
            is_new: is_new(guest),
            loaded: guest.manifest.loaded,
        };
        Ok(self.crates.iter().map(component).collect())
    }

    /// Always the whole workspace: what changed is found by cargo again, but built for some crates
    /// alone, a component would get other features of its dependencies, and another digest.
    fn compile(&self, toolchain: &Toolchain) -> Result<()> {
        let mut cargo = toolchain.cargo();
        cargo
            .current_dir(&self.folder)
            .args(["build", "--quiet", "--release", "--workspace", "--target", TARGET])
            .args(toolchain.build_arguments())
            .arg("--target-dir")
            .arg(self.repository.guest_target());
        program::output(&mut cargo)
            .map(drop)
            .map_err(|error| Error::new(format!("cannot build the guests in `{}`\n{error}", self.folder.display())))
    }

    /// Copies a component out of cargo's folder, where the next workspace may overwrite its name. The
    /// stamp is written last, so that an interrupted copy is made again.
    fn put_into_cache(&self, cache: &Path, guest: &Guest, stamp: &str) -> Result<()> {
        let made = self.repository.guest_target().join(TARGET).join("release");
        let made = made.join(format!("{}.wasm", guest.manifest.library));
        let file = component_file(cache, guest);
        fs::copy(&made, &file).map_err(|cause| Error::file("copy", &made, &cause))?;
        let stamp_file = stamp_file(cache, guest);
        fs::write(&stamp_file, stamp).map_err(|cause| Error::file("write", &stamp_file, &cause))
    }

    fn stamp(&self, guest: &Guest, toolchain: &Toolchain) -> Result<String> {
        let mut sources = Sources::default().text(toolchain.version()).path(&guest.folder)?;
        for path in self.shared_sources() {
            sources = sources.path(&path)?;
        }
        Ok(sources.digest())
    }

    /// The root manifest counts because the SDK inherits its versions.
    fn shared_sources(&self) -> impl Iterator<Item = PathBuf> {
        let root = ["Cargo.toml", "guest-sdk", "wit"].map(|name| self.repository.root().join(name));
        let own = ["Cargo.toml", "Cargo.lock"].map(|name| self.folder.join(name));
        root.into_iter().chain(own).chain(self.shared.clone())
    }

    /// Held while the guests' target directory is in use; the system lets go when the file is closed.
    fn lock(&self) -> Result<File> {
        let target = self.repository.guest_target();
        fs::create_dir_all(&target).map_err(|cause| Error::file("create", &target, &cause))?;
        let path = target.join("lock");
        let lock = || {
            let file = File::create(&path)?;
            file.lock()?;
            Ok(file)
        };
        lock().map_err(|cause| Error::file("lock", &path, &cause))
    }

    /// Where the components of this folder are kept. Clones that share a target directory have one
    /// each, or they would build over each other for ever.
    fn cache(&self) -> PathBuf {
        let key = sources::hex(&sources::sha256(self.folder.as_os_str().as_encoded_bytes())[..8]);
        self.repository.guest_target().join("components").join(key)
    }
}

fn is_fresh(cache: &Path, guest: &Guest, stamp: &str) -> bool {
    component_file(cache, guest).is_file()
        && fs::read_to_string(stamp_file(cache, guest)).is_ok_and(|kept| kept == stamp)
}

fn component_file(cache: &Path, guest: &Guest) -> PathBuf {
    cache.join(format!("{}.wasm", guest.name))
}

fn stamp_file(cache: &Path, guest: &Guest) -> PathBuf {
    cache.join(format!("{}.stamp", guest.name))
}

#[cfg(test)]
mod tests;
