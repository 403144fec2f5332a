//! Goes through the directories of the workspace, in the order of names, past what is ignored.
//!
//! Kinds come with the listing, so no entry is looked at twice. Links are reported and not followed.
//! Directories wait in a list of their own: depth costs memory, never the stack.

use std::fs::{self, FileType};
use std::io;
use std::path::Path;

use looplet_guest::prelude::*;

use crate::ignored::{self, Ignored};
use crate::place::Place;
use crate::suggestion;

/// Whether ignored files and `.git` are gone through too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// What people work on.
    Tracked,
    /// Everything.
    All,
}

impl Scope {
    /// The scope behind the argument `ignored`.
    pub(crate) fn of(ignored: Option<bool>) -> Self {
        if ignored == Some(true) { Self::All } else { Self::Tracked }
    }
}

/// One thing in a directory.
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) place: Place,
    pub(crate) kind: FileType,
}

/// Entries of one directory, sorted by name.
pub(crate) struct Listing {
    pub(crate) entries: Vec<Entry>,
    /// What is ignored below.
    ignored: Ignored,
}

impl Listing {
    /// Lists a directory that `above` holds for.
    fn read(root: &Path, directory: &Place, above: &Ignored, scope: Scope) -> io::Result<Self> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(directory.under(root))? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let place = directory.join(&name);
            entries.push(Entry { name, place, kind: entry.file_type()? });
        }
        entries.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        if scope == Scope::All {
            return Ok(Self { entries, ignored: above.clone() });
        }
        let has_own = entries.iter().any(|entry| entry.name == ignored::NAME);
        let ignored = if has_own { above.within(root, directory) } else { above.clone() };
        entries.retain(|entry| entry.name != ".git" && !ignored.holds(&entry.place, entry.kind.is_dir()));
        Ok(Self { entries, ignored })
    }

    /// Lists one directory by itself.
    pub(crate) fn of(root: &Path, directory: &Place, scope: Scope) -> Result<Self, Failure> {
        let above = above(root, directory, scope);
        Self::read(root, directory, &above, scope).map_err(|error| suggestion::failure(root, directory, &error))
    }
}

fn above(root: &Path, directory: &Place, scope: Scope) -> Ignored {
    match scope {
        Scope::Tracked => Ignored::above(root, directory),
        Scope::All => Ignored::default(),
    }
}

/// What could not be gone through, for a remark.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Unread {
    pub(crate) count: usize,
    /// The first, with what the file system said.
    pub(crate) first: Option<String>,
}

impl Unread {
    /// Notes one more.
    pub(crate) fn note(&mut self, place: &Place, error: &io::Error) {
        self.count += 1;
        self.first.get_or_insert_with(|| Failure::from_io(error, place.to_string()).to_string());
    }

    /// The remark, if there is something to say.
    pub(crate) fn warning(&self) -> Option<String> {
        let first = self.first.as_ref()?;
        match self.count {
            1 => Some(format!("not searched: {first}")),
            count => Some(format!("not searched: {count} places, the first: {first}")),
        }
    }
}

/// Calls `visit` for every entry below `start` that is no directory. A start that cannot be listed is a
/// failure, a directory below it that cannot is noted.
pub(crate) fn walk(
    root: &Path,
    start: &Place,
    scope: Scope,
    unread: &mut Unread,
    mut visit: impl FnMut(&Entry, &mut Unread),
) -> Result<(), Failure> {
    let mut waiting = vec![];
    take_in(Listing::of(root, start, scope)?, &mut waiting, |entry| {
        visit(entry, unread);
    });
    while let Some((directory, ignored)) = waiting.pop() {
        match Listing::read(root, &directory, &ignored, scope) {
            Ok(listing) => take_in(listing, &mut waiting, |entry| visit(entry, unread)),
            Err(error) => unread.note(&directory, &error),
        }
    }
    Ok(())
}

/// Visits the files of a listing, then lets its directories wait, the first one on top.
fn take_in(listing: Listing, waiting: &mut Vec<(Place, Ignored)>, mut visit: impl FnMut(&Entry)) {
    let Listing { entries, ignored } = listing;
    let (directories, files): (Vec<_>, Vec<_>) = entries.into_iter().partition(|entry| entry.kind.is_dir());
    files.iter().for_each(&mut visit);
    waiting.extend(directories.into_iter().rev().map(|entry| (entry.place, ignored.clone())));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().expect("a directory");
        for (path, content) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().expect("is below the root")).expect("is made");
            fs::write(path, content).expect("is written");
        }
        root
    }

    fn walked(root: &Path, start: &str, scope: Scope) -> Vec<String> {
        let mut found = Vec::new();
        let mut unread = Unread::default();
        let start = Place::read(start).expect("is a place");
        walk(root, &start, scope, &mut unread, |entry, _| {
            found.push(entry.place.to_string());
        })
        .expect("is walked");
        assert_eq!(unread, Unread::default());
        found
    }

    #[test]
    fn files_come_in_the_order_of_names_before_directories() {
        let root = tree(&[("b/c", ""), ("a/z/y", ""), ("a/x", ""), ("d", "")]);
        assert_eq!(walked(root.path(), ".", Scope::Tracked), ["d", "a/x", "a/z/y", "b/c"]);
        assert_eq!(walked(root.path(), "a", Scope::Tracked), ["a/x", "a/z/y"]);
    }

    #[test]
    fn ignored_files_are_passed_over_by_the_nearest_word() {
        let root = tree(&[
            (".gitignore", "*.log\n/target/\n!keep.log\nsub/only\n"),
            (".git/config", ""),
            ("a.log", ""),
            ("keep.log", ""),
            ("target/x", ""),
            ("deep/target/x", ""),
            ("sub/.gitignore", "!b.log\nlocal\n"),
            ("sub/b.log", ""),
            ("sub/local", ""),
            ("sub/only", ""),
        ]);
        let tracked = [".gitignore", "keep.log", "deep/target/x", "sub/.gitignore", "sub/b.log"];
        assert_eq!(walked(root.path(), ".", Scope::Tracked), tracked);
        assert_eq!(walked(root.path(), "sub", Scope::Tracked), ["sub/.gitignore", "sub/b.log"]);
        assert_eq!(walked(root.path(), ".", Scope::All).len(), 10);
    }

    #[test]
    fn a_directory_that_is_named_is_gone_through_though_it_is_ignored() {
        let root = tree(&[(".gitignore", "/target/\n"), ("target/x", "")]);
        assert_eq!(walked(root.path(), "target", Scope::Tracked), ["target/x"]);
    }

    #[cfg(unix)]
    #[test]
    fn links_are_reported_and_not_followed() {
        let outside = tree(&[("secret", "")]);
        let root = tree(&[("a", "")]);
        std::os::unix::fs::symlink(outside.path(), root.path().join("out")).expect("is linked");
        std::os::unix::fs::symlink(".", root.path().join("round")).expect("is linked");
        assert_eq!(walked(root.path(), ".", Scope::All), ["a", "out", "round"]);
    }

    #[test]
    fn a_start_that_is_not_there_is_a_failure_with_a_suggestion() {
        let root = tree(&[("src/a", "")]);
        let start = Place::read("scr").expect("is a place");
        let walked = walk(root.path(), &start, Scope::All, &mut Unread::default(), |_, _| {});
        assert_eq!(walked, Err(Failure::not_found("`scr` does not exist").hint("did you mean `src`?")));
    }
}
