//! Searches one file: which lines match, and how they are shown.
//!
//! Separate from `grep` so that this part knows nothing of directories. The expression runs over the whole file at
//! once, which is many times quicker than line by line; each line that it points to is then looked at by itself,
//! since a match must not run over the end of a line.

use memchr::{memchr, memrchr};
use regex::bytes::Regex;

use crate::place::Place;
use crate::text;

/// Lines are shown up to this length, in bytes.
const MAX_LINE: usize = 300;

/// The lines of one file that match, shown.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// How many lines match.
    pub(crate) count: usize,
    /// One text for each of the first ones: `path:12: line`, with lines around it as `path-11- line`.
    pub(crate) shown: Vec<String>,
}

/// What is looked for, and how much of it is shown.
pub(crate) struct Search<'a> {
    pub(crate) expression: &'a Regex,
    /// Lines of context before and after.
    pub(crate) context: usize,
}

/// One line of a file: where it begins and ends (behind its line end), and its number from 1.
#[derive(Clone, Copy)]
struct Line {
    begin: usize,
    end: usize,
    number: usize,
}

impl Search<'_> {
    /// Searches the content of a file; at most `most` lines are shown, all are counted.
    pub(crate) fn run(&self, place: &Place, content: &[u8], most: usize) -> Found {
        let mut found = Found::default();
        let mut kept: Vec<Line> = Vec::new();
        let mut at = Line { begin: 0, end: 0, number: 1 };
        while let Some(line) = self.next(content, at) {
            found.count += 1;
            // One more than is shown: its number bounds the context of the last.
            if kept.len() <= most {
                kept.push(line);
            }
            at = Line { begin: line.end, end: line.end, number: line.number + 1 };
        }
        found.shown = self.show(place, content, &kept, most);
        found
    }

    /// The next line that matches, from the beginning of a line on.
    fn next(&self, content: &[u8], mut at: Line) -> Option<Line> {
        while at.begin < content.len() {
            let candidate = self.expression.find_at(content, at.begin)?;
            let line = line_at(content, at, candidate.start());
            // An empty match behind the last line end: no line is there.
            if line.begin >= content.len() {
                return None;
            }
            if self.expression.is_match(without_end(&content[line.begin..line.end])) {
                return Some(line);
            }
            at = Line { begin: line.end, end: line.end, number: line.number + 1 };
        }
        None
    }

    fn show(&self, place: &Place, content: &[u8], lines: &[Line], most: usize) -> Vec<String> {
        let mut shown_to = 0;
        let mut texts = Vec::new();
        for (index, line) in lines.iter().take(most).enumerate() {
            let before = (line.number - 1).saturating_sub(shown_to).min(self.context);
            let next = lines.get(index + 1).map_or(usize::MAX, |next| next.number);
            let after = (next - line.number - 1).min(self.context);
            texts.push(show_one(place, content, *line, before, after));
            shown_to = line.number + after;
        }
        texts
    }
}

/// The line that holds `position`, counted from a line before it.
fn line_at(content: &[u8], from: Line, position: usize) -> Line {
    let passed = memchr::memchr_iter(b'\n', &content[from.begin..position]).count();
    let begin = memrchr(b'\n', &content[..position]).map_or(0, |end| end + 1);
    Line { begin, end: line_end(content, begin), number: from.number + passed }
}

/// Where a line ends, its line end included.
fn line_end(content: &[u8], begin: usize) -> usize {
    memchr(b'\n', &content[begin..]).map_or(content.len(), |length| begin + length + 1)
}

fn without_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// A line and so many before and after it.
fn show_one(place: &Place, content: &[u8], line: Line, before: usize, after: usize) -> String {
    let mut lines = Vec::with_capacity(before + 1 + after);
    let mut begin = line.begin;
    for _ in 0..before.min(line.number - 1) {
        begin = memrchr(b'\n', &content[..begin - 1]).map_or(0, |end| end + 1);
    }
    let mut number = line.number - before;
    while begin < content.len() && number <= line.number + after {
        let end = line_end(content, begin);
        let text = text::short_line(&content[begin..end], MAX_LINE);
        let mark = if number == line.number { ':' } else { '-' };
        lines.push(format!("{place}{mark}{number}{mark} {text}"));
        (begin, number) = (end, number + 1);
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use regex::bytes::RegexBuilder;

    use super::*;

    fn found(expression: &str, text: &str, around: usize, most: usize) -> (usize, Vec<String>) {
        let expression = RegexBuilder::new(expression).multi_line(true).crlf(true).build();
        let search = Search { expression: &expression.expect("is an expression"), context: around };
        let place = Place::read("a").expect("is a place");
        let found = search.run(&place, text.as_bytes(), most);
        (found.count, found.shown)
    }

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|&text| text.to_owned()).collect()
    }

    #[test]
    fn matching_lines_are_shown_with_their_numbers() {
        let shown = texts(&["a:1: one", "a:3: one more"]);
        assert_eq!(found("one", "one\ntwo\none more", 0, 9), (2, shown));
        assert_eq!(found("one", "one one\none\n", 0, 1), (2, texts(&["a:1: one one"])));
        assert_eq!(found("three", "one\ntwo\n", 0, 9), (0, texts(&[])));
        assert_eq!(found("x", "", 0, 9), (0, texts(&[])));
    }

    #[test]
    fn a_match_stays_within_its_line() {
        assert_eq!(found(r"a\s+b", "a\nb\na b\n", 0, 9), (1, texts(&["a:3: a b"])));
        assert_eq!(found(r"[^x]y", "x\ny\nay\n", 0, 9), (1, texts(&["a:3: ay"])));
        assert_eq!(found("^b$", "a\r\nb\r\n", 0, 9), (1, texts(&["a:2: b"])));
    }

    #[test]
    fn empty_matches_count_every_line_once() {
        assert_eq!(found("^", "a\n\nb\n", 0, 9), (3, texts(&["a:1: a", "a:2: ", "a:3: b"])));
        assert_eq!(found("^$", "a\n\nb\n", 0, 9), (1, texts(&["a:2: "])));
        assert_eq!(found("x*", "a\nb", 0, 9), (2, texts(&["a:1: a", "a:2: b"])));
        assert_eq!(found("$", "a\nb", 0, 9), (2, texts(&["a:1: a", "a:2: b"])));
    }

    #[test]
    fn context_is_shown_once_though_matches_stand_close() {
        let content = "1\n2\nx\n4\nx\n6\n7\n8\nx\n";
        let shown = texts(&["a-2- 2\na:3: x\na-4- 4", "a:5: x\na-6- 6", "a-8- 8\na:9: x"]);
        assert_eq!(found("x", content, 1, 9), (3, shown));
        assert_eq!(found("x", content, 9, 1), (3, texts(&["a-1- 1\na-2- 2\na:3: x\na-4- 4"])));
    }
}
