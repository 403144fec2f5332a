//! `run`: with a policy, without one, with flags, as JSON, from standard input.

use expect_test::expect;

use crate::world::World;

const READ: &str = r#"{"calls":[{"tool":"read_file","arguments":{"path":"notes.md"}}]}"#;
const WRITE: &str = r#"{"calls":[{"tool":"write_file","arguments":{"path":"plan.md","content":"plan\n"}}]}"#;
const DRAFT: &str = r#"{"calls":[{"tool":"write_file","arguments":{"path":"drafts/plan.md","content":"plan\n"}}]}"#;
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
    let world =
        World::with_notes().file("policy.toml", POLICY).file("drafts/README.md", "").model(&[READ, WRITE, DRAFT, DONE]);
    world.check(
        &run(&["--policy", "policy.toml"]),
        &expect![[r#"
        ── stdout
        All is read.
        ── stderr
        model scripted:../model.jsonl (--model)
        workspace [DIR]/project (rw, policy.toml:4)
        policy policy.toml (3 rules)
        #1 ✓ read_file(path='notes.md') → 2 lines [TIME]
        #2 ⊘ write_file(path='plan.md', content='plan\n') → denied by policy.toml:19 «drafts only»
        #3 ✓ write_file(path='drafts/plan.md', content='plan\n') → bytes: 5 [TIME]
        #4 ✓ done(summary='All is read.')
        #2 files/write_file would be allowed by an `unless` in the rule at `policy.toml:19`, or taking that rule out
        done · 4 steps · 1 denied by policy · [TIME] · show: looplet-host show [RUN] --denied
        ── exit 0
    "#]],
    );
    assert_eq!(world.tree("project"), ["drafts/README.md", "drafts/plan.md", "notes.md", "policy.toml", "src/main.rs"]);
}

#[test]
fn without_a_policy_and_without_a_terminal_every_call_is_denied() {
    let world = World::with_notes().model(&[READ, TEXT]);
    world.check(
        &run(&[]),
        &expect![[r#"
            ── stdout
            That is all.
            ── stderr
            model scripted:../model.jsonl (--model)
            workspace [DIR]/project (rw, the shipped default)
            policy none written and no terminal to ask at: every call is denied but for `--allow`
            #1 ⊘ read_file(path='notes.md') → denied «nothing in the operator's policy allows this call»
            #1 files/read_file would be allowed by --allow 'files/read_file', or in looplet.toml:
                [[rules]]
                tool = "files/read_file"
                decision = "allow"
            answered · 1 step · 1 denied by policy · [TIME] · show: looplet-host show [RUN] --denied
            ── exit 0
        "#]],
    );
}

#[test]
fn a_flag_allows_for_one_run() {
    let world = World::with_notes().model(&[READ, WRITE, TEXT]);
    world.check(
        &run(&["--workspace", ".:ro", "--allow", "files/*"]),
        &expect![[r#"
            ── stdout
            That is all.
            ── stderr
            model scripted:../model.jsonl (--model)
            workspace [DIR]/project (ro, --workspace)
            policy none written and no terminal to ask at: every call is denied but for `--allow`
            #1 ✓ read_file(path='notes.md') → 2 lines [TIME]
            #2 ✗ write_file(path='plan.md', content='plan\n') → permission denied: `plan.md` is not open to this call [TIME]
                  refused inside: open for writing workspace:/.plan.md.looplet-tmp: read only (--workspace)
                  refused inside: remove workspace:/.plan.md.looplet-tmp: read only (--workspace)
            answered · 2 steps · 2 reaches refused by the sandbox · [TIME] · show: looplet-host show [RUN]
            ── exit 0
        "#]],
    );
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
    world.check(
        &run(&["--require-done"]),
        &expect![[r#"
            ── stderr
            model scripted:../model.jsonl (--model)
            workspace [DIR]/project (rw, the shipped default)
            policy none written and no terminal to ask at: every call is denied but for `--allow`
            stopped: the model did not call `done` · 0 steps · [TIME] · show: looplet-host show [RUN]
            ── exit 1
        "#]],
    );
}

#[test]
fn a_budget_stops_the_run() {
    let world = World::with_notes().model(&[READ, READ, READ, TEXT]);
    world.check(
        &run(&["--allow", "files", "--max-steps", "2"]),
        &expect![[r#"
            ── stderr
            model scripted:../model.jsonl (--model)
            workspace [DIR]/project (rw, the shipped default)
            policy none written and no terminal to ask at: every call is denied but for `--allow`
            #1 ✓ read_file(path='notes.md') → 2 lines [TIME]
            #2 ✓ read_file(path='notes.md') → 2 lines [TIME]
            stopped: no step of the budget left · 2 steps · [TIME] · show: looplet-host show [RUN]
            ── exit 1
        "#]],
    );
}

#[test]
fn json_is_an_event_a_line_and_the_outcome_comes_last() {
    let world = World::with_notes().model(&[READ, DONE]);
    world.check(&run(&["--allow", "files/read_file", "--json"]), &expect![[r#"
        ── stdout
        {"type":"step","step":{"number":1,"turn":1,"plugin":"files","tool":"read_file","arguments":{"path":"notes.md"},"outcome":{"ok":{"content":{"text":"alpha\nbeta\n"}}},"duration_us":0,"decided_by":{"rule":{"decision":"allow","origin":"--allow"}},"used":{"memory_bytes":0,"bytes_read":11}}}
        {"type":"step","step":{"number":2,"turn":2,"tool":"done","arguments":{"summary":"All is read."},"outcome":{"ok":{"content":{"text":"the run is done"}}},"decided_by":{"answered":"host"},"used":{}}}
        {"type":"outcome","outcome":{"run":"[RUN]","stop_reason":"done","output":{"summary":"All is read."},"steps":2,"turns":2,"model_calls":2,"usage":{"input":0,"output":0},"denied":[],"asked":0,"refusals":0,"head":"[DIGEST]","elapsed_ms":0,"active_ms":0}}
        ── stderr
        model scripted:../model.jsonl (--model)
        workspace [DIR]/project (rw, the shipped default)
        policy none written and no terminal to ask at: every call is denied but for `--allow`
        #1 ✓ read_file(path='notes.md') → 2 lines [TIME]
        #2 ✓ done(summary='All is read.')
        done · 2 steps · [TIME] · show: looplet-host show [RUN]
        ── exit 0
    "#]]);
}

#[test]
fn what_a_model_says_reaches_the_terminal_without_control_codes() {
    let world = World::with_notes().model(&["{\"text\":\"red \\u001b[31mtext\\u001b[0m\\nsecond line\"}"]);
    world.check(
        &run(&[]),
        &expect![[r#"
            ── stdout
            red \u{1b}[31mtext\u{1b}[0m
            second line
            ── stderr
            model scripted:../model.jsonl (--model)
            workspace [DIR]/project (rw, the shipped default)
            policy none written and no terminal to ask at: every call is denied but for `--allow`
            answered · 0 steps · [TIME] · show: looplet-host show [RUN]
            ── exit 0
        "#]],
    );
}

#[test]
fn a_task_comes_from_a_file() {
    let world = World::with_notes().file("task.txt", "read the notes\n").model(&[TEXT]);
    world.check(
        &["run", "--model", "scripted:../model.jsonl", "@task.txt"],
        &expect![[r#"
            ── stdout
            That is all.
            ── stderr
            model scripted:../model.jsonl (--model)
            workspace [DIR]/project (rw, the shipped default)
            policy none written and no terminal to ask at: every call is denied but for `--allow`
            answered · 0 steps · [TIME] · show: looplet-host show [RUN]
            ── exit 0
        "#]],
    );
    let world = World::with_notes().model(&[TEXT]);
    world.check(
        &["run", "--model", "scripted:../model.jsonl", "@no-such.txt"],
        &expect![[r#"
            ── stderr
            error: there is no file `no-such.txt`
            hint: `@FILE` reads the task from a file; `-` reads it from standard input, whatever it begins with
            ── exit 2
        "#]],
    );
}
