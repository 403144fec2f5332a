//! Where a path of a step begins: at a mount, or at a handle that an earlier step left open.

use std::collections::BTreeMap;

use wasip2::filesystem::preopens::get_directories;
use wasip2::filesystem::types::Descriptor;

/// Everything that is open.
pub(crate) struct Places {
    roots: Vec<(Descriptor, String)>,
    kept: BTreeMap<String, Descriptor>,
}

impl Places {
    pub(crate) fn open() -> Self {
        Self { roots: get_directories(), kept: BTreeMap::new() }
    }

    /// The mounts, by their paths.
    pub(crate) fn roots(&self) -> &[(Descriptor, String)] {
        &self.roots
    }

    /// Keeps a handle under a name: `@name/…` begins there.
    pub(crate) fn keep(&mut self, name: &str, handle: Descriptor) {
        self.kept.insert(name.to_owned(), handle);
    }

    /// Closes a handle.
    pub(crate) fn close(&mut self, name: &str) {
        self.kept.remove(name);
    }

    /// The handle under a name.
    pub(crate) fn kept(&self, name: &str) -> Result<&Descriptor, String> {
        self.kept.get(name).ok_or_else(|| "no such handle".to_owned())
    }

    /// `/NAME/rest`, `@handle/rest` or a path relative to the mount `.`: the handle to begin at, and
    /// the rest as it is.
    pub(crate) fn split<'a>(&'a self, path: &'a str) -> Result<(&'a Descriptor, &'a str), String> {
        if let Some(path) = path.strip_prefix('@') {
            let (name, rest) = path.split_once('/').unwrap_or((path, "."));
            return Ok((self.kept(name)?, rest));
        }
        self.roots
            .iter()
            .filter(|(_, root)| root != ".")
            .find_map(|(handle, root)| match path.strip_prefix(root.as_str())? {
                "" => Some((handle, ".")),
                rest => Some((handle, rest.strip_prefix('/')?)),
            })
            .or_else(|| {
                let (handle, _) = self.roots.iter().find(|(_, root)| root == ".")?;
                (!path.starts_with('/')).then_some((handle, path))
            })
            .ok_or_else(|| "no mount".to_owned())
    }
}
