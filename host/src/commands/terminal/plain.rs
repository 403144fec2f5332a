//! A question that is answered with yes or no.

use super::layout::Layout;
use super::screen::{Gone, Line, Screen};

/// How many lines of a tool's words are shown at first.
const LINES: usize = 3;

/// What is asked. `words` are the host's; the other texts are a tool's.
pub(super) struct Plain {
    /// The tool that asks; none where the host does.
    pub(super) asks: Option<String>,
    pub(super) words: String,
    pub(super) action: String,
    pub(super) details: String,
}

impl Plain {
    /// Whether the person agrees.
    pub(super) fn hold(&self, screen: &mut impl Screen) -> Result<bool, Gone> {
        let is_cut = self.say(screen)?;
        say_choices(screen, is_cut)?;
        loop {
            let Line::Text(line) = screen.ask("> ")? else {
                return Ok(false);
            };
            match line.trim() {
                "y" | "yes" => return Ok(true),
                "n" | "no" => return Ok(false),
                "d" if is_cut => self.say_all(screen)?,
                "" => {}
                _ => say_choices(screen, is_cut)?,
            }
        }
    }

    fn say(&self, screen: &mut impl Screen) -> Result<bool, Gone> {
        let mut page = Layout::new(screen.size().columns);
        if let Some(tool) = &self.asks {
            page.header(&[format!("{tool} asks")], "");
        }
        page.plain(&self.words);
        let mut is_cut = false;
        for (label, text) in [("action", &self.action), ("details", &self.details)] {
            if !text.is_empty() {
                is_cut |= page.foreign(label, text, LINES);
            }
        }
        screen.say(&page.into_text())?;
        Ok(is_cut)
    }

    fn say_all(&self, screen: &mut impl Screen) -> Result<(), Gone> {
        let mut page = Layout::new(screen.size().columns);
        page.foreign_in_full("action", &self.action);
        page.foreign_in_full("details", &self.details);
        screen.say(&page.into_text())?;
        say_choices(screen, true)
    }
}

fn say_choices(screen: &mut impl Screen, is_cut: bool) -> Result<(), Gone> {
    let mut choices = vec!["y yes".to_owned(), "n no".to_owned()];
    if is_cut {
        choices.push("d all of it".to_owned());
    }
    let mut page = Layout::new(screen.size().columns);
    page.choices(&choices);
    screen.say(&page.into_text())
}
