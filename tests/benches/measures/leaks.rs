//! Looking for secrets: in a page that comes in pieces, as a server's answer does, and in a text that enters a run,
//! beside the digest of the same bytes.

use bytes::Bytes;
use looplet_host::digest::Digest;
use looplet_host::secret::{Leaks, SecretValue};

use crate::clock::{Pair, cpu};
use crate::table::Row;

const ROUNDS: usize = 5;
const PIECE: usize = 16 << 10;
const PIECES: usize = 1 << 10;
const MEGABYTES: u32 = 17;

pub(crate) fn measure() -> Vec<Row> {
    let page = Bytes::from(page());
    let mut rows = Vec::new();
    for count in [1, 8] {
        let leaks = leaks(count);
        assert!(leaks.hits(b"?key=token-number%2D0-of-the-operator-0123456789"));
        let named = |what: &str| format!("{what}, {count} {}", if count == 1 { "secret" } else { "secrets" });
        let digest = || cpu(|| (0..PIECES).for_each(|_| assert_ne!(Digest::of(&page), Digest::of(b""))));
        let watched = || cpu(|| watch(&leaks, &page));
        rows.push(Row::of_rate(
            named("secrets looked for in an answer"),
            MEGABYTES,
            &Pair::of(ROUNDS, watched, digest),
            "digest",
        ));
        let whole = || cpu(|| assert!((0..PIECES).all(|_| !leaks.hits(&page))));
        rows.push(Row::of_rate(
            named("secrets looked for in a text"),
            MEGABYTES,
            &Pair::of(ROUNDS, whole, digest),
            "digest",
        ));
    }
    rows
}

fn watch(leaks: &Leaks, page: &Bytes) {
    let mut watch = leaks.watch();
    let out: usize = (0..PIECES).map(|_| watch.push(page.clone()).len()).sum::<usize>() + watch.end().len();
    assert_eq!(out, PIECE * PIECES);
}

/// Secrets of forty characters or so.
fn leaks(count: usize) -> Leaks {
    let secret = |index: usize| {
        let value = SecretValue::new(&format!("token-number-{index}-of-the-operator-0123456789"));
        (format!("s{index}"), value.expect("is a value"))
    };
    Leaks::of((0..count).map(secret)).expect("compiles")
}

/// Something like HTML: words, tags, links with percent signs, numbers.
fn page() -> Vec<u8> {
    let line = |number: usize| {
        format!(
            "<p class=\"t{number}\">The token of line {number} is <a href=\"/a%20b?n={number}&t=%2Fx\">read {number}</a> twice.</p>\n"
        )
    };
    (0..).flat_map(|number| line(number).into_bytes()).take(PIECE).collect()
}
