//! `resume`: what is restored and what is refused.

use std::fs;

use expect_test::expect;

use crate::world::World;

pub(super) const POLICY: &str = r#"format = 1
[mounts.workspace]
path = "."
mode = "rw"
[grants]
files = { fs = { workspace = "rw" } }
[[rules]]
tool = ["files", "todo"]
decision = "allow"
[[rules]]
tool = "files/write_file"
after.tool = "files/read_file"
decision = "deny"
reason = "no writing after reading"
"#;

pub(super) const READ: &str = r#"{"calls":[{"tool":"read_file","arguments":{"path":"notes.md"}}]}"#;
pub(super) const WRITE: &str = r#"{"calls":[{"tool":"write_file","arguments":{"path":"plan.md","content":"plan\n"}}]}"#;
pub(super) const MORE: &str =
    r#"{"calls":[{"tool":"edit_file","arguments":{"path":"notes.md","before":"beta","after":"beta beta+"}}]}"#;
pub(super) const ADD: &str = r#"{"calls":[{"tool":"todo","arguments":{"add":["mend it"]}}]}"#;
pub(super) const LIST: &str = r#"{"calls":[{"tool":"todo","arguments":{}}]}"#;
pub(super) const DONE: &str = r#"{"calls":[{"tool":"done","arguments":{"summary":"ok"}}]}"#;

pub(super) const RUN: &[&str] = &["run", "--model", "scripted:../model.jsonl", "--policy", "policy.toml", "do it"];

pub(super) fn world(turns: &[&str]) -> World {
    World::with_notes().file("policy.toml", POLICY).model(turns)
}

/// Runs until so many steps are spent.
pub(super) fn stopped_after(world: &World, steps: &str) {
    let printed = world.run(&[RUN, &["--max-steps", steps]].concat());
    assert_eq!(printed.code, Some(1), "{}", printed.stderr);
}

#[test]
fn a_run_goes_on_with_its_flags_its_model_its_numbers_and_what_rules_saw() {
    let world = world(&[READ, WRITE, DONE]);
    stopped_after(&world, "1");
    world.check(
        &["resume", "--max-steps", "9"],
        &expect![[r#"
            ── stdout
            ok
            ── stderr
            model scripted:../model.jsonl (the run's own)
            workspace [DIR]/project (rw, policy.toml:3)
            policy policy.toml (2 rules)
            run [RUN] goes on after step 1
            #2 ⊘ write_file(path='plan.md', content='plan\n') → denied by policy.toml:10 «no writing after reading»
            #3 ✓ done(summary='ok')
            #2 files/write_file would be allowed by an `unless` in the rule at `policy.toml:10`, or taking that rule out
            done · 3 steps · 1 denied by policy · [TIME] · show: looplet-host show [RUN] --denied
            ── exit 0
        "#]],
    );
}

#[test]
fn what_a_tool_keeps_is_restored() {
    let world = world(&[ADD, READ, LIST, DONE]);
    stopped_after(&world, "1");
    let printed = world.run(&["resume", "--max-steps", "9", "--json"]);
    assert!(printed.stdout.contains(r#""text":"mend it""#), "{}", printed.stdout);
}

#[test]
fn a_word_of_the_person_comes_before_the_next_turn() {
    let world = world(&[READ, DONE]);
    stopped_after(&world, "1");
    let printed = world.run(&["resume", "--max-steps", "9", "--message", "be quick"]);
    assert_eq!(printed.code, Some(0));
    let journal = fs::read_to_string(&world.journals()[0]).unwrap();
    assert!(journal.contains(r#""message":"be quick""#), "{journal}");
}

#[test]
fn a_finished_run_is_not_resumed() {
    let world = world(&[DONE]);
    assert_eq!(world.run(RUN).code, Some(0));
    world.check(
        &["resume"],
        &expect![[r#"
        ── stderr
        error: run [RUN] is over (done): there is nothing to resume
        hint: `looplet-host run --continue [RUN] "…"` starts a new run from it
        ── exit 2
    "#]],
    );
}

#[test]
fn a_comment_in_the_policy_is_no_change() {
    let world = world(&[READ, DONE]);
    world.changes();
    stopped_after(&world, "1");
    world.write("policy.toml", format!("# read this first\n\n{POLICY}"));
    assert_eq!(world.run(&["resume", "--max-steps", "9"]).code, Some(0));
}

#[test]
fn another_policy_is_refused_until_it_is_accepted_once() {
    let world = world(&[READ, READ, READ, DONE]);
    world.changes();
    stopped_after(&world, "1");
    world.write("policy.toml", POLICY.replace("\"todo\"", "\"greet\""));
    let refused = expect![[r#"
        ── stderr
        error: run [RUN] would go on under other conditions:
          policy, grants or hooks are others ([DIGEST])
        hint: `--accept-changes` goes on all the same; `looplet-host fork` begins a run of its own from a step
        ── exit 2
    "#]];
    world.check(&["resume", "--max-steps", "9"], &refused);
    let accepted = world.run(&["resume", "--max-steps", "2", "--accept-changes"]);
    assert!(accepted.stderr.starts_with("accepted: policy, grants or hooks are others"), "{}", accepted.stderr);
    assert!(fs::read_to_string(&world.journals()[0]).unwrap().contains(r#""accepted_changes":["policy"#));
    let again = world.run(&["resume", "--max-steps", "3"]);
    assert!(!again.stderr.contains("accepted"), "{}", again.stderr);
    world.write("policy.toml", POLICY.replace("\"todo\"", "\"think\""));
    world.check(&["resume", "--max-steps", "9"], &refused);
}

#[test]
fn another_component_is_refused_by_name() {
    let world = world(&[READ, DONE]);
    world.changes();
    fs::create_dir(world.path("plugins")).unwrap();
    let component = |name: &str| looplet_host::builtin::get(name).unwrap().bytes;
    world.write("plugins/files.wasm", component("files"));
    let policy = ["--plugins", "plugins", "--max-steps", "1"];
    assert_eq!(world.run(&[RUN, &policy].concat()).code, Some(1));
    world.write("plugins/files.wasm", component("think"));
    world.write("plugins/greet.wasm", component("greet"));
    let printed = world.run(&["resume"]);
    expect![[r#"
        error: policy.toml:10: the rule can never match: `files/write_file` names no tool of `files`
        hint: its tools are think
    "#]]
    .assert_eq(&printed.stderr);
}

/// The same component with one more section, which changes nothing but its digest.
fn with_a_section(component: &[u8]) -> Vec<u8> {
    [component, &[0, 3, 1, b'x', 1]].concat()
}

#[test]
fn a_component_with_one_byte_more_is_refused_by_its_digest_and_can_be_accepted() {
    let world = world(&[READ, READ, DONE]);
    world.changes();
    fs::create_dir(world.path("plugins")).unwrap();
    let files = looplet_host::builtin::get("files").unwrap().bytes;
    let hook = looplet_host::builtin::get("per-tool-limit").unwrap().bytes;
    world.write("plugins/files.wasm", files);
    world.write("../limit.wasm", hook);
    let more = ["--plugins", "plugins", "--hook", "../limit.wasm={\"each\":9}", "--max-steps", "1"];
    assert_eq!(world.run(&[RUN, &more].concat()).code, Some(1));
    // Of a shipped one the name alone says so.
    let (shipped, other) = ("is not the built-in plugin `files`", "`limit` is another component");
    for (name, component, why) in [("plugins/files.wasm", files, shipped), ("../limit.wasm", hook, other)] {
        world.write(name, with_a_section(component));
        let refused = world.run(&["resume", "--max-steps", "9"]);
        assert_eq!(refused.code, Some(2), "{}", refused.stderr);
        assert!(refused.stderr.contains(why), "{}", refused.stderr);
        world.write(name, component);
    }
    world.write("../limit.wasm", with_a_section(hook));
    let accepted = world.run(&["resume", "--max-steps", "9", "--accept-changes"]);
    assert_eq!(accepted.code, Some(0), "{}", accepted.stderr);
}

/// The end of each line of a journal.
pub(super) fn line_ends(journal: &[u8]) -> Vec<u64> {
    let ends = journal.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    ends.map(|(index, _)| index as u64 + 1).collect()
}

#[test]
fn a_call_whose_end_is_unknown_is_named_and_decided_as_the_file_says() {
    let world = world(&[WRITE, DONE]);
    assert_eq!(world.run(RUN).code, Some(0));
    let journal = &world.journals()[0];
    let text = fs::read_to_string(journal).unwrap();
    let intent = text.lines().position(|line| line.contains(r#""call_started""#)).unwrap();
    let cut = usize::try_from(line_ends(text.as_bytes())[intent]).unwrap();
    fs::write(journal, &text[..cut + 40]).unwrap();
    world.check(
        &["resume"],
        &expect![[r#"
        ── stderr
        note: the last line of the journal of run [RUN] was torn by a crash; it is left out
        #1 files/write_file {"content":"plan\n","path":"plan.md"} was begun, and its end is not on record
        error: step 1 was begun, and nobody knows whether it took effect
        hint: look, then resume with `--on-unknown retry` or `--on-unknown skip`
        ── exit 1
    "#]],
    );
    world.write("policy.toml", format!("{POLICY}\n[run]\non_unknown = \"skip\"\n"));
    let printed = world.run(&["resume"]);
    assert!(printed.stderr.contains("whether it took effect is unknown"), "{}", printed.stderr);
    assert_eq!(printed.code, Some(0));
}

#[test]
fn damage_is_named_with_its_line_and_nothing_goes_on() {
    let world = world(&[READ, DONE]);
    stopped_after(&world, "1");
    let journal = &world.journals()[0];
    let whole = fs::read_to_string(journal).unwrap();
    fs::write(journal, whole.replacen("alpha", "alphA", 1)).unwrap();
    let place = "[DIR]/home/.local/state/looplet/runs/[RUN]/journal.jsonl";
    let damaged = |line: &str| {
        let printed = world.run(&["resume", &world.runs()[0]]);
        assert_eq!((printed.code, printed.stderr), (Some(1), format!("error: {place}:{line}\n")));
    };
    damaged("6: the journal is damaged: record 5 does not follow from the line before it (digests differ)");
    fs::write(journal, whole.replacen("\"format\":1", "\"format\":7", 1)).unwrap();
    damaged(
        "1: the run was written in format 7, this host reads format 1\nhint: the `looplet-host` that wrote it reads it, or a newer one",
    );
}
