//! The digest of everything that a component is made from.
//!
//! By content, not by time: a checkout, a copied cache or another clone with the same target
//! directory changes times without changing anything.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::error::{Error, Result};

/// A running digest over named parts.
#[derive(Default)]
pub(crate) struct Sources(Sha256);

impl Sources {
    /// Adds a piece of text, such as the version of a compiler.
    pub(crate) fn text(mut self, text: &str) -> Self {
        self.part(text.as_bytes());
        self
    }

    /// Adds a file, or a folder with everything below it except build output. What does not exist
    /// counts as that.
    pub(crate) fn path(mut self, path: &Path) -> Result<Self> {
        self.add(path, Path::new(""))?;
        Ok(self)
    }

    /// The digest, in lower-case hex.
    pub(crate) fn digest(self) -> String {
        hex(&self.0.finalize())
    }

    fn add(&mut self, path: &Path, name: &Path) -> Result<()> {
        self.part(name.as_os_str().as_encoded_bytes());
        if path.is_dir() {
            for entry in sorted_entries(path)? {
                let Some(last) = entry.file_name().filter(|last| *last != "target") else {
                    continue;
                };
                self.add(&entry, &name.join(last))?;
            }
            return Ok(());
        }
        match fs::read(path) {
            Ok(bytes) => self.part(&bytes),
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => {}
            Err(cause) => return Err(Error::file("read", path, &cause)),
        }
        Ok(())
    }

    /// Each part with its length, so that moving bytes from one to the next changes the digest.
    fn part(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }
}

/// The SHA-256 digest of some bytes.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// What a folder holds, in an order that does not depend on the filesystem.
pub(crate) fn sorted_entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let list = || fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>();
    let mut entries = list().map_err(|cause| Error::file("list", folder, &cause))?;
    entries.sort();
    Ok(entries)
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(folder: &Path) -> String {
        Sources::default().path(folder).unwrap().digest()
    }

    #[test]
    fn a_change_a_new_name_and_a_new_file_change_the_digest_and_build_output_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("src")).unwrap();
        fs::write(at("src/lib.rs"), "1").unwrap();
        let mut seen = vec![digest(folder.path())];

        fs::create_dir(at("target")).unwrap();
        fs::write(at("target/out"), "x").unwrap();
        assert_eq!(digest(folder.path()), seen[0]);

        fs::write(at("src/lib.rs"), "2").unwrap();
        seen.push(digest(folder.path()));
        fs::rename(at("src/lib.rs"), at("src/main.rs")).unwrap();
        seen.push(digest(folder.path()));
        fs::write(at("src/more.rs"), "").unwrap();
        seen.push(digest(folder.path()));
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 4);
    }

    #[test]
    fn text_and_missing_files_count() {
        let none = Sources::default().digest();
        let text = Sources::default().text("rustc 1.95.0").digest();
        let missing = Sources::default().path(Path::new("no-such-file")).unwrap().digest();
        assert!(none != text && text != missing && none != missing);
    }
}
