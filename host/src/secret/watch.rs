//! Bytes that come in parts, without the secrets in them.
//!
//! What may be the middle of a secret waits for what follows. **What waits must not depend on the secrets**: who sees
//! where a part was cut would learn, letter by letter, what could go on to be one. So all waits that follows the last
//! byte which no spelling has.

use std::collections::BTreeSet;

use bytes::{Bytes, BytesMut};

use super::{Leaks, forms};

/// Takes parts and gives them on, `*` in the place of each byte of a secret. Nothing is added or taken away.
pub struct LeakWatch {
    leaks: Leaks,
    /// What may go on to be a secret.
    held: BytesMut,
    /// The names of the secrets that were found and nobody was told of.
    found: BTreeSet<String>,
    /// Those that somebody was told of.
    told: BTreeSet<String>,
}

impl LeakWatch {
    pub(super) fn new(leaks: Leaks) -> Self {
        Self { leaks, held: BytesMut::new(), found: BTreeSet::new(), told: BTreeSet::new() }
    }

    /// Takes a part, and gives what can be said to hold no secret.
    pub fn push(&mut self, part: Bytes) -> Bytes {
        if self.leaks.is_empty() {
            return part;
        }
        let mut whole = if self.held.is_empty() { part } else { self.behind_held(&part) };
        let open = match whole.iter().rposition(|byte| !forms::is_spelled(*byte)) {
            Some(last) => last + 1,
            None => 0,
        };
        if whole.len() - open > forms::LONGEST {
            // More than any secret has: what is longer than one is cut somewhere, and holds none from here on.
            whole = self.sifted(whole);
            self.held.extend_from_slice(&whole.split_off(whole.len() - forms::LONGEST));
            return whole;
        }
        // No secret goes on over what ends here.
        self.held.extend_from_slice(&whole.split_off(open));
        self.sifted(whole)
    }

    /// Gives what was held back, there being no more.
    pub fn end(&mut self) -> Bytes {
        let held = std::mem::take(&mut self.held).freeze();
        self.sifted(held)
    }

    fn sifted(&mut self, bytes: Bytes) -> Bytes {
        if !self.leaks.hits(&bytes) {
            return bytes;
        }
        let mut masked = bytes.to_vec();
        for name in self.leaks.mask(&mut masked) {
            self.found.insert(name.to_owned());
        }
        masked.into()
    }

    /// What is looked for.
    pub fn leaks(&self) -> &Leaks {
        &self.leaks
    }

    /// The names of the secrets that were found and not yet told, each once.
    pub fn take_found(&mut self) -> Vec<String> {
        let found = std::mem::take(&mut self.found);
        found.into_iter().filter(|name| self.told.insert(name.clone())).collect()
    }

    fn behind_held(&mut self, part: &[u8]) -> Bytes {
        self.held.extend_from_slice(part);
        std::mem::take(&mut self.held).freeze()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::SecretValue;
    use super::*;

    fn leaks() -> Leaks {
        let secret = |(name, value): (&str, &str)| (name.to_owned(), SecretValue::new(value).expect("is a value"));
        // One is the head of another, and one its middle.
        Leaks::of([("a", "tok-12345"), ("b", "tok-12345.more"), ("c", "12345.mo")].map(secret)).expect("compiles")
    }

    /// What comes out for each part, and at the end.
    fn watched(parts: &[&str]) -> Vec<String> {
        let mut watch = leaks().watch();
        let mut out: Vec<Bytes> =
            parts.iter().map(|part| watch.push(Bytes::copy_from_slice(part.as_bytes()))).collect();
        out.push(watch.end());
        out.iter().map(|bytes| String::from_utf8_lossy(bytes).into_owned()).collect()
    }

    #[test]
    fn a_secret_across_parts_does_not_pass() {
        assert_eq!(watched(&["a\ntok-", "123", "45 b\n"]), ["a\n", "", "********* b\n", ""]);
        assert_eq!(watched(&["dG9rL", "TEyMzQ1", "\n"]), ["", "", "************\n", ""]);
        assert_eq!(watched(&["tok-12345", ".more!"]), ["", "", "**************!"]);
    }

    #[test]
    fn where_a_part_is_cut_tells_nothing_of_a_secret() {
        let lengths = |parts: &[&str]| watched(parts).iter().map(String::len).collect::<Vec<_>>();
        for guess in ["t", "to", "tok-1", "tok-1234", "x", "xo", "tok-2", "dG9r", "746f"] {
            let other = "#".repeat(guess.len());
            assert_eq!(lengths(&[&format!("\n{guess}")]), lengths(&[&format!("\n{other}")]), "{guess}");
            assert_eq!(lengths(&[&format!("\n{guess}"), " b\n"]), lengths(&[&format!("\n{other}"), " b\n"]));
        }
    }

    #[test]
    fn what_ends_a_line_is_not_held_back() {
        assert_eq!(watched(&["event: one\n\n", "event: two\n\n"]), ["event: one\n\n", "event: two\n\n", ""]);
        let long = "x".repeat(2 * forms::LONGEST);
        assert_eq!(watched(&[&long]).iter().map(String::len).collect::<Vec<_>>(), [forms::LONGEST, forms::LONGEST]);
    }

    proptest! {
        #[test]
        fn however_it_is_cut_the_same_comes_out(
            cuts in prop::collection::vec(0usize..60, 0..8),
            text in prop::sample::select(vec![
                "x tok-12345 y tok%2D12345 z\ndG9rLTEyMzQ1 746f6b2d3132333435 tok-1234",
                "tok-tok-12345tok-12345.more tok-1234tok-12345&#116;ok-12345.mo",
                "no secret is in here, token 12345 and\ntok 12345 and 746f6b2d31 only",
            ]),
        ) {
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
            cuts.sort_unstable();
            let starts = [0].into_iter().chain(cuts.iter().copied());
            let ends = cuts.iter().copied().chain([text.len()]);
            let parts: Vec<&str> = starts.zip(ends).map(|(start, end)| &text[start..end]).collect();
            let out = watched(&parts).concat();
            prop_assert!(!leaks().hits(out.as_bytes()), "{}", out);
            prop_assert_eq!(out.len(), text.len());
        }
    }
}
