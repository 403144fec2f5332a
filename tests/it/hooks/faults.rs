//! What follows when a hook fails: a gate keeps denying, who may replace results keeps them back, anybody
//! else is silent. Each fault is said once.

use expect_test::{Expect, expect};
use looplet_host::hook::Point;
use looplet_tests::guests;

use super::probed;
use crate::world::World;

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
            note: `probe` is not pinned: `looplet-host add` shows what a plugin is and pins it
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

/// What follows from a fault: how often it is said, how many calls are refused, how the run ends.
fn follows(said: &str) -> String {
    let last = said.lines().rev().nth(1).unwrap_or_default();
    let end = last.split([' ', '(']).take(3).collect::<Vec<_>>().join(" ");
    let faults = said.matches("hook `probe` failed (").count();
    format!("said {faults}, denied {}, end: {end}", said.matches("→ denied by a hook").count())
}

#[test]
fn at_every_point_a_fault_is_said_once_and_a_gate_refuses_from_there_on() {
    let mut lines = Vec::new();
    for point in Point::ALL.map(Point::as_str) {
        let does = |way| follows(&probed("+add-context", &format!(r#"{{"at":"{point}","do":"{way}"}}"#)));
        let crashes = ["trap", "hang", "exit"].map(does);
        assert!(crashes.iter().all(|other| *other == crashes[0]), "{point}: {crashes:#?}");
        // An error of the SDK's function is no crash; it says what the point can say for «no».
        lines.push(format!("{point}: {}; an error: {}", crashes[0], does("fail")));
    }
    expect![[r#"
        run-start: said 1, denied 2, end: stopped: the model; an error: said 0, denied 0, end: done · 3
        should-compact: said 1, denied 2, end: stopped: the model; an error: said 0, denied 0, end: done · 3
        pre-prompt: said 1, denied 2, end: stopped: the model; an error: said 0, denied 0, end: done · 3
        pre-model: said 1, denied 2, end: stopped: the model; an error: said 0, denied 0, end: done · 3
        post-model: said 1, denied 2, end: stopped: the model; an error: said 0, denied 0, end: done · 3
        pre-tool: said 1, denied 2, end: stopped: the model; an error: said 0, denied 2, end: done · 3
        post-tool: said 1, denied 1, end: stopped: the model; an error: said 1, denied 1, end: stopped: the model
        post-step: said 1, denied 1, end: stopped: the model; an error: said 0, denied 0, end: done · 3
        check-done: said 1, denied 0, end: stopped: the model; an error: said 0, denied 0, end: stopped: the model
        should-stop: said 1, denied 1, end: stopped: the model; an error: said 0, denied 0, end: done · 3
        run-end: said 1, denied 0, end: done · 3; an error: said 0, denied 0, end: done · 3
        observe: said 1, denied 2, end: stopped: the model; an error: said 0, denied 0, end: done · 3"#]]
    .assert_eq(&lines.join("\n"));
}

fn both(settings: &str) -> World {
    let count = r#"{"calls":[{"tool":"count","arguments":{}}]}"#;
    let world = World::with_notes().model(&[count, count, count, super::DONE]);
    let component = std::fs::read(guests::TOOL_AND_HOOK).unwrap();
    let world = world.file("plugins/both.wasm", &component).file("../both.wasm", &component);
    let hook = format!("../both.wasm={settings}");
    let run = ["run", "--model", "scripted:../model.jsonl", "--plugins", "plugins", "--allow", "both/*"];
    let printed = world.run(&[&run[..], &["--hook", &hook, "--runs", "../runs", "count"]].concat());
    assert_eq!(printed.code, Some(0), "{}", printed.stderr);
    world.write("../printed", printed.transcript());
    world
}

#[test]
fn a_tool_and_a_hook_of_one_component_keep_their_states_apart() {
    let world = both("{}");
    let logs = super::journal(&world);
    let counts: Vec<&str> = logs.lines().filter_map(|line| line.split_once("after ")?.1.split('"').next()).collect();
    assert_eq!(counts, ["1: 100", "2: 200", "3: 300", "4: 400"]);
    let printed = std::fs::read_to_string(world.path("../printed")).unwrap();
    for count in ["#1 ✓ count() → 1", "#2 ✓ count() → 2", "#3 ✓ count() → 3"] {
        assert!(printed.contains(count), "{printed}");
    }
}

#[test]
fn a_component_that_only_observes_is_silent_once_it_failed_and_refuses_nothing() {
    let world = both(r#"{"fail_at":2}"#);
    expect![[r#"
        ── stdout
        All is read.
        ── stderr
        note: `both` is not pinned: `looplet-host add` shows what a plugin is and pins it
        model scripted:../model.jsonl (--model)
        workspace [DIR]/project (rw, the shipped default)
        policy none written and no terminal to ask at: every call is denied but for `--allow`
        #1 ✓ count() → 1 [TIME]
        hook `both` failed (post-step: it trapped: unreachable; it last wrote `told to fail`): it is not called again in this run
        #2 ✓ count() → 2 [TIME]
        #3 ✓ count() → 3 [TIME]
        #4 ✓ done(summary='All is read.')
        done · 4 steps · [TIME] · show: looplet-host show [RUN]
        ── exit 0
    "#]]
    .assert_eq(&std::fs::read_to_string(world.path("../printed")).unwrap());
    expect![[r#"
        post-step both noted
        post-step both fault «post-step: it trapped: unreachable; it last wrote `told to fail`»"#]]
    .assert_eq(&super::verdicts(&world).join("\n"));
}
