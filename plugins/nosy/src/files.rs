//! What it tries with files: out of the mount by name, out of it by link, and writing into it.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::Path;

use crate::Attempt;

/// So many links are followed.
const MAX_LINKS: usize = 3;

/// Tries to read a file.
pub(crate) fn read(target: &str, path: &Path) -> Attempt {
    let mut beginning = Vec::new();
    match File::open(path).and_then(|file| file.take(64 * 1024).read_to_end(&mut beginning)) {
        Ok(bytes) => Attempt::reached(target, format!("{bytes} bytes")),
        Err(error) => Attempt::refused(target, said(&error)),
    }
}

/// Tries to read through the links in the mount.
pub(crate) fn links_out(mount: &Path) -> Vec<Attempt> {
    let entries = fs::read_dir(mount).into_iter().flatten().flatten();
    let links = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_symlink()));
    let mut names: Vec<_> = links.map(|entry| entry.file_name()).collect();
    names.sort();
    let follow = |name: &std::ffi::OsString| {
        let target = format!("link {}", name.to_string_lossy());
        let path = mount.join(name);
        match fs::read_dir(&path) {
            Ok(entries) => Attempt::reached(target, files(entries.count())),
            Err(_) => read(&target, &path),
        }
    };
    names.iter().take(MAX_LINKS).map(follow).collect()
}

/// Tries to write into the mount, and takes away what it wrote.
pub(crate) fn write(mount: &Path) -> Attempt {
    let target = "write to its own mount";
    let path = mount.join(".nosy-was-here");
    match File::create_new(&path) {
        Ok(_) => match fs::remove_file(&path) {
            Ok(()) => Attempt::reached(target, "written, and removed again"),
            Err(error) => Attempt::reached(target, format!("written; removing it: {}", said(&error))),
        },
        Err(error) => Attempt::refused(target, said(&error)),
    }
}

/// Lists the mount: the one thing that it was given.
pub(crate) fn list(mount: &Path) -> Attempt {
    match fs::read_dir(mount) {
        Ok(entries) => Attempt::reached("its own mount", files(entries.count())),
        Err(error) => Attempt::refused("its own mount", said(&error)),
    }
}

fn files(count: usize) -> String {
    format!("{count} {}", if count == 1 { "file" } else { "files" })
}

fn said(error: &io::Error) -> String {
    // WASI says so for a path under no mount; the standard library has no word for it.
    const NOT_CAPABLE: i32 = 76;
    match error.kind() {
        ErrorKind::NotFound => "not found".to_owned(),
        ErrorKind::PermissionDenied => "permission denied".to_owned(),
        ErrorKind::ReadOnlyFilesystem => "read-only".to_owned(),
        _ if cfg!(target_arch = "wasm32") && error.raw_os_error() == Some(NOT_CAPABLE) => {
            "outside of every mount".to_owned()
        }
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_reached_and_what_is_not_is_refused() {
        let mount = tempfile::tempdir().expect("a directory");
        let path = mount.path().join("a");
        assert_eq!(read("a", &path), Attempt::refused("a", "not found"));
        fs::write(&path, "abc").expect("is written");
        assert_eq!(read("a", &path), Attempt::reached("a", "3 bytes"));
        assert_eq!(list(mount.path()), Attempt::reached("its own mount", "1 file"));
    }

    #[test]
    fn a_write_leaves_nothing_behind() {
        let mount = tempfile::tempdir().expect("a directory");
        let attempt = write(mount.path());
        assert_eq!(attempt, Attempt::reached("write to its own mount", "written, and removed again"));
        assert_eq!(list(mount.path()), Attempt::reached("its own mount", "0 files"));
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_by_name() {
        let mount = tempfile::tempdir().expect("a directory");
        let outside = tempfile::tempdir().expect("a directory");
        std::os::unix::fs::symlink(outside.path(), mount.path().join("out")).expect("is linked");
        std::os::unix::fs::symlink("nowhere", mount.path().join("torn")).expect("is linked");
        let expected = [Attempt::reached("link out", "0 files"), Attempt::refused("link torn", "not found")];
        assert_eq!(links_out(mount.path()), expected);
    }
}
