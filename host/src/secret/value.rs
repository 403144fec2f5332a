//! The value of a secret, which no output ever shows.

use std::fmt;
use std::sync::Arc;

/// A value that nothing shows: no `Display`, no serialising, and `Debug` without it.
#[derive(Clone)]
pub struct SecretValue(Arc<str>);

impl SecretValue {
    /// A shorter one could not be told from other text.
    pub const LEAST_BYTES: usize = 8;
    /// The most that is looked for.
    pub const MOST_BYTES: usize = 4096;

    /// Takes a value, without white space around it. The error is a clause that does not hold it.
    pub fn new(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let length = text.len();
        if text.is_empty() {
            return Err("it is empty".to_owned());
        }
        let (least, most) = (Self::LEAST_BYTES, Self::MOST_BYTES);
        if length < least || length > most {
            return Err(format!("it has {length} bytes, and a secret has {least} to {most}"));
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ') {
            return Err("it holds a character that no header can carry".to_owned());
        }
        Ok(Self(text.into()))
    }

    /// The value itself, for the header that carries it and for what looks for it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretValue([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_value_says_why_without_showing_it() {
        let why = |text: &str| SecretValue::new(text).expect_err("is refused");
        assert_eq!(why(" \n"), "it is empty");
        assert_eq!(why("hunter2\n"), "it has 7 bytes, and a secret has 8 to 4096");
        assert_eq!(why(&"x".repeat(4097)), "it has 4097 bytes, and a secret has 8 to 4096");
        assert_eq!(why("first-line\nsecond"), "it holds a character that no header can carry");
        assert_eq!(why("pass-wörd"), "it holds a character that no header can carry");
    }

    #[test]
    fn a_value_is_without_white_space_around_it_and_not_shown() {
        let value = SecretValue::new("  two words\n").expect("is a value");
        assert_eq!((value.expose(), format!("{value:?}").as_str()), ("two words", "SecretValue([redacted])"));
    }
}
