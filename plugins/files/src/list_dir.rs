//! `list_dir`: the names in one directory.

use std::path::Path;

use looplet_guest::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::place::Place;
use crate::root;
use crate::walk::{Entry, Listing, Scope};

/// More entries than this are counted, not named.
const MAX_ENTRIES: usize = 1_000;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    /// The directory, from the top of the workspace; `.` or nothing for the workspace itself.
    path: Option<String>,
    /// List `.git` and what `.gitignore` names too.
    ignored: Option<bool>,
}

#[derive(Serialize)]
struct Entries {
    entries: Vec<String>,
}

/// List one directory. A name that ends with `/` is a directory, with `@` a link. Leaves out `.git` and what
/// `.gitignore` names. To look deeper, use `glob`.
#[looplet_guest::tool(
    reads,
    idempotent,
    concurrent_safe,
    needs(fs(workspace, read, "the directory to list")),
    show(path = "/path")
)]
pub(crate) fn list_dir(args: Args) -> Result<Output, Failure> {
    list(root(), &args, MAX_ENTRIES)
}

fn list(root: &Path, args: &Args, most: usize) -> Result<Output, Failure> {
    let place = Place::read(args.path.as_deref().unwrap_or("."))?;
    let listing = Listing::of(root, &place, Scope::of(args.ignored))?;
    let count = listing.entries.len();
    let entries = listing.entries.into_iter().take(most).map(name).collect();
    let output = Output::json(&Entries { entries })?;
    if count <= most {
        return Ok(output);
    }
    Ok(output.warn(format!("the first {most} of {count} entries; `glob` finds names by pattern")))
}

fn name(entry: Entry) -> String {
    let mark = match entry.kind {
        kind if kind.is_dir() => "/",
        kind if kind.is_symlink() => "@",
        _ => "",
    };
    entry.name + mark
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn workspace() -> tempfile::TempDir {
        let root = tempfile::tempdir().expect("a directory");
        fs::create_dir_all(root.path().join("src/deep")).expect("is made");
        for path in ["b.txt", "a.txt", "x.log", ".gitignore", "src/lib.rs"] {
            fs::write(root.path().join(path), "*.log").expect("is written");
        }
        root
    }

    fn listed(path: Option<&str>, ignored: bool, most: usize) -> Result<Output, Failure> {
        let root = workspace();
        list(root.path(), &Args { path: path.map(str::to_owned), ignored: Some(ignored) }, most)
    }

    fn entries(entries: &[&str]) -> Output {
        let entries = entries.iter().map(|&entry| entry.to_owned()).collect();
        Output::json(&Entries { entries }).expect("is JSON")
    }

    #[test]
    fn names_are_sorted_and_marked() {
        let top = entries(&[".gitignore", "a.txt", "b.txt", "src/"]);
        assert_eq!(listed(None, false, 10), Ok(top.clone()));
        assert_eq!(listed(Some("."), false, 10), Ok(top));
        assert_eq!(listed(Some("src"), false, 10), Ok(entries(&["deep/", "lib.rs"])));
        assert_eq!(listed(None, true, 10), Ok(entries(&[".gitignore", "a.txt", "b.txt", "src/", "x.log"])));
    }

    #[test]
    fn more_than_fits_is_counted() {
        let warning = "the first 2 of 4 entries; `glob` finds names by pattern";
        assert_eq!(listed(None, false, 2), Ok(entries(&[".gitignore", "a.txt"]).warn(warning)));
    }

    #[test]
    fn a_file_is_no_directory() {
        let message = "`a.txt` is below something that is no directory";
        assert_eq!(listed(Some("a.txt"), false, 2), Err(Failure::validation(message)));
    }
}
