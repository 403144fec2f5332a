//! Secrets at the wall: what a real guest gets others to see of them, and what it sees itself.

use looplet_host::capability::http::{AddressPolicy, AllowedHttp};
use looplet_host::capability::{Authority, BoundSecret};
use looplet_host::origin::Origin;
use looplet_host::permission::{HttpOrigin, HttpPattern};
use looplet_host::plugin::GuestReport;
use looplet_host::secret::{Leaks, SecretValue};
use looplet_tests::guests;
use looplet_tests::harness::{Call, said};
use reqwest::header::HeaderName;
use serde_json::json;

use super::http::refused;
use crate::canary::{Canary, Part, answer};

const VALUE: &str = "tok/12345+x";

/// The value, packed by `gzip` twice.
const TWICE: &[u8] = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x93\xef\xe6\x60\x00\x01\x26\x66\xed\x93\xe7\xaf\x99\x9b\x18\x99\x19\x5e\x5d\xc7\xc0\x20\xaf\x36\x41\x9f\x1b\x28\x0c\x00\x92\xc6\x30\x16\x1f\x00\x00\x00";

/// All of these servers, and the secret for the first of them.
fn holding(canaries: &[&Canary], header: &'static str, form: &str) -> Authority {
    let mut authority = Authority::default();
    for canary in canaries {
        let pattern = HttpPattern::parse(&format!("* {}", canary.url("/**"))).unwrap();
        authority.http.push(AllowedHttp::granted(pattern, AddressPolicy::default(), Origin::Program));
    }
    let (to, value) = (HttpOrigin::parse(&canaries[0].url("")).unwrap(), SecretValue::new(VALUE).unwrap());
    let header = (&HeaderName::from_static(header), form);
    authority.http.push_secret(BoundSecret::new("api", &to, header, &value, &Origin::Program).unwrap());
    authority.http.keep_out(Leaks::of([("api".to_owned(), value)]).unwrap());
    authority
}

fn send(authority: &Authority, arguments: serde_json::Value) -> GuestReport {
    Call::of(guests::HTTP_PROBE, arguments).with(authority.clone()).run()
}

/// What an honest server, a careless one and a proxy make of a header.
fn echo(line: &str) -> Vec<Part> {
    let bytes = |text: &str| Part::Bytes(text.as_bytes().to_vec());
    match line {
        line if line.contains("/plain") => answer("200 OK", "", "you sent tok/12345+x."),
        line if line.contains("/base64") => answer("200 OK", "", "dXNlcjp0b2svMTIzNDUreA=="),
        line if line.contains("/url") => answer("200 OK", "", "?k=tok%2F12345%2Bx&a"),
        line if line.contains("/json") => answer("200 OK", "", r#"{"k":"tok\/12345+x"}"#),
        line if line.contains("/hex") => answer("200 OK", "", "746f6b2f31323334352b78"),
        line if line.contains("/header") => answer("200 OK", "x-echo: tok/12345+x!\r\n", "ok"),
        line if line.contains("/parts") => vec![
            bytes("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n7\r\nit: tok\r\n"),
            Part::Wait(30),
            bytes("4\r\n/123\r\n"),
            Part::Wait(30),
            bytes("8\r\n45+x end\r\n0\r\n\r\n"),
        ],
        line if line.contains("/trailer") => vec![bytes(
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-last\r\n\r\n2\r\nok\r\n0\r\nx-last: tok/12345+x\r\n\r\n",
        )],
        line if line.contains("/begins") => answer("200 OK", "", "tok/12345+"),
        line if line.contains("/part") => answer("206 Partial Content", "content-range: bytes 0-5/11\r\n", "tok/12"),
        line if line.contains("/twice") => {
            answer("200 OK", "content-encoding: gzip\r\ncontent-encoding: gzip\r\n", TWICE)
        }
        line if line.contains("/gzip") => answer("200 OK", "content-encoding: br\r\n", "tok/12345+x"),
        _ => answer("200 OK", "", "ok"),
    }
}

#[test]
fn a_secret_is_added_at_its_origin_alone_and_the_guest_neither_sets_nor_sees_it() {
    let (canary, other) = (Canary::start(echo), Canary::start(echo));
    let authority = holding(&[&canary, &other], "x-api-key", "Key {}");
    let lines = [format!("GET {}", canary.url("/a")), format!("GET {}", other.url("/a"))];
    let report = send(&authority, json!({ "send": lines, "headers": [["x-api-key", "mine"]] }));
    assert_eq!(said(&report), "200 2 bytes ok\n200 2 bytes ok");
    let (here, there) = (canary.seen(), other.seen());
    assert!(here[0].contains("x-api-key: Key tok/12345+x\r\n") && !here[0].contains("mine"), "{here:?}");
    assert!(there[0].contains("x-api-key: mine\r\n") && !there[0].contains("tok/"), "{there:?}");
}

#[test]
fn what_a_server_says_of_it_does_not_reach_the_guest_however_it_is_spelled() {
    let canary = Canary::start(echo);
    let authority = holding(&[&canary], "authorization", "Bearer {}");
    let paths = ["/plain", "/base64", "/url", "/json", "/hex", "/header", "/parts", "/begins"];
    let lines: Vec<String> = paths.iter().map(|path| format!("GET {}", canary.url(path))).collect();
    let report = send(&authority, json!({ "send": lines }));
    assert_eq!(
        said(&report).lines().collect::<Vec<_>>(),
        [
            "200 21 bytes you sent ***********.",
            "200 24 bytes dXNlcjp**************A==",
            "200 20 bytes ?k=***************&a",
            r#"200 20 bytes {"k":"************"}"#,
            "200 22 bytes **********************",
            "200 2 bytes ok [***********!]",
            "200 19 bytes it: *********** end",
            "200 10 bytes tok/12345+",
        ]
    );
    let place = |path: &str| format!("receive `api` from {}: taken out", canary.url(path));
    assert_eq!(refused(&report), paths[..7].iter().map(|path| place(path)).collect::<Vec<_>>());
}

#[test]
fn what_a_server_says_of_it_behind_the_body_does_not_reach_the_guest_either() {
    let canary = Canary::start(echo);
    let authority = holding(&[&canary], "authorization", "Bearer {}");
    let report = send(&authority, json!({ "send": [format!("GET {}", canary.url("/trailer"))] }));
    assert_eq!(said(&report), "200 2 bytes ok");
    assert_eq!(refused(&report), [format!("receive `api` from {}: taken out", canary.url("/trailer"))]);
}

#[test]
fn an_answer_that_cannot_be_looked_through_is_refused_where_a_secret_was_sent() {
    let (canary, other) = (Canary::start(echo), Canary::start(echo));
    let authority = holding(&[&canary, &other], "authorization", "Bearer {}");
    let packed = |canary: &Canary| format!("GET {}", canary.url("/gzip"));
    let report = send(&authority, json!({ "send": [packed(&canary)], "headers": [["accept-encoding", "br"]] }));
    assert!(!said(&report).contains("200"), "{}", said(&report));
    assert_eq!(
        refused(&report),
        [format!("receive {}: packed or cut, so that it cannot be looked through for secrets", canary.url("/gzip"))]
    );
    assert!(canary.seen()[0].contains("accept-encoding: identity\r\n"), "{:?}", canary.seen());
    // Nor is one that is packed twice, and says so in two lines.
    let report = send(&authority, json!({ "send": [format!("GET {}", canary.url("/twice"))] }));
    assert!(!said(&report).contains("200") && refused(&report)[0].contains("packed or cut"), "{}", said(&report));
    // Nor is a part of one, which would be half of a secret.
    let part = json!({ "send": [format!("GET {}", canary.url("/part"))], "headers": [["range", "bytes=0-5"], ["if_range", "x"]] });
    let report = send(&authority, part);
    assert!(!said(&report).contains("206"), "{}", said(&report));
    assert!(!canary.seen()[2].contains("range"), "{:?}", canary.seen());
    let part = json!({ "send": [format!("GET {}", other.url("/part"))], "headers": [["range", "bytes=0-5"]] });
    assert!(said(&send(&authority, part)).contains("206"));
    assert!(other.seen()[0].contains("range: bytes=0-5\r\n"));
    assert!(said(&send(&authority, json!({ "send": [packed(&other)] }))).contains("200"));
}

#[test]
fn without_a_secret_answers_are_what_they_are() {
    let canary = Canary::start(echo);
    let mut authority = holding(&[&canary], "authorization", "Bearer {}");
    authority.http.keep_secrets(|_| false);
    authority.http.keep_out(Leaks::default());
    let report = send(&authority, json!({ "send": [format!("GET {}", canary.url("/plain"))] }));
    assert_eq!(said(&report), "200 21 bytes you sent tok/12345+x.");
    assert!(!canary.seen()[0].contains("authorization"));
}
