//! What a run has done so far counts: in one answer of the model as over several, and after it was taken up again.

use expect_test::expect;

use crate::world::World;

fn read(path: &str) -> String {
    format!(r#"{{"tool":"read_file","arguments":{{"path":"{path}"}}}}"#)
}

fn turn(calls: &[String]) -> String {
    format!(r#"{{"calls":[{}]}}"#, calls.join(","))
}

const DONE: &str = r#"{"calls":[{"tool":"done","arguments":{"summary":"ok"}}]}"#;

const RUN: [&str; 6] = ["run", "--model", "scripted:../model.jsonl", "--policy", "policy.toml", "read"];

const GRANTS: &str =
    "format = 1\n[mounts.workspace]\npath = \".\"\n[grants]\nfiles = { fs = { workspace = \"ro\" } }\n";

/// Once something was read, nothing is looked for.
fn after_reading() -> String {
    format!(
        "{GRANTS}[[rules]]\ntool = \"files\"\ndecision = \"allow\"\n\
         [[rules]]\ntool = \"files/grep\"\nafter = {{ tool = \"files/read_file\" }}\ndecision = \"deny\"\nreason = \"it has read\"\n"
    )
}

const GREP: &str = r#"{"tool":"grep","arguments":{"pattern":"alpha"}}"#;

#[test]
fn a_call_of_the_same_answer_counts_too() {
    let world = World::with_notes()
        .file("policy.toml", after_reading())
        .model(&[&turn(&[GREP.to_owned(), read("notes.md"), GREP.to_owned()]), DONE]);
    let steps = world.run(&RUN).stderr;
    let marks: Vec<_> = steps.lines().filter(|line| line.starts_with('#')).map(|line| &line[..7]).collect();
    assert_eq!(marks[..3], ["#1 ✓ ", "#2 ✓ ", "#3 ⊘ "], "{steps}");
}

#[test]
fn what_was_done_before_a_run_rested_counts_afterwards() {
    let world = World::with_notes().file("policy.toml", after_reading()).model(&[
        &turn(&[read("notes.md")]),
        &turn(&[GREP.to_owned()]),
        DONE,
    ]);
    let stopped = world.run(&[&RUN[..], &["--max-steps", "1"]].concat());
    assert_eq!(stopped.code, Some(1), "{}", stopped.stderr);
    let printed = world.run(&["resume", "--max-steps", "9"]);
    assert!(printed.stderr.contains("#2 ⊘ grep") && printed.stderr.contains("«it has read»"), "{}", printed.stderr);
}

/// Two tools draw on the bound that is about both of them, before the run rested and afterwards.
#[test]
fn a_bound_over_several_tools_is_one_bound() {
    let policy =
        format!("{GRANTS}[budget]\ncalls = {{ \"files/*\" = 3 }}\n[[rules]]\ntool = \"files\"\ndecision = \"allow\"\n");
    let list = r#"{"tool":"list_dir","arguments":{"path":"."}}"#.to_owned();
    let world = World::with_notes().file("policy.toml", policy).model(&[
        &turn(&[read("notes.md")]),
        &turn(std::slice::from_ref(&list)),
        &turn(&[read("src/main.rs"), GREP.to_owned()]),
        &turn(&[list]),
        DONE,
    ]);
    assert_eq!(world.run(&[&RUN[..], &["--max-steps", "2"]].concat()).code, Some(1));
    let printed = world.run(&["resume", "--max-steps", "9"]);
    expect![[r#"
        ── stderr
        model scripted:../model.jsonl (the run's own)
        workspace [DIR]/project (ro, policy.toml:3)
        policy policy.toml (1 rule)
        run [RUN] goes on after step 2
        #3 ✓ read_file(path='src/main.rs') → 2 lines [TIME]
        stopped: no call of `files/*` left in the budget · 3 steps · [TIME] · show: looplet-host show [RUN]
        ── exit 1
    "#]]
    .assert_eq(&printed.transcript());
    let again = world.run(&["resume", "--max-steps", "9"]);
    assert!(again.stderr.contains("stopped: no call of `files/*` left"), "{}", again.transcript());
}
