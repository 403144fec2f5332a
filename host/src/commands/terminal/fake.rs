//! A person for tests: a list of lines, and what is seen meanwhile.

use std::collections::VecDeque;

use super::screen::{Gone, Line, Screen, Size};

/// A person who types these lines and then closes the terminal. Keeps all that was shown and typed.
pub(super) struct Person {
    pub(super) lines: VecDeque<&'static str>,
    /// What the editor makes of a text.
    pub(super) edits: VecDeque<&'static str>,
    pub(super) columns: usize,
    pub(super) seen: String,
}

impl Person {
    pub(super) fn typing(lines: &[&'static str]) -> Self {
        Self { lines: lines.iter().copied().collect(), edits: VecDeque::new(), columns: 80, seen: String::new() }
    }
}

impl Screen for Person {
    fn size(&self) -> Size {
        Size { columns: self.columns, rows: 12 }
    }

    fn say(&mut self, text: &str) -> Result<(), Gone> {
        self.seen.push_str(text);
        Ok(())
    }

    fn ask(&mut self, prompt: &str) -> Result<Line, Gone> {
        let line = self.lines.pop_front();
        let typed = line.unwrap_or("^D");
        self.seen.extend([prompt, typed, "\n"]);
        Ok(line.map_or(Line::End, |line| Line::Text(line.to_owned())))
    }

    fn edit(&mut self, text: &str) -> Result<Result<String, String>, Gone> {
        self.seen.extend(["[editor] ", text, "\n"]);
        Ok(self.edits.pop_front().map(str::to_owned).ok_or_else(|| "no editor is set".to_owned()))
    }
}
