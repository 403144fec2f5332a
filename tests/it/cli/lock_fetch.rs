//! `add` with an address: fetched by its digest alone, and kept only if it is that.

use std::fs;

use expect_test::expect;
use looplet_host::digest::Digest;
use looplet_tests::guests;

use super::lock::digest;
use crate::canary::{Canary, Part, answer};
use crate::world::{Printed, World};

fn component(line: &str) -> Vec<Part> {
    match line {
        line if line.contains("/tool.wasm") => answer("200 OK", "", fs::read(guests::WEB_SEARCH).unwrap()),
        line if line.contains("/moved.wasm") => answer("302 Found", "location: /tool.wasm\r\n", ""),
        _ => answer("404 Not Found", "", "none"),
    }
}

#[test]
fn a_component_is_fetched_by_its_digest_alone() {
    let canary = Canary::start(component);
    let world = World::with_notes();
    let digest = digest(guests::WEB_SEARCH);
    let shown = |printed: &Printed| printed.transcript().replace(&canary.port().to_string(), "[PORT]");
    let fetch = |path: &str, digest: &str| world.run(&["add", &canary.url(path), "--digest", digest, "--yes"]);
    expect![[r#"
        ── stderr
        error: what is fetched has to be known by its digest
        hint: add `--digest sha256:…`, as whoever hands the plugin out says it
        ── exit 2
    "#]]
    .assert_eq(&shown(&world.run(&["add", &canary.url("/tool.wasm"), "--yes"])));
    expect![[r#"
        ── stderr
        error: what `http://127.0.0.1:[PORT]/tool.wasm` gives is [DIGEST], not [DIGEST]
        hint: it is another component than is meant; nothing was kept
        ── exit 2
    "#]]
    .assert_eq(&shown(&fetch("/tool.wasm", &Digest::of(b"another").to_string())));
    expect![[r#"
        ── stderr
        error: `http://127.0.0.1:[PORT]/moved.wasm` cannot be fetched: the server answers 302 Found
        ── exit 1
    "#]]
    .assert_eq(&shown(&fetch("/moved.wasm", &digest)));
    expect![[r#"
        ── stderr
        error: `http://plugins.example/tool.wasm` would be fetched for everybody to change on the way
        hint: `http://` is for this machine alone: use `https://`
        ── exit 2
    "#]]
    .assert_eq(&shown(&world.run(&["add", "http://plugins.example/tool.wasm", "--digest", &digest])));
    assert!(!world.path("plugins").exists() && !world.path("looplet.lock").exists());
    let with_user = canary.url("/tool.wasm").replace("http://", "http://me:pass-0815@");
    expect![[r#"
        ── stderr
        error: the address at `http://127.0.0.1:[PORT]` names a user, and a lock would keep it
        hint: fetch it by other means, and add the file
        ── exit 2
    "#]]
    .assert_eq(&shown(&world.run(&["add", &with_user, "--digest", &digest, "--yes"])));
    // What lets somebody in stands in a query, and is kept nowhere.
    let added = fetch("/tool.wasm?signature=sig-0815", &digest);
    assert!(canary.seen().last().unwrap().contains("sig-0815"));
    assert!(!added.transcript().contains("0815"), "{}", added.transcript());
    assert!(!fs::read_to_string(world.path("looplet.lock")).unwrap().contains("0815"));
    assert!(added.stderr.contains("pinned in `looplet.lock`"), "{}", added.stderr);
    assert_eq!(fs::read(world.path("plugins/tool.wasm")).unwrap(), fs::read(guests::WEB_SEARCH).unwrap());
    assert!(world.run(&["check", "--plugins", "plugins", "--locked"]).stdout.contains("in order"));
}
