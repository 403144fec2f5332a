//! Rows of a prompt at any width: words of the host plain, words of others behind a mark.
//!
//! No line of another's text is ever longer than the terminal is wide: one that wrapped by itself would
//! begin where the host's own lines begin.

use looplet_host::record::inert;

/// Stands before every line that is not the host's.
const MARK: &str = "│ ";

/// Below this width a label has a line of its own.
const NARROW: usize = 40;

/// The column behind the labels.
const LABEL: usize = 11;

/// A prompt under construction.
pub(super) struct Layout {
    columns: usize,
    text: String,
}

impl Layout {
    pub(super) fn new(columns: usize) -> Self {
        Self { columns: columns.max(8), text: String::new() }
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }

    /// `── a ── b ───── c ──`
    pub(super) fn header(&mut self, left: &[String], right: &str) {
        let left = format!("── {} ──", left.join(" ── "));
        let right = if right.is_empty() { String::new() } else { format!(" {right} ──") };
        let used = width(&left) + width(&right);
        if used <= self.columns {
            let fill = "─".repeat(self.columns - used);
            self.line(&format!("{left}{fill}{right}"));
        } else {
            self.wrapped("", &format!("{left}{right}"));
        }
    }

    /// A row of the host's own words, wrapped between words.
    pub(super) fn host(&mut self, label: &str, text: &str) {
        let indent = self.label(label);
        self.wrapped(&indent, text);
    }

    /// A sentence of the host without a label.
    pub(super) fn plain(&mut self, text: &str) {
        self.wrapped(" ", text);
    }

    /// A row of somebody else's words, at most so many lines. Says whether something was left out.
    pub(super) fn foreign(&mut self, label: &str, text: &str, most: usize) -> bool {
        let lines: Vec<String> = text.lines().map(flat).collect();
        let mut is_cut = false;
        let indent = self.label(label);
        let room = self.columns.saturating_sub(indent.text.chars().count() + MARK.chars().count());
        for (index, line) in lines.iter().take(most.max(1)).enumerate() {
            let (shown, rest) = split(line, room);
            let hidden = !rest.is_empty();
            let shown =
                if hidden { format!("{}…", split(shown, room.saturating_sub(1)).0) } else { shown.to_owned() };
            is_cut |= hidden;
            let start = if index == 0 { &indent.first } else { &indent.text };
            self.line(&format!("{start}{MARK}{shown}"));
        }
        let left = lines.len().saturating_sub(most.max(1));
        if left > 0 {
            self.line(&format!("{}… {left} more lines", indent.text));
        }
        if lines.is_empty() {
            self.line(&format!("{}{MARK}", indent.first));
        }
        is_cut || left > 0
    }

    /// A row of somebody else's words, all of them.
    pub(super) fn foreign_in_full(&mut self, label: &str, text: &str) {
        self.line(&format!(" {label}"));
        let room = self.columns.saturating_sub(1 + MARK.chars().count()).max(2);
        for line in text.lines() {
            let line = flat(line);
            let mut rest = line.as_str();
            loop {
                let (shown, after) = split(rest, room);
                self.line(&format!(" {MARK}{shown}"));
                rest = after;
                if rest.is_empty() {
                    break;
                }
            }
        }
    }

    /// Answers beside each other, as many on a line as fit.
    pub(super) fn choices(&mut self, choices: &[String]) {
        let mut line = String::new();
        for choice in choices {
            if width(choice) >= self.columns {
                if !line.is_empty() {
                    self.line(&std::mem::take(&mut line));
                }
                self.wrapped(" ", choice);
                continue;
            }
            let long = width(&line) + 3 + width(choice);
            if !line.is_empty() && long > self.columns {
                self.line(&line);
                line.clear();
            }
            line.push_str(if line.is_empty() { " " } else { "   " });
            line.push_str(choice);
        }
        if !line.is_empty() {
            self.line(&line);
        }
    }

    fn label(&mut self, label: &str) -> Indent {
        if self.columns >= NARROW {
            return Indent { first: format!(" {label:<width$}", width = LABEL - 1), text: " ".repeat(LABEL) };
        }
        if !label.is_empty() {
            self.line(&format!(" {label}"));
        }
        Indent { first: "  ".to_owned(), text: "  ".to_owned() }
    }

    fn wrapped<'i>(&mut self, indent: impl Into<IndentOf<'i>>, text: &str) {
        let IndentOf { first, rest } = indent.into();
        let room = self.columns.saturating_sub(rest.chars().count()).max(4);
        let mut start = first;
        let mut line = String::new();
        for mut word in text.split(' ') {
            if !line.is_empty() && width(&line) + 1 + width(word) > room {
                self.line(&format!("{start}{}", std::mem::take(&mut line)));
                start = rest;
            }
            if !line.is_empty() {
                line.push(' ');
            }
            // A word that is longer than a line breaks where the line ends.
            while line.is_empty() && width(word) > room {
                let (shown, after) = split(word, room);
                self.line(&format!("{start}{shown}"));
                (start, word) = (rest, after);
            }
            line.push_str(word);
        }
        self.line(&format!("{start}{line}"));
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }
}

struct Indent {
    first: String,
    text: String,
}

struct IndentOf<'i> {
    first: &'i str,
    rest: &'i str,
}

impl<'i> From<&'i Indent> for IndentOf<'i> {
    fn from(indent: &'i Indent) -> Self {
        Self { first: &indent.first, rest: &indent.text }
    }
}

impl<'i> From<&'i str> for IndentOf<'i> {
    fn from(indent: &'i str) -> Self {
        Self { first: indent, rest: indent }
    }
}

/// One line of another's text: nothing in it is obeyed, tabs are blanks.
fn flat(line: &str) -> String {
    inert(&line.replace('\t', "    "))
}

/// How many columns a text takes at most: what is not ASCII counts as wide as it can be, but for the marks
/// of the host.
fn width(text: &str) -> usize {
    text.chars().map(columns_of).sum()
}

fn columns_of(character: char) -> usize {
    if character.is_ascii() || "─│…␣".contains(character) { 1 } else { 2 }
}

/// As much as fits into so many columns, and the rest.
fn split(text: &str, columns: usize) -> (&str, &str) {
    let mut used = 0;
    for (at, character) in text.char_indices() {
        used += columns_of(character);
        if used > columns {
            // One character always goes, or a narrow terminal would never come to the end.
            let at = if at == 0 { character.len_utf8() } else { at };
            return text.split_at(at);
        }
    }
    (text, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Behind a line that is not indented: `expect!` takes away what all lines begin with.
    fn shown(layout: Layout) -> String {
        format!("shown:\n{}", layout.into_text())
    }

    #[test]
    fn lines_of_others_never_wrap_by_themselves() {
        let mut layout = Layout::new(40);
        assert!(layout.foreign("model", &format!("{}\n漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢\na\nb", "x".repeat(60)), 3));
        expect_test::expect![[r#"
            shown:
             model     │ xxxxxxxxxxxxxxxxxxxxxxxxxx…
                       │ 漢漢漢漢漢漢漢漢漢漢漢漢漢…
                       │ a
                       … 1 more lines
        "#]]
        .assert_eq(&shown(layout));
    }

    #[test]
    fn what_a_terminal_would_obey_is_shown() {
        let mut layout = Layout::new(80);
        layout.foreign("model", "a\x1b[2J\u{202e}b\tc", 3);
        assert_eq!(layout.into_text(), " model     │ a\\u{1b}[2J\\u{202e}b    c\n");
    }

    #[test]
    fn words_of_the_host_wrap_between_words() {
        let mut layout = Layout::new(40);
        layout.host("can reach", "nothing else: no other file, no network, no secret, no process");
        expect_test::expect![[r#"
            shown:
             can reach nothing else: no other file,
                       no network, no secret, no
                       process
        "#]]
        .assert_eq(&shown(layout));
    }

    #[test]
    fn a_long_name_breaks_where_the_line_ends() {
        let mut layout = Layout::new(40);
        layout.host("can reach", &format!("{}  read", "a".repeat(64)));
        layout.choices(&["y once".to_owned(), format!("s {}", "b".repeat(50))]);
        expect_test::expect![[r#"
            shown:
             can reach aaaaaaaaaaaaaaaaaaaaaaaaaaaaa
                       aaaaaaaaaaaaaaaaaaaaaaaaaaaaa
                       aaaaaa  read
             y once
             s
             bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
             bbbbbbbbbbb
        "#]]
        .assert_eq(&shown(layout));
    }

    #[test]
    fn a_narrow_terminal_gives_labels_a_line_of_their_own() {
        let mut layout = Layout::new(20);
        layout.header(&["ask 1".to_owned(), "step 1".to_owned()], "clock stopped");
        layout.host("can reach", "nothing at all");
        layout.foreign("model", "abcdefghijklmnopqrstuvwxyz", 3);
        layout.choices(&["y once".to_owned(), "n no".to_owned(), "d all of it".to_owned()]);
        expect_test::expect![[r"
            ── ask 1 ── step 1
            ── clock stopped ──
             can reach
              nothing at all
             model
              │ abcdefghijklmno…
             y once   n no
             d all of it
        "]]
        .assert_eq(&layout.into_text());
    }

    #[test]
    fn the_full_text_breaks_lines_and_marks_each() {
        let mut layout = Layout::new(12);
        layout.foreign_in_full("arguments", "abcdefghijklmnop\n\nq");
        assert_eq!(layout.into_text(), " arguments\n │ abcdefghi\n │ jklmnop\n │\n │ q\n");
    }
}
