//! Requests of a guest: what is granted leaves, all else does not, and canaries see every byte that did.

use std::sync::Arc;

use expect_test::expect;
use looplet_host::capability::Authority;
use looplet_host::capability::http::{AddressPolicy, AllowedHttp, EgressAllowance};
use looplet_host::origin::Origin;
use looplet_host::permission::HttpPattern;
use looplet_host::plugin::GuestReport;
use looplet_host::refusal::RefusalReason;
use looplet_tests::guests;
use looplet_tests::harness::{Call, said};
use serde_json::{Value, json};

use crate::canary::{Canary, Part, answer};

/// With these patterns and networks.
pub(super) fn granted(patterns: &[String], networks: &[&str]) -> Authority {
    let mut authority = Authority::default();
    for pattern in patterns {
        let addresses = networks.iter().try_fold(AddressPolicy::default(), |all, network| all.with_network(network));
        let pattern = HttpPattern::parse(pattern).unwrap();
        authority.http.push(AllowedHttp::granted(pattern, addresses.unwrap(), Origin::Program));
    }
    authority
}

fn sending(lines: &[String]) -> Value {
    json!({ "send": lines })
}

fn send(authority: &Authority, lines: &[String]) -> GuestReport {
    Call::of(guests::HTTP_PROBE, sending(lines)).with(authority.clone()).run()
}

fn ok(line: &str) -> Vec<Part> {
    answer("200 OK", "", line)
}

/// What was refused, a line each: operation, target without ports, reason, line that would allow it.
pub(super) fn refused(report: &GuestReport) -> Vec<String> {
    let line = |refusal: &looplet_host::refusal::Refusal| {
        let line = refusal.would_allow.as_deref().map(|line| format!(" | {line}")).unwrap_or_default();
        format!("{} {}: {}{line}", refusal.operation, refusal.target, refusal.reason.as_str())
    };
    report.refusals.iter().map(line).collect()
}

#[test]
fn what_is_granted_is_sent_and_the_answer_read() {
    let canary = Canary::start(ok);
    let authority = granted(&[format!("GET {}", canary.url("/v1/**"))], &[]);
    let report = send(&authority, &[format!("GET {}", canary.url("/v1/a?q=1"))]);
    assert_eq!(said(&report), "200 22 bytes GET /v1/a?q=1 HTTP/1.1");
    assert_eq!((report.usage.requests, report.usage.received_bytes), (1, 22));
    assert_eq!(refused(&report), Vec::<String>::new());
    let seen = canary.seen();
    assert_eq!(seen.len(), 1);
    assert!(seen[0].contains(&format!("host: 127.0.0.1:{}\r\n", canary.port())), "{seen:?}");
    assert!(seen[0].contains("user-agent: looplet-host/"), "{seen:?}");
}

#[test]
fn nothing_leaves_without_a_grant() {
    let canary = Canary::start(ok);
    let report = send(&Authority::default(), &[format!("GET {}", canary.url("/"))]);
    assert_eq!(said(&report), format!("`GET {}` is not granted to this tool", canary.url("/")));
    let allow = format!("http = [\"GET http://127.0.0.1:{}/**\"]", canary.port());
    assert_eq!(refused(&report), [format!("GET {}: not granted | {allow}", canary.url("/"))]);
    assert!(canary.seen().is_empty());
}

#[test]
fn another_method_scheme_host_port_or_path_is_not_what_was_granted() {
    let (canary, other) = (Canary::start(ok), Canary::start(ok));
    let authority = granted(&[format!("GET {}", canary.url("/v1/**"))], &["127.0.0.0/8", "::1"]);
    for line in [
        format!("POST {}", canary.url("/v1/a")),
        format!("DELETE {}", canary.url("/v1/a")),
        format!("CONNECT {}", canary.url("/v1/a")),
        format!("TRACE {}", canary.url("/v1/a")),
        format!("GET https://127.0.0.1:{}/v1/a", canary.port()),
        format!("GET http://localhost:{}/v1/a", canary.port()),
        format!("GET http://127.0.0.2:{}/v1/a", canary.port()),
        format!("GET {}", other.url("/v1/a")),
        format!("GET {}", canary.url("/v2")),
        format!("GET {}", canary.url("/v1/../v2")),
        format!("GET {}", canary.url("/v1/%2e%2e/v2")),
        format!("GET {}", canary.url("/v1/..%2fv2")),
        format!("GET {}", canary.url("/v1/%252e%252e%252fv2")),
        format!("GET {}", canary.url("//v1/a")),
        format!("GET http://me@127.0.0.1:{}/v1/a", canary.port()),
        format!("GET http://127.0.0.1:{}@evil.test/v1/a", canary.port()),
        "GET ftp://127.0.0.1/v1/a".to_owned(),
        "GET http://secret.evil.test/v1/a".to_owned(),
    ] {
        let report = send(&authority, std::slice::from_ref(&line));
        assert!(!said(&report).starts_with("200"), "{line}: {}", said(&report));
        assert_eq!(report.usage.requests, 0, "{line}");
        assert!(!report.refusals.is_empty() || said(&report).contains("is no request"), "{line}: {}", said(&report));
    }
    assert!(canary.seen().is_empty() && other.seen().is_empty());
}

#[test]
fn every_spelling_of_this_machine_is_refused_unless_it_is_named() {
    let canary = Canary::start(ok);
    let port = canary.port();
    let open = granted(&["* http://*:*/**".to_owned()], &[]);
    for host in [
        "127.0.0.1",
        "localhost",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.0.0.1.",
        "localhost.",
        "0.0.0.0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "①②⑦.⓪.⓪.①",
        "LOCALHOST",
    ] {
        let report = send(&open, &[format!("GET http://{host}:{port}/")]);
        assert!(!said(&report).starts_with("200"), "{host}: {}", said(&report));
        let is_address = report.refusals.iter().any(|refusal| refusal.reason == RefusalReason::PrivateAddress);
        let is_none = ["no request", "no URL", "has no address"].iter().any(|why| said(&report).contains(why));
        assert!(is_address || is_none, "{host}: {}", said(&report));
    }
    assert!(canary.seen().is_empty());

    let named = granted(&["GET http://*:*/**".to_owned()], &["127.0.0.0/8"]);
    for host in ["127.0.0.1", "127.1", "2130706433", "[::ffff:127.0.0.1]"] {
        let report = send(&named, &[format!("GET http://{host}:{port}/")]);
        assert!(said(&report).starts_with("200"), "{host}: {}", said(&report));
    }
}

#[test]
fn a_refused_address_names_itself_and_the_line() {
    let open = granted(&["GET https://*/**".to_owned()], &[]);
    let report = send(&open, &["GET https://169.254.169.254/latest/meta-data".to_owned()]);
    expect!["`GET https://169.254.169.254/latest/meta-data` leads to an address that this tool may not reach"]
        .assert_eq(&said(&report));
    expect![[r#"["GET https://169.254.169.254:443/latest/meta-data at 169.254.169.254: not a public address | addresses = [\"169.254.169.254\"]"]"#]]
        .assert_eq(&format!("{:?}", refused(&report)));
}

#[test]
fn headers_that_frame_route_or_prove_are_the_hosts() {
    let canary = Canary::start(ok);
    let authority = granted(&[format!("* {}", canary.url("/**"))], &[]);
    let with = |name: &str, value: &str| {
        let arguments = json!({ "send": [format!("GET {}", canary.url("/"))], "headers": [[name, value]] });
        Call::of(guests::HTTP_PROBE, arguments).with(authority.clone()).run()
    };
    for name in [
        "authorization",
        "Authorization",
        "cookie",
        "host",
        "proxy-authorization",
        "connection",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "forwarded",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-real-ip",
        "x-forwarded-uri",
        "x_forwarded_for",
        "proxy",
        "proxy-x",
        "x-http-method-override",
        "x-original-url",
        "via",
        "expect",
        "proxy-connection",
        "http2-settings",
    ] {
        let report = with(name, "smuggled");
        assert!(said(&report).contains("cannot be sent"), "{name}: {}", said(&report));
    }
    assert!(said(&with("x-a", "a\r\nx-evil: b")).contains("cannot be sent"));
    assert!(canary.seen().is_empty());
    assert!(said(&with("x-mine", "kept")).starts_with("200"));
    assert!(canary.seen()[0].contains("x-mine: kept\r\n"), "{:?}", canary.seen());
    assert_eq!(refused(&with("authorization", "x")), ["header authorization: not granted"]);
}

#[test]
fn what_a_guest_builds_and_never_sends_is_bounded() {
    let long = "A".repeat(1 << 17);
    let authority = granted(&["* http://*:*/**".to_owned()], &[]);
    for line in [
        format!("{long} http://127.0.0.1/"),
        format!("GET http://{long}/"),
        format!("GET {long}://127.0.0.1/"),
        format!("GET http://127.0.0.1/{long}"),
    ] {
        let report = send(&authority, &[line]);
        assert!(said(&report).contains("is no request"), "{:.80}", said(&report));
        assert!(report.refusals.is_empty());
    }
    // A word that is short enough, and no method.
    let report = send(&authority, &["get http://127.0.0.1/".to_owned(), "GET http://*/".to_owned()]);
    assert_eq!(refused(&report), ["send its method is none: not granted", "send its host has a `*`: not granted"]);
}

#[test]
fn who_may_look_has_nothing_to_send() {
    let canary = Canary::start(ok);
    let authority = granted(&[format!("GET {}", canary.url("/**"))], &[]);
    let arguments = json!({ "send": [format!("GET {}", canary.url("/"))], "body_bytes": 9 });
    let report = Call::of(guests::HTTP_PROBE, arguments).with(authority).run();
    assert!(said(&report).ends_with("cannot have a body"), "{}", said(&report));
    assert_eq!(refused(&report), ["GET a body: not granted"]);
    assert!(canary.seen().is_empty());
    // Many clients open one whatever they send.
    let arguments = json!({ "send": [format!("GET {}", canary.url("/"))], "body_bytes": 0 });
    let authority = granted(&[format!("GET {}", canary.url("/**"))], &[]);
    let report = Call::of(guests::HTTP_PROBE, arguments).with(authority).run();
    assert!(said(&report).starts_with("200 "), "{}", said(&report));
}

#[test]
fn a_redirect_is_an_answer_and_nobody_follows_it() {
    fn moved(_: &str) -> Vec<Part> {
        answer("302 Found", "location: http://169.254.169.254/\r\n", "")
    }
    let canary = Canary::start(moved);
    let authority = granted(&[format!("GET {}", canary.url("/**"))], &[]);
    let report = send(&authority, &[format!("GET {}", canary.url("/"))]);
    assert_eq!(said(&report), "302 0 bytes ");
    assert_eq!((canary.seen().len(), report.usage.requests), (1, 1));
}

#[test]
fn a_call_has_so_many_requests() {
    let canary = Canary::start(ok);
    let authority = granted(&[format!("GET {}", canary.url("/**"))], &[]);
    let line = format!("GET {}", canary.url("/"));
    let report = send(&authority, &vec![line; 10]);
    let said = said(&report);
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines[7].starts_with("200") && lines[8].starts_with("nothing more may be sent"), "{lines:#?}");
    assert_eq!((report.usage.requests, canary.seen().len()), (8, 8));
    assert_eq!(report.refusals[0].reason, RefusalReason::Limit);
}

#[test]
fn bodies_are_counted_once_they_are_decoded() {
    fn large(line: &str) -> Vec<Part> {
        if line.contains("/bomb") {
            // 8 MiB of zeros in 8 KiB.
            return answer("200 OK", "content-encoding: gzip\r\n", include_bytes!("../../files/zeros.gz"));
        }
        if line.contains("/endless") {
            let head = Part::Bytes(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".to_vec());
            return std::iter::once(head).chain((0..200).map(|_| Part::Bytes(vec![b'x'; 64 << 10]))).collect();
        }
        answer("200 OK", "", vec![b'x'; 3 << 20])
    }
    let canary = Canary::start(large);
    let authority = granted(&[format!("* {}", canary.url("/**"))], &[]);
    for path in ["/bomb", "/endless"] {
        let report = send(&authority, &[format!("GET {}", canary.url(path))]);
        let early = format!("the answer to `GET {}` ends early: ", canary.url(path));
        assert!(said(&report).starts_with(&early) && said(&report).contains("4194304"), "{}", said(&report));
        assert_eq!(refused(&report), ["receive more than 4194304 bytes: limit used up"]);
    }
    // All answers of a call together.
    let line = format!("GET {}", canary.url("/"));
    let report = send(&authority, &vec![line; 2]);
    let said = said(&report);
    assert!(said.starts_with("200 3145728 bytes") && said.contains("ends early"), "{said}");
    // And what is sent.
    let sent = |bytes: usize| {
        let arguments = json!({ "send": [format!("POST {}", canary.url("/"))], "body_bytes": bytes });
        Call::of(guests::HTTP_PROBE, arguments).with(authority.clone()).run()
    };
    // With the address, and the length that the guest writes.
    let head = "POST".len() + canary.url("/").len() + "content-length1048576".len();
    assert_eq!(sent(1 << 20).usage.sent_bytes, (1 << 20) + head as u64);
    let report = sent(5 << 20);
    assert!(!looplet_tests::harness::said(&report).starts_with("200"), "{}", looplet_tests::harness::said(&report));
    assert!(canary.seen().iter().all(|request| request.len() < 5 << 20));
}

#[test]
fn what_a_run_may_carry_out_is_counted_before_it_leaves() {
    let canary = Canary::start(ok);
    let mut authority = granted(&[format!("* {}", canary.url("/**"))], &[]);
    let allowance = Arc::<EgressAllowance>::default();
    allowance.lower_to(100 << 10);
    authority.http.draw_from(Arc::clone(&allowance));
    let post = |bytes: usize| {
        let lines = [format!("POST {}", canary.url("/a"))];
        Call::of(guests::HTTP_PROBE, json!({ "send": lines, "body_bytes": bytes })).with(authority.clone()).run()
    };
    assert_eq!(said(&post(60 << 10)), "200 16 bytes POST /a HTTP/1.1");
    // The first chunk that does not fit uses up the rest.
    let report = post(60 << 10);
    assert!(!said(&report).starts_with("200"), "{}", said(&report));
    assert_eq!(refused(&report), ["send 4096 bytes: more than is left of the run's budget"]);
    // Addresses and headers carry something out as well: nothing of them leaves.
    let report = send(&authority, &[format!("GET {}", canary.url("/b"))]);
    assert_eq!(refused(&report).len(), 1);
    assert!(refused(&report)[0].ends_with("more than is left of the run's budget"), "{:?}", refused(&report));
    assert!(canary.seen().iter().all(|request| !request.contains("/b")));
    let left: usize = canary.seen().iter().map(String::len).sum();
    assert!(left < 102 << 10, "{left} bytes left");
}

#[test]
fn a_server_that_drips_or_never_answers_does_not_outlast_the_call() {
    fn drip(line: &str) -> Vec<Part> {
        if line.contains("/never") {
            return vec![Part::Wait(60_000)];
        }
        let head = Part::Bytes(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n".to_vec());
        std::iter::once(head).chain((0..600).flat_map(|_| [Part::Wait(100), Part::Bytes(vec![b'x'])])).collect()
    }
    let canary = Canary::start(drip);
    let authority = granted(&[format!("GET {}", canary.url("/**"))], &[]);
    for path in ["/drip", "/never"] {
        let arguments = sending(&[format!("GET {}", canary.url(path))]);
        let report = Call::of(guests::HTTP_PROBE, arguments).with(authority.clone()).wall(700).run();
        let failure = format!("{:?}", report.outcome);
        assert!(failure.contains("Timeout"), "{path}: {failure}");
    }
    let cancel = tokio_util::sync::CancellationToken::new();
    let call = Call::of(guests::HTTP_PROBE, sending(&[format!("GET {}", canary.url("/never"))]));
    let call = call.with(authority).cancelled_by(&cancel);
    let later = cancel.clone();
    std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(200));
        later.cancel();
    });
    assert!(format!("{:?}", call.run().outcome).contains("Cancelled"));
}

#[test]
fn an_answer_that_is_none_or_has_too_many_headers_is_a_failure() {
    fn odd(line: &str) -> Vec<Part> {
        match line {
            line if line.contains("/half") => {
                vec![
                    Part::Bytes(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\nconnection: close\r\n\r\nhalf".to_vec()),
                    Part::Wait(300),
                ]
            }
            line if line.contains("/fields") => {
                answer("200 OK", &format!("x-a: {}\r\n", "y".repeat(3 << 10)).repeat(20), "")
            }
            _ => vec![Part::Bytes(b"SSH-2.0-none\r\n".to_vec())],
        }
    }
    let canary = Canary::start(odd);
    let authority = granted(&[format!("GET {}", canary.url("/**"))], &[]);
    for path in ["/none", "/fields"] {
        let report = send(&authority, &[format!("GET {}", canary.url(path))]);
        assert!(said(&report).contains("failed"), "{path}: {}", said(&report));
    }
    let closed =
        send(&granted(&["GET http://127.0.0.1:9/**".to_owned()], &[]), &["GET http://127.0.0.1:9/".to_owned()]);
    assert_eq!(said(&closed), "nobody answers at the host of `GET http://127.0.0.1:9/`");
}

#[test]
fn a_url_that_is_long_enough_to_carry_data_out_is_refused() {
    let canary = Canary::start(ok);
    let authority = granted(&[format!("GET {}", canary.url("/**"))], &[]);
    let line = |bytes: usize| format!("GET {}?{}", canary.url("/"), "x".repeat(bytes));
    assert_eq!(said(&send(&authority, &[line(8 << 10)])), "the URL is too long");
    let call = Call::of(guests::HTTP_PROBE, sending(&[line(600)])).with(authority);
    let report = call.limits(|limits| limits.http.url_bytes = 512).run();
    assert_eq!(said(&report), "the URL is too long");
    assert!(canary.seen().is_empty());
}

#[test]
fn a_connection_that_one_grant_opened_serves_no_other_tool() {
    let canary = Canary::start(ok);
    let named = granted(&["GET http://*:*/**".to_owned()], &["127.0.0.0/8", "::1"]);
    let open = granted(&["GET http://*:*/**".to_owned()], &[]);
    let line = [format!("GET http://localhost:{}/", canary.port())];
    assert!(said(&send(&named, &line)).starts_with("200"), "{}", said(&send(&named, &line)));
    let before = canary.seen().len();
    assert!(said(&send(&open, &line)).contains("may not reach"));
    assert_eq!(canary.seen().len(), before);
}
