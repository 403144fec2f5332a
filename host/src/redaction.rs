//! What the operator keeps out of runs: secrets and patterns, and the text that stands in their place.
//!
//! A noun and not a part of the record, since whoever takes text in may use it; [`crate::record`] says where
//! text stands in each record.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use regex::{NoExpand, Regex, bytes};
use serde_json::{Map, Value};

use crate::canonical::CanonicalJson;
use crate::error::{Error, Result};
use crate::secret::Leaks;

/// What stands in place of what is kept out.
pub const REDACTED: &str = "[redacted]";

/// What is to enter no run: what patterns match, and secrets. Cheap to clone; without either it does nothing.
///
/// ```
/// use looplet_host::redaction::Redaction;
/// let redaction = Redaction::default().with(r"card \d+")?;
/// let mut text = "paid with card 4111".to_owned();
/// assert!(redaction.clean(&mut text));
/// assert_eq!(text, "paid with [redacted]");
/// # Ok::<(), looplet_host::error::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Redaction {
    patterns: Arc<Vec<Pattern>>,
    secrets: Leaks,
}

#[derive(Clone, Debug)]
struct Pattern {
    text: Regex,
    /// The same for bytes that are no text.
    bytes: bytes::Regex,
}

/// How often a text is looked at again, since what is put in place can make a new match. What still matches is
/// replaced as a whole.
const ROUNDS: usize = 8;

impl Redaction {
    /// Keeps out what a pattern matches too: a regular expression, without look-around and back-references.
    ///
    /// # Errors
    /// No pattern, or one that also matches nothing at all, or what is put in its place.
    pub fn with(self, pattern: &str) -> Result<Self> {
        let wrong = |why: &str| Error::usage(format!("`{pattern}` is no pattern for `redact`: {why}"));
        let wrong_form = |error: regex::Error| wrong(&last_line(&error.to_string()));
        let regex = Regex::new(pattern).map_err(wrong_form)?;
        let bytes = bytes::Regex::new(pattern).map_err(wrong_form)?;
        if regex.is_match("") {
            return Err(wrong("it matches the empty text"));
        }
        if regex.is_match(REDACTED) {
            return Err(wrong(&format!("it matches `{REDACTED}`, which is put in the place of what it matches")));
        }
        let mut patterns = Arc::unwrap_or_clone(self.patterns);
        patterns.push(Pattern { text: regex, bytes });
        Ok(Self { patterns: Arc::new(patterns), ..self })
    }

    /// Keeps out these secrets too.
    ///
    /// # Errors
    /// One of them stands in what is put in their place.
    pub fn with_secrets(self, secrets: Leaks) -> Result<Self> {
        match secrets.names_in(REDACTED.as_bytes()).first() {
            None => Ok(Self { secrets, ..self }),
            Some(name) => Err(Error::usage(format!("the secret `{name}` is a part of what is put in its place"))
                .hint("a word of a few letters is no secret: choose another")),
        }
    }

    /// Whether nothing is kept out.
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty() && self.secrets.is_empty()
    }

    /// The secrets that are kept out.
    pub fn secrets(&self) -> &Leaks {
        &self.secrets
    }

    /// The patterns, as they were written.
    pub fn patterns(&self) -> impl Iterator<Item = &str> {
        self.patterns.iter().map(|pattern| pattern.text.as_str())
    }

    /// Puts [`REDACTED`] in the place of all that is kept out, and says whether there was anything.
    pub fn clean(&self, what: &mut impl Redact) -> bool {
        !self.is_empty() && what.redact(self)
    }

    /// Whether it holds anything that is kept out.
    pub fn holds(&self, what: &(impl Redact + Clone)) -> bool {
        !self.is_empty() && what.clone().redact(self)
    }

    /// Whether there is anything in a text that is kept out.
    pub fn hits(&self, text: &str) -> bool {
        self.secrets.hits(text.as_bytes()) || self.patterns.iter().any(|pattern| pattern.text.is_match(text))
    }

    /// The text without what is kept out; none where there was nothing.
    fn cleaned(&self, text: &str) -> Option<String> {
        let mut cleaned = self.cleaned_once(text)?;
        for _ in 0..ROUNDS {
            match self.cleaned_once(&cleaned) {
                Some(again) => cleaned = again,
                None => return Some(cleaned),
            }
        }
        Some(REDACTED.to_owned())
    }

    fn cleaned_once(&self, text: &str) -> Option<String> {
        let mut cleaned = match self.secrets.replaced(text.as_bytes(), REDACTED) {
            None => Cow::Borrowed(text),
            // Secrets are ASCII: what is left of a text is one.
            Some(bytes) => Cow::Owned(String::from_utf8(bytes).unwrap_or_else(|_| REDACTED.to_owned())),
        };
        for pattern in self.patterns.iter() {
            if let Cow::Owned(changed) = pattern.text.replace_all(&cleaned, NoExpand(REDACTED)) {
                cleaned = Cow::Owned(changed);
            }
        }
        match cleaned {
            Cow::Owned(changed) => Some(changed),
            Cow::Borrowed(_) => None,
        }
    }
}

/// The last line of a message of the library, which says what is wrong; those before draw where.
fn last_line(message: &str) -> String {
    let line = message.lines().next_back().unwrap_or_default();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}

/// What holds text that may have to be kept out.
pub trait Redact {
    /// Puts [`REDACTED`] in the place of what is kept out, and says whether there was anything.
    fn redact(&mut self, redaction: &Redaction) -> bool;
}

/// All of several, whichever of them hits.
macro_rules! each {
    ($redaction:ident: $($part:expr),+ $(,)?) => { [$($part.redact($redaction)),+].contains(&true) };
}
pub(crate) use each;

impl Redact for String {
    fn redact(&mut self, redaction: &Redaction) -> bool {
        let cleaned = redaction.cleaned(self);
        cleaned.map(|cleaned| *self = cleaned).is_some()
    }
}

/// Bytes that are no text are looked through too.
impl Redact for Vec<u8> {
    fn redact(&mut self, redaction: &Redaction) -> bool {
        if let Ok(text) = std::str::from_utf8(self) {
            let cleaned = redaction.cleaned(text);
            return cleaned.map(|cleaned| *self = cleaned.into_bytes()).is_some();
        }
        let hit = redaction.secrets.hits(self) || redaction.patterns.iter().any(|pattern| pattern.bytes.is_match(self));
        if hit {
            REDACTED.as_bytes().clone_into(self);
        }
        hit
    }
}

impl<T: Redact> Redact for Option<T> {
    fn redact(&mut self, redaction: &Redaction) -> bool {
        self.as_mut().is_some_and(|inside| inside.redact(redaction))
    }
}

impl<T: Redact> Redact for Vec<T> {
    fn redact(&mut self, redaction: &Redaction) -> bool {
        self.iter_mut().fold(false, |hit, item| item.redact(redaction) | hit)
    }
}

/// Keys too.
impl<T: Redact> Redact for BTreeMap<String, T> {
    fn redact(&mut self, redaction: &Redaction) -> bool {
        let (mut hit, before) = (false, std::mem::take(self));
        for (mut key, mut value) in before {
            hit |= key.redact(redaction) | value.redact(redaction);
            self.insert(key, value);
        }
        hit
    }
}

/// Text, keys, and numbers as they are written.
impl Redact for Value {
    fn redact(&mut self, redaction: &Redaction) -> bool {
        match self {
            Self::Null | Self::Bool(_) => false,
            Self::String(text) => text.redact(redaction),
            Self::Number(number) => {
                let cleaned = redaction.cleaned(&number.to_string());
                cleaned.map(|cleaned| *self = Self::String(cleaned)).is_some()
            }
            Self::Array(items) => items.redact(redaction),
            Self::Object(members) => {
                let (mut hit, before) = (false, std::mem::take(members));
                *members = before.into_iter().fold(Map::new(), |mut after, (mut key, mut value)| {
                    hit |= key.redact(redaction) | value.redact(redaction);
                    after.insert(key, value);
                    after
                });
                hit
            }
        }
    }
}

impl Redact for CanonicalJson {
    fn redact(&mut self, redaction: &Redaction) -> bool {
        let mut value = self.to_value();
        if !value.redact(redaction) {
            return false;
        }
        // What was canonical before has no number now that it had not then.
        *self = Self::from_value(&value).unwrap_or_else(|_| Self::empty_object());
        true
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::secret::SecretValue;

    fn redaction(patterns: &[&str]) -> Redaction {
        patterns.iter().fold(Redaction::default(), |all, pattern| all.with(pattern).expect("is a pattern"))
    }

    #[test]
    fn what_a_pattern_matches_is_replaced_wherever_text_stands() {
        let redaction = redaction(&[r"key-\w+", r"\b4111\d+"]);
        let mut value = json!({ "key-1": [1, "a key-2 b"], "card": 4_111_222, "é": "\u{6b}ey-3", "n": null });
        assert!(value.redact(&redaction));
        assert_eq!(
            value,
            json!({ "[redacted]": [1, "a [redacted] b"], "card": "[redacted]", "é": "[redacted]", "n": null })
        );
        let mut json = CanonicalJson::from_text(r#"{"b":"key-1","a":1}"#).expect("is canonical");
        assert!(json.redact(&redaction));
        assert_eq!(json.as_str(), r#"{"a":1,"b":"[redacted]"}"#);
        let mut bytes = b"key-9".to_vec();
        assert!(bytes.redact(&redaction));
        assert_eq!(bytes, b"[redacted]");
    }

    #[test]
    fn what_no_pattern_matches_stays_as_it_is() {
        let redaction = redaction(&["key"]);
        let mut value = json!({ "a": [1.5, "b", true] });
        assert!(!value.redact(&redaction));
        assert_eq!(value, json!({ "a": [1.5, "b", true] }));
        let mut bytes = vec![0xff, b'k', b'e'];
        assert!(!bytes.redact(&redaction));
    }

    #[test]
    fn bytes_that_are_no_text_and_hold_it_are_replaced_as_a_whole() {
        let mut bytes = vec![0xff, b'k', b'e', b'y', 0xfe];
        assert!(bytes.redact(&redaction(&["key"])));
        assert_eq!(bytes, REDACTED.as_bytes());
    }

    #[test]
    fn what_matches_only_once_something_was_replaced_is_replaced_too() {
        let cleaned = |patterns: &[&str], text: &str| {
            let (redaction, mut text) = (redaction(patterns), text.to_owned());
            assert!(text.redact(&redaction) && !text.redact(&redaction));
            text
        };
        assert_eq!(cleaned(&[r"\bkey-\d+"], "key-1key-2"), "[redacted][redacted]");
        assert_eq!(
            cleaned(&[r"tok\w+", r"user\d\["], "user1tokabc user1[redacted]"),
            "[redacted]redacted] [redacted]redacted]"
        );
        assert_eq!(cleaned(&[r"x\[|x"], "x"), "[redacted]");
    }

    #[test]
    fn what_is_put_in_its_place_is_taken_as_it_is_and_not_matched_again() {
        let redaction = redaction(&["x+", r"\$0"]);
        let mut text = "axxb".to_owned();
        assert!(text.redact(&redaction) && !text.redact(&redaction));
        assert_eq!(text, "a[redacted]b");
    }

    #[test]
    fn secrets_are_replaced_beside_patterns_however_they_are_spelled() {
        let secret = |value: &str| {
            let value = SecretValue::new(value).expect("is a value");
            Leaks::of([("s".to_owned(), value)]).expect("compiles")
        };
        let both = redaction(&["card"]).with_secrets(secret("tok-12345")).expect("is told apart");
        let mut value = json!({ "tok-12345": "a card and tok%2d12345 and dG9rLTEyMzQ1", "n": 1 });
        assert!(value.redact(&both) && both.hits("tok-12345"));
        assert_eq!(value, json!({ "[redacted]": "a [redacted] and [redacted] and [redacted]", "n": 1 }));
        let mut bytes = b"\xfftok-12345".to_vec();
        assert!(bytes.redact(&both));
        assert_eq!(bytes, REDACTED.as_bytes());
        let number = Redaction::default().with_secrets(secret("1234567890")).expect("is told apart");
        let mut value = json!([1_234_567_890_u64, 1]);
        assert!(value.redact(&number));
        assert_eq!(value, json!(["[redacted]", 1]));
        assert_eq!(
            Redaction::default().with_secrets(secret("redacted")).expect_err("is refused").to_string(),
            "the secret `s` is a part of what is put in its place"
        );
    }

    #[test]
    fn what_is_no_pattern_is_refused_with_its_reason() {
        let why = |pattern: &str| Redaction::default().with(pattern).expect_err("is refused").to_string();
        assert_eq!(why("x*"), "`x*` is no pattern for `redact`: it matches the empty text");
        assert_eq!(why("(x"), "`(x` is no pattern for `redact`: unclosed group");
        assert_eq!(
            why(r"\w+"),
            "`\\w+` is no pattern for `redact`: it matches `[redacted]`, which is put in the place of what it matches"
        );
    }
}
