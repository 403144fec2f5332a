//! Everything that can be found from the mounts on, as `grep -r` would find it.

use wasip2::filesystem::types::{Descriptor, DescriptorFlags, DescriptorType, OpenFlags, PathFlags};

use crate::operation::name;
use crate::place::Places;

/// The names in a directory, sorted.
pub(crate) fn names(directory: &Descriptor) -> Result<Vec<String>, String> {
    Ok(entries(directory)?.into_iter().map(|(name, _)| name).collect())
}

/// The files that hold the word. Links are followed to see where they lead.
pub(crate) fn files_with(places: &Places, word: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (handle, root) in places.roots() {
        if root != "." {
            search(handle, root, word, &mut found);
        }
    }
    found
}

fn search(directory: &Descriptor, path: &str, word: &str, found: &mut Vec<String>) {
    for (name, kind) in entries(directory).unwrap_or_default() {
        let below = format!("{path}/{name}");
        if kind == DescriptorType::Directory {
            if let Ok(handle) = open(directory, &name, OpenFlags::DIRECTORY) {
                search(&handle, &below, word, found);
            }
            continue;
        }
        let Ok(file) = open(directory, &name, OpenFlags::empty()) else { continue };
        if let Ok((bytes, _)) = file.read(1 << 16, 0)
            && String::from_utf8_lossy(&bytes).contains(word)
        {
            found.push(below);
        }
    }
}

fn open(at: &Descriptor, name: &str, flags: OpenFlags) -> Result<Descriptor, ()> {
    at.open_at(PathFlags::SYMLINK_FOLLOW, name, flags, DescriptorFlags::READ).map_err(|_| ())
}

fn entries(directory: &Descriptor) -> Result<Vec<(String, DescriptorType)>, String> {
    let stream = directory.read_directory().map_err(name)?;
    let mut entries = Vec::new();
    while let Some(entry) = stream.read_directory_entry().map_err(name)? {
        entries.push((entry.name, entry.type_));
    }
    entries.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(entries)
}
