//! Requests at the edge of what a guest can write: addresses that stand for this machine or the network around it,
//! texts that would be two lines on the wire, headers that are the host's, answers that are packed more than once.

use std::net::IpAddr;

use looplet_host::plugin::GuestReport;
use looplet_host::refusal::RefusalReason;
use looplet_tests::guests;
use looplet_tests::harness::{Call, said};
use serde_json::{Value, json};

use super::http::{granted, refused};
use crate::canary::{Canary, Part, answer};

/// The networks of the canaries.
const HERE: &[&str] = &["127.0.0.0/8"];

fn ok(line: &str) -> Vec<Part> {
    answer("200 OK", "", line)
}

/// What comes of these arguments where all of plain HTTP is granted, and these networks.
fn send(networks: &[&str], arguments: Value) -> GuestReport {
    let open = granted(&["* http://*:*/**".to_owned()], networks);
    Call::of(guests::HTTP_PROBE, arguments).with(open).run()
}

fn get(url: &str) -> Value {
    json!({ "send": [format!("GET {url}")] })
}

fn with_header(canary: &Canary, name: &str, value: &str) -> Value {
    json!({ "send": [format!("GET {}", canary.url("/"))], "headers": [[name, value]] })
}

/// Whether some line of what was seen begins like this, whatever a server takes for the end of one.
fn has_line(seen: &[String], start: &str) -> bool {
    seen.iter().flat_map(|request| request.split(['\r', '\n'])).any(|line| line.starts_with(start))
}

#[test]
fn an_address_that_is_not_public_is_refused_by_the_very_address_that_would_have_to_be_granted() {
    let canary = Canary::start(ok);
    let port = canary.port();
    for address in [
        "::",
        "::1",
        "::ffff:0:127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::7f00:1",
        "2001::1",
        "2002:7f00:1::",
        "fe80::1",
        "fd00::1",
        "fd00:ec2::254",
        "ff02::1",
        "10.0.0.1",
        "172.16.0.1",
        "172.31.255.254",
        "192.168.1.1",
        "100.64.0.1",
        "100.100.100.200",
        "168.63.129.16",
        "169.254.169.254",
        "192.0.0.192",
        "0.0.0.0",
    ] {
        let host = if address.contains(':') { format!("[{address}]") } else { address.to_owned() };
        let url = format!("http://{host}:{port}/");
        let report = send(&[], get(&url));
        // Had it been dialled, this would be that nobody answers, or what the canary says.
        assert_eq!(said(&report), format!("`GET {url}` leads to an address that this tool may not reach"));
        let [refusal] = &report.refusals[..] else { panic!("{address}: {:?}", refused(&report)) };
        let address: IpAddr = address.parse().unwrap();
        assert_eq!(refusal.reason, RefusalReason::PrivateAddress, "{address}");
        assert!(refusal.target.ends_with(&format!("/ at {address}")), "{}", refusal.target);
        assert_eq!(refusal.would_allow, Some(format!("addresses = [\"{address}\"]")));
    }
    assert!(canary.seen().is_empty(), "{:?}", canary.seen());
    // It is this machine: who names it is let there, which is why nobody else is.
    let report = send(&["0.0.0.0"], get(&format!("http://0.0.0.0:{port}/")));
    assert!(said(&report).starts_with("200 "), "{}", said(&report));
    assert_eq!(canary.seen().len(), 1);
}

#[test]
fn an_address_with_a_zone_is_no_url_whatever_is_granted() {
    let canary = Canary::start(ok);
    for host in ["[fe80::1%25eth0]", "[fe80::1%eth0]", "[::1%25lo]", "[::1%lo]"] {
        let url = format!("http://{host}:{}/", canary.port());
        let report = send(&["::1", "fe80::/10"], get(&url));
        assert_eq!(said(&report), format!("`GET {url}` is no URL that can be asked"));
        assert_eq!(refused(&report), ["send it is no URL: invalid IPv6 address: not granted"], "{host}");
    }
    assert!(canary.seen().is_empty(), "{:?}", canary.seen());
}

#[test]
fn a_header_that_would_be_two_lines_is_none() {
    let canary = Canary::start(ok);
    for (name, value) in [
        ("x-a", "a\nx-evil: b"),
        ("x-a", "a\rx-evil: b"),
        ("x-a", "a\0x-evil: b"),
        ("x-a", "a\u{7f}x-evil: b"),
        ("x-a", "a\r\n\r\nGET /evil HTTP/1.1\r\nhost: a\r\n\r\n"),
        ("x-a", "a\r\n"),
        ("x-a\r\nx-evil", "b"),
        ("x-a\nx-evil", "b"),
        ("x-a\rx-evil", "b"),
        ("x-a: a\r\nx-evil", "b"),
        ("x-evil\0", "b"),
        ("x-evil\r\n", "b"),
        ("x-evil:", "b"),
        ("x-evil ", "b"),
        (" x-evil", "b"),
        ("x evil", "b"),
        ("x-\u{e9}vil", "b"),
        ("", "b"),
    ] {
        let report = send(HERE, with_header(&canary, name, value));
        assert!(said(&report).starts_with("the header `"), "{name:?} {value:?}: {}", said(&report));
        assert!(said(&report).contains("` cannot be sent: "), "{name:?} {value:?}: {}", said(&report));
    }
    assert!(canary.seen().is_empty(), "{:?}", canary.seen());
    // Letters whose last bytes are those of a line end are letters, and stay in their line.
    let report = send(HERE, with_header(&canary, "x-a", "a\u{10d}\u{10a}x-evil: b"));
    assert!(said(&report).starts_with("200 "), "{}", said(&report));
    let seen = canary.seen();
    assert!(has_line(&seen, "x-a: a\u{10d}\u{10a}x-evil: b") && !has_line(&seen, "x-evil"), "{seen:?}");
}

#[test]
fn a_line_end_in_a_method_or_a_url_makes_no_second_line() {
    let canary = Canary::start(ok);
    let (port, url) = (canary.port(), canary.url("/"));
    for line in [
        format!("GET\r\nx-evil:b {url}"),
        format!("GET\nx-evil:b {url}"),
        format!("GET\0 {url}"),
        format!("GET {url}a\r\nx-evil: b"),
        format!("GET {url}a\nx-evil: b"),
        format!("GET {url}a\rx-evil: b"),
        format!("GET {url}a HTTP/1.1\r\nx-evil: b\r\n\r\nGET /evil"),
        format!("GET {url}?a\r\nx-evil:b"),
        format!("GET {url}?a\tb"),
        format!("GET {url}\0"),
        format!("GET http://127.0.0.1\r\nx-evil:{port}/"),
        format!("GET http://127.0.0.1:{port}\r\nx-evil:b/"),
        format!("GET http\r\n://127.0.0.1:{port}/"),
    ] {
        let report = send(HERE, json!({ "send": [line] }));
        assert!(said(&report).ends_with("is no request"), "{line:?}: {}", said(&report));
    }
    assert!(canary.seen().is_empty(), "{:?}", canary.seen());
    // What is encoded, or only looks so once it is cut to bytes, is a part of its line; what is behind `#` stays here.
    let paths = ["a%0d%0ax-evil:%20b", "a\u{10d}\u{10a}x-evil:b", "?\u{10d}\u{10a}x-evil:b", "a#\r\nx-evil: b"];
    for path in paths {
        let report = send(HERE, get(&format!("{url}{path}")));
        assert!(said(&report).starts_with("200 "), "{path:?}: {}", said(&report));
    }
    let seen = canary.seen();
    assert_eq!(seen.len(), paths.len(), "{seen:?}");
    assert!(!has_line(&seen, "x-evil"), "{seen:?}");
    assert!(has_line(&seen[..1], "GET /a%0d%0ax-evil:%20b HTTP/1.1") && has_line(&seen[3..], "GET /a HTTP/1.1"));
}

/// All that the host keeps for itself, and some of those whose beginnings it does.
const OWN: &[&str] = &[
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
    "proxy-authorization",
    "proxy-connection",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-proto",
];

#[test]
fn every_header_of_the_hosts_own_is_refused_in_every_spelling_and_one_that_looks_like_it_is_not() {
    let canary = Canary::start(ok);
    for name in OWN {
        for spelled in [(*name).to_owned(), name.to_uppercase(), name.replace('-', "_")] {
            let report = send(HERE, with_header(&canary, &spelled, "smuggled"));
            let why = format!("the header `{spelled}` cannot be sent: ");
            assert!(said(&report).starts_with(&why), "{spelled}: {}", said(&report));
        }
    }
    assert!(canary.seen().is_empty(), "{:?}", canary.seen());
    for name in ["vias", "x-te", "x-hosts", "x-proxy", "my-cookie"] {
        let report = send(HERE, with_header(&canary, name, "kept"));
        assert!(said(&report).starts_with("200 "), "{name}: {}", said(&report));
        let last = canary.seen().pop().unwrap();
        assert!(has_line(&[last], &format!("{name}: kept")), "{name}: {:?}", canary.seen());
    }
}

/// 8 MiB of zeros, packed: 8175 bytes.
const ONCE: &[u8] = include_bytes!("../../files/zeros.gz");

/// The same, packed once more: 110 bytes.
const TWICE: &[u8] = b"\
    \x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xed\xd7\xb1\x0d\x82\x40\x00\x85\xe1\x3b\x2e\x26\
    \x17\x46\xb0\x21\x26\xee\xc0\x04\xce\xc1\x2a\x24\x94\x36\x0e\xe0\x0e\x2c\x60\xc3\x0a\xb4\
    \xac\x40\x18\x41\x3c\xc6\xc0\x7c\x5f\xf5\xd7\xaf\x7b\xcd\x33\x87\x43\x95\xd6\x29\xc6\x12\
    \xfd\xeb\x3b\x6e\xb9\x0e\x00\x00\x00\xc0\x9f\xeb\x97\x21\x55\x47\xdc\xf6\xae\xbd\xdb\x03\
    \x00\x00\x00\x4e\xe0\x7d\x79\x7c\xe6\x6b\xb9\xf5\xe1\x07\xdb\x19\xd4\xa7\xef\x1f\x00\x00";

/// Bombs, by what is said of how they are packed.
fn bombs(line: &str) -> Vec<Part> {
    let (one, two) = ("content-encoding: gzip\r\n", "content-encoding: gzip\r\ncontent-encoding: gzip\r\n");
    match line {
        line if line.contains("/list") => answer("200 OK", "content-encoding: gzip, gzip\r\n", TWICE),
        line if line.contains("/lines") => answer("200 OK", two, TWICE),
        line if line.contains("/silent") => answer("200 OK", one, TWICE),
        _ => answer("200 OK", two, ONCE),
    }
}

#[test]
fn an_answer_that_is_packed_twice_is_unpacked_once_and_counted() {
    let canary = Canary::start(bombs);
    // A list is not unpacked at all, and of two lines one; what is left is as small as it came.
    for (path, bytes) in [("/list", 110), ("/lines", 8175), ("/silent", 8175)] {
        let report = send(HERE, get(&canary.url(path)));
        assert!(said(&report).starts_with(&format!("200 {bytes} bytes ")), "{path}: {}", said(&report));
        assert_eq!(report.usage.received_bytes, bytes, "{path}");
        assert_eq!(refused(&report), Vec::<String>::new(), "{path}");
    }
    // That one is a bomb: the second line says of it what is not so.
    let url = canary.url("/false");
    let report = send(HERE, get(&url));
    assert!(said(&report).starts_with(&format!("the answer to `GET {url}` ends early: ")), "{}", said(&report));
    assert_eq!(refused(&report), ["receive more than 4194304 bytes: limit used up"]);
}
