//! Which headers a guest may send, and which can carry a secret.

use http::{HeaderMap, HeaderName, header};

/// Headers that say who somebody is, where a request goes and how it is framed: the host's alone.
const OWN: [&str; 25] = [
    "authorization",
    "cf-connecting-ip",
    "connection",
    "cookie",
    "expect",
    "forwarded",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy",
    "te",
    "trailer",
    "transfer-encoding",
    "true-client-ip",
    "upgrade",
    "via",
    "x-client-ip",
    "x-host",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-host",
    "x-original-url",
    "x-real-ip",
    "x-rewrite-url",
];

/// The beginnings of others.
const OWN_PREFIXES: [&str; 2] = ["proxy-", "x-forwarded-"];

/// What stands before a body, or asks for a part of it or for another form: no place for a secret.
const FORM: [&str; 7] =
    ["accept-encoding", "content-encoding", "content-length", "content-range", "content-type", "if-range", "range"];

/// Whether a header is the host's alone. Some servers read `_` as `-`: a length that is none of the client's would be
/// one for them.
pub fn is_own(name: &HeaderName) -> bool {
    let plain = plain(name);
    OWN.contains(&plain.as_str())
        || OWN_PREFIXES.iter().any(|prefix| plain.starts_with(prefix))
        || plain == "content-length" && *name != header::CONTENT_LENGTH
}

/// Whether it is one that no server answers with: a guest that names it wanted to send it.
pub fn is_telling(name: &HeaderName) -> bool {
    matches!(plain(name).as_str(), "authorization" | "cookie" | "host" | "proxy-authorization")
}

/// Whether a secret can stand in a header: one that proves who somebody is, and not one by which a request is routed,
/// framed or cut.
pub fn can_carry_secret(name: &HeaderName) -> bool {
    let proves = matches!(name.as_str(), "authorization" | "cookie");
    proves || !is_own(name) && !FORM.contains(&plain(name).as_str())
}

/// Takes out every spelling of a header.
pub fn take_out(headers: &mut HeaderMap, name: &str) {
    let same: Vec<HeaderName> = headers.keys().filter(|known| plain(known) == plain_text(name)).cloned().collect();
    for name in same {
        headers.remove(name);
    }
}

/// As servers read it that take `_` for `-`.
fn plain(name: &HeaderName) -> String {
    plain_text(name.as_str())
}

fn plain_text(name: &str) -> String {
    name.replace('_', "-")
}
