//! The search for secrets in bytes that are to hold none.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use regex_automata::meta;
use regex_automata::util::syntax;

use super::{LeakWatch, SecretValue, forms};
use crate::error::{Error, Result};

/// How large what is looked for may become: some secrets of the greatest length.
const AUTOMATON_BYTES: usize = 64 << 20;

/// Finds secrets, however they are spelled. Cheap to clone; without a secret it does nothing.
///
/// ```
/// use looplet_host::secret::{Leaks, SecretValue};
/// let value = SecretValue::new("tok-12345").unwrap();
/// let leaks = Leaks::of([("github".to_owned(), value)]).unwrap();
/// assert_eq!(leaks.names_in(b"authorization: tok%2D12345"), ["github"]);
/// assert!(leaks.names_in(b"authorization: none").is_empty());
/// ```
#[derive(Clone, Default)]
pub struct Leaks(Option<Arc<Search>>);

struct Search {
    names: Vec<String>,
    finder: meta::Regex,
}

impl Leaks {
    /// Looks for these, by their names.
    ///
    /// # Errors
    /// So many and so long ones that they take too much memory.
    pub fn of(secrets: impl IntoIterator<Item = (String, SecretValue)>) -> Result<Self> {
        let mut secrets: Vec<(String, SecretValue)> = secrets.into_iter().collect();
        // Where one begins with another, the longer one is meant.
        secrets.sort_by_key(|(_, value)| std::cmp::Reverse(value.expose().len()));
        let (names, patterns): (Vec<String>, Vec<String>) =
            secrets.into_iter().map(|(name, value)| (name, forms::pattern(value.expose()))).unzip();
        if names.is_empty() {
            return Ok(Self::default());
        }
        // The reason would show the pattern, and so the value.
        let too_large =
            || Error::usage("the secrets are too long to be looked for").hint("define fewer, or shorter ones");
        let bytes = syntax::Config::new().unicode(false).utf8(false);
        let finder = meta::Builder::new()
            .syntax(bytes)
            .configure(meta::Config::new().utf8_empty(false).nfa_size_limit(Some(AUTOMATON_BYTES)))
            .build_many(&patterns)
            .map_err(|_| too_large())?;
        Ok(Self(Some(Arc::new(Search { names, finder }))))
    }

    /// Whether there is nothing to look for.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Whether a secret stands in these bytes.
    pub fn hits(&self, bytes: &[u8]) -> bool {
        self.0.as_ref().is_some_and(|search| search.finder.is_match(bytes))
    }

    /// The names of the secrets that stand in these bytes, each once.
    pub fn names_in(&self, bytes: &[u8]) -> Vec<&str> {
        let mut names: Vec<&str> = self.places(bytes).map(|(name, _)| name).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The bytes with this in the place of each secret; none where there was no secret.
    pub fn replaced(&self, bytes: &[u8], with: &str) -> Option<Vec<u8>> {
        let mut places = self.places(bytes).peekable();
        places.peek()?;
        let (mut replaced, mut behind) = (Vec::with_capacity(bytes.len()), 0);
        for (_, place) in places {
            replaced.extend_from_slice(&bytes[behind..place.start]);
            replaced.extend_from_slice(with.as_bytes());
            behind = place.end;
        }
        replaced.extend_from_slice(&bytes[behind..]);
        Some(replaced)
    }

    /// Puts `*` in the place of each byte of a secret, so that all else stays where it is, and gives their names.
    pub fn mask(&self, bytes: &mut [u8]) -> Vec<&str> {
        let places: Vec<(&str, Range<usize>)> = self.places(bytes).collect();
        let mask = |(name, place): (_, Range<usize>)| {
            bytes[place].fill(b'*');
            name
        };
        places.into_iter().map(mask).collect()
    }

    /// A look at bytes that come in parts.
    pub fn watch(&self) -> LeakWatch {
        LeakWatch::new(self.clone())
    }

    fn places<'b>(&self, bytes: &'b [u8]) -> impl Iterator<Item = (&str, Range<usize>)> + use<'_, 'b> {
        self.0.iter().flat_map(move |search| {
            let found = search.finder.find_iter(bytes);
            found.map(|found| (search.names[found.pattern().as_usize()].as_str(), found.range()))
        })
    }
}

/// The names alone.
impl fmt::Debug for Leaks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.0.as_ref().map(|search| search.names.as_slice()).unwrap_or_default();
        f.debug_tuple("Leaks").field(&names).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaks() -> Leaks {
        let secret = |(name, value): (&str, &str)| (name.to_owned(), SecretValue::new(value).expect("is a value"));
        Leaks::of([("a", "tok-12345"), ("b", "key.67890")].map(secret)).expect("compiles")
    }

    #[test]
    fn each_secret_is_found_and_replaced_under_its_name() {
        let text = b"key.67890 x tok-12345y dG9rLTEyMzQ1";
        assert_eq!(leaks().names_in(text), ["a", "b"]);
        let replaced = leaks().replaced(text, "[redacted]").expect("held some");
        assert_eq!(String::from_utf8_lossy(&replaced), "[redacted] x [redacted]y [redacted]");
        let mut masked = text.to_vec();
        assert_eq!(leaks().mask(&mut masked), ["b", "a", "a"]);
        assert_eq!(String::from_utf8_lossy(&masked), "********* x *********y ************");
    }

    #[test]
    fn without_a_secret_nothing_is_found() {
        let none = Leaks::of([]).expect("compiles");
        assert!(none.is_empty() && !none.hits(b"tok-12345") && none.names_in(b"tok-12345").is_empty());
        assert_eq!(leaks().replaced(b"nothing", "x"), None);
    }

    #[test]
    fn no_value_is_shown() {
        assert_eq!(format!("{:?}", leaks()), r#"Leaks(["a", "b"])"#);
    }

    #[test]
    fn a_value_of_the_greatest_length_is_found() {
        let value: String =
            (0..4096).map(|index| char::from(b'!' + u8::try_from(index % 90).expect("is small"))).collect();
        let long = SecretValue::new(&value).expect("is a value");
        let leaks = Leaks::of([("long".to_owned(), long)]).expect("compiles");
        assert!(leaks.hits(format!("x{value}y").as_bytes()));
    }

    #[test]
    fn several_long_values_are_told_apart() {
        let value = |seed: usize| -> String {
            let at = |index: usize| u8::try_from((index * (seed + 7) + seed) % 90).expect("is small");
            (0..1024).map(|index| char::from(b'!' + at(index))).collect()
        };
        let secret = |seed: usize| (format!("s{seed}"), SecretValue::new(&value(seed)).expect("is a value"));
        let leaks = Leaks::of((0..8).map(secret)).expect("compiles");
        for seed in 0..8 {
            assert_eq!(leaks.names_in(value(seed).as_bytes()), [format!("s{seed}")]);
        }
    }
}
