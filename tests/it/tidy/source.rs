//! A file as the house rules see it: its text, its code, and its remarks.

use std::path::Path;

/// A file of the repository.
pub(crate) struct Source {
    /// The path below the repository's root.
    pub(crate) name: String,
    /// All of it.
    pub(crate) text: String,
    /// Of Rust: the text with comments and the insides of literals blanked; the same lines.
    pub(crate) code: String,
}

/// What is looked for in a place of its own.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hidden {
    Comment,
    Literal,
}

impl Source {
    pub(crate) fn new(name: String, text: String) -> Self {
        let code = if is_rust(&name) { without(&text, &[Hidden::Comment, Hidden::Literal]) } else { String::new() };
        Self { name, text, code }
    }

    /// What people wrote to each other: all but literals, which are what programs say.
    pub(crate) fn remarks(&self) -> String {
        if is_rust(&self.name) { without(&self.text, &[Hidden::Literal]) } else { self.text.clone() }
    }

    /// Whether the whole file is tests: by its name, or in a folder of them.
    pub(crate) fn is_test(&self) -> bool {
        let path = self.name.trim_end_matches(".rs");
        path.split('/').any(|part| {
            part == "tests" || part.ends_with("_tests") || part.starts_with("test_") || part.ends_with("_properties")
        })
    }

    /// The lines before a module of tests at the bottom.
    pub(crate) fn lines_before_tests(&self) -> usize {
        self.code_before_tests().lines().count()
    }

    /// The code before a module of tests at the bottom.
    pub(crate) fn code_before_tests(&self) -> &str {
        let mark = "\n#[cfg(test)]\nmod ";
        self.code.find(mark).map_or(self.code.as_str(), |at| &self.code[..=at])
    }
}

fn is_rust(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension == "rs")
}

/// The text with these blanked, keeping every line end.
fn without(text: &str, blanked: &[Hidden]) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    let mut before = None;
    while let Some(letter) = rest.chars().next() {
        let hidden = hidden(rest, before);
        let length = hidden.map_or(letter.len_utf8(), |(_, length)| length);
        let (piece, after) = rest.split_at(length);
        if hidden.is_some_and(|(kind, _)| blanked.contains(&kind)) {
            kept.extend(piece.chars().map(|letter| if letter == '\n' { '\n' } else { ' ' }));
        } else {
            kept.push_str(piece);
        }
        before = piece.chars().next_back();
        rest = after;
    }
    kept
}

/// The kind and length of the comment or literal that the text begins with.
fn hidden(text: &str, before: Option<char>) -> Option<(Hidden, usize)> {
    if text.starts_with("//") {
        return Some((Hidden::Comment, text.find('\n').unwrap_or(text.len())));
    }
    if text.starts_with("/*") {
        return Some((Hidden::Comment, block_comment_length(text)));
    }
    let is_word = before.is_some_and(|letter| letter.is_alphanumeric() || letter == '_');
    let length = match text.as_bytes()[0] {
        b'"' => quoted_length(text, '"'),
        b'\'' => character_length(text),
        b'r' if !is_word || before == Some('b') => raw_length(text),
        _ => 0,
    };
    (length > 0).then_some((Hidden::Literal, length))
}

/// Block comments nest.
fn block_comment_length(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < text.len() {
        let rest = &text.as_bytes()[at..];
        match rest {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

fn quoted_length(text: &str, quote: char) -> usize {
    let mut letters = text.char_indices().skip(1);
    while let Some((at, letter)) = letters.next() {
        if letter == '\\' {
            letters.next();
        } else if letter == quote {
            return at + 1;
        }
    }
    text.len()
}

/// A character literal, or 0 for a lifetime.
fn character_length(text: &str) -> usize {
    let mut letters = text.chars().skip(1);
    match (letters.next(), letters.next()) {
        (Some('\\'), _) | (Some(_), Some('\'')) => quoted_length(text, '\''),
        _ => 0,
    }
}

/// `r"…"` and `r#"…"#`, or 0 for a name that begins with `r`.
fn raw_length(text: &str) -> usize {
    let hashes = text[1..].bytes().take_while(|byte| *byte == b'#').count();
    if !text[1 + hashes..].starts_with('"') {
        return 0;
    }
    let inside = hashes + 2;
    let end = format!("\"{}", "#".repeat(hashes));
    text[inside..].find(&end).map_or(text.len(), |at| inside + at + end.len())
}

#[test]
fn comments_and_literals_are_blank_and_lines_stay() {
    let text = "a // wasmtime\n/* b /* c */\n d */ e \"f \\\" g\nh\" r#\"i \" j\"# 'k' '\\'' &'l m br\"n\" for r in o";
    let seen = without(text, &[Hidden::Comment, Hidden::Literal]);
    assert_eq!(seen.lines().count(), text.lines().count());
    assert_eq!(seen.split_whitespace().collect::<Vec<_>>(), ["a", "e", "&'l", "m", "b", "for", "r", "in", "o"]);
}

#[test]
fn tests_at_the_bottom_are_told_from_the_rest() {
    let text = "//! x\nfn a() {}\n\n#[cfg(test)]\nmod tests {\n    use std::fs;\n}\n";
    let source = Source::new("host/src/a.rs".into(), text.into());
    assert_eq!(source.lines_before_tests(), 3);
    assert!(!source.code_before_tests().contains("std::fs"));
    let names = ["host/src/a/tests.rs", "host/src/a_tests.rs", "host/src/tests/b.rs", "host/src/latest.rs"];
    let is_test = names.map(|name| Source::new(name.into(), String::new()).is_test());
    assert_eq!(is_test, [true, true, true, false]);
}

#[test]
fn a_remark_is_kept_and_what_a_program_says_is_not() {
    let source = Source::new("a.rs".into(), "say(\"note this\"); // see there\n".into());
    assert_eq!(source.remarks().split_whitespace().collect::<Vec<_>>(), ["say(", ");", "//", "see", "there"]);
    let prose = Source::new("a.md".into(), "\"note this\"".into());
    assert_eq!(prose.remarks(), prose.text);
}
