//! `run`: with a policy, without one, with flags, as JSON, from standard input.

use expect_test::expect;

use crate::world::World;

const READ: &str = r#"{"calls":[{"tool":"read_file","arguments":{"path":"notes.md"}}]}"#;
const WRITE: &str = r#"{"calls":[{"tool":"write_file","arguments":{"path":"plan.md","content":"plan\n"}}]}"#;
const DRAFT: &str = r#"{"calls":[{"tool":"write_file","arguments":{"path":"drafts/plan.md","content":"plan\n","create_directories":true}}]}"#;
const DONE: &str = r#"{"calls":[{"tool":"done","arguments":{"summary":"All is read."}}]}"#;
const TEXT: &str = r#"{"text":"That is all."}"#;

const POLICY: &str = r#"format = 1

[mounts.workspace]
path = "."
mode = "rw"

[grants]
files = { fs = { workspace = "rw" } }

[[rules]]
effects = "none"
decision = "allow"

[[rules]]
tool = "files/write_file"
path = { arg = "path", mount = "workspace", glob = "drafts/**" }
decision = "allow"

[[rules]]
tool = "files/write_file"
unless = [{ path = { arg = "path", mount = "workspace", glob = "drafts/**" } }]
decision = "deny"
reason = "drafts only"
"#;

fn run(more: &[&'static str]) -> Vec<&'static str> {
    [&["run", "--model", "scripted:../model.jsonl"], more, &["do it"]].concat()
}

#[test]
fn a_policy_lets_some_calls_through_and_names_the_rule_that_denies() {
    let world = World::with_notes().file("policy.toml", POLICY).model(&[READ, WRITE, DRAFT, DONE]);
    world.check(&run(&["--policy", "policy.toml"]), &expect![""]);
    assert_eq!(world.tree("project"), ["drafts/plan.md", "notes.md", "policy.toml", "src/main.rs"]);
}

#[test]
fn without_a_policy_and_without_a_terminal_every_call_is_denied() {
    let world = World::with_notes().model(&[READ, TEXT]);
    world.check(&run(&[]), &expect![""]);
}

#[test]
fn a_flag_allows_for_one_run() {
    let world = World::with_notes().model(&[READ, WRITE, TEXT]);
    world.check(&run(&["--workspace", ".:ro", "--allow", "files/*"]), &expect![""]);
    assert_eq!(world.tree("project"), ["notes.md", "src/main.rs"]);
}

#[test]
fn denials_fail_the_run_where_that_is_wanted() {
    let world = World::with_notes().model(&[READ, TEXT]);
    let printed = world.run(&run(&["--fail-on-denied"]));
    assert_eq!(printed.code, Some(3));
}

#[test]
fn a_text_is_no_end_where_done_is_required() {
    let world = World::with_notes().model(&[TEXT, TEXT]);
    world.check(&run(&["--require-done"]), &expect![""]);
}

#[test]
fn a_budget_stops_the_run() {
    let world = World::with_notes().model(&[READ, READ, READ, TEXT]);
    world.check(&run(&["--allow", "files", "--max-steps", "2"]), &expect![""]);
}

#[test]
fn json_is_an_event_a_line_and_the_outcome_comes_last() {
    let world = World::with_notes().model(&[READ, DONE]);
    world.check(&run(&["--allow", "files/read_file", "--json"]), &expect![""]);
}

#[test]
fn what_a_model_says_reaches_the_terminal_without_control_codes() {
    let world = World::with_notes().model(&["{\"text\":\"red \\u001b[31mtext\\u001b[0m\\nsecond line\"}"]);
    world.check(&run(&[]), &expect![""]);
}

#[test]
fn a_task_comes_from_a_file() {
    let world = World::with_notes().file("task.txt", "read the notes\n").model(&[TEXT]);
    world.check(&["run", "--model", "scripted:../model.jsonl", "@task.txt"], &expect![""]);
    let world = World::with_notes().model(&[TEXT]);
    world.check(&["run", "--model", "scripted:../model.jsonl", "@no-such.txt"], &expect![""]);
}
