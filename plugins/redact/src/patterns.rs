//! What counts as a secret: the operator's patterns and, unless they are switched off, those of tokens that
//! can be told by their form.

use std::borrow::Cow;

use looplet_guest::Failure;
use regex_lite::{NoExpand, Regex};
use schemars::JsonSchema;
use serde::Deserialize;

/// Tokens with a mark of their own. Forms that other things have too, such as long numbers, are not here.
const KNOWN: [&str; 8] = [
    r"\bsk-[A-Za-z0-9_-]{20,}",
    r"\bgh[pousr]_[A-Za-z0-9]{36,}",
    r"\bgithub_pat_[A-Za-z0-9_]{40,}",
    r"\bglpat-[A-Za-z0-9_-]{20,}",
    r"\bxox[abeprs]-[A-Za-z0-9-]{10,}",
    r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b",
    r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}",
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?s:.*?)(?:-----END [A-Z ]*PRIVATE KEY-----|\z)",
];

/// What to take out.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Settings {
    /// Regular expressions; what they match is replaced. They take time that grows with the text alone;
    /// there is no look-around and there are no back-references.
    patterns: Vec<String>,
    /// Whether tokens that can be told by their form are taken out too: keys of OpenAI, Anthropic, GitHub,
    /// GitLab, Slack and AWS, JSON Web Tokens, private keys in PEM.
    known: bool,
    /// What stands in place of a secret.
    replacement: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self { patterns: Vec::new(), known: true, replacement: "[redacted]".to_owned() }
    }
}

/// Compiled patterns.
pub(crate) struct Patterns {
    all: Vec<Regex>,
    replacement: String,
}

impl Patterns {
    /// Compiles them. One that is none, or that matches nothing at all everywhere, is a failure.
    pub(crate) fn from_settings(settings: &Settings) -> Result<Self, Failure> {
        let known = KNOWN.iter().copied().filter(|_| settings.known);
        let all = settings.patterns.iter().map(String::as_str).chain(known).map(compile);
        Ok(Self { all: all.collect::<Result<_, _>>()?, replacement: settings.replacement.clone() })
    }

    /// The text without secrets; none where there was none.
    pub(crate) fn redacted(&self, text: &str) -> Option<String> {
        let mut redacted = Cow::Borrowed(text);
        for pattern in &self.all {
            if let Cow::Owned(changed) = pattern.replace_all(&redacted, NoExpand(&self.replacement)) {
                redacted = Cow::Owned(changed);
            }
        }
        match redacted {
            Cow::Owned(changed) => Some(changed),
            Cow::Borrowed(_) => None,
        }
    }
}

fn compile(pattern: &str) -> Result<Regex, Failure> {
    let wrong = |why: &dyn std::fmt::Display| Failure::validation(format!("`{pattern}` is no pattern: {why}"));
    let regex = Regex::new(pattern).map_err(|error| wrong(&error))?;
    if regex.is_match("") {
        return Err(wrong(&"it matches the empty text"));
    }
    Ok(regex)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patterns(patterns: &[&str], known: bool) -> Result<Patterns, Failure> {
        let patterns = patterns.iter().map(|&pattern| pattern.to_owned()).collect();
        Patterns::from_settings(&Settings { patterns, known, ..Settings::default() })
    }

    fn redacted(text: &str) -> String {
        let patterns = patterns(&[], true).expect("are patterns");
        patterns.redacted(text).unwrap_or_else(|| "as it was".to_owned())
    }

    #[test]
    fn known_tokens_are_taken_out_and_what_stands_around_them_stays() {
        let token = "a1".repeat(20);
        for (text, expected) in [
            (format!("key: sk-{token}, next"), "key: [redacted], next"),
            (format!("sk-ant-{token}"), "[redacted]"),
            (format!("https://ghp_{token}@github.com"), "https://[redacted]@github.com"),
            ("id AKIAIOSFODNN7EXAMPLE.".to_owned(), "id [redacted]."),
            (format!("eyJ{token}.eyJ{token}.{token}"), "[redacted]"),
            ("-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----\nend".to_owned(), "[redacted]\nend"),
            ("-----BEGIN PRIVATE KEY-----\nMII, cut".to_owned(), "[redacted]"),
            ("a risk-averse task-list, 0123456789012345678901234567".to_owned(), "as it was"),
        ] {
            assert_eq!(redacted(&text), expected, "{text}");
        }
    }

    #[test]
    fn the_operators_patterns_count_with_and_without_the_known_ones() {
        let own = patterns(&["pass=\\S+"], false).expect("are patterns");
        let text = format!("pass=1 sk-{}", "a".repeat(20));
        assert_eq!(own.redacted(&text), Some(format!("[redacted] sk-{}", "a".repeat(20))));
        assert_eq!(own.redacted("no secret"), None);
    }

    #[test]
    fn a_replacement_is_taken_as_it_is() {
        let settings = Settings { replacement: "$0".into(), patterns: vec!["x".into()], known: false };
        let patterns = Patterns::from_settings(&settings).expect("are patterns");
        assert_eq!(patterns.redacted("axb").as_deref(), Some("a$0b"));
    }

    #[test]
    fn a_pattern_that_matches_the_empty_text_is_refused() {
        let failure = patterns(&["x*"], false).err().expect("is refused");
        assert_eq!(failure.message(), "`x*` is no pattern: it matches the empty text");
    }
}
