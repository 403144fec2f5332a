//! What follows when a hook fails: a gate keeps denying, who may replace results keeps them back, anybody
//! else is silent. Each fault is said once.

use expect_test::{Expect, expect};

use super::probed;

fn check(powers: &str, settings: &str, expected: &Expect) {
    expected.assert_eq(&probed(powers, settings));
}

#[test]
fn a_gate_that_traps_once_keeps_denying() {
    check(
        "+add-context",
        r#"{"at":"pre-tool","do":"trap","tool":"read_file"}"#,
        &expect![[r#"
            ── stderr
            model scripted:../model.jsonl (--model)
            workspace [DIR]/project (rw, the shipped default)
            policy none written and no terminal to ask at: every call is denied but for `--allow`
            hook `probe` failed (pre-tool: it trapped: unreachable; it last wrote `said by the probe`): it is not called again in this run
            #1 ⊘ read_file(path='notes.md') → denied by a hook «the hook `probe` failed, and what it watches is refused»
            #2 ⊘ list_dir(path='.') → denied by a hook «the hook `probe` failed, and what it watches is refused»
            #3 ✗ done(summary='All is read.') → validation: the hook `probe` failed, and the end is refused
            stopped: the model gave no answer (`scripted:../model.jsonl` has no answer left after 3 turns; end the script with a turn that calls `done`, or with a text alone) · 3 steps · 2 denied by a hook · [TIME] · show: looplet-host show [RUN] --denied
            ── exit 1
        "#]],
    );
}

#[test]
fn a_gate_that_fails_ends_the_run_where_the_operator_says_so() {
    let hooks = concat!(
        "[[hooks]]\nuse = \"../probe.wasm\"\npowers = [\"observe\", \"gate\", \"add-context\"]\non_fault = \"stop\"\n",
        "settings = { at = \"pre-tool\", do = \"trap\", tool = \"list_dir\" }\n",
    );
    let world = super::world().file("policy.toml", hooks);
    world.check(
        &["run", "--model", "scripted:../model.jsonl", "--policy", "policy.toml", "--allow", "files/*", "do it"],
        &expect![[r#"
            ── stderr
            model scripted:../model.jsonl (--model)
            workspace [DIR]/project (rw, the shipped default)
            policy none written and no terminal to ask at: every call is denied but for `--allow`
            #1 ✓ read_file(path='notes.md') → 2 lines [TIME]
            hook `probe` failed (pre-tool: it trapped: unreachable; it last wrote `said by the probe`): it is not called again in this run
            #2 ⊘ list_dir(path='.') → denied by a hook «the hook `probe` failed, and what it watches is refused»
            stopped by a hook: the hook `probe` failed · 2 steps · 1 denied by a hook · [TIME] · show: looplet-host show [RUN] --denied
            ── exit 1
        "#]],
    );
}

#[test]
fn a_gate_that_hangs_grows_or_leaves_keeps_denying() {
    for does in ["hang", "sleep", "grow", "exit"] {
        let said = probed("+add-context", &format!(r#"{{"at":"pre-tool","do":"{does}"}}"#));
        assert_eq!(said.matches("denied by a hook «the hook `probe` failed").count(), 2, "{does}: {said}");
        assert_eq!(said.matches("hook `probe` failed (pre-tool:").count(), 1, "{does}: {said}");
    }
}

#[test]
fn a_rewrite_without_the_power_is_a_fault_of_the_gate() {
    check(
        "+add-context",
        r#"{"at":"pre-tool","do":"rewrite","text":"{\"path\":\"src/main.rs\"}"}"#,
        &expect![[r#"
        ── stderr
        model scripted:../model.jsonl (--model)
        workspace [DIR]/project (rw, the shipped default)
        policy none written and no terminal to ask at: every call is denied but for `--allow`
        hook `probe` failed (it has no power `edit-arguments`): it is not called again in this run
        #1 ⊘ read_file(path='notes.md') → denied by a hook «the hook `probe` failed, and what it watches is refused»
        #2 ⊘ list_dir(path='.') → denied by a hook «the hook `probe` failed, and what it watches is refused»
        #3 ✗ done(summary='All is read.') → validation: the hook `probe` failed, and the end is refused
        stopped: the model gave no answer (`scripted:../model.jsonl` has no answer left after 3 turns; end the script with a turn that calls `done`, or with a text alone) · 3 steps · 2 denied by a hook · [TIME] · show: looplet-host show [RUN] --denied
        ── exit 1
    "#]],
    );
}

#[test]
fn who_may_replace_results_and_fails_keeps_them_back() {
    check(
        "+add-context+edit-results",
        r#"{"at":"post-tool","do":"trap"}"#,
        &expect![[r#"
            ── stderr
            model scripted:../model.jsonl (--model)
            workspace [DIR]/project (rw, the shipped default)
            policy none written and no terminal to ask at: every call is denied but for `--allow`
            hook `probe` failed (post-tool: it trapped: unreachable; it last wrote `said by the probe`): it is not called again in this run
            #1 ✗ read_file(path='notes.md') → ended by the host: the result was withheld: the hook `probe` failed [TIME]
            #2 ⊘ list_dir(path='.') → denied by a hook «the hook `probe` failed, and what it watches is refused»
            #3 ✗ done(summary='All is read.') → validation: the hook `probe` failed, and the end is refused
            stopped: the model gave no answer (`scripted:../model.jsonl` has no answer left after 3 turns; end the script with a turn that calls `done`, or with a text alone) · 3 steps · 1 denied by a hook · [TIME] · show: looplet-host show [RUN] --denied
            ── exit 1
        "#]],
    );
}

#[test]
fn an_observer_that_fails_is_silent_from_then_on() {
    check(
        "+add-context",
        r#"{"at":"post-step","do":"trap"}"#,
        &expect![[r#"
            ── stderr
            model scripted:../model.jsonl (--model)
            workspace [DIR]/project (rw, the shipped default)
            policy none written and no terminal to ask at: every call is denied but for `--allow`
            hook `probe` failed (post-step: it trapped: unreachable; it last wrote `said by the probe`): it is not called again in this run
            #1 ✓ read_file(path='notes.md') → 2 lines [TIME]
            #2 ⊘ list_dir(path='.') → denied by a hook «the hook `probe` failed, and what it watches is refused»
            #3 ✗ done(summary='All is read.') → validation: the hook `probe` failed, and the end is refused
            stopped: the model gave no answer (`scripted:../model.jsonl` has no answer left after 3 turns; end the script with a turn that calls `done`, or with a text alone) · 3 steps · 1 denied by a hook · [TIME] · show: looplet-host show [RUN] --denied
            ── exit 1
        "#]],
    );
}

#[test]
fn a_gate_that_failed_denies_after_a_resume_too() {
    let world = super::world();
    let hook = r#"../probe.wasm+add-context={"at":"pre-tool","do":"trap","tool":"read_file"}"#;
    let run = ["run", "--model", "scripted:../model.jsonl", "--allow", "files/*", "--hook", hook, "--max-steps", "1"];
    assert_eq!(world.run(&[&run[..], &["do it"]].concat()).code, Some(1));
    let resumed = world.run(&["resume", "--max-steps", "9"]).stderr;
    let denied = "#2 ⊘ list_dir(path='.') → denied by a hook «the hook `probe` failed, and what it watches is refused»";
    assert!(resumed.contains(denied), "{resumed}");
}
