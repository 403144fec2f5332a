//! `grep`: lines by a regular expression, in one file or in many.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use looplet_guest::prelude::*;
use regex::bytes::{Regex, RegexBuilder};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::glob::Filter;
use crate::place::Place;
use crate::search::Search;
use crate::walk::{Scope, Unread, walk};
use crate::{root, suggestion, text};

/// Larger files are passed over when many are searched.
const MAX_FILE: usize = 8 * 1024 * 1024;

/// So many matches are shown unless the caller says otherwise, and at most.
const USUAL_MATCHES: usize = 100;
const MAX_MATCHES: usize = 1_000;

/// Context in lines, at most.
const MAX_CONTEXT: usize = 10;

/// What the shown matches hold together, at most.
const MAX_TEXT: usize = 128 * 1024;

#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    /// A regular expression (Rust syntax), matched line by line.
    pattern: String,
    /// A file or a directory, from the top of the workspace. Nothing: the workspace.
    path: Option<String>,
    /// Only files whose path fits, such as `**/*.rs`; relative to `path`. A pattern without `/` fits at any depth.
    glob: Option<String>,
    /// Take upper and lower case for the same.
    ignore_case: Option<bool>,
    /// Show so many lines before and after each match, 10 at most.
    context: Option<usize>,
    /// Show so many matches: 100 unless said otherwise, 1000 at most. All are counted.
    max: Option<usize>,
    /// Look into `.git` and what `.gitignore` names too.
    ignored: Option<bool>,
}

#[derive(Debug, Default, PartialEq, Serialize)]
struct Matches {
    /// `path:12: line`; lines of context are `path-11- line`.
    matches: Vec<String>,
    /// All matching lines, shown or not.
    total: usize,
}

/// Search the lines of files with a regular expression. Answers `path:line: text`, and how many lines match in
/// all. Passes over binary files, `.git` and what `.gitignore` names.
#[looplet_guest::tool(
    reads,
    idempotent,
    concurrent_safe,
    needs(fs(workspace, read, "the files to search")),
    show(path = "/path", text = "/pattern"),
    limits(wall_ms = 30_000)
)]
pub(crate) fn grep(args: Args) -> Result<Output, Failure> {
    run(root(), &args)
}

fn run(root: &Path, args: &Args) -> Result<Output, Failure> {
    let place = Place::read(args.path.as_deref().unwrap_or("."))?;
    let expression = expression(args)?;
    let context = args.context.unwrap_or(0).min(MAX_CONTEXT);
    let mut hunt = Hunt {
        root,
        search: Search { expression: &expression, context },
        most: args.max.unwrap_or(USUAL_MATCHES).min(MAX_MATCHES),
        buffer: Vec::new(),
        room: MAX_TEXT,
        large: 0,
        found: Matches::default(),
    };
    let mut unread = Unread::default();
    if is_directory(root, &place)? {
        let glob = args.glob.as_deref().map(|glob| filter(glob, &place)).transpose()?;
        walk(root, &place, Scope::of(args.ignored), &mut unread, |entry, unread| {
            let is_wanted = entry.kind.is_file() && glob.as_ref().is_none_or(|glob| glob.fits(&entry.place));
            if is_wanted && let Err(error) = hunt.search_file(&entry.place) {
                unread.note(&entry.place, &error);
            }
        })?;
    } else {
        hunt.search_file(&place).at(place.to_string())?;
    }
    hunt.into_output(&unread)
}

fn expression(args: &Args) -> Result<Regex, Failure> {
    RegexBuilder::new(&args.pattern)
        .multi_line(true)
        .crlf(true)
        .case_insensitive(args.ignore_case.unwrap_or(false))
        .build()
        .map_err(|error| {
            Failure::validation(format!("`{}` is no regular expression: {error}", args.pattern))
                .hint("signs such as ( [ { . * + ? | ^ $ are written with `\\` before them to be found themselves")
        })
}

/// As in `.gitignore`: a name alone fits at any depth.
fn filter(glob: &str, directory: &Place) -> Result<Filter, Failure> {
    let filter = Filter::read(glob, directory)?;
    Ok(if glob.contains('/') { filter } else { filter.at_any_depth() })
}

fn is_directory(root: &Path, place: &Place) -> Result<bool, Failure> {
    match place.under(root).metadata() {
        Ok(found) => Ok(found.is_dir()),
        Err(error) => Err(suggestion::failure(root, place, &error)),
    }
}

/// One search through many files: what it has found so far, and the buffer that every file is read into.
struct Hunt<'a> {
    root: &'a Path,
    search: Search<'a>,
    most: usize,
    buffer: Vec<u8>,
    /// Bytes that the shown matches may still have.
    room: usize,
    /// Files passed over for their size.
    large: usize,
    found: Matches,
}

impl Hunt<'_> {
    fn search_file(&mut self, place: &Place) -> io::Result<()> {
        let mut file = File::open(place.under(self.root))?;
        let size = file.metadata()?.len();
        let Some(size) = usize::try_from(size).ok().filter(|size| *size <= MAX_FILE) else {
            self.large += 1;
            return Ok(());
        };
        fill(&mut self.buffer, &mut file, size)?;
        if text::is_binary(&self.buffer) {
            return Ok(());
        }
        let most = self.most.saturating_sub(self.found.matches.len());
        let found = self.search.run(place, &self.buffer, most);
        self.found.total += found.count;
        for shown in found.shown {
            self.keep(shown);
        }
        Ok(())
    }

    fn keep(&mut self, shown: String) {
        match self.room.checked_sub(shown.len()) {
            Some(room) => {
                self.room = room;
                self.found.matches.push(shown);
            }
            // Full: what comes later is counted only, also where it would fit.
            None => self.most = self.found.matches.len(),
        }
    }

    fn into_output(self, unread: &Unread) -> Result<Output, Failure> {
        let Matches { matches, total } = &self.found;
        let hidden = total - matches.len();
        let warnings = [
            (hidden > 0).then(|| format!("{hidden} more matches are not shown: narrow the search, or raise `max`")),
            (self.large > 0).then(|| format!("files larger than 8 MiB are not searched: {}", self.large)),
            unread.warning(),
        ];
        let output = Output::json(&self.found)?;
        Ok(warnings.into_iter().flatten().fold(output, Output::warn))
    }
}

/// Reads what the file said it holds, without asking once more for its end.
fn fill(buffer: &mut Vec<u8>, file: &mut impl Read, size: usize) -> io::Result<()> {
    if buffer.len() < size {
        buffer.resize(size, 0);
    }
    let mut filled = 0;
    while filled < size {
        match file.read(&mut buffer[filled..size]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    buffer.truncate(filled);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn workspace() -> tempfile::TempDir {
        let root = tempfile::tempdir().expect("a directory");
        fs::create_dir(root.path().join("src")).expect("is made");
        let files: [(&str, &[u8]); 6] = [
            (".gitignore", b"*.log\n"),
            ("a.rs", b"fn main() {}\n// TODO: one\n"),
            ("b.log", b"TODO\n"),
            ("c.bin", b"TODO\0"),
            ("src/d.rs", b"// todo: two\n// TODO: three\n"),
            ("src/e.txt", b"TODO\n"),
        ];
        for (path, content) in files {
            fs::write(root.path().join(path), content).expect("is written");
        }
        root
    }

    fn found(args: Args) -> Result<Output, Failure> {
        run(workspace().path(), &Args { pattern: "TODO".to_owned(), ..args })
    }

    fn matches(matches: &[&str], total: usize) -> Output {
        let matches = matches.iter().map(|&text| text.to_owned()).collect();
        Output::json(&Matches { matches, total }).expect("is JSON")
    }

    #[test]
    fn every_text_file_is_searched_but_the_ignored() {
        let all = ["a.rs:2: // TODO: one", "src/d.rs:2: // TODO: three", "src/e.txt:1: TODO"];
        assert_eq!(found(Args::default()), Ok(matches(&all, 3)));
        let args = Args { ignored: Some(true), path: Some("b.log".to_owned()), ..Args::default() };
        assert_eq!(found(args), Ok(matches(&["b.log:1: TODO"], 1)));
        let args = Args { ignored: Some(true), ..Args::default() };
        assert_eq!(found(args), Ok(matches(&[all[0], "b.log:1: TODO", all[1], all[2]], 4)));
    }

    #[test]
    fn a_search_can_be_narrowed() {
        let args = Args { path: Some("src".to_owned()), glob: Some("*.rs".to_owned()), ..Args::default() };
        assert_eq!(found(args), Ok(matches(&["src/d.rs:2: // TODO: three"], 1)));
        let args = Args { glob: Some("src/*.txt".to_owned()), ..Args::default() };
        assert_eq!(found(args), Ok(matches(&["src/e.txt:1: TODO"], 1)));
        let args = Args { path: Some("src/d.rs".to_owned()), ignore_case: Some(true), ..Args::default() };
        assert_eq!(found(args), Ok(matches(&["src/d.rs:1: // todo: two", "src/d.rs:2: // TODO: three"], 2)));
    }

    #[test]
    fn all_matches_are_counted_though_not_all_are_shown() {
        let warning = "2 more matches are not shown: narrow the search, or raise `max`";
        let args = Args { max: Some(1), ..Args::default() };
        assert_eq!(found(args), Ok(matches(&["a.rs:2: // TODO: one"], 3).warn(warning)));
    }

    #[test]
    fn what_cannot_be_searched_is_a_failure() {
        let failure = Failure::not_found("`scr` does not exist").hint("did you mean `src`?");
        assert_eq!(found(Args { path: Some("scr".to_owned()), ..Args::default() }), Err(failure));
        let args = Args { pattern: "a(".to_owned(), ..Args::default() };
        let failure = run(workspace().path(), &args).expect_err("is refused");
        let expected = "`a(` is no regular expression: regex parse error:\n    a(\n     ^\nerror: unclosed group";
        assert_eq!(failure.message(), expected);
    }

    #[test]
    fn a_large_file_is_passed_over_and_said() {
        let root = workspace();
        let file = File::create(root.path().join("big")).expect("is made");
        file.set_len(MAX_FILE as u64 + 1).expect("is grown");
        let args = Args { pattern: "main".to_owned(), ..Args::default() };
        let expected = matches(&["a.rs:1: fn main() {}"], 1).warn("files larger than 8 MiB are not searched: 1");
        assert_eq!(run(root.path(), &args), Ok(expected));
    }

    #[test]
    fn a_file_that_is_shorter_than_it_said_is_searched_as_far_as_it_goes() {
        let mut buffer = vec![b'x'; 10];
        assert!(fill(&mut buffer, &mut &b"abc"[..], 5).is_ok());
        assert_eq!(buffer, b"abc");
    }
}
