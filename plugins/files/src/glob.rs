//! `glob`: files by the pattern of their path.

use std::path::Path;

use looplet_guest::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::pattern::Patterns;
use crate::place::Place;
use crate::root;
use crate::walk::{Scope, Unread, walk};

/// More paths than this are counted, not named.
const MAX_PATHS: usize = 1_000;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    /// Such as `src/**/*.rs`, `*.toml` or `**/*.{ts,tsx}`: `*` stays within a directory, `**` does not.
    pattern: String,
    /// Where to look, from the top of the workspace; the pattern is relative to it. Nothing: the workspace.
    path: Option<String>,
    /// Look into `.git` and what `.gitignore` names too.
    ignored: Option<bool>,
}

#[derive(Serialize)]
struct Paths {
    paths: Vec<String>,
}

/// Find files by a glob pattern. Answers paths from the top of the workspace. Leaves out `.git` and what
/// `.gitignore` names.
#[looplet_guest::tool(
    reads,
    idempotent,
    concurrent_safe,
    needs(fs(workspace, read, "the directories to look into")),
    show(path = "/path", text = "/pattern"),
    limits(wall_ms = 30_000)
)]
pub(crate) fn glob(args: Args) -> Result<Output, Failure> {
    find(root(), &args, MAX_PATHS)
}

/// Which files below a directory are wanted.
pub(crate) struct Filter {
    patterns: Patterns,
    directory: Place,
}

impl Filter {
    /// By a pattern that is relative to the directory.
    pub(crate) fn read(pattern: &str, directory: &Place) -> Result<Self, Failure> {
        match Patterns::read(pattern) {
            Ok(patterns) => Ok(Self { patterns, directory: directory.clone() }),
            Err(what) => Err(Failure::validation(format!("`{pattern}` is no pattern: {what}"))),
        }
    }

    /// The same at any depth.
    pub(crate) fn at_any_depth(self) -> Self {
        Self { patterns: self.patterns.at_any_depth(), ..self }
    }

    /// Whether a file is wanted.
    pub(crate) fn fits(&self, place: &Place) -> bool {
        place.below(&self.directory).is_some_and(|path| self.patterns.fits(path))
    }
}

/// The directories that a pattern begins with, as far as they are plain names: `src/a` in `src/a/*.rs`.
/// Looking there is enough.
fn plain_beginning(pattern: &str) -> impl Iterator<Item = &str> {
    let directories = pattern.rsplit_once('/').map_or("", |(directories, _)| directories);
    let is_plain =
        |name: &&str| !name.is_empty() && *name != ".." && !name.contains(['*', '?', '[', ']', '{', '}', '\\']);
    let names = directories.split('/').filter(|name| *name != ".");
    // Braces may hold a slash: what stands after one is no plain name.
    names.take_while(is_plain)
}

fn find(root: &Path, args: &Args, most: usize) -> Result<Output, Failure> {
    let place = Place::read(args.path.as_deref().unwrap_or("."))?;
    let filter = Filter::read(&args.pattern, &place)?;
    let start = plain_beginning(&args.pattern).fold(place, |place, name| place.join(name));
    let (mut paths, mut count, mut unread) = (Vec::new(), 0, Unread::default());
    walk(root, &start, Scope::of(args.ignored), &mut unread, |entry, _| {
        if filter.fits(&entry.place) {
            count += 1;
            if paths.len() < most {
                paths.push(entry.place.to_string());
            }
        }
    })?;
    let output = Output::json(&Paths { paths })?;
    let warnings = [too_many(count, most), nothing(count, &args.pattern), unread.warning()];
    Ok(warnings.into_iter().flatten().fold(output, Output::warn))
}

fn too_many(count: usize, most: usize) -> Option<String> {
    (count > most).then(|| format!("the first {most} of {count} paths"))
}

/// The most common slip, named.
fn nothing(count: usize, pattern: &str) -> Option<String> {
    (count == 0 && !pattern.contains('/'))
        .then(|| format!("`{pattern}` looks into one directory only; `**/{pattern}` looks deeper"))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn found(pattern: &str, path: Option<&str>, most: usize) -> Result<Output, Failure> {
        let root = tempfile::tempdir().expect("a directory");
        for path in ["a.rs", "b.txt", "src/c.rs", "src/d/e.rs", "src/d/f.ts", "out/g.rs"] {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().expect("is below the root")).expect("is made");
            fs::write(path, "").expect("is written");
        }
        fs::write(root.path().join(".gitignore"), "out\n").expect("is written");
        let args = Args { pattern: pattern.to_owned(), path: path.map(str::to_owned), ignored: None };
        find(root.path(), &args, most)
    }

    fn paths(paths: &[&str]) -> Output {
        let paths = paths.iter().map(|&path| path.to_owned()).collect();
        Output::json(&Paths { paths }).expect("is JSON")
    }

    #[test]
    fn stars_stay_within_a_directory_and_two_of_them_do_not() {
        assert_eq!(found("*.rs", None, 9), Ok(paths(&["a.rs"])));
        assert_eq!(found("**/*.rs", None, 9), Ok(paths(&["a.rs", "src/c.rs", "src/d/e.rs"])));
        assert_eq!(found("./src/*.rs", None, 9), Ok(paths(&["src/c.rs"])));
        assert_eq!(found("src/**/*.{rs,ts}", None, 9), Ok(paths(&["src/c.rs", "src/d/e.rs", "src/d/f.ts"])));
        assert_eq!(found("{src/d,out}/*.rs", None, 9), Ok(paths(&["src/d/e.rs"])));
    }

    #[test]
    fn a_pattern_is_relative_to_where_it_looks() {
        assert_eq!(found("d/*", Some("src"), 9), Ok(paths(&["src/d/e.rs", "src/d/f.ts"])));
    }

    #[test]
    fn what_is_left_out_or_missed_is_said() {
        assert_eq!(found("**/*.rs", None, 1), Ok(paths(&["a.rs"]).warn("the first 1 of 3 paths")));
        let warning = "`e.rs` looks into one directory only; `**/e.rs` looks deeper";
        assert_eq!(found("e.rs", None, 9), Ok(paths(&[]).warn(warning)));
        let failure = Failure::not_found("`scr` does not exist").hint("did you mean `src`?");
        assert_eq!(found("scr/*.rs", None, 9), Err(failure));
        let message = "`a[` is no pattern: a `[` has no `]`, or a `\\` stands at the end";
        assert_eq!(found("a[", None, 9), Err(Failure::validation(message)));
    }

    #[test]
    fn a_plain_beginning_ends_before_the_first_sign_of_a_pattern() {
        let beginning = |pattern: &str| plain_beginning(pattern).collect::<Vec<_>>().join("/");
        assert_eq!(beginning("src/a/*.rs"), "src/a");
        assert_eq!(beginning("./src/a.rs"), "src");
        assert_eq!(beginning("src/{a,b/c}/d"), "src");
        assert_eq!(beginning("*.rs"), "");
        assert_eq!(beginning("**/a/b"), "");
    }
}
