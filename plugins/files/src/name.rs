//! A pattern for one name, without `/`: `*`, `?`, `[a-z]`, `[!a-z]`, `\` before a sign that means itself.
//!
//! Of our own, since `globset` brings a set of regular expressions that is larger than the rest of the
//! component, and compiles one for every `.gitignore` of every call.

/// A pattern for one name.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Name {
    /// The name itself, the most common pattern.
    Plain(String),
    /// `*` and an end, the second most common.
    Ending(String),
    /// All else.
    Signs(Vec<Sign>),
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Sign {
    One(char),
    AnyOne,
    Any,
    OneOf { ranges: Vec<(char, char)>, negated: bool },
}

impl Name {
    /// Reads a pattern. None where a `[` has no `]`, or a `\` stands at the end.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut signs = Vec::new();
        let mut rest = text.chars();
        while let Some(next) = rest.next() {
            signs.push(match next {
                '*' => Sign::Any,
                '?' => Sign::AnyOne,
                '[' => read_class(&mut rest)?,
                '\\' => Sign::One(rest.next()?),
                plain => Sign::One(plain),
            });
        }
        // `**` within a name says no more than `*`.
        signs.dedup_by(|a, b| *a == Sign::Any && *b == Sign::Any);
        Some(Self::from_signs(signs))
    }

    fn from_signs(signs: Vec<Sign>) -> Self {
        if let Some(name) = plain(&signs) {
            return Self::Plain(name);
        }
        match signs.split_first() {
            Some((Sign::Any, rest)) => plain(rest).map_or(Self::Signs(signs), Self::Ending),
            _ => Self::Signs(signs),
        }
    }

    /// Whether a name fits.
    pub(crate) fn fits(&self, name: &str) -> bool {
        match self {
            Self::Plain(plain) => name == plain,
            Self::Ending(ending) => name.ends_with(ending),
            Self::Signs(signs) => fits(signs, name),
        }
    }
}

fn plain(signs: &[Sign]) -> Option<String> {
    let letters = signs.iter().map(|sign| match sign {
        Sign::One(letter) => Some(*letter),
        Sign::AnyOne | Sign::Any | Sign::OneOf { .. } => None,
    });
    letters.collect()
}

fn read_class(rest: &mut std::str::Chars<'_>) -> Option<Sign> {
    let mut ahead = rest.clone();
    let negated = matches!(ahead.next(), Some('!' | '^'));
    if negated {
        *rest = ahead;
    }
    let mut ranges = Vec::new();
    loop {
        let first = match rest.next()? {
            // At the beginning it means itself.
            ']' if !ranges.is_empty() => return Some(Sign::OneOf { ranges, negated }),
            '\\' => rest.next()?,
            first => first,
        };
        ranges.push((first, read_range_end(rest).unwrap_or(first)));
    }
}

/// The `z` of `a-z`; a `-` at the end of the class means itself.
fn read_range_end(rest: &mut std::str::Chars<'_>) -> Option<char> {
    let mut ahead = rest.clone();
    if ahead.next()? != '-' {
        return None;
    }
    let last = match ahead.next()? {
        ']' => return None,
        '\\' => ahead.next()?,
        last => last,
    };
    *rest = ahead;
    Some(last)
}

/// Where a letter does not fit, the last `*` takes one letter more: no other one has to be tried again.
fn fits(signs: &[Sign], name: &str) -> bool {
    let mut signs = signs;
    let mut rest = name.chars();
    let mut retry: Option<(&[Sign], std::str::Chars<'_>)> = None;
    loop {
        if let Some((Sign::Any, after)) = signs.split_first() {
            retry = Some((after, rest.clone()));
            signs = after;
            continue;
        }
        let here = rest.clone().next();
        match (signs.split_first(), here) {
            (None, None) => return true,
            (Some((sign, after)), Some(letter)) if sign.fits(letter) => {
                signs = after;
                rest.next();
            }
            _ => {
                let Some((after, taken)) = &mut retry else {
                    return false;
                };
                if taken.next().is_none() {
                    return false;
                }
                (signs, rest) = (after, taken.clone());
            }
        }
    }
}

impl Sign {
    fn fits(&self, letter: char) -> bool {
        match self {
            Self::One(own) => *own == letter,
            Self::AnyOne | Self::Any => true,
            Self::OneOf { ranges, negated } => {
                let is_in = ranges.iter().any(|(first, last)| (*first..=*last).contains(&letter));
                is_in != *negated
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(pattern: &str, name: &str) -> bool {
        Name::read(pattern).expect("is a pattern").fits(name)
    }

    #[test]
    fn stars_take_any_number_of_letters_and_question_marks_one() {
        for (pattern, name) in [
            ("a.rs", "a.rs"),
            ("*", ""),
            ("*", ".hidden"),
            ("*.rs", ".rs"),
            ("*.rs", "é.rs"),
            ("a*", "a"),
            ("a*b*c", "aXbYbZc"),
            ("*a*a*", "baab"),
            ("?", "é"),
            ("a?c", "abc"),
            ("a**c", "abc"),
        ] {
            assert!(fits(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in
            [("a.rs", "a.rst"), ("*.rs", "a.rst"), ("?", ""), ("?", "ab"), ("a*b*c", "aXcYb"), ("*a*a*", "ba")]
        {
            assert!(!fits(pattern, name), "{pattern} {name}");
        }
    }

    #[test]
    fn classes_hold_letters_and_ranges() {
        for (pattern, name) in [
            ("[abc]", "b"),
            ("[a-c]", "b"),
            ("[!a-c]", "d"),
            ("[^a]", "b"),
            ("[]]", "]"),
            ("[a-]", "-"),
            ("[!]]", "a"),
            (r"[\]a]", "]"),
            ("[a-cx-z]1", "y1"),
        ] {
            assert!(fits(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [("[a-c]", "d"), ("[!a-c]", "b"), ("[c-a]", "b"), ("[a]", "")] {
            assert!(!fits(pattern, name), "{pattern} {name}");
        }
    }

    #[test]
    fn a_backslash_takes_the_meaning_away() {
        assert!(fits(r"\*", "*") && !fits(r"\*", "a"));
        assert_eq!(Name::read(r"a\"), None);
        assert_eq!(Name::read("[a"), None);
        assert_eq!(Name::read("[]"), None);
    }

    #[test]
    fn the_common_patterns_have_forms_of_their_own() {
        assert_eq!(Name::read(r"a\*"), Some(Name::Plain("a*".to_owned())));
        assert_eq!(Name::read("*.log"), Some(Name::Ending(".log".to_owned())));
    }

    #[test]
    fn many_stars_do_not_take_for_ever() {
        let pattern = "*a".repeat(30);
        assert!(!fits(&pattern, &"a".repeat(29)));
        assert!(!fits(&format!("{pattern}b"), &"a".repeat(10_000)));
    }
}
