//! Text of models and guests, made fit for one line of a terminal.
//!
//! Control characters and those that reorder text are shown instead of obeyed, so that no tool can
//! repaint the screen or make a line read as another.

use std::fmt::Write as _;

/// The text with everything that a terminal would obey made visible: `\n`, `\t`, `\u{1b}`.
pub fn inert(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            live if is_live(live) => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(live));
            }
            plain => out.push(plain),
        }
    }
    out
}

/// [`inert`], cut to so many characters; what was cut ends in `…`, which counts as one.
pub fn cut(text: &str, characters: usize) -> String {
    // Only as much is looked at as can be shown: a result may be long.
    let seen: String = text.chars().take(characters + 1).collect();
    let shown = inert(&seen);
    if shown.chars().count() <= characters {
        return shown;
    }
    let mut out: String = shown.chars().take(characters.saturating_sub(1)).collect();
    out.push('…');
    out
}

/// Whether a character does something instead of being something: controls, line and paragraph
/// separators, marks that change the direction of text, invisible joiners and tags.
fn is_live(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_obeys_is_shown_instead() {
        assert_eq!(inert("a\x1b[2Jb\u{202e}c\nd\u{9b}é🦀"), "a\\u{1b}[2Jb\\u{202e}c\\nd\\u{9b}é🦀");
    }

    #[test]
    fn a_cut_counts_what_is_shown() {
        assert_eq!(cut("abcdef", 6), "abcdef");
        assert_eq!(cut("abcdefg", 6), "abcde…");
        assert_eq!(cut("\n\n\n\n", 6), "\\n\\n\\…");
        assert_eq!(cut("ééé", 2), "é…");
    }
}
