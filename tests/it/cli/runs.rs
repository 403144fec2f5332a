//! Working with runs that are over: list, prune, continue, fork, compare, export.

use std::fs;

use expect_test::expect;

use crate::world::World;

const POLICY: &str = r#"format = 1
[mounts.workspace]
path = "."
mode = "rw"
[grants]
files = { fs = { workspace = "rw" } }
[[rules]]
decision = "allow"
"#;

const TWO: &str = r#"{"calls":[{"tool":"write_file","arguments":{"path":"a.md","content":"a"}},{"tool":"write_file","arguments":{"path":"b.md","content":"b"}}]}"#;
const AGAIN: &str = r#"{"calls":[{"tool":"write_file","arguments":{"path":"a.md","content":"aa"}}]}"#;
const DONE: &str = r#"{"calls":[{"tool":"done","arguments":{"summary":"ok"}}]}"#;
const READ: &str = r#"{"calls":[{"tool":"read_file","arguments":{"path":"notes.md"}}]}"#;
const TEXT: &str = r#"{"text":"Hello."}"#;

const RUN: &[&str] = &["run", "--model", "scripted:../model.jsonl", "--policy", "policy.toml", "do it"];

fn ran(turns: &[&str]) -> (World, String) {
    let world = World::with_notes().file("policy.toml", POLICY).model(turns);
    let printed = world.run(RUN);
    assert_eq!(printed.code, Some(0), "{}", printed.stderr);
    let run = world.runs().remove(0);
    (world, run)
}

#[test]
fn runs_of_the_project_are_listed_and_pruned() {
    let (world, run) = ran(&[DONE]);
    let listed = world.run(&["runs"]);
    let line = listed.stdout.trim();
    assert!(line.starts_with("[RUN]  20") && line.ends_with("do it"), "{line}");
    assert!(line.contains("  done                      1 steps"), "{line}");
    fs::create_dir(world.path("../other")).unwrap();
    assert_eq!(world.run_at("other", &["runs"]).stdout, "");
    assert!(world.run_at("other", &["runs", "--all"]).stdout.contains("do it  [DIR]/project"));
    let json = world.run(&["runs", "--json"]).stdout;
    assert!(json.contains(r#""stop_reason":"done""#) && json.contains(r#""steps":1"#), "{json}");
    let prune = |more: &[&str]| world.run(&[&["runs", "--prune"], more].concat());
    assert_eq!(prune(&[]).code, Some(2));
    assert_eq!(prune(&["--older-than", "1d"]).stderr, "0 of 1 runs removed\n");
    assert_eq!(prune(&["--keep", "1"]).stderr, "0 of 1 runs removed\n");
    assert_eq!(world.runs(), [run]);
    assert_eq!(prune(&["--older-than", "0h"]).stderr, "1 of 1 runs removed\n");
    assert_eq!(world.run(&["runs"]).stderr, "there is no run of this project; `--all` lists those of others\n");
}

#[test]
fn a_damaged_run_is_listed_as_one() {
    let (world, _) = ran(&[TWO, DONE]);
    let journal = &world.journals()[0];
    let text = fs::read_to_string(journal).unwrap();
    fs::write(journal, text.replacen("call_ended", "call_ender", 1)).unwrap();
    assert!(world.run(&["runs"]).stdout.contains("  damaged  "));
}

#[test]
fn a_run_goes_on_in_a_new_one_with_what_was_said() {
    let (world, run) = ran(&[DONE, TEXT]);
    world.check(
        &["run", "--continue", "and now?"],
        &expect![[r#"
            ── stdout
            Hello.
            ── stderr
            model scripted:../model.jsonl (the run's own)
            workspace [DIR]/project (rw, the shipped default)
            policy none written and no terminal to ask at: every call is denied but for `--allow`
            goes on from run [RUN]
            answered · 0 steps · [TIME] · show: looplet-host show [RUN]
            ── exit 0
        "#]],
    );
    let new = fs::read_to_string(&world.journals()[1]).unwrap();
    let first = new.lines().next().unwrap();
    assert!(first.contains(&format!(r#""parent":{{"run":"{run}","step":1}}"#)), "{first}");
    for said in ["do it", "the run is done", "and now?"] {
        assert!(first.contains(said), "{first}");
    }
    assert_eq!(world.run(&["run", "--continue", &run, "and now?"]).code, Some(0));
    assert_eq!(world.run(&["run", "--continue"]).code, Some(2));
}

#[test]
fn a_fork_begins_in_the_middle_and_says_that_files_are_as_they_are_now() {
    let (world, run) = ran(&[TWO, AGAIN, DONE]);
    world.check(
        &["fork", &format!("{run}@1"), "--message", "leave b alone"],
        &expect![[r#"
            ── stdout
            ok
            ── stderr
            model scripted:../model.jsonl (the run's own)
            workspace [DIR]/project (rw, policy.toml:3)
            policy policy.toml (1 rule)
            new run [RUN] parent [RUN]@1
            files are as they are NOW: 2 files differ from then: workspace:a.md, workspace:b.md
            #2 ✓ write_file(content='aa', path='a.md') → bytes: 2 [TIME]
            #3 ✓ done(summary='ok')
            done · 3 steps · [TIME] · show: looplet-host show [RUN]
            ── exit 0
        "#]],
    );
    let new = fs::read_to_string(&world.journals()[1]).unwrap();
    assert_eq!(new.matches("call_decided").count(), 3, "the second call of the answer was not run: {new}");
    assert!(new.lines().next().unwrap().contains(&format!(r#""parent":{{"run":"{run}","step":1}}"#)));
    let fork = &world.runs()[1];
    for turn in ["1", "2", "3"] {
        assert_eq!(world.run(&["show", fork, "--prompt", turn]).code, Some(0));
    }
    assert_eq!(world.run(&["fork", &format!("{run}@9")]).code, Some(2));
    assert_eq!(world.run(&["fork", &run]).code, Some(2));
}

#[test]
fn a_fork_does_not_take_over_files_that_are_alike() {
    let (world, run) = ran(&[TWO, DONE]);
    let printed = world.run(&["fork", &format!("{run}@2")]);
    assert!(printed.stderr.contains("none that the run wrote differs from then"), "{}", printed.stderr);
    fs::write(world.path("a.md"), "by hand").unwrap();
    let printed = world.run(&["fork", &format!("{run}@2")]);
    assert!(printed.stderr.contains("1 file differs from then: workspace:a.md"), "{}", printed.stderr);
}

#[test]
fn two_runs_are_compared_step_by_step() {
    let (world, run) = ran(&[TWO, DONE]);
    world.changes();
    world.write("policy.toml", POLICY.replace("[[rules]]", "[[rules]]\npath = { arg = \"path\", mount = \"workspace\", glob = \"b.md\" }\ndecision = \"deny\"\nreason = \"not b\"\n[[rules]]"));
    assert_eq!(world.run(RUN).code, Some(0));
    let other = world.runs().remove(1);
    world.check(
        &["diff", &run, &other],
        &expect![[r#"
        ── stdout
          #1 files/write_file allowed
        ≠ #2 files/write_file: decision, result
            - decision  allowed
            + decision  denied «not b»
            - result    {"bytes":1}
            + result    denied: not b
          #3 done answered by host
        2 of 3 steps alike · tokens 0 and 0
        ── exit 0
    "#]],
    );
    assert!(world.run(&["diff", &run, &other, "--json"]).stdout.contains(r#""differs":["decision","result"]"#));
}

#[test]
fn a_run_is_written_into_a_directory_that_was_not_there() {
    let (world, run) = ran(&[TWO, DONE]);
    assert_eq!(world.run(&["export", &run, "out"]).code, Some(0));
    assert_eq!(
        world.tree("project/out"),
        [
            "messages/0001.json",
            "messages/0002.json",
            "messages/0003.json",
            "messages/0004.json",
            "messages/0005.json",
            "messages/0006.json",
            "outcome.json",
            "run.json",
            "steps.txt",
            "steps/0001.json",
            "steps/0002.json",
            "steps/0003.json",
            "task.txt",
            "turns/0001.json",
            "turns/0002.json",
        ]
    );
    let step = fs::read_to_string(world.path("out/steps/0001.json")).unwrap();
    for part in ["call_decided", "call_started", "call_ended", r#""wrote""#] {
        assert!(step.contains(part), "{step}");
    }
    world.check(
        &["export", &run, "out"],
        &expect![[r#"
        ── stderr
        error: `[DIR]/project/out` is there already
        hint: name a directory that does not exist: nothing is overwritten
        ── exit 2
    "#]],
    );
}

#[test]
fn a_newer_run_that_cannot_be_read_is_told_of_before_an_older_one_goes_on() {
    let world = World::with_notes().model(&[READ, READ, DONE]);
    let run = ["run", "--model", "scripted:../model.jsonl", "--allow", "files/*", "--max-steps", "1", "do it"];
    world.run(&run);
    world.run(&run);
    let [older, newer] = &world.runs()[..] else { panic!("two runs") };
    let journal = world.journals().remove(1);
    fs::write(&journal, fs::read_to_string(&journal).unwrap().replacen("\"run_started\"", "\"run_begun\"", 1)).unwrap();
    let printed = world.run(&["resume", "--max-steps", "9"]).stderr;
    let note = "note: run [RUN] is newer, and left out: ";
    assert!(printed.starts_with(note), "{older} {newer} {printed}");
    assert!(world.run(&["runs"]).stdout.contains("damaged"));
}
