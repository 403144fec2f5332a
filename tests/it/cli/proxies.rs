//! Proxies that the environment of the program names: what tools send goes to none of them, since one would see what
//! is asked, and would dial where no address was checked.

use super::secrets::policy;
use crate::canary::{Canary, Part, answer};
use crate::world::World;

/// As programs know them.
const VARIABLES: [&str; 6] = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"];

const HERE: &str = "\"127.0.0.0/8\"";

fn page(_: &str) -> Vec<Part> {
    answer("200 OK", "content-type: text/plain\r\n", "of the server")
}

fn proxy() -> Canary {
    Canary::start(|_| answer("200 OK", "content-type: text/plain\r\n", "of the proxy"))
}

/// What a fetch comes to where the open web is granted, with these networks, and every variable names the proxy.
fn fetched(proxy: &Canary, networks: &str, url: &str) -> String {
    let open = "http = [\"GET http://*:*/**\", \"GET https://*:*/**\"]";
    let grant = format!("\"http/fetch\" = {{ {open}, addresses = [{networks}] }}");
    let world = World::with_notes().file("policy.toml", policy("", &grant));
    let world = VARIABLES.iter().fold(world, |world, name| world.variable(name, &proxy.url("")));
    let arguments = format!(r#"{{"url":"{url}"}}"#);
    world.run(&["call", "http/fetch", &arguments, "--policy", "policy.toml"]).transcript()
}

#[test]
fn who_is_asked_is_asked_without_a_proxy() {
    let (proxy, server) = (proxy(), Canary::start(page));
    let came = fetched(&proxy, HERE, &server.url("/page"));
    assert!(came.contains("of the server"), "{came}");
    let seen = server.seen();
    assert!(seen.len() == 1 && seen[0].starts_with("GET /page HTTP/1.1\r\n"), "{seen:?}");
    assert!(proxy.seen().is_empty(), "{:?}", proxy.seen());
}

#[test]
fn who_cannot_be_reached_is_not_asked_for_at_a_proxy() {
    // No name has a part of 64 letters: resolvers say so without asking anybody. And nobody listens at that port.
    let nobody = format!("http://{}.test/", "a".repeat(64));
    for (url, why) in [
        (nobody.as_str(), "has no address"),
        ("http://127.0.0.1:9/", "nobody answers at the host"),
        ("https://127.0.0.1:9/", "nobody answers at the host"),
    ] {
        let proxy = proxy();
        let came = fetched(&proxy, HERE, url);
        assert!(came.contains(why), "{url}: {came}");
        assert!(proxy.seen().is_empty(), "{url}: {:?}", proxy.seen());
    }
}

#[test]
fn an_address_that_is_not_granted_is_not_reached_through_a_proxy() {
    let (proxy, server) = (proxy(), Canary::start(page));
    let came = fetched(&proxy, "", &server.url("/page"));
    assert!(came.contains("leads to an address that this tool may not reach"), "{came}");
    assert!(server.seen().is_empty() && proxy.seen().is_empty(), "{:?} {:?}", server.seen(), proxy.seen());
}
