//! `read_file`: the text of a file, or some lines of it.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use looplet_guest::prelude::*;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::place::Place;
use crate::{root, suggestion, text};

/// What one answer holds at most.
const MAX_TEXT: usize = 256 * 1024;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    /// The file, from the top of the workspace.
    path: String,
    /// Begin at this line, counted from 1.
    first_line: Option<usize>,
    /// Read so many lines at most.
    lines: Option<usize>,
    /// Put its number and a tab before each line.
    numbered: Option<bool>,
}

/// Read a text file. Answers up to 256 KiB and says how to go on where more follows.
#[looplet_guest::tool(
    reads,
    idempotent,
    concurrent_safe,
    needs(fs(workspace, read, "the file to read")),
    show(path = "/path")
)]
pub(crate) fn read_file(args: Args) -> Result<Output, Failure> {
    read(root(), &args, MAX_TEXT)
}

fn read(root: &Path, args: &Args, most: usize) -> Result<Output, Failure> {
    let place = Place::read(&args.path)?;
    let at = |error: io::Error| suggestion::failure(root, &place, &error);
    let file = File::open(place.under(root)).map_err(at)?;
    if file.metadata().map_err(at)?.is_dir() {
        return Err(Failure::validation(format!("`{place}` is a directory")).hint("list it with `list_dir`"));
    }
    let mut reader = BufReader::with_capacity(64 * 1024, file);
    if text::is_binary(reader.fill_buf().map_err(at)?) {
        return Err(text::binary(&place));
    }
    let excerpt = Excerpt::read(&mut reader, &Window::of(args, most)).map_err(at)?;
    Ok(excerpt.into_output(&place))
}

/// Which part of a file is wanted.
struct Window {
    first: usize,
    lines: usize,
    numbered: bool,
    most: usize,
}

impl Window {
    fn of(args: &Args, most: usize) -> Self {
        Self {
            first: args.first_line.unwrap_or(1).max(1),
            lines: args.lines.unwrap_or(usize::MAX),
            numbered: args.numbered.unwrap_or(false),
            most,
        }
    }
}

/// What was read, and why it ends where it does.
#[derive(Default)]
struct Excerpt {
    bytes: Vec<u8>,
    /// The line after the last whole one.
    next: usize,
    end: End,
}

#[derive(Default)]
enum End {
    /// The file ends there.
    #[default]
    OfFile,
    /// As many lines as were asked for.
    OfLines,
    /// The next line would not fit.
    Full,
    /// The file has fewer lines than the first one asked for.
    Before,
    /// One line alone does not fit, and was cut.
    InLine,
}

impl Excerpt {
    fn read(reader: &mut impl BufRead, window: &Window) -> io::Result<Self> {
        let mut excerpt = Self { next: 1, ..Self::default() };
        while excerpt.next < window.first {
            if reader.skip_until(b'\n')? == 0 {
                excerpt.end = End::Before;
                return Ok(excerpt);
            }
            excerpt.next += 1;
        }
        let mut line = Vec::new();
        while !reader.fill_buf()?.is_empty() {
            if excerpt.next - window.first >= window.lines {
                excerpt.end = End::OfLines;
                return Ok(excerpt);
            }
            line.clear();
            if window.numbered {
                line.extend_from_slice(format!("{}\t", excerpt.next).as_bytes());
            }
            let room = window.most - excerpt.bytes.len();
            // One byte more than fits, to see whether it does.
            let limit = u64::try_from((room + 1).saturating_sub(line.len())).unwrap_or(u64::MAX);
            reader.by_ref().take(limit).read_until(b'\n', &mut line)?;
            if line.len() > room {
                excerpt.overrun(&line[..room]);
                return Ok(excerpt);
            }
            excerpt.bytes.extend_from_slice(&line);
            excerpt.next += 1;
        }
        if excerpt.next == window.first && window.first > 1 {
            excerpt.end = End::Before;
        }
        Ok(excerpt)
    }

    fn overrun(&mut self, beginning: &[u8]) {
        self.end = End::Full;
        if self.bytes.is_empty() {
            self.bytes.extend_from_slice(beginning);
            self.end = End::InLine;
        }
    }

    fn into_output(self, place: &Place) -> Output {
        let Self { bytes, next, end } = self;
        let note = match end {
            End::OfFile => None,
            End::OfLines | End::Full => Some(format!("more follows: go on with `first_line` {next}")),
            End::Before => Some(format!("`{place}` ends with line {}", next - 1)),
            End::InLine => Some(format!("line {next} is too long and was cut; search in it with `grep`")),
        };
        let (text, is_exact) = to_text(bytes);
        let output = note.into_iter().fold(Output::text(text), Output::warn);
        if is_exact {
            return output;
        }
        output.warn(format!("`{place}` is not UTF-8 throughout: `\u{fffd}` stands for what is not"))
    }
}

/// The text, and whether it says every byte.
fn to_text(bytes: Vec<u8>) -> (String, bool) {
    match String::from_utf8(bytes) {
        Ok(text) => (text, true),
        Err(error) => (String::from_utf8_lossy(error.as_bytes()).into_owned(), false),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    struct Case<'a> {
        content: &'a [u8],
        first_line: Option<usize>,
        lines: Option<usize>,
        numbered: bool,
        most: usize,
    }

    const PLAIN: Case<'_> =
        Case { content: b"one\ntwo\nthree\n", first_line: None, lines: None, numbered: false, most: 100 };

    fn check(case: &Case<'_>) -> Result<Output, Failure> {
        let root = tempfile::tempdir().expect("a directory");
        fs::write(root.path().join("a"), case.content).expect("is written");
        let args = Args {
            path: "a".to_owned(),
            first_line: case.first_line,
            lines: case.lines,
            numbered: Some(case.numbered),
        };
        read(root.path(), &args, case.most)
    }

    #[test]
    fn a_whole_file_comes_as_it_is() {
        assert_eq!(check(&PLAIN), Ok(Output::text("one\ntwo\nthree\n")));
        assert_eq!(check(&Case { content: b"", ..PLAIN }), Ok(Output::text("")));
        assert_eq!(check(&Case { content: b"no end\r\nx", ..PLAIN }), Ok(Output::text("no end\r\nx")));
    }

    #[test]
    fn some_lines_come_with_the_way_to_the_rest() {
        let case = Case { first_line: Some(2), lines: Some(1), ..PLAIN };
        assert_eq!(check(&case), Ok(Output::text("two\n").warn("more follows: go on with `first_line` 3")));
        let case = Case { first_line: Some(3), lines: Some(1), ..PLAIN };
        assert_eq!(check(&case), Ok(Output::text("three\n")));
        for first_line in [4, 5, 9] {
            let case = Case { first_line: Some(first_line), ..PLAIN };
            assert_eq!(check(&case), Ok(Output::text("").warn("`a` ends with line 3")));
        }
    }

    #[test]
    fn lines_are_numbered_from_where_they_stand() {
        let case = Case { first_line: Some(2), numbered: true, ..PLAIN };
        assert_eq!(check(&case), Ok(Output::text("2\ttwo\n3\tthree\n")));
    }

    #[test]
    fn what_does_not_fit_is_left_for_the_next_call() {
        let case = Case { most: 8, ..PLAIN };
        assert_eq!(check(&case), Ok(Output::text("one\ntwo\n").warn("more follows: go on with `first_line` 3")));
        let case = Case { most: 14, ..PLAIN };
        assert_eq!(check(&case), Ok(Output::text("one\ntwo\nthree\n")));
        let case = Case { most: 2, ..PLAIN };
        let note = "line 1 is too long and was cut; search in it with `grep`";
        assert_eq!(check(&case), Ok(Output::text("on").warn(note)));
        let case = Case { most: 1, numbered: true, ..PLAIN };
        assert_eq!(check(&case), Ok(Output::text("1").warn(note)));
    }

    #[test]
    fn binary_is_refused_and_other_encodings_are_marked() {
        let failure = Failure::validation("`a` is binary").hint("this tool is for text files");
        assert_eq!(check(&Case { content: b"PK\0", ..PLAIN }), Err(failure));
        let note = "`a` is not UTF-8 throughout: `\u{fffd}` stands for what is not";
        assert_eq!(check(&Case { content: b"caf\xe9", ..PLAIN }), Ok(Output::text("caf\u{fffd}").warn(note)));
    }

    #[test]
    fn what_is_no_file_is_a_failure_with_the_way_on() {
        let root = tempfile::tempdir().expect("a directory");
        fs::create_dir(root.path().join("src")).expect("is made");
        let read = |path: &str| {
            let args = Args { path: path.to_owned(), first_line: None, lines: None, numbered: None };
            read(root.path(), &args, 100)
        };
        let failure = Failure::validation("`src` is a directory").hint("list it with `list_dir`");
        assert_eq!(read("src"), Err(failure));
        let failure = Failure::not_found("`srcs` does not exist").hint("did you mean `src`?");
        assert_eq!(read("srcs"), Err(failure));
    }
}
