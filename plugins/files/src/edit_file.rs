//! `edit_file`: one piece of text in a file for another.

use std::fs;
use std::io;
use std::path::Path;

use looplet_guest::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::place::Place;
use crate::{atomic, root, suggestion, text};

/// Larger files are not for editing by exact text, before as after.
const MAX_FILE: usize = 8 * 1024 * 1024;

/// More places than this are counted, not named.
const MAX_NAMED: usize = 10;

/// How far a file is searched for the line that was meant.
const MAX_COMPARED: usize = 20_000;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    /// The file, from the top of the workspace.
    path: String,
    /// The text to replace, exactly as it stands in the file, white space included. It must be there once.
    before: String,
    /// The text to put in its place. Empty: take it away.
    after: String,
    /// Replace it everywhere, however often it is there.
    all: Option<bool>,
}

#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct Edited {
    changes: usize,
}

/// Replace one exact piece of text in a file. Fails without changing anything if it is not there, or more
/// than once and `all` is not set.
#[looplet_guest::tool(
    reads,
    writes,
    needs(fs(workspace, write, "the file to edit")),
    show(path = "/path", before = "/before", after = "/after")
)]
pub(crate) fn edit_file(args: Args) -> Result<Edited, Failure> {
    edit(root(), &args)
}

fn edit(root: &Path, args: &Args) -> Result<Edited, Failure> {
    check(args)?;
    let place = Place::read(&args.path)?;
    let old = read(root, &place)?;
    let Edit { before, after } = Edit::of(args, &old);
    let changes = old.matches(&before).count();
    if changes == 0 {
        return Err(no_match(&place, &old, &before));
    }
    if changes > 1 && args.all != Some(true) {
        return Err(many_matches(&place, changes, &lines_of(&old, &before)));
    }
    if after.len().saturating_sub(before.len()).saturating_mul(changes) > MAX_FILE {
        return Err(Failure::validation(format!("`{place}` would grow by more than 8 MiB")));
    }
    atomic::replace(root, &place, old.replace(&before, &after).as_bytes())?;
    Ok(Edited { changes })
}

fn check(args: &Args) -> Result<(), Failure> {
    if args.before.is_empty() {
        return Err(Failure::validation("`before` is empty").hint("write a new file with `write_file`"));
    }
    if args.before == args.after {
        return Err(Failure::validation("`before` and `after` are the same"));
    }
    Ok(())
}

fn read(root: &Path, place: &Place) -> Result<String, Failure> {
    let missing = || suggestion::failure(root, place, &io::ErrorKind::NotFound.into());
    let found = atomic::check_target(root, place)?.ok_or_else(missing)?;
    if found.len() > MAX_FILE as u64 {
        return Err(Failure::validation(format!("`{place}` is larger than 8 MiB")));
    }
    let bytes = fs::read(place.under(root)).at(place.to_string())?;
    if text::is_binary(&bytes) {
        return Err(text::binary(place));
    }
    String::from_utf8(bytes).map_err(|_| Failure::validation(format!("`{place}` is not UTF-8 text")))
}

/// What is replaced by what, with the file's line ends: models write `\n` only.
struct Edit {
    before: String,
    after: String,
}

impl Edit {
    fn of(args: &Args, old: &str) -> Self {
        let Args { before, after, .. } = args;
        let is_foreign = !before.contains('\r') && !after.contains('\r') && old.contains("\r\n");
        if !is_foreign {
            return Self { before: before.clone(), after: after.clone() };
        }
        let with_returns = |text: &str| text.replace('\n', "\r\n");
        Self { before: with_returns(before), after: with_returns(after) }
    }
}

/// The first lines on which the text begins, counted from 1.
fn lines_of(old: &str, before: &str) -> Vec<String> {
    let mut line = 1;
    let mut seen = 0;
    let places = old.match_indices(before).take(MAX_NAMED);
    let lines = places.map(|(index, _)| {
        line += old[seen..index].matches('\n').count();
        seen = index;
        line.to_string()
    });
    lines.collect()
}

fn many_matches(place: &Place, count: usize, lines: &[String]) -> Failure {
    let more = if count > lines.len() { ", …" } else { "" };
    let lines = lines.join(", ");
    Failure::validation(format!("`before` is {count} times in `{place}`: lines {lines}{more}"))
        .hint("take more of the text around it into `before`, or set `all: true`")
}

fn no_match(place: &Place, old: &str, before: &str) -> Failure {
    let failure = Failure::validation(format!("`before` is not in `{place}`"));
    match nearest(old, before) {
        Some(lines) => failure.hint(format!("the nearest lines are:\n{lines}")),
        None => failure.hint("read the file again and copy the text exactly"),
    }
}

/// The lines that most resemble the first telling line of `before`, as many as it has, with numbers.
fn nearest(old: &str, before: &str) -> Option<String> {
    const MAX_SHOWN: usize = 10;
    let lead = before.lines().take_while(|line| line.trim().is_empty()).count();
    let wanted = pairs(before.lines().nth(lead)?);
    let likenesses = old.lines().take(MAX_COMPARED).map(|line| likeness(&wanted, &pairs(line)));
    // Of equals the first: `max_by` alone takes the last.
    let (found, best) = likenesses.enumerate().reduce(|a, b| if b.1 > a.1 { b } else { a })?;
    if best < 0.5 {
        return None;
    }
    let first = found.saturating_sub(lead);
    let count = before.lines().count().min(MAX_SHOWN);
    let lines = old.lines().enumerate().skip(first).take(count);
    let shown: Vec<_> =
        lines.map(|(index, line)| format!("{}\t{}", index + 1, text::short_line(line.as_bytes(), 150))).collect();
    Some(shown.join("\n"))
}

/// The pairs of neighbours in a line without the white space around it, sorted.
fn pairs(line: &str) -> Vec<(char, char)> {
    let line = line.trim();
    let mut pairs: Vec<_> = line.chars().zip(line.chars().skip(1)).take(500).collect();
    pairs.sort_unstable();
    pairs
}

/// How much two lines have in common, from 0 to 1 (Dice's coefficient).
fn likeness(a: &[(char, char)], b: &[(char, char)]) -> f32 {
    let (mut left, mut right) = (a.iter().peekable(), b.iter().peekable());
    let mut common = 0_u16;
    while let (Some(x), Some(y)) = (left.peek(), right.peek()) {
        let order = x.cmp(y);
        common += u16::from(order.is_eq());
        if order.is_le() {
            left.next();
        }
        if order.is_ge() {
            right.next();
        }
    }
    let total = u16::try_from(a.len() + b.len()).unwrap_or(u16::MAX);
    2.0 * f32::from(common) / f32::from(total.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edited(content: &str, before: &str, after: &str, all: bool) -> (Result<Edited, Failure>, String) {
        let root = tempfile::tempdir().expect("a directory");
        let path = root.path().join("a.rs");
        fs::write(&path, content).expect("is written");
        let args = Args { path: "a.rs".to_owned(), before: before.to_owned(), after: after.to_owned(), all: Some(all) };
        let result = edit(root.path(), &args);
        (result, fs::read_to_string(path).expect("is read"))
    }

    #[test]
    fn a_piece_that_is_there_once_is_replaced() {
        assert_eq!(edited("a b c\n", "b", "B", false), (Ok(Edited { changes: 1 }), "a B c\n".to_owned()));
        assert_eq!(edited("a b c\n", " b", "", false), (Ok(Edited { changes: 1 }), "a c\n".to_owned()));
    }

    #[test]
    fn a_piece_that_is_there_often_is_replaced_only_when_told() {
        let content = "x\ny\nx\n";
        let failure = Failure::validation("`before` is 2 times in `a.rs`: lines 1, 3")
            .hint("take more of the text around it into `before`, or set `all: true`");
        assert_eq!(edited(content, "x", "z", false), (Err(failure), content.to_owned()));
        assert_eq!(edited(content, "x", "z", true), (Ok(Edited { changes: 2 }), "z\ny\nz\n".to_owned()));
    }

    #[test]
    fn a_piece_that_is_not_there_shows_the_nearest_lines() {
        let content = "fn main() {\n    let n = s.len() - 1;\n    print(n);\n}\n";
        let failure = Failure::validation("`before` is not in `a.rs`")
            .hint("the nearest lines are:\n2\t    let n = s.len() - 1;\n3\t    print(n);");
        let before = "let n = s.len() -1;\nprint(n);";
        assert_eq!(edited(content, before, "x", false), (Err(failure), content.to_owned()));
        let failure =
            Failure::validation("`before` is not in `a.rs`").hint("read the file again and copy the text exactly");
        assert_eq!(edited(content, "something else", "x", false), (Err(failure), content.to_owned()));
    }

    #[test]
    fn line_ends_of_the_file_are_kept() {
        let found = edited("a\r\nb\r\nc\r\n", "a\nb\n", "x\ny\n", false);
        assert_eq!(found, (Ok(Edited { changes: 1 }), "x\r\ny\r\nc\r\n".to_owned()));
    }

    #[test]
    fn what_cannot_be_an_edit_is_refused() {
        let refused =
            |before: &str, after: &str| edited("a", before, after, false).0.map_err(|failure| failure.to_string());
        assert_eq!(refused("", "x"), Err("`before` is empty".to_owned()));
        assert_eq!(refused("a", "a"), Err("`before` and `after` are the same".to_owned()));
        let root = tempfile::tempdir().expect("a directory");
        let args = Args { path: "b".to_owned(), before: "x".to_owned(), after: "y".to_owned(), all: None };
        assert_eq!(edit(root.path(), &args), Err(Failure::not_found("`b` does not exist")));
    }
}
