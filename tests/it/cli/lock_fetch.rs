//! `add` with an address: fetched by its digest alone, and kept only if it is that.

use std::fs;

use expect_test::{Expect, expect};
use looplet_host::digest::Digest;
use looplet_tests::guests;

use super::lock::digest;
use crate::canary::{Canary, Part, answer};
use crate::world::{Printed, World};

fn component(line: &str) -> Vec<Part> {
    match line {
        line if line.contains("/large.wasm") => answer("200 OK", "", vec![0_u8; (64 << 20) + 1]),
        line if line.contains("/pieces.wasm") => pieces(),
        line if line.contains("/other.wasm") => answer("200 OK", "", fs::read(guests::HTTP_PROBE).unwrap()),
        line if line.contains("tool.wasm") => answer("200 OK", "", fs::read(guests::WEB_SEARCH).unwrap()),
        line if line.contains("/moved.wasm") => answer("302 Found", "location: /tool.wasm\r\n", ""),
        _ => answer("404 Not Found", "", "none"),
    }
}

/// More than a component may have, in pieces: how many come, nobody says before.
fn pieces() -> Vec<Part> {
    let mut piece = b"100000\r\n".to_vec();
    piece.resize(piece.len() + (1 << 20), 0);
    piece.extend(b"\r\n");
    let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    std::iter::once(head).chain(std::iter::repeat_n(piece, 65)).map(Part::Bytes).collect()
}

/// Adds what lies at an address.
fn fetch(world: &World, url: &str, component: &str, more: &[&str]) -> Printed {
    let digest = digest(component);
    world.run(&[&["add", url, "--digest", digest.as_str(), "--yes"], more].concat())
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

#[test]
fn no_more_is_fetched_than_a_component_may_have() {
    let canary = Canary::start(component);
    let world = World::with_notes();
    for path in ["/large.wasm", "/pieces.wasm"] {
        let printed = fetch(&world, &canary.url(path), guests::WEB_SEARCH, &[]);
        let said = format!("error: `http://127.0.0.1:[PORT]{path}` cannot be fetched: it is larger than 64 MiB\n");
        assert_eq!((printed.code, printed.stderr), (Some(1), said));
    }
    assert!(!world.path("plugins").exists() && !world.path("looplet.lock").exists());
}

#[test]
fn it_is_kept_where_and_under_the_name_that_is_said() {
    let canary = Canary::start(component);
    let world = World::with_notes();
    let added =
        fetch(&world, &canary.url("/tool.wasm"), guests::WEB_SEARCH, &["--name", "search", "--to", "components"]);
    assert!(added.stderr.contains("pinned in `looplet.lock`"), "{}", added.transcript());
    assert_eq!(world.tree("project/components"), ["search.wasm"]);
    assert_eq!(fs::read(world.path("components/search.wasm")).unwrap(), fs::read(guests::WEB_SEARCH).unwrap());
    assert!(!world.path("plugins").exists());
    let lock = fs::read_to_string(world.path("looplet.lock")).unwrap();
    let from = format!("name = \"search\"\nfrom = \"{}\"\n", canary.url("/tool.wasm"));
    assert!(lock.contains(&from), "{lock}");
    let checked = world.run(&["check", "--plugins", "components", "--locked"]);
    assert!(checked.stdout.contains("in order: 1 plugin, 1 tool"), "{}", checked.transcript());
}

#[test]
fn a_name_that_leads_elsewhere_is_none() {
    let canary = Canary::start(component);
    let world = World::with_notes();
    let refused = |path: &str, more: &[&str], expected: &Expect| {
        expected.assert_eq(&fetch(&world, &canary.url(path), guests::WEB_SEARCH, more).transcript());
    };
    refused(
        "/tool.wasm",
        &["--name", "../tool"],
        &expect![[r#"
            ── stderr
            error: `../tool` is no name
            hint: name it with `--name`: a-z, then a-z, 0-9, `_` or `-`, at most 64
            ── exit 2
        "#]],
    );
    refused(
        "/..%2Ftool.wasm",
        &[],
        &expect![[r#"
            ── stderr
            error: `..%2Ftool` is no name
            hint: name it with `--name`: a-z, then a-z, 0-9, `_` or `-`, at most 64
            ── exit 2
        "#]],
    );
    assert_eq!(world.tree("project"), ["notes.md", "src/main.rs"]);
}

/// Nobody has pinned it, so nobody knows where else it is.
#[test]
fn a_file_that_lies_there_already_is_not_lost() {
    let canary = Canary::start(component);
    let mine = "mine, and nowhere else";
    let world = World::with_notes().file("plugins/tool.wasm", mine);
    let refused = fetch(&world, &canary.url("/tool.wasm"), guests::WEB_SEARCH, &[]);
    assert_eq!(fs::read_to_string(world.path("plugins/tool.wasm")).unwrap(), mine, "{}", refused.transcript());
    assert!(!world.path("looplet.lock").exists(), "{}", refused.transcript());
    assert_eq!((refused.code, refused.stderr.contains("plugins/tool.wasm")), (Some(2), true), "{}", refused.stderr);
    // Under another name, or elsewhere, both are kept.
    for more in [["--name", "search"], ["--to", "components"]] {
        let added = fetch(&world, &canary.url("/tool.wasm"), guests::WEB_SEARCH, &more);
        assert_eq!(added.code, Some(0), "{}", added.transcript());
    }
    assert_eq!(fs::read_to_string(world.path("plugins/tool.wasm")).unwrap(), mine);
    assert_eq!(world.tree("project/plugins"), ["search.wasm", "tool.wasm"]);
    assert_eq!(world.tree("project/components"), ["tool.wasm"]);
}

/// What is pinned there is known by its digest, and can be fetched again.
#[test]
fn what_is_pinned_there_is_fetched_again_or_replaced() {
    let canary = Canary::start(component);
    let world = World::with_notes();
    let (search, probe) = (guests::WEB_SEARCH, guests::HTTP_PROBE);
    let lies = |component: &str| fs::read(world.path("plugins/tool.wasm")).unwrap() == fs::read(component).unwrap();
    for _ in 0..2 {
        let added = fetch(&world, &canary.url("/tool.wasm"), search, &[]);
        assert!(added.code == Some(0) && lies(search), "{}", added.transcript());
    }
    let replaced = fetch(&world, &canary.url("/other.wasm"), probe, &["--name", "tool"]);
    assert!(replaced.stderr.contains("    - tool search\n"), "{}", replaced.transcript());
    assert!(replaced.code == Some(0) && lies(probe), "{}", replaced.transcript());
    assert!(world.run(&["check", "--plugins", "plugins", "--locked"]).stdout.contains("in order: 1 plugin, "));
}
