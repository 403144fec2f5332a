//! Writes a file as a whole or not at all: a sibling first, then its name.
//!
//! The sibling of `NAME` is called `.NAME.looplet-tmp`; where a call may write one file only, the host
//! lets this one name through beside it.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use looplet_guest::prelude::*;

use crate::place::Place;
use crate::suggestion;

/// Puts `content` in place of whatever file is there.
pub(crate) fn replace(root: &Path, place: &Place, content: &[u8]) -> Result<(), Failure> {
    let target = place.under(root);
    let sibling = sibling(&target).ok_or_else(|| Failure::validation(format!("`{place}` names no file")))?;
    let written = write_new(&sibling, content).and_then(|()| fs::rename(&sibling, &target));
    written.map_err(|error| {
        // The first error is the one to tell.
        let _ = fs::remove_file(&sibling);
        suggestion::failure(root, place, &error)
    })
}

/// The file that is there, if one is; what cannot be replaced by a file is refused.
pub(crate) fn check_target(root: &Path, place: &Place) -> Result<Option<fs::Metadata>, Failure> {
    let target = place.under(root);
    match target.symlink_metadata() {
        Ok(found) if found.is_dir() => Err(Failure::validation(format!("`{place}` is a directory"))),
        Ok(found) if found.is_symlink() => Err(link(&target, place)),
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::from_io(&error, place.to_string())),
    }
}

/// Renaming would put a file in place of the link, and leave what it leads to as it was.
fn link(target: &Path, place: &Place) -> Failure {
    let failure = Failure::validation(format!("`{place}` is a link, which this tool does not write through"));
    match fs::read_link(target) {
        Ok(to) => failure.hint(format!("it leads to `{}`: name that file", to.display())),
        Err(_) => failure,
    }
}

fn sibling(target: &Path) -> Option<PathBuf> {
    let mut name = std::ffi::OsString::from(".");
    name.push(target.file_name()?);
    name.push(".looplet-tmp");
    Some(target.with_file_name(name))
}

fn write_new(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = match File::create_new(path) {
        // Left behind by a call that was cut off.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            fs::remove_file(path)?;
            File::create_new(path)?
        }
        other => other?,
    };
    file.write_all(content).map_err(full)
}

/// The library below says of a stream that failed no more than that. Of what can go wrong with a file that was just
/// made, too little room is it.
fn full(error: io::Error) -> io::Error {
    let is_untold = cfg!(target_family = "wasm") && error.raw_os_error() == Some(EIO);
    if is_untold { io::ErrorKind::StorageFull.into() } else { error }
}

/// Of `wasi-libc`.
const EIO: i32 = 29;

#[cfg(test)]
mod tests {
    use super::*;

    fn names(root: &Path) -> Vec<String> {
        let entries = fs::read_dir(root).expect("is listed").flatten();
        let mut names: Vec<_> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.sort();
        names
    }

    #[test]
    fn the_sibling_has_the_name_that_the_host_lets_through() {
        let found = sibling(Path::new("/workspace/src/a.rs"));
        assert_eq!(found, Some(PathBuf::from("/workspace/src/.a.rs.looplet-tmp")));
    }

    #[test]
    fn nothing_but_the_file_is_left_even_where_a_call_was_cut_off_before() {
        let root = tempfile::tempdir().expect("a directory");
        fs::write(root.path().join(".a.looplet-tmp"), "torn").expect("is written");
        let place = Place::read("a").expect("is a place");
        assert_eq!(replace(root.path(), &place, b"new"), Ok(()));
        assert_eq!(names(root.path()), ["a"]);
        assert_eq!(fs::read(root.path().join("a")).expect("is read"), b"new");
    }

    #[test]
    fn a_failed_write_leaves_what_was_there() {
        let root = tempfile::tempdir().expect("a directory");
        fs::create_dir(root.path().join("d")).expect("is made");
        fs::write(root.path().join("d/kept"), "").expect("is written");
        let place = Place::read("d").expect("is a place");
        assert!(replace(root.path(), &place, b"new").is_err());
        assert_eq!(names(root.path()), ["d"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_not_written_through_and_says_where_it_leads() {
        let root = tempfile::tempdir().expect("a directory");
        std::os::unix::fs::symlink("b", root.path().join("a")).expect("is linked");
        let failure = check_target(root.path(), &Place::read("a").expect("is a place"));
        let expected = Failure::validation("`a` is a link, which this tool does not write through")
            .hint("it leads to `b`: name that file");
        assert_eq!(failure.map(|_| ()), Err(expected));
    }
}
