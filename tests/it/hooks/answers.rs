//! What hooks may answer, and what becomes of it.

use expect_test::{Expect, expect};

use super::{probed, world};

fn check(powers: &str, settings: &str, expected: &Expect) {
    expected.assert_eq(&probed(powers, settings));
}

const MORE: &str = "+add-context+edit-arguments+answer+edit-results";

#[test]
fn a_denial_reaches_the_model_and_the_last_line() {
    check(
        MORE,
        r#"{"at":"pre-tool","do":"deny","tool":"read_file","text":"not today"}"#,
        &expect![[r#"
            ── stdout
            All is read.
            ── stderr
            model scripted:../model.jsonl (--model)
            workspace [DIR]/project (rw, the shipped default)
            policy none written and no terminal to ask at: every call is denied but for `--allow`
            #1 ⊘ read_file(path='notes.md') → denied by a hook «not today»
            #2 ✓ list_dir(path='.') → 2 entries [TIME]
            #3 ✓ done(summary='All is read.')
            done · 3 steps · 1 denied by a hook · [TIME] · show: looplet-host show [RUN] --denied
            ── exit 0
        "#]],
    );
}

#[test]
fn an_ask_where_a_rule_allows_is_a_no_without_anybody() {
    let rule = "[[rules]]\ntool = \"files\"\ndecision = \"allow\"\n[grants]\nfiles = { fs = { workspace = \"ro\" } }\n[mounts.workspace]\npath = \".\"\n";
    let hook = r#"../probe.wasm+add-context={"at":"pre-tool","do":"ask","tool":"read_file","text":"sure?"}"#;
    let world = world().file("policy.toml", rule);
    world.check(
        &["run", "--model", "scripted:../model.jsonl", "--policy", "policy.toml", "--hook", hook, "do it"],
        &expect![[r#"
            ── stdout
            All is read.
            ── stderr
            model scripted:../model.jsonl (--model)
            workspace [DIR]/project (ro, policy.toml:7)
            policy policy.toml (1 rule)
            #1 ⊘ read_file(path='notes.md') → denied by a hook «sure?, and nobody is there to be asked»
            #2 ✓ list_dir(path='.') → 3 entries [TIME]
            #3 ✓ done(summary='All is read.')
            #1 files/read_file would be allowed by --allow 'files/read_file'
            done · 3 steps · 1 denied by a hook · [TIME] · show: looplet-host show [RUN] --denied
            ── exit 0
        "#]],
    );
}

#[test]
fn an_ask_is_answered_by_what_the_operator_allowed_for_this_run() {
    check(
        MORE,
        r#"{"at":"pre-tool","do":"ask","tool":"read_file","text":"sure?"}"#,
        &expect![[r#"
        ── stdout
        All is read.
        ── stderr
        model scripted:../model.jsonl (--model)
        workspace [DIR]/project (rw, the shipped default)
        policy none written and no terminal to ask at: every call is denied but for `--allow`
        #1 ✓ read_file(path='notes.md') → 2 lines [TIME]
        #2 ✓ list_dir(path='.') → 2 entries [TIME]
        #3 ✓ done(summary='All is read.')
        done · 3 steps · [TIME] · show: looplet-host show [RUN]
        ── exit 0
    "#]],
    );
}

#[test]
fn rewritten_arguments_are_decided_on() {
    check(
        MORE,
        r#"{"at":"pre-tool","do":"rewrite","tool":"read_file","text":"{\"path\":\"src/main.rs\"}"}"#,
        &expect![[r#"
            ── stdout
            All is read.
            ── stderr
            model scripted:../model.jsonl (--model)
            workspace [DIR]/project (rw, the shipped default)
            policy none written and no terminal to ask at: every call is denied but for `--allow`
            #1 ✓ read_file(path='src/main.rs') → 2 lines [TIME]
            #2 ✓ list_dir(path='.') → 2 entries [TIME]
            #3 ✓ done(summary='All is read.')
            done · 3 steps · [TIME] · show: looplet-host show [RUN]
            ── exit 0
        "#]],
    );
}

#[test]
fn rewritten_arguments_that_do_not_fit_deny_the_call() {
    check(
        MORE,
        r#"{"at":"pre-tool","do":"rewrite","tool":"read_file","text":"{\"pfad\":1}"}"#,
        &expect![[r#"
            ── stdout
            All is read.
            ── stderr
            model scripted:../model.jsonl (--model)
            workspace [DIR]/project (rw, the shipped default)
            policy none written and no terminal to ask at: every call is denied but for `--allow`
            #1 ⊘ read_file(path='notes.md') → denied «a hook rewrote the arguments so that they do not fit: `pfad` is not known»
            #2 ✓ list_dir(path='.') → 2 entries [TIME]
            #3 ✓ done(summary='All is read.')
            done · 3 steps · 1 denied by policy · [TIME] · show: looplet-host show [RUN] --denied
            ── exit 0
        "#]],
    );
}

#[test]
fn an_answer_takes_the_place_of_the_tool_and_is_marked() {
    check(
        MORE,
        r#"{"at":"pre-tool","do":"answer","tool":"read_file","text":"from a cache"}"#,
        &expect![[r#"
            ── stdout
            All is read.
            ── stderr
            model scripted:../model.jsonl (--model)
            workspace [DIR]/project (rw, the shipped default)
            policy none written and no terminal to ask at: every call is denied but for `--allow`
            #1 ✓ read_file(path='notes.md') → from a cache (answered by probe)
            #2 ✓ list_dir(path='.') → 2 entries [TIME]
            #3 ✓ done(summary='All is read.')
            done · 3 steps · [TIME] · show: looplet-host show [RUN]
            ── exit 0
        "#]],
    );
}

#[test]
fn a_narrowed_call_reaches_no_more_than_the_places() {
    check(
        MORE,
        r#"{"at":"pre-tool","do":"narrow","tool":"read_file","text":"workspace:src:ro"}"#,
        &expect![[r#"
            ── stdout
            All is read.
            ── stderr
            model scripted:../model.jsonl (--model)
            workspace [DIR]/project (rw, the shipped default)
            policy none written and no terminal to ask at: every call is denied but for `--allow`
            #1 ✗ read_file(path='notes.md') → not found: `notes.md` does not exist [TIME]
                  refused inside: open workspace:/notes.md: outside this call's reach
                  refused inside: stat workspace:/notes.md: outside this call's reach
            #2 ✓ list_dir(path='.') → 2 entries [TIME]
            #3 ✓ done(summary='All is read.')
            done · 3 steps · 2 reaches refused by the sandbox · [TIME] · show: looplet-host show [RUN]
            ── exit 0
        "#]],
    );
}

#[test]
fn a_replaced_result_is_what_everybody_sees() {
    check(
        MORE,
        r#"{"at":"post-tool","do":"replace","tool":"read_file","text":"[redacted]"}"#,
        &expect![[r#"
            ── stdout
            All is read.
            ── stderr
            model scripted:../model.jsonl (--model)
            workspace [DIR]/project (rw, the shipped default)
            policy none written and no terminal to ask at: every call is denied but for `--allow`
            #1 ✓ read_file(path='notes.md') → [redacted] [TIME]
            #2 ✓ list_dir(path='.') → 2 entries [TIME]
            #3 ✓ done(summary='All is read.')
            done · 3 steps · [TIME] · show: looplet-host show [RUN]
            ── exit 0
        "#]],
    );
}

#[test]
fn a_rejected_end_goes_on_until_the_model_gives_up() {
    check(
        MORE,
        r#"{"at":"check-done","do":"reject","text":"name your sources"}"#,
        &expect![[r#"
        ── stderr
        model scripted:../model.jsonl (--model)
        workspace [DIR]/project (rw, the shipped default)
        policy none written and no terminal to ask at: every call is denied but for `--allow`
        #1 ✓ read_file(path='notes.md') → 2 lines [TIME]
        #2 ✓ list_dir(path='.') → 2 entries [TIME]
        #3 ✗ done(summary='All is read.') → validation: name your sources
        stopped: the model gave no answer (`scripted:../model.jsonl` has no answer left after 3 turns; end the script with a turn that calls `done`, or with a text alone) · 3 steps · [TIME] · show: looplet-host show [RUN]
        ── exit 1
    "#]],
    );
}

#[test]
fn a_reason_to_stop_ends_the_run() {
    for at in ["pre-model", "post-model", "post-tool", "should-stop"] {
        let said = probed(MORE, &format!(r#"{{"at":"{at}","do":"stop","text":"enough"}}"#));
        assert!(said.contains("stopped by a hook: enough"), "{at}: {said}");
        assert!(said.ends_with("── exit 1\n"), "{at}: {said}");
    }
}

#[test]
fn a_policy_that_denies_is_not_lifted_by_an_answer() {
    let hook = r#"../probe.wasm+answer+add-context={"at":"pre-tool","do":"answer","text":"from a cache"}"#;
    let world = world();
    let mut arguments = super::run(hook).to_vec();
    arguments.splice(5..5, ["--deny", "files/read_file"]);
    let said = world.run(&arguments).transcript();
    assert!(said.contains("#1 ⊘ read_file(path='notes.md') → denied by --deny"), "{said}");
}

#[test]
fn a_hook_reaches_no_file_and_asks_nobody() {
    // What its tools may read is not there for it. How a libc says so that finds no directory at all differs
    // between the makers of guests.
    let unreadable = |path: &str| {
        ["is outside of what this call can reach", "does not exist"].map(|says| format!("`{path}` {says}"))
    };
    let cases = ["/etc/passwd", "notes.md", "/workspace/notes.md"].map(|path| ("read-file", path, unreadable(path)));
    let asks = ("approve", "sure?", ["approved false".to_owned(), "approved false".to_owned()]);
    for (does, text, says) in cases.into_iter().chain([asks]) {
        let world = world();
        let hook = format!(r#"../probe.wasm+add-context={{"at":"pre-prompt","do":"{does}","text":"{text}"}}"#);
        let printed = world.run(&super::run(&hook));
        assert_eq!(printed.code, Some(0), "{}", printed.stderr);
        let said = super::journal(&world);
        assert!(says.iter().any(|says| said.contains(says)), "{does} {text}: {said}");
    }
}

#[test]
fn a_call_to_which_a_hook_left_nothing_is_denied_by_the_hook() {
    let said =
        super::probed("+add-context", r#"{"at":"pre-tool","do":"narrow","tool":"read_file","text":"nomount:x:rw"}"#);
    assert!(
        said.contains("#1 ⊘ read_file(path='notes.md') → denied by a hook «the tool needs `fs workspace ro`"),
        "{said}"
    );
}

#[test]
fn what_a_hook_stops_with_is_one_inert_line_in_the_list_of_runs() {
    let world = world();
    let hook =
        r#"../probe.wasm+add-context={"at":"should-stop","do":"stop","text":"enough\n01M7 a forged line\u202e"}"#;
    world.run(&["run", "--model", "scripted:../model.jsonl", "--allow", "files/*", "--hook", hook, "do it"]);
    let listed = world.run(&["runs"]).stdout;
    assert_eq!(listed.lines().count(), 1, "{listed}");
    assert!(!listed.contains('\u{202e}'), "{listed}");
}

#[test]
fn a_hook_that_asks_for_large_steps_gets_as_many_as_it_can_hold() {
    let read = r#"{"tool":"read_file","arguments":{"path":"large.txt"}}"#;
    let calls = format!(r#"{{"calls":[{}]}}"#, vec![read; 60].join(","));
    let line = "a line of a large file that is read again and again\n";
    let world = world().file("large.txt", line.repeat(3_000)).model(&[&calls, super::LIST, super::DONE]);
    let hook = r#"../probe.wasm+add-context={"at":"pre-prompt","do":"history"}"#;
    let printed = world.run(&[
        "run",
        "--model",
        "scripted:../model.jsonl",
        "--allow",
        "files/*",
        "--max-steps",
        "90",
        "--hook",
        hook,
        "do it",
    ]);
    assert_eq!(printed.code, Some(0), "{}", printed.stderr);
    assert!(!printed.stderr.contains("failed"), "{}", printed.stderr);
}

#[test]
fn a_wish_to_compact_is_on_record_and_nothing_happens() {
    let wishes = |does: &str| {
        let world = super::world();
        let hook = format!(r#"../probe.wasm+add-context={{"at":"should-compact","do":"{does}"}}"#);
        let printed = world.run(&super::run(&hook)).transcript();
        let verdicts = super::verdicts(&world).into_iter().filter(|said| said.starts_with("should-compact"));
        (printed, verdicts.collect::<Vec<_>>().join("\n"))
    };
    let (wished, not_wished) = (wishes("compact"), wishes("nothing"));
    assert_eq!(wished.0, not_wished.0);
    expect![[r#"
        should-compact probe compact
        should-compact probe compact
        should-compact probe compact"#]]
    .assert_eq(&wished.1);
    expect![[r#"
        should-compact probe noted
        should-compact probe noted
        should-compact probe noted"#]]
    .assert_eq(&not_wished.1);
}
