//! Spellings of a secret in what a server answers, each by a real guest: in a body, in one that comes in chunks, in
//! headers and behind the body; and bodies that nobody could look through. The texts were made by other programs than
//! the host: what is tried is not its own reading of them.

use looplet_host::capability::http::{AddressPolicy, AllowedHttp};
use looplet_host::capability::{Authority, BoundSecret};
use looplet_host::message::Outcome;
use looplet_host::origin::Origin;
use looplet_host::permission::{HttpOrigin, HttpPattern};
use looplet_host::secret::{Leaks, SecretValue};
use looplet_tests::guests;
use looplet_tests::harness::Call;
use reqwest::header::HeaderName;
use serde_json::json;

use super::http::refused;
use crate::canary::{Canary, Part, answer};

/// Most of it is written otherwise somewhere, and in base64 it has signs of which there are two alphabets.
const VALUE: &str = r#"tok</~'&+~?>"9"#;
/// One sign of it is another.
const OTHER: &str = r#"tok</~'&-~?>"9"#;

/// Each spelling by its name: what stands before the part that the value alone decides, that part, and what stands
/// behind it. In base64 those are the signs that hold bits of what is beside the value.
const SPELLED: [(&str, &str, &str, &str); 21] = [
    ("as it is", "", VALUE, ""),
    ("in a URL", "", "tok%3C%2F~%27%26%2B~%3F%3E%229", ""),
    ("in a URL, with small letters", "", "tok%3c%2f~%27%26%2b~%3f%3e%229", ""),
    ("in a URL, each sign", "", "%74%6F%6B%3C%2F%7E%27%26%2B%7E%3F%3E%22%39", ""),
    ("in a URL in a URL", "", "tok%253C%252F~%2527%2526%252B~%253F%253E%25229", ""),
    ("in a URL in a URL, each sign", "", "%2574%256f%256b%253c%252f%257e%2527%2526%252b%257e%253f%253e%2522%2539", ""),
    ("in JSON", "", r#"tok<\/~'&+~?>\"9"#, ""),
    ("in JSON for a page", "", r"tok\u003c\/~\u0027\u0026+~?\u003E\u00229", ""),
    (
        "in JSON, each sign",
        "",
        r"\u0074\u006f\u006b\u003c\u002f\u007e\u0027\u0026\u002b\u007e\u003f\u003e\u0022\u0039",
        "",
    ),
    ("in HTML", "", "tok&lt;/~&#39;&amp;+~?&gt;&quot;9", ""),
    ("in HTML, otherwise", "", "tok&lt;&#x2F;~&apos;&amp;+~?&gt;&#34;9", ""),
    ("in HTML, each sign", "", "&#116;&#111;&#107;&#60;&#47;&#126;&#39;&#38;&#43;&#126;&#63;&#62;&#34;&#57;", ""),
    (
        "in HTML, each sign in hex",
        "",
        "&#x74;&#x6f;&#x6b;&#x3c;&#x2f;&#x7e;&#x27;&#x26;&#x2b;&#x7e;&#x3f;&#x3e;&#x22;&#x39;",
        "",
    ),
    ("base64", "", "dG9rPC9+JyYrfj8+Ij", "kuLg=="),
    ("base64 for URLs", "", "dG9rPC9-JyYrfj8-Ij", "kuLg=="),
    ("base64 behind a byte", "On", "RvazwvficmK34/PiI5", "Li4="),
    ("base64 for URLs behind a byte", "On", "RvazwvficmK34_PiI5", "Li4="),
    ("base64 behind two bytes", "Ojt", "0b2s8L34nJit+Pz4iO", "S4u"),
    ("base64 for URLs behind two bytes", "Ojt", "0b2s8L34nJit-Pz4iO", "S4u"),
    ("hex", "", "746f6b3c2f7e27262b7e3f3e2239", ""),
    ("hex in capitals", "", "746F6B3C2F7E27262B7E3F3E2239", ""),
];

/// All of these servers, and a secret for the first of them.
fn holding(canaries: &[&Canary], value: &str) -> Authority {
    let mut authority = Authority::default();
    for canary in canaries {
        let pattern = HttpPattern::parse(&format!("GET {}", canary.url("/**"))).unwrap();
        authority.http.push(AllowedHttp::granted(pattern, AddressPolicy::default(), Origin::Program));
    }
    let (to, value) = (HttpOrigin::parse(&canaries[0].url("")).unwrap(), SecretValue::new(value).unwrap());
    let header = (&HeaderName::from_static("authorization"), "Bearer {}");
    authority.http.push_secret(BoundSecret::new("api", &to, header, &value, &Origin::Program).unwrap());
    authority.http.keep_out(Leaks::of([("api".to_owned(), value)]).unwrap());
    authority
}

/// All that the guest is given of an answer, and what the operator is told.
fn asked(authority: &Authority, url: &str) -> (String, Vec<String>) {
    let arguments = json!({ "send": [format!("GET {url}")], "whole": true });
    let report = Call::of(guests::HTTP_PROBE, arguments).with(authority.clone()).run();
    let Outcome::Ok(output) = &report.outcome else { panic!("{url}: {:?}", report.outcome) };
    (output.content.to_text(), refused(&report))
}

fn taken_out(url: &str) -> String {
    format!("receive `api` from {url}: taken out")
}

/// The numbers in a path: `GET /3/2 HTTP/1.1` has two.
fn numbers(line: &str) -> Vec<usize> {
    line.split(['/', ' ']).filter_map(|part| part.parse().ok()).collect()
}

/// `/3` says the value in the fourth spelling, `/3/2` in two chunks.
fn echo(line: &str) -> Vec<Part> {
    let numbers = numbers(line);
    let (_, before, held, behind) = SPELLED[numbers[0]];
    match numbers.get(1) {
        None => answer("200 OK", "", said(before, held, behind)),
        Some(pieces) => in_chunks(&said(before, held, behind), SAID.len() + before.len(), held.len(), *pieces),
    }
}

/// What is said before it. A line is handed on where it ends.
const SAID: &str = "you sent\n[";

fn said(before: &str, held: &str, behind: &str) -> String {
    format!("{SAID}{before}{held}{behind}]\nso")
}

/// A text in so many chunks, all borders within the part that begins there and is so long.
fn in_chunks(text: &str, begin: usize, length: usize, pieces: usize) -> Vec<Part> {
    let borders = (1..pieces).map(|piece| begin + length * piece / pieces);
    let mut parts = vec![Part::Bytes(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec())];
    let mut start = 0;
    for end in borders.chain([text.len()]) {
        let chunk = &text[start..end];
        parts.push(Part::Bytes(format!("{:x}\r\n{chunk}\r\n", chunk.len()).into_bytes()));
        // A few come each by itself, many as fast as they may.
        parts.extend((pieces <= 3).then_some(Part::Wait(30)));
        start = end;
    }
    parts.push(Part::Bytes(b"0\r\n\r\n".to_vec()));
    parts
}

/// What the guest is given of a spelling at this path, and the operator told, with the secret that is said and with
/// another one.
fn check(canary: &Canary, path: &str, (name, before, held, behind): (&str, &str, &str, &str)) {
    let url = canary.url(path);
    let given = |value: &str| {
        let (text, told) = asked(&holding(&[canary], value), &url);
        (text.split_once("\n\n").unwrap().1.to_owned(), told)
    };
    let masked = said(before, &"*".repeat(held.len()), behind);
    assert_eq!(given(VALUE), (masked, vec![taken_out(&url)]), "{name}: {path}");
    assert_eq!(given(OTHER), (said(before, held, behind), Vec::new()), "{name}: {path}");
}

#[test]
fn in_each_spelling_that_is_promised_the_guest_gets_as_many_stars() {
    let canary = Canary::start(echo);
    for (index, spelled) in SPELLED.into_iter().enumerate() {
        check(&canary, &format!("/{index}"), spelled);
    }
    assert!(canary.seen()[0].contains(&format!("authorization: Bearer {VALUE}\r\n")), "{:?}", canary.seen());
}

#[test]
fn where_a_body_is_cut_into_chunks_makes_no_difference() {
    let canary = Canary::start(echo);
    let all = ["as it is", "in a URL, each sign", "base64 behind a byte", "hex"];
    for (index, spelled) in SPELLED.into_iter().enumerate().filter(|(_, (name, ..))| all.contains(name)) {
        let (_, _, held, _) = spelled;
        // In its middle, twice, and behind each sign of it.
        for pieces in [2, 3, held.len()] {
            check(&canary, &format!("/{index}/{pieces}"), spelled);
        }
    }
    assert_eq!(canary.seen().len(), 2 * 3 * all.len());
}

/// `you sent [VALUE]`, packed.
const PACKED: &[u8] = b"\
    \x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xab\xcc\x2f\x55\x28\x4e\xcd\x2b\x51\x88\x2e\xc9\xcf\
    \xb6\xd1\xaf\x53\x57\xd3\xae\xb3\xb7\x53\xb2\x8c\x05\x00\x7e\x3f\x79\xae\x19\x00\x00\x00";

/// What a server may say of that body.
const CODINGS: [&str; 7] = [
    "content-encoding: gzip\r\n",
    "content-encoding: GZIP\r\n",
    "content-encoding: x-gzip\r\n",
    "content-encoding: gzip, gzip\r\n",
    "content-encoding: identity\r\ncontent-encoding: gzip\r\n",
    "content-encoding: identity, gzip\r\n",
    "transfer-encoding: gzip, chunked\r\n",
];

fn packed(line: &str) -> Vec<Part> {
    let coding = CODINGS[numbers(line)[0]];
    if !coding.starts_with("transfer") {
        return answer("200 OK", coding, PACKED);
    }
    let head = format!("HTTP/1.1 200 OK\r\n{coding}\r\n{:x}\r\n", PACKED.len());
    vec![Part::Bytes([head.as_bytes(), PACKED, b"\r\n0\r\n\r\n"].concat())]
}

#[test]
fn a_body_that_is_packed_though_nobody_asked_for_it_is_refused_where_a_secret_was_sent() {
    let (canary, other) = (Canary::start(packed), Canary::start(packed));
    let authority = holding(&[&canary, &other], VALUE);
    for (index, coding) in CODINGS.into_iter().enumerate() {
        let path = format!("/{index}");
        let (text, told) = asked(&authority, &canary.url(&path));
        assert!(text.starts_with(&format!("`GET {}` failed: ", canary.url(&path))), "{coding}: {text}");
        let why = "packed or cut, so that it cannot be looked through for secrets";
        assert_eq!(told, [format!("receive {}: {why}", canary.url(&path))], "{coding}");
        // A server that was sent none may pack what it likes.
        let (text, told) = asked(&authority, &other.url(&path));
        assert!(text.starts_with("200\n"), "{coding}: {text}");
        assert!(told.iter().all(|line| *line == taken_out(&other.url(&path))), "{coding}: {told:?}");
    }
    let is_plain = |request: &String| request.contains("accept-encoding: identity\r\n");
    assert!(canary.seen().len() == CODINGS.len() && canary.seen().iter().all(is_plain), "{:?}", canary.seen());
}

#[test]
fn what_a_server_that_was_sent_no_secret_packs_is_looked_through_once_it_is_unpacked() {
    let (canary, other) = (Canary::start(packed), Canary::start(packed));
    let url = other.url("/0");
    let (text, told) = asked(&holding(&[&canary, &other], VALUE), &url);
    assert_eq!((text.as_str(), told), ("200\n\nyou sent [**************]", vec![taken_out(&url)]));
}

/// Headers that hold the value: `/0` and `/1` in a name, `/2` in what redirects and cookies and others say.
fn headers(line: &str) -> Vec<Part> {
    match numbers(line)[0] {
        0 => answer("200 OK", "x-kept: 1\r\nx-746f6b3c2f7e27262b7e3f3e2239-y: 2\r\n", "ok"),
        1 => answer("200 OK", "x-kept: 1\r\ntok%3c%2f~%27%26%2b~%3f%3e%229: 2\r\n", "ok"),
        2 => answer(
            "302 Found",
            "location: http://127.0.0.1:9/a?k=tok%3C%2F~%27%26%2B~%3F%3E%229&b=1\r\n\
             set-cookie: one=tok</~'&+~?>\"9; path=/\r\n\
             set-cookie: two=dG9rPC9+JyYrfj8+Ijk=; path=/\r\n\
             set-cookie: three=3; path=/\r\n\
             etag: \"746f6b3c2f7e27262b7e3f3e2239\"\r\n",
            "",
        ),
        _ => vec![Part::Bytes(
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-last\r\n\r\n\
              2\r\nok\r\n0\r\nx-746f6b3c2f7e27262b7e3f3e2239: 1\r\n\r\n"
                .to_vec(),
        )],
    }
}

#[test]
fn the_name_of_a_header_that_holds_it_takes_all_headers_away_also_behind_the_body() {
    let canary = Canary::start(headers);
    for path in ["/0", "/1", "/3"] {
        let url = canary.url(path);
        let given = asked(&holding(&[&canary], VALUE), &url);
        assert_eq!(given, ("200\n\nok".to_owned(), vec![taken_out(&url)]), "{path}");
        // Another secret has nothing to do with them.
        let (text, told) = asked(&holding(&[&canary], OTHER), &url);
        assert!(text.ends_with("\n\nok") && told.is_empty(), "{path}: {text} {told:?}");
        assert_eq!(text.contains("x-kept: 1\n"), path != "/3", "{text}");
    }
}

#[test]
fn what_redirects_and_cookies_say_of_it_is_masked_where_it_stands() {
    let canary = Canary::start(headers);
    let url = canary.url("/2");
    let (text, told) = asked(&holding(&[&canary], VALUE), &url);
    assert_eq!(told, [taken_out(&url)]);
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    let expected = [
        "",
        "302",
        "content-length: 0",
        "etag: \"****************************\"",
        "location: http://127.0.0.1:9/a?k=******************************&b=1",
        "set-cookie: one=**************; path=/",
        "set-cookie: three=3; path=/",
        "set-cookie: two=******************k=; path=/",
    ];
    assert_eq!(lines, expected);
    let (text, told) = asked(&holding(&[&canary], OTHER), &url);
    assert!(text.contains("set-cookie: two=dG9rPC9+JyYrfj8+Ijk=; path=/\n") && told.is_empty(), "{text} {told:?}");
}
