//! Redirects as `fetch` follows them: each hop a request of its own, checked and sent like the first.

use crate::canary::{Canary, Part, answer};
use crate::world::World;

/// `/STATUS` leads to `/there`, `/away-PORT` to another server, `/loop` to itself; all else says what it is.
fn pages(line: &str) -> Vec<Part> {
    let path = line.split(' ').nth(1).unwrap_or_default();
    let moved = |status: &str, to: &str| answer(&format!("{status} Moved"), &format!("location: {to}\r\n"), "");
    match path {
        "/loop" => moved("302", "/loop"),
        "/301" | "/302" | "/303" | "/307" | "/308" => moved(&path[1..], "/there"),
        away if away.starts_with("/away-") => moved("307", &format!("http://127.0.0.1:{}/there", &away[6..])),
        _ => answer("200 OK", "content-type: text/plain\r\n", line),
    }
}

/// One call of `fetch` with these arguments; what is granted is one line.
fn fetched(grant: &str, arguments: &str) -> String {
    let policy = format!(
        "format = 1\n[grants]\n\"http/fetch\" = {{ {grant} }}\n[[rules]]\ntool = \"http\"\ndecision = \"allow\"\n"
    );
    let world = World::with_notes().file("policy.toml", policy);
    world.run(&["call", "http/fetch", arguments, "--policy", "policy.toml"]).transcript()
}

fn following(canary: &Canary, path: &str, more: &str) -> String {
    format!(r#"{{"url":"{}","follow":true{more}}}"#, canary.url(path))
}

const ALL: &str = "http = [\"GET,POST http://127.0.0.1:*/**\"]";

/// The requests that a server got, by method, path and body.
fn asked(canary: &Canary) -> Vec<String> {
    let line = |request: &String| {
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        format!("{} {body}", head.lines().next().unwrap().trim_end_matches(" HTTP/1.1")).trim_end().to_owned()
    };
    canary.seen().iter().map(line).collect()
}

#[test]
fn a_method_and_its_body_go_along_where_the_status_says_so() {
    for (status, then) in [
        ("301", "GET /there"),
        ("302", "GET /there"),
        ("303", "GET /there"),
        ("307", "POST /there apples"),
        ("308", "POST /there apples"),
    ] {
        let canary = Canary::start(pages);
        let post = r#","method":"POST","body":"apples""#;
        let came = fetched(ALL, &following(&canary, &format!("/{status}"), post));
        assert!(came.contains("there HTTP"), "{came}");
        assert_eq!(asked(&canary), [format!("POST /{status} apples"), then.to_owned()]);
    }
}

#[test]
fn a_method_that_is_not_granted_is_not_sent_by_a_redirect_either() {
    let canary = Canary::start(pages);
    // The first is granted, and what it leads to is not.
    let grant = format!("http = [\"POST {}\", \"GET {}\"]", canary.url("/307"), canary.url("/**"));
    let came = fetched(&grant, &following(&canary, "/307", r#","method":"POST","body":"apples""#));
    assert!(came.contains("is not granted to this tool"), "{came}");
    assert_eq!(asked(&canary), ["POST /307 apples"]);
}

#[test]
fn another_server_is_told_nothing_that_was_for_the_first() {
    let (first, other) = (Canary::start(pages), Canary::start(pages));
    let more = r#","method":"POST","body":"apples","headers":{"x-key":"k-0815","accept":"text/plain"}"#;
    let came = fetched(ALL, &following(&first, &format!("/away-{}", other.port()), more));
    assert!(came.contains("there HTTP"), "{came}");
    assert!(first.seen()[0].contains("x-key: k-0815"), "{:?}", first.seen());
    let seen = other.seen().concat();
    assert!(seen.starts_with("POST /there ") && !seen.contains("k-0815") && !seen.contains("apples"), "{seen}");
    assert!(seen.contains("accept: text/plain"), "{seen}");
}

#[test]
fn another_port_of_the_same_host_is_another_server_for_a_redirect_too() {
    let (first, other) = (Canary::start(pages), Canary::start(pages));
    let leads = following(&first, &format!("/away-{}", other.port()), "");
    let granted = |canary: &Canary| format!("\"GET {}\"", canary.url("/**"));
    let came = fetched(&format!("http = [{}]", granted(&first)), &leads);
    assert!(came.contains("`GET http://127.0.0.1:[PORT]/there` is not granted to this tool"), "{came}");
    assert_eq!(asked(&first), [format!("GET /away-{}", other.port())]);
    assert!(other.seen().is_empty(), "{:?}", other.seen());
    let came = fetched(&format!("http = [{}, {}]", granted(&first), granted(&other)), &leads);
    assert!(came.contains("there HTTP"), "{came}");
    assert_eq!(asked(&other), ["GET /there"]);
}

#[test]
fn a_redirect_without_end_comes_to_one() {
    let canary = Canary::start(pages);
    let came = fetched(ALL, &following(&canary, "/loop", ""));
    assert!(came.contains("leads from one redirect to the next"), "{came}");
    assert_eq!(asked(&canary).len(), 6);
}

#[test]
fn private_addresses_are_open_to_who_opens_them_all_and_those_of_clouds_are_not() {
    let canary = Canary::start(pages);
    let open = "http = [\"GET http://*:*/**\"], public_addresses_only = false";
    let at = |address: &str| format!(r#"{{"url":"http://{address}:{}/a"}}"#, canary.port());
    assert!(fetched(open, &at("127.0.0.1")).contains("GET /a HTTP"));
    let shut = "http = [\"GET http://*:*/**\"]";
    for (grant, address) in [
        (shut, "127.0.0.1"),
        (open, "169.254.169.254"),
        (open, "[fe80::1]"),
        (open, "[::ffff:169.254.169.254]"),
        (open, "168.63.129.16"),
        (open, "100.100.100.200"),
        (open, "[fd00:ec2::254]"),
        (open, "224.0.0.1"),
        (open, "0.0.0.0"),
    ] {
        let came = fetched(grant, &at(address));
        assert!(came.contains("leads to an address that this tool may not reach"), "{grant} {address}: {came}");
    }
    assert_eq!(canary.seen().len(), 1);
}
