//! `quota_mib`: what the calls of a run write to a mount, all together, however often the run is taken up again.

use std::fs;

use expect_test::expect;

use crate::world::World;

const POLICY: &str = r#"format = 1
[mounts.workspace]
path = "."
mode = "rw"
quota_mib = 1
[grants]
files = { fs = { workspace = "rw" } }
[[rules]]
tool = "files"
decision = "allow"
"#;

const DONE: &str = r#"{"calls":[{"tool":"done","arguments":{"summary":"ok"}}]}"#;

/// Two of these fit into the quota, and not a third.
fn writing(name: &str) -> String {
    let content = "x".repeat(400 << 10);
    format!(r#"{{"calls":[{{"tool":"write_file","arguments":{{"path":"{name}","content":"{content}"}}}}]}}"#)
}

fn world(names: &[&str]) -> World {
    let turns: Vec<String> = names.iter().map(|name| writing(name)).chain([DONE.to_owned()]).collect();
    World::new().file("policy.toml", POLICY).model(&turns.iter().map(String::as_str).collect::<Vec<_>>())
}

const RUN: &[&str] = &["run", "--model", "scripted:../model.jsonl", "--policy", "policy.toml", "do it"];

/// Which of the files there are.
fn written(world: &World) -> Vec<String> {
    let whole = |name: &String| fs::metadata(world.path(name)).unwrap().len() == 400 << 10;
    world.tree("project").into_iter().filter(|name| name.starts_with("made-")).filter(whole).collect()
}

#[test]
fn a_run_writes_so_much_to_a_mount_and_no_more() {
    let world = world(&["made-a", "made-b", "made-c"]);
    let printed = world.run(RUN);
    assert_eq!(printed.code, Some(0), "{}", printed.stderr);
    expect![[r#"
        ── stdout
        ok
        ── stderr
        model scripted:../model.jsonl (--model)
        workspace [DIR]/project (rw, policy.toml:3)
        policy policy.toml (1 rule)
        #1 ✓ write_file(path='made-a', content='xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…') → bytes: 409600 [TIME]
        #2 ✓ write_file(path='made-b', content='xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…') → bytes: 409600 [TIME]
        #3 ✗ write_file(path='made-c', content='xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…') → `made-c` has no room left [TIME]
              refused inside: write workspace:/.made-c.looplet-tmp: more than is left of the run's budget (policy.toml:3)
        #4 ✓ done(summary='ok')
        done · 4 steps · 1 reach refused by the sandbox · [TIME] · show: looplet-host show [RUN]
        ── exit 0
    "#]].assert_eq(&printed.transcript());
    assert_eq!(written(&world), ["made-a", "made-b"]);
}

#[test]
fn a_run_that_is_taken_up_again_has_written_what_it_wrote_before() {
    let world = world(&["made-a", "made-b", "made-c"]);
    let printed = world.run(&[RUN, &["--max-steps", "2"]].concat());
    assert_eq!(printed.code, Some(1), "{}", printed.stderr);
    let printed = world.run(&["resume", "--max-steps", "9"]);
    assert!(printed.stderr.contains("#3 ✗ write_file"), "{}", printed.stderr);
    assert_eq!(written(&world), ["made-a", "made-b"]);
}

#[test]
fn another_run_has_a_quota_of_its_own() {
    let world = world(&["made-a", "made-b"]);
    world.changes();
    for _ in 0..2 {
        let printed = world.run(RUN);
        assert!(!printed.stderr.contains('✗'), "{}", printed.stderr);
        for name in written(&world) {
            fs::remove_file(world.path(&name)).unwrap();
        }
    }
}
