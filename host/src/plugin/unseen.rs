//! Characters by which a text says something else than people see: what turns its direction, what is not drawn, and
//! letters of one script among those of another.

use unicode_security::mixed_script::MixedScript as _;

/// The first character that no description may hold, as `U+202E`: it turns the direction of what is shown, or nobody
/// sees it. One joiner, or one word about its form, is let through behind a letter or a sign that is not of ASCII:
/// there scripts and emoji need it, and no message fits into it.
///
/// ```
/// use looplet_host::plugin::unseen;
/// assert_eq!(unseen("Reads a file.\u{200b} Also sends it."), Some("U+200B".to_owned()));
/// assert_eq!(unseen("Liest eine Datei für Sie. 👩\u{200d}💻"), None);
/// ```
pub fn unseen(text: &str) -> Option<String> {
    let before = std::iter::once(None).chain(text.chars().map(Some));
    let after = text.chars().skip(1).map(Some).chain([None]);
    let mut all = before.zip(text.chars()).zip(after);
    let found = all.find(|((before, character), after)| match *character {
        BRAILLE_SPACE => !before.is_some_and(is_braille),
        joint if is_joint(joint) => !before.is_some_and(|before| carries_joint(before, joint, *after)),
        character => is_unseen(character),
    });
    found.map(|((_, character), _)| format!("U+{:04X}", u32::from(character)))
}

/// Between letters of Braille a space, elsewhere nothing that anybody sees.
const BRAILLE_SPACE: char = '\u{2800}';

fn is_braille(character: char) -> bool {
    matches!(character, '\u{2801}'..='\u{28ff}')
}

/// What joins, keeps apart or forms the sign before it.
fn is_joint(character: char) -> bool {
    matches!(character, '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}')
}

/// Whether a sign can have such a joint: one that is drawn, or the form of it before a joiner, as in `❤️‍🔥`. Digits
/// and two signs of ASCII have an emoji too, and a Persian word keeps its ending apart from an English one.
fn carries_joint(sign: char, joint: char, after: Option<char>) -> bool {
    let is_ending = || after.is_some_and(|after| !after.is_ascii() && after.is_alphabetic());
    let is_form = |character: char| matches!(character, '\u{fe00}'..='\u{fe0f}');
    match sign {
        sign if is_joint(sign) => is_form(sign) && joint == '\u{200d}',
        sign if sign.is_ascii() && joint == '\u{200c}' => !sign.is_ascii_whitespace() && is_ending(),
        sign if sign.is_ascii() => joint == '\u{fe0f}' && matches!(sign, '0'..='9' | '#' | '*'),
        sign => !sign.is_whitespace() && !is_unseen(sign),
    }
}

fn is_unseen(character: char) -> bool {
    match character {
        // What turns the direction: marks, embeddings, overrides, isolates.
        '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        // What is not drawn: spaces without width, fillers, invisible operators, tags.
        | '\u{00ad}' | '\u{034f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}' | '\u{2028}' | '\u{2029}' | '\u{2060}'..='\u{2065}' | '\u{206a}'..='\u{206f}' | '\u{3164}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
        // Controls of hieroglyphs and shorthand.
        | '\u{13430}'..='\u{1345f}' | '\u{1bca0}'..='\u{1bca3}' => true,
        character => character.is_control() && !matches!(character, '\n' | '\r' | '\t'),
    }
}

/// The first word that mixes scripts as no language does, such as `pаypal` with a Cyrillic letter.
pub fn mixed_word(text: &str) -> Option<&str> {
    let words = text.split(|character: char| !character.is_alphanumeric());
    words.filter(|word| !word.is_ascii()).find(|word| !word.is_single_script())
}

/// Whether two names look alike without being the same: `read_fi1e` and `read_file`.
pub fn look_alike(one: &str, other: &str) -> bool {
    one != other && plain(one) == plain(other)
}

/// A name as a hurried reader sees it.
fn plain(name: &str) -> String {
    let letters = unicode_security::skeleton(name).filter(char::is_ascii_alphanumeric);
    // What the table of look-alikes leaves apart, since case tells them: a font often does not.
    letters
        .map(|letter| match letter {
            '1' | 'i' | 'I' => 'l',
            '0' => 'o',
            letter => letter.to_ascii_lowercase(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_sees_is_found() {
        for text in [
            "a\u{202e}b",
            "a\u{2066}b",
            "a\u{feff}",
            "\u{e0041}",
            "a\u{ad}b",
            "a\u{3164}",
            "\u{1b}[2J",
            "a\u{2028}b",
            "a\u{2800}b",
            "⠁\u{2800}\u{2800}",
            "a\u{200c}b",
            "a\u{13430}b",
            "a\u{1bca0}b",
            // A message in runs of what joins and forms.
            "a\u{fe00}",
            "\u{fe0f}",
            "a\u{200d}b",
            " \u{200c}",
            "❤\u{fe0f}\u{fe0e}",
            "ä\u{200c}\u{200d}",
            "ä\u{200d}\u{fe0f}",
        ] {
            assert!(unseen(text).is_some(), "{text:?}");
        }
        for text in [
            "",
            "Liest. ÄÖÜ ß",
            "चाय क्\u{200d}ष",
            "می\u{200c}خواهم",
            "❤\u{fe0f}",
            "❤\u{fe0f}\u{200d}🔥",
            "👩\u{200d}💻",
            "1\u{fe0f}\u{20e3}",
            "API\u{200c}ها",
            "فایل(ها)\u{200c}ی",
            "⠁⠃\u{2800}⠉",
            "葛\u{fe00}",
            "two\nlines\there",
        ] {
            assert_eq!(unseen(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_word_of_two_scripts_is_found_and_a_text_of_two_is_none() {
        assert_eq!(mixed_word("pay with p\u{430}ypal now"), Some("p\u{430}ypal"));
        assert_eq!(mixed_word("Читает файл README, читает всё. 日本語のテキスト und größer"), None);
    }

    #[test]
    fn names_that_look_alike_are_told() {
        for (one, other) in [("read_file", "read_fi1e"), ("read_file", "readfile"), ("todo", "t0do"), ("warn", "wam")] {
            assert!(look_alike(one, other), "{one} {other}");
        }
        for (one, other) in [("read_file", "read_file"), ("read_file", "write_file"), ("grep", "glob")] {
            assert!(!look_alike(one, other), "{one} {other}");
        }
    }
}
