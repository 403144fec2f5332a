//! Hooks that send requests: granted as tools are, with keys that they do not see, on the run's budget.

use std::fs;

use expect_test::expect;
use looplet_tests::guests;

use super::{DONE, LIST, READ, journal};
use crate::canary::{Canary, Part, answer};
use crate::world::{Printed, World};

const KEY: &str = "gate-key-4711";
const RUN: &[&str] =
    &["run", "--model", "scripted:../model.jsonl", "--policy", "policy.toml", "--runs", "../runs", "do it"];

/// Knows `read_file`, and says the key of whoever asks about anything else.
fn service(line: &str) -> Vec<Part> {
    match line {
        line if line.contains("/v1/may/read_file") => answer("200 OK", "", "yes"),
        _ => answer("403 Forbidden", "", format!("not with {KEY}")),
    }
}

/// A hook with these grants; `base` is where it asks.
fn hook(base: &str, grants: &str) -> String {
    format!(
        "format = 1\n[mounts.workspace]\npath = \".\"\n[grants]\nfiles = {{ fs = {{ workspace = \"ro\" }} }}\n\
         [[rules]]\ntool = \"files\"\ndecision = \"allow\"\n\
         [[hooks]]\nuse = \"../gate.wasm\"\nsettings = {{ base = \"{base}\" }}\ngrants = {{ {grants} }}\nlimits = {{ wall_ms = 5000 }}\n"
    )
}

fn secret(to: &str) -> String {
    format!("[secrets.gate]\nfrom = {{ env = \"GATE_KEY\" }}\nto = \"{to}\"\n")
}

fn granted(canary: &Canary) -> String {
    format!("http = [\"GET {}\"], addresses = [\"127.0.0.1\"], secrets = [\"gate\"]", canary.url("/v1/**"))
}

fn world(policy: impl AsRef<[u8]>) -> World {
    World::with_notes()
        .variable("GATE_KEY", KEY)
        .file("../gate.wasm", fs::read(guests::WEB_GATE).unwrap())
        .file("policy.toml", policy)
}

fn shown(printed: &Printed, canary: &Canary) -> String {
    printed.transcript().replace(&canary.port().to_string(), "[PORT]")
}

#[test]
fn a_hook_asks_a_service_with_a_key_that_it_does_not_see() {
    let canary = Canary::start(service);
    let write = r#"{"calls":[{"tool":"glob","arguments":{"pattern":"*"}}]}"#;
    let world =
        world(hook(&canary.url(""), &granted(&canary)) + &secret(&canary.url(""))).model(&[READ, write, LIST, DONE]);
    let printed = world.run(RUN);
    expect![[r#"
        ── stdout
        All is read.
        ── stderr
        note: `gate` is not pinned: `looplet-host add` shows what a plugin is and pins it
        model scripted:../model.jsonl (--model)
        workspace [DIR]/project (ro, policy.toml:3)
        policy policy.toml (1 rule)
        #1 ✓ read_file(path='notes.md') → 2 lines [TIME]
        #2 ⊘ glob(pattern='*') → denied by a hook «the service says 403: not with *************»
        #3 ⊘ list_dir(path='.') → denied by a hook «`GET http://127.0.0.1:[PORT]/elsewhere` is not granted to this tool (key true)»
        #4 ✓ done(summary='All is read.')
        done · 4 steps · 2 denied by a hook · [TIME] · show: looplet-host show [RUN] --denied
        ── exit 0
    "#]].assert_eq(&shown(&printed, &canary));
    let seen = canary.seen();
    assert_eq!(seen.len(), 2, "{seen:?}");
    assert!(seen.iter().all(|request| request.contains(&format!("authorization: Bearer {KEY}\r\n"))), "{seen:?}");
    let journal = journal(&world);
    assert!(!journal.contains(KEY));
    assert!(journal.contains("\"sent_bytes\":"), "{journal}");
    assert!(journal.contains("not granted; would be allowed by `grants.http = "), "{journal}");
}

#[test]
fn a_hook_without_its_grant_does_not_start() {
    let canary = Canary::start(service);
    let printed = world(hook(&canary.url(""), "")).model(&[READ, DONE]).run(RUN);
    expect![[r#"
        ── stderr
        error: policy.toml:9: the hook `gate` needs `http GET https://*/v1/**, GET http://*:*/v1/**`: the service
        hint: grants = { http = ["GET https://*/v1/**", "GET http://*:*/v1/**"] }
        ── exit 2
    "#]]
    .assert_eq(&shown(&printed, &canary));
    // Another place than it is granted.
    let printed =
        world(hook(&canary.url(""), "http = [\"GET https://gate.example/v1/**\"]")).model(&[READ, DONE]).run(RUN);
    expect![[r#"
        ── stdout
        All is read.
        ── stderr
        note: `gate` is not pinned: `looplet-host add` shows what a plugin is and pins it
        model scripted:../model.jsonl (--model)
        workspace [DIR]/project (ro, policy.toml:3)
        policy policy.toml (1 rule)
        #1 ⊘ read_file(path='notes.md') → denied by a hook «`GET http://127.0.0.1:[PORT]/v1/may/read_file` is not granted to this tool (key …»
        #2 ✓ done(summary='All is read.')
        done · 2 steps · 1 denied by a hook · [TIME] · show: looplet-host show [RUN] --denied
        ── exit 0
    "#]].assert_eq(&shown(&printed, &canary));
    assert_eq!(canary.seen(), Vec::<String>::new());
}

#[test]
fn what_a_hook_carries_out_counts_for_the_run() {
    let canary = Canary::start(service);
    let budget = "[budget]\negress_kib = 1\n";
    let turns: Vec<&str> = std::iter::repeat_n(READ, 40).chain([DONE]).collect();
    let world = world(hook(&canary.url(""), &granted(&canary)) + &secret(&canary.url("")) + budget).model(&turns);
    let printed = world.run(RUN).transcript();
    assert!(printed.contains("stopped: no egress of the budget left"), "{printed}");
    // As many addresses as fit; the one more was counted, and stayed here.
    let each = "GET".len() + canary.url("/v1/may/read_file").len();
    assert_eq!(canary.seen().len(), 1024 / each);
    assert!(printed.contains("nothing more may be sent"), "{printed}");
    let resumed = world.run(&["resume", "--runs", "../runs"]).transcript();
    assert!(resumed.contains("stopped: no egress of the budget left"), "{resumed}");
}

#[test]
fn a_secret_of_your_own_file_is_for_hooks_that_it_knows() {
    let canary = Canary::start(service);
    let project = hook(&canary.url(""), &granted(&canary));
    let world = world("").model(&[READ, DONE]).file("looplet.toml", project);
    let world = world.file("../home/.config/looplet/looplet.toml", secret(&canary.url("")));
    assert_eq!(world.run(&["trust", "--yes"]).code, Some(0));
    let run = ["run", "--model", "scripted:../model.jsonl", "--runs", "../runs", "do it"];
    assert_eq!(world.run(&run).code, Some(0));
    assert!(canary.seen().iter().all(|request| !request.contains(KEY)), "{:?}", canary.seen());
    assert!(!canary.seen().is_empty());
    world.changes();
    assert_eq!(world.run(&["add", "--user", "../gate.wasm", "--yes"]).code, Some(0));
    assert_eq!(world.run(&run).code, Some(0));
    assert!(canary.seen().iter().any(|request| request.contains(KEY)), "{:?}", canary.seen());
}

#[test]
fn check_names_what_a_hook_is_granted_and_does_not_need() {
    let canary = Canary::start(service);
    let grants = format!("{}, env = [\"LANG\"], fs = {{ workspace = \"ro\" }}", granted(&canary));
    let world = world(hook(&canary.url(""), &grants) + &secret(&canary.url("")));
    let printed = world.run(&["check", "--policy", "policy.toml"]);
    expect![[r#"
        ── stdout
        note: policy.toml:9: the hook `gate` is granted the mount `workspace`, which it does not need; take it out: a hook holds what it needs and no more
        note: policy.toml:9: the hook `gate` is granted the variable `LANG`, which it does not need; take it out: a hook holds what it needs and no more
        note: `gate` is not pinned: `looplet-host add` shows what a plugin is and pins it
        in order: 4 plugins, 9 tools, 1 rule
        ── exit 0
    "#]].assert_eq(&shown(&printed, &canary));
}

/// What a tool may ask, the hook beside it in the same component may not.
#[test]
fn a_hook_has_nothing_of_what_the_tool_of_its_component_is_granted() {
    let canary = Canary::start(|_| answer("200 OK", "content-type: text/plain\r\n", "asked"));
    let url = canary.url("/page");
    let component = fs::read(guests::TOOL_AND_HOOK).unwrap();
    let ask = format!(r#"{{"calls":[{{"tool":"ask","arguments":{{"url":"{url}"}}}}]}}"#);
    let asked = |grants: &str| {
        let policy = format!(
            "format = 1\n[plugins]\nboth = {{ from = \"../both.wasm\" }}\n[grants]\n\"both/ask\" = {{ http = [\"GET {url}\"] }}\n\
             [[rules]]\ntool = \"both\"\ndecision = \"allow\"\n\
             [[hooks]]\nuse = \"../both.wasm\"\nsettings = {{ ask = \"{url}\" }}\nlimits = {{ wall_ms = 5000 }}\n{grants}"
        );
        let world =
            World::with_notes().file("../both.wasm", &component).file("policy.toml", policy).model(&[&ask, DONE]);
        let printed = world.run(RUN);
        assert!(printed.stderr.contains("#1 ✓ ask("), "{}", printed.transcript());
        journal(&world)
    };
    let journal = asked("");
    assert!(journal.contains("is not granted to this tool") && !journal.contains("\"asked: asked"), "{journal}");
    assert_eq!(canary.seen().len(), 1);
}
