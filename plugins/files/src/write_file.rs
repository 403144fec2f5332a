//! `write_file`: a whole file, new or in place of an old one.

use std::fs;
use std::path::Path;

use looplet_guest::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::place::Place;
use crate::{atomic, root};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    /// The file, from the top of the workspace.
    path: String,
    /// The whole content.
    content: String,
    /// Make the directories above it that are missing.
    create_directories: Option<bool>,
}

#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct Written {
    bytes: usize,
}

/// Write a whole text file: a new one, or in place of the old one. To change a part, `edit_file` is safer.
#[looplet_guest::tool(
    reads,
    writes,
    destructive,
    idempotent,
    needs(fs(workspace, write, "the file to write")),
    show(path = "/path", after = "/content")
)]
pub(crate) fn write_file(args: Args) -> Result<Written, Failure> {
    write(root(), &args)
}

fn write(root: &Path, args: &Args) -> Result<Written, Failure> {
    let place = Place::read(&args.path)?;
    let existing = atomic::check_target(root, &place)?;
    if existing.is_none() {
        check_parent(root, &place, args.create_directories.unwrap_or(false))?;
    }
    atomic::replace(root, &place, args.content.as_bytes())?;
    Ok(Written { bytes: args.content.len() })
}

/// The directory of a new file has to be there, or is made when the caller says so.
fn check_parent(root: &Path, place: &Place, create: bool) -> Result<(), Failure> {
    let Some(parent) = place.parent() else {
        return Ok(());
    };
    let directory = parent.under(root);
    if directory.is_dir() {
        return Ok(());
    }
    if create {
        return fs::create_dir_all(&directory).at(parent.to_string());
    }
    Err(Failure::not_found(format!("the directory `{parent}` does not exist"))
        .hint("`create_directories: true` makes it"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(path: &str, content: &str, create_directories: bool) -> Args {
        Args { path: path.to_owned(), content: content.to_owned(), create_directories: Some(create_directories) }
    }

    #[test]
    fn a_file_is_written_and_written_over() {
        let root = tempfile::tempdir().expect("a directory");
        for content in ["first, longer", "second"] {
            let written = write(root.path(), &args("a.txt", content, false));
            assert_eq!(written, Ok(Written { bytes: content.len() }));
            assert_eq!(fs::read_to_string(root.path().join("a.txt")).expect("is read"), content);
        }
    }

    #[test]
    fn directories_are_made_only_when_told() {
        let root = tempfile::tempdir().expect("a directory");
        let failure =
            Failure::not_found("the directory `a/b` does not exist").hint("`create_directories: true` makes it");
        assert_eq!(write(root.path(), &args("a/b/c", "x", false)), Err(failure));
        assert!(!root.path().join("a").exists());
        assert_eq!(write(root.path(), &args("a/b/c", "x", true)), Ok(Written { bytes: 1 }));
        assert_eq!(fs::read_to_string(root.path().join("a/b/c")).expect("is read"), "x");
    }

    #[test]
    fn what_is_no_file_is_not_written_over() {
        let root = tempfile::tempdir().expect("a directory");
        fs::create_dir(root.path().join("d")).expect("is made");
        let refused = |path: &str| write(root.path(), &args(path, "x", true)).map_err(|failure| failure.to_string());
        assert_eq!(refused("d"), Err("`d` is a directory".to_owned()));
        assert_eq!(refused("."), Err("`.` is a directory".to_owned()));
    }
}
