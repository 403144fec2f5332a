//! Parked calls: asked about while nobody is there, answered later, bound to what was asked.

use expect_test::expect;

use crate::world::World;

const POLICY: &str = r#"format = 1
[mounts.workspace]
path = "."
mode = "rw"
[grants]
files = { fs = { workspace = "rw" } }
[policy]
on_ask = "park"
[[rules]]
effects = "none"
decision = "allow"
[[rules]]
tool = "files/write_file"
decision = "ask"
"#;

const WRITES: &str = r#"{"calls":[{"tool":"read_file","arguments":{"path":"notes.md"}},{"tool":"write_file","arguments":{"path":"a.md","content":"a"}},{"tool":"write_file","arguments":{"path":"b.md","content":"b"}}]}"#;
const WRITE: &str = r#"{"calls":[{"tool":"write_file","arguments":{"path":"a.md","content":"a"}}]}"#;
const DONE: &str = r#"{"calls":[{"tool":"done","arguments":{"summary":"ok"}}]}"#;

fn parked(turns: &[&str]) -> (World, String) {
    let world = World::with_notes().file("policy.toml", POLICY).model(turns);
    let printed = world.run(&["run", "--model", "scripted:../model.jsonl", "--policy", "policy.toml", "do it"]);
    assert_eq!(printed.code, Some(4), "{}", printed.stderr);
    let last = printed.stderr.lines().last().unwrap();
    assert!(last.ends_with("answer: looplet-host answer [RUN] yes|no|why, then: looplet-host resume [RUN]"), "{last}");
    let run = world.runs().remove(0);
    (world, run)
}

#[test]
fn several_calls_wait_are_listed_and_answered_one_by_one() {
    let (world, run) = parked(&[WRITES, DONE]);
    world.check(
        &["answer", &run],
        &expect![[r##"
        ── stdout
        #2 files/write_file {"content":"a","path":"a.md"}
            could reach fs workspace:/a.md rw (granted by policy.toml:6, narrowed by rules)
            ask by policy.toml:12
        #3 files/write_file {"content":"b","path":"b.md"}
            could reach fs workspace:/b.md rw (granted by policy.toml:6, narrowed by rules)
            ask by policy.toml:12
        ── exit 0
    "##]],
    );
    world.check(
        &["answer", &run, "yes"],
        &expect![[r#"
        ── stderr
        error: 2 calls wait: 2, 3
        hint: `looplet-host answer [RUN] 2 yes`, or `all yes`
        ── exit 2
    "#]],
    );
    let answered = world.run(&["answer", &run, "2", "yes", "--json"]);
    assert_eq!(answered.stdout, "{\"run\":\"[RUN]\",\"step\":2,\"yes\":true,\"why\":null}\n");
    world.check(
        &["answer", &run, "#3", "not", "that", "one"],
        &expect![[r##"
        ── stderr
        #3 files/write_file {"content":"b","path":"b.md"} · no, not that one
        answered · go on: looplet-host resume [RUN]
        ── exit 0
    "##]],
    );
    world.check(
        &["resume", &run],
        &expect![[r#"
            ── stdout
            ok
            ── stderr
            model scripted:../model.jsonl (the run's own)
            workspace [DIR]/project (rw, policy.toml:3)
            policy policy.toml (2 rules)
            run [RUN] goes on after step 1
            #2 ✓ write_file(content='a', path='a.md') → bytes: 1 [TIME]
            #3 ⊘ write_file(content='b', path='b.md') → denied by the person
            #4 ✓ done(summary='ok')
            done · 4 steps · 1 denied by the person · [TIME] · show: looplet-host show [RUN] --denied
            ── exit 0
        "#]],
    );
    assert_eq!(world.tree("project"), ["a.md", "notes.md", "policy.toml", "src/main.rs"]);
    let shown = world.run(&["show", &run, "--json"]).stdout;
    assert!(shown.contains("refused by the person: not that one"), "{shown}");
}

#[test]
fn without_an_answer_a_resumed_run_waits_again() {
    let (world, run) = parked(&[WRITE, DONE]);
    let printed = world.run(&["resume", &run]);
    assert_eq!(printed.code, Some(4), "{}", printed.stderr);
    assert_eq!(world.run(&["answer", &run, "yes"]).code, Some(0));
    assert_eq!(world.run(&["resume", &run]).code, Some(0));
    assert_eq!(world.tree("project"), ["a.md", "notes.md", "policy.toml", "src/main.rs"]);
}

#[test]
fn an_answer_about_another_reach_does_not_count() {
    let (world, run) = parked(&[WRITE, DONE]);
    world.changes();
    assert_eq!(world.run(&["answer", &run, "yes"]).code, Some(0));
    // The same path, and another directory behind it.
    let project = world.path("");
    let moved = world.path("../moved");
    std::fs::rename(&project, &moved).unwrap();
    std::fs::create_dir(&project).unwrap();
    for name in ["policy.toml", "notes.md"] {
        std::fs::copy(moved.join(name), project.join(name)).unwrap();
    }
    let printed = world.run(&["resume", &run]);
    assert_eq!(printed.code, Some(4), "{}", printed.stderr);
    assert_eq!(world.tree("project"), ["notes.md", "policy.toml"]);
}

#[test]
fn an_answer_does_not_beat_a_policy_that_has_become_stricter() {
    let (world, run) = parked(&[WRITE, DONE]);
    world.changes();
    assert_eq!(world.run(&["answer", &run, "yes"]).code, Some(0));
    world.write("policy.toml", POLICY.replace("decision = \"ask\"", "decision = \"deny\""));
    let printed = world.run(&["resume", &run, "--accept-changes"]);
    assert!(printed.stderr.contains("#1 ⊘ write_file"), "{}", printed.stderr);
    assert_eq!(world.tree("project"), ["notes.md", "policy.toml", "src/main.rs"]);
}

#[test]
fn what_waits_for_nothing_takes_no_answer() {
    let world = World::new().model(&[DONE]);
    assert_eq!(world.run(&["run", "--model", "scripted:../model.jsonl", "x"]).code, Some(0));
    let run = world.runs().remove(0);
    world.check(
        &["answer", &run, "yes"],
        &expect![[r#"
        ── stderr
        error: run [RUN] waits for no answer
        hint: `looplet-host show [RUN]` shows where it stands
        ── exit 2
    "#]],
    );
}
