//! Bytes that come in parts, without the secrets in them: what may be the beginning of one waits for the rest.

use std::collections::BTreeSet;

use bytes::{Bytes, BytesMut};
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::{Anchored, Input};

use super::Leaks;

/// Takes parts and gives them on, `*` in the place of each byte of a secret. Nothing is added or taken away.
pub struct LeakWatch {
    leaks: Leaks,
    cache: Option<Cache>,
    /// What may go on to be a secret.
    held: BytesMut,
    /// The names of the secrets that were found and nobody was told of.
    found: BTreeSet<String>,
    /// Those that somebody was told of.
    told: BTreeSet<String>,
}

impl LeakWatch {
    pub(super) fn new(leaks: Leaks) -> Self {
        let cache = leaks.search().map(|search| search.ahead.create_cache());
        Self { leaks, cache, held: BytesMut::new(), found: BTreeSet::new(), told: BTreeSet::new() }
    }

    /// Takes a part, and gives what can be said to hold no secret.
    pub fn push(&mut self, part: Bytes) -> Bytes {
        if self.leaks.is_empty() {
            return part;
        }
        let whole = if self.held.is_empty() { part } else { self.behind_held(&part) };
        self.sift(whole)
    }

    /// Gives what was held back, there being no more.
    pub fn end(&mut self) -> Bytes {
        std::mem::take(&mut self.held).freeze()
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

    fn sift(&mut self, mut whole: Bytes) -> Bytes {
        let mut behind = 0;
        if self.leaks.hits(&whole) {
            let mut masked = whole.to_vec();
            for (name, end) in self.leaks.mask(&mut masked) {
                behind = end;
                self.found.insert(name.to_owned());
            }
            whole = masked.into();
        }
        if let (Some(search), Some(cache)) = (self.leaks.search(), &mut self.cache) {
            let behind = behind.max(whole.len().saturating_sub(search.longest));
            let from = open_from(&search.ahead, cache, &whole, behind);
            self.held.extend_from_slice(&whole.split_off(from));
        }
        whole
    }
}

/// Where the first bytes stand that would be a secret with what may follow.
fn open_from(ahead: &DFA, cache: &mut Cache, bytes: &[u8], behind: usize) -> usize {
    (behind..bytes.len()).find(|start| is_open(ahead, cache, &bytes[*start..])).unwrap_or(bytes.len())
}

/// Whether something beginning with all of these bytes is a secret. Who cannot tell says yes.
fn is_open(ahead: &DFA, cache: &mut Cache, bytes: &[u8]) -> bool {
    let Ok(mut state) = ahead.start_state_forward(cache, &Input::new(bytes).anchored(Anchored::Yes)) else {
        return true;
    };
    for byte in bytes {
        match ahead.next_state(cache, state, *byte) {
            Ok(next) if next.is_dead() => return false,
            Ok(next) => state = next,
            Err(_) => return true,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::SecretValue;
    use super::*;

    fn leaks() -> Leaks {
        Leaks::of([("a".to_owned(), SecretValue::new("tok-12345").expect("is a value"))]).expect("compiles")
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
        assert_eq!(watched(&["a tok-", "123", "45 b"]), ["a ", "", "********* b", ""]);
        assert_eq!(watched(&["dG9rL", "TEyMzQ1"]), ["", "************", ""]);
        assert_eq!(watched(&["tok%2", "D12345"]), ["", "***********", ""]);
    }

    #[test]
    fn what_cannot_be_a_beginning_is_not_held_back() {
        assert_eq!(watched(&["event: one\n\n", "event: two\n\n"]), ["event: one\n\n", "event: two\n\n", ""]);
        assert_eq!(watched(&["a to", " b"]), ["a ", "to b", ""]);
        assert_eq!(watched(&["it ends with tok-1234"]), ["it ends with ", "tok-1234"]);
    }

    proptest! {
        #[test]
        fn however_it_is_cut_the_same_comes_out(
            cuts in prop::collection::vec(0usize..60, 0..8),
            text in prop::sample::select(vec![
                "x tok-12345 y tok%2D12345 z dG9rLTEyMzQ1 746f6b2d3132333435 tok-1234",
                "tok-tok-12345tok-12345 tok-1234tok-12345&#116;ok-12345",
                "no secret is in here, token 12345 and tok 12345 and 746f6b2d31 only",
            ]),
        ) {
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
            cuts.sort_unstable();
            let starts = [0].into_iter().chain(cuts.iter().copied());
            let ends = cuts.iter().copied().chain([text.len()]);
            let parts: Vec<&str> = starts.zip(ends).map(|(start, end)| &text[start..end]).collect();
            let mut whole = text.as_bytes().to_vec();
            leaks().mask(&mut whole);
            prop_assert_eq!(watched(&parts).concat(), String::from_utf8(whole).expect("is text"));
        }
    }
}
