//! `[redact]`: what matches is nowhere in what a run leaves, sends or prints, whichever way it came in.

use std::fs;
use std::path::Path;

use expect_test::{Expect, expect};
use looplet_host::machine::digest_of;
use looplet_host::settings::SourceFile;
use looplet_tests::guests;

use crate::server::{Answer, Server};
use crate::world::World;

const POLICY: &str = r#"format = 1
[agent]
system = "Never say key-10."
context = ["context.md"]
[mounts.workspace]
path = "."
mode = "rw"
[grants]
files = { fs = { workspace = "rw" } }
[redact]
patterns = ["key-\\d+"]
[[rules]]
tool = "*"
decision = "allow"
"#;

const DONE: &str = r#"{"calls":[{"tool":"done","arguments":{"summary":"ok"}}]}"#;
const READ: &str = r#"{"calls":[{"tool":"read_file","arguments":{"path":"secret.md"}}]}"#;

fn world(policy: &str, turns: &[&str]) -> World {
    let world = World::with_notes().file("../probe.wasm", fs::read(guests::HOOK_PROBE).unwrap());
    world
        .file("policy.toml", policy)
        .file("context.md", "context key-11\n")
        .file("secret.md", "one key-12, two\n")
        .model(turns)
}

const RUN: [&str; 6] = ["run", "--model", "scripted:../model.jsonl", "--policy", "policy.toml", "do key-13"];

/// What a run with these settings prints; what is kept out is in none of it, and in nothing that is kept.
fn check(policy: &str, turns: &[&str], expected: &Expect) {
    let world = world(policy, turns);
    let printed = world.run(&RUN).transcript();
    expected.assert_eq(&printed);
    holds_nothing(&world, &printed);
}

/// A key has a number of two digits, so that the pattern itself, which stands in the settings, is none.
fn holds_nothing(world: &World, printed: &str) {
    assert!(!has_key(printed), "{printed}");
    let runs = world.path("../home/.local/state/looplet/runs");
    let kept = files(&runs);
    assert!(!kept.is_empty());
    for file in kept {
        let bytes = fs::read(&file).unwrap();
        assert!(!has_key(&String::from_utf8_lossy(&bytes)), "{}: {}", file.display(), String::from_utf8_lossy(&bytes));
    }
}

fn has_key(text: &str) -> bool {
    text.split("key-").skip(1).any(|rest| rest.starts_with(|next: char| next.is_ascii_digit()))
}

pub(super) fn files(dir: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

fn journal(world: &World) -> String {
    fs::read_to_string(world.journals().pop().unwrap()).unwrap()
}

#[test]
fn system_context_task_and_results_are_sent_and_kept_without_it() {
    let server = Server::start(&[Answer::Call("read_file", r#"{"path":"secret.md"}"#), Answer::Text("it is key-14")]);
    let world = world(POLICY, &[]).ollama(server.address());
    let printed = world.run(&["run", "--model", "ollama:tiny:1b", "--policy", "policy.toml", "do key-13"]);
    expect![[r#"
        ── stdout
        it is [redacted]
        ── stderr
        model ollama:tiny:1b at 127.0.0.1:[PORT] (window 8192, tools yes, --model)
        workspace [DIR]/project (rw, policy.toml:6)
        policy policy.toml (1 rule)
        #1 ✓ read_file(path='secret.md') → one [redacted], two [TIME]
        answered · 1 step · 240 tokens · [TIME] · show: looplet-host show [RUN]
        ── exit 0
    "#]]
    .assert_eq(&printed.transcript());
    holds_nothing(&world, &printed.transcript());
    let sent = server.seen().concat();
    assert!(!has_key(&sent), "{sent}");
    for text in ["Never say [redacted].", "context [redacted]", "do [redacted]", "one [redacted], two"] {
        assert!(sent.contains(text), "{sent}");
    }
}

#[test]
fn a_large_result_that_is_kept_apart_is_without_it_too() {
    let world = world(POLICY, &[READ, DONE]);
    world.write("secret.md", format!("key-15\n{}", "line\n".repeat(9_000)));
    let printed = world.run(&RUN);
    assert_eq!(printed.code, Some(0), "{}", printed.stderr);
    let runs = world.path("../home/.local/state/looplet/runs");
    assert!(files(&runs).len() > 1, "it is a blob");
    holds_nothing(&world, &printed.transcript());
}

#[test]
fn a_call_whose_arguments_hold_it_does_not_run_and_the_model_is_told() {
    let write = r#"{"calls":[{"tool":"write_file","arguments":{"path":"a.md","content":"key-16"}},{"tool":"write_file","arguments":{"path":"b.md","content":"b"}}]}"#;
    let done = r#"{"calls":[{"tool":"done","arguments":{"summary":"key-17"}}]}"#;
    check(
        POLICY,
        &[write, done, DONE],
        &expect![[r#"
            ── stdout
            ok
            ── stderr
            model scripted:../model.jsonl (--model)
            workspace [DIR]/project (rw, policy.toml:6)
            policy policy.toml (1 rule)
            #1 ✗ write_file(content='[redacted]', path='a.md') → validation: not run: its arguments hold text that is kept out of runs
            #2 ✓ write_file(content='b', path='b.md') → bytes: 1 [TIME]
            #3 ✗ done(summary='[redacted]') → validation: not run: its arguments hold text that is kept out of runs
            #4 ✓ done(summary='ok')
            done · 4 steps · [TIME] · show: looplet-host show [RUN]
            ── exit 0
        "#]],
    );
}

#[test]
fn what_hooks_say_and_keep_is_without_it() {
    for (at, action) in [
        ("pre-prompt", "add-context"),
        ("pre-tool", "add-context"),
        ("pre-tool", "deny"),
        ("pre-tool", "answer"),
        ("post-tool", "replace"),
        ("post-tool", "replace by failure"),
        ("post-tool", "add-context"),
        ("post-model", "add-context"),
        ("should-stop", "stop"),
        ("check-done", "reject"),
    ] {
        let powers = r#"["observe", "gate", "add-context", "edit-arguments", "answer", "edit-results"]"#;
        let settings = format!(r#"{{ at = "{at}", do = "{action}", from = 1, text = "said key-18" }}"#);
        let hook = format!("{POLICY}[[hooks]]\nuse = \"../probe.wasm\"\npowers = {powers}\nsettings = {settings}\n");
        let world = world(&hook, &[READ, DONE, DONE]);
        let printed = world.run(&RUN).transcript();
        holds_nothing(&world, &printed);
        assert!(journal(&world).contains("said [redacted]"), "{at} {action}: {}", journal(&world));
    }
}

#[test]
fn arguments_that_a_hook_rewrites_so_that_they_hold_it_are_refused() {
    let hook = r#"[[hooks]]
use = "../probe.wasm"
powers = ["observe", "gate", "add-context", "edit-arguments", "answer", "edit-results"]
settings = { at = "pre-tool", do = "rewrite", tool = "read_file", text = '{"path":"key-19.md"}' }
"#;
    check(
        &format!("{POLICY}{hook}"),
        &[READ, DONE],
        &expect![[r#"
            ── stdout
            ok
            ── stderr
            note: `probe` is not pinned: `looplet-host add` shows what a plugin is and pins it
            model scripted:../model.jsonl (--model)
            workspace [DIR]/project (rw, policy.toml:6)
            policy policy.toml (1 rule)
            #1 ✗ read_file(path='[redacted].md') → validation: not run: its arguments hold text that is kept out of runs
            #2 ✓ done(summary='ok')
            done · 2 steps · [TIME] · show: looplet-host show [RUN]
            ── exit 0
        "#]],
    );
}

#[test]
fn what_the_model_server_says_of_a_failure_is_without_it() {
    let server = Server::start(&[Answer::Raw(400, r#"{"error":"no such model for key-20"}"#)]);
    let world = world(POLICY, &[]).ollama(server.address());
    let printed = world.run(&["run", "--model", "ollama:tiny:1b", "--policy", "policy.toml", "do it"]);
    expect![[r#"
        ── stderr
        model ollama:tiny:1b at 127.0.0.1:[PORT] (window 8192, tools yes, --model)
        workspace [DIR]/project (rw, policy.toml:6)
        policy policy.toml (1 rule)
        stopped: the model gave no answer (`ollama` at 127.0.0.1:[PORT] rejected the request (status 400): no such model for [redacted]) · 0 steps · [TIME] · show: looplet-host show [RUN]
        ── exit 1
    "#]]
    .assert_eq(&printed.transcript());
    holds_nothing(&world, &printed.transcript());
}

#[test]
fn what_a_person_says_later_is_without_it() {
    let ask = POLICY.replace("tool = \"*\"\ndecision = \"allow\"", "tool = \"*\"\ndecision = \"ask\"");
    let world = world(&format!("{ask}[policy]\non_ask = \"park\"\n"), &[READ, DONE, DONE]);
    assert_eq!(world.run(&RUN).code, Some(4));
    let run = world.runs().remove(0);
    world.check(
        &["answer", &run, "no", "that", "is", "key-21"],
        &expect![[r#"
        ── stderr
        #1 files/read_file {"path":"secret.md"} · no, that is [redacted]
        answered · go on: looplet-host resume [RUN]
        ── exit 0
    "#]],
    );
    let printed = world.run(&["resume", &run, "--message", "mind key-22"]);
    assert_eq!(printed.code, Some(0), "{}", printed.stderr);
    let forked = world.run(&["fork", &format!("{run}@1"), "--message", "mind key-23"]);
    holds_nothing(&world, &(printed.transcript() + &forked.transcript()));
    let journals: Vec<String> = world.journals().iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    assert!(journals[0].contains("that is [redacted]") && journals[0].contains("mind [redacted]"), "{journals:?}");
    assert!(journals[1].contains("mind [redacted]"), "{journals:?}");
}

#[test]
fn another_pattern_is_another_policy_for_who_goes_on_with_a_run() {
    let world = world(POLICY, &[READ, DONE]);
    let ends = [&RUN[..], &["--max-steps", "1"]].concat();
    assert_eq!(world.run(&ends).code, Some(1));
    world.changes();
    world.write("policy.toml", POLICY.replace("patterns = [", "patterns = [\"weak\", "));
    world.check(
        &["resume", &world.runs().remove(0)],
        &expect![[r#"
        ── stderr
        error: run [RUN] would go on under other conditions:
          policy, grants or hooks are others ([DIGEST])
        hint: `--accept-changes` goes on all the same; `looplet-host fork` begins a run of its own from a step
        ── exit 2
    "#]],
    );
}

#[test]
fn a_run_that_holds_it_from_before_is_neither_resumed_nor_forked() {
    let before = POLICY.replace("key-", "other-");
    let world = world(&before, &[READ, DONE]);
    assert_eq!(world.run(&[&RUN[..], &["--max-steps", "1"]].concat()).code, Some(1));
    world.changes();
    world.write("policy.toml", POLICY);
    let run = world.runs().remove(0);
    world.check(
        &["resume", &run, "--accept-changes"],
        &expect![[r#"
        ── stderr
        accepted: policy, grants or hooks are others ([DIGEST])
        error: record 0 of the run holds what `redact` keeps out now
        hint: `looplet-host run --continue` begins a run without it
        ── exit 2
    "#]],
    );
    world.check(
        &["fork", &format!("{run}@1")],
        &expect![[r#"
        ── stderr
        error: record 4 of the run holds what `redact` keeps out now
        hint: `looplet-host run --continue` begins a run without it
        ── exit 2
    "#]],
    );
    let printed = world.run(&["run", "--continue", &run, "--policy", "policy.toml", "go on"]);
    assert_eq!(printed.code, Some(0), "{}", printed.stderr);
    assert!(!has_key(&journal(&world)), "{}", journal(&world));
}

#[test]
fn words_of_the_model_that_are_no_arguments_are_without_it_too() {
    let world = world(POLICY, &[r#"{"text":"key-25","calls":[{"tool":"key-26","arguments":{}}]}"#, DONE]);
    let printed = world.run(&RUN).transcript();
    expect![[r#"
        ── stdout
        ok
        ── stderr
        model scripted:../model.jsonl (--model)
        workspace [DIR]/project (rw, policy.toml:6)
        policy policy.toml (1 rule)
        #1 ✗ redacted() → validation: not run: its arguments hold text that is kept out of runs
        #2 ✓ done(summary='ok')
        done · 2 steps · [TIME] · show: looplet-host show [RUN]
        ── exit 0
    "#]]
    .assert_eq(&printed);
    holds_nothing(&world, &printed);
}

#[test]
fn a_trusted_file_that_was_changed_does_not_lose_its_patterns_in_silence() {
    let world = World::with_notes().model(&[DONE]).file("context.md", "context\n");
    world.write("looplet.toml", POLICY);
    let dir = fs::canonicalize(world.path("")).unwrap();
    let file = SourceFile { name: "looplet.toml".to_owned(), dir, text: POLICY.to_owned() };
    let digest = digest_of(&file).unwrap();
    assert_eq!(world.run(&["trust", &format!("--yes={digest}")]).code, Some(0));
    assert_eq!(world.run(&["run", "--model", "scripted:../model.jsonl", "do key-27"]).code, Some(0));
    world.changes();
    world.write("context.md", "another\n");
    let asks = world.run(&["trust"]);
    assert!(asks.stderr.contains("nobody is there to ask"), "{}", asks.stderr);
    world.check(&["run", "--model", "scripted:../model.jsonl", "do key-28"], &expect![[r#"
        ── stderr
        error: looplet.toml:11: what `redact` keeps out of runs is not kept out: the file, or one that it names, has changed since you trusted it
        hint: `looplet-host trust` shows it and asks; `--policy FILE` is your own word
        ── exit 2
    "#]]);
}

#[test]
fn a_project_that_nobody_trusts_cannot_change_what_the_model_is_told() {
    let world =
        World::with_notes().file("looplet.toml", "format = 1\n[redact]\npatterns = [\"not \"]\n").model(&[DONE]);
    world.check(&["run", "--model", "scripted:../model.jsonl", "do not do it"], &expect![[r#"
        ── stdout
        ok
        ── stderr
        note: `looplet.toml` came with the project and nobody has trusted it: only what narrows is used; `looplet-host trust` shows what it would give
        model scripted:../model.jsonl (--model)
        workspace [DIR]/project (rw, the shipped default)
        policy none written and no terminal to ask at: every call is denied but for `--allow`
        #1 ✓ done(summary='ok')
        done · 1 step · [TIME] · show: looplet-host show [RUN]
        ── exit 0
    "#]]);
    assert!(journal(&world).contains("do not do it"));
}

#[test]
fn what_is_no_pattern_is_refused_with_its_line() {
    let world = world(&POLICY.replace(r#""key-\\d+""#, r#""key", "(key""#), &[DONE]);
    world.check(
        &["check", "--policy", "policy.toml"],
        &expect![[r#"
        ── stderr
        error: policy.toml:11: `(key` is no pattern for `redact`: unclosed group
        ── exit 2
    "#]],
    );
}

#[test]
fn a_single_call_is_refused_as_in_a_run() {
    let world = world(POLICY, &[]);
    world.check(
        &["call", "files/read_file", r#"{"path":"key-24"}"#, "--policy", "policy.toml"],
        &expect![[r#"
        ── stderr
        error: `files/read_file` is not run: its arguments hold what `redact` keeps out of runs
        ── exit 3
    "#]],
    );
}
