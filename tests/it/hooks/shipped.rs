//! The hooks in the box: the same with an instance that is kept and with one that is dropped between any two
//! points, and ended by their faults where the operator says so.

use looplet_host::record::RunResumed;
use looplet_host::{Budget, Host, Mount, Scripted};
use looplet_tests::harness::block_on;
use serde_json::json;
use tempfile::TempDir;

use super::world;

const HOOKS: &[&str] = &[
    r#"builtin:step-budget+add-context={"steps":3,"warn_at":2}"#,
    r#"builtin:per-tool-limit={"each":2}"#,
    r#"builtin:stagnation+add-context={"warn_after":1,"stop_after":3}"#,
    r#"builtin:redact+edit-results={"patterns":["sk-[a-z]+"]}"#,
];

/// The same call again and again.
fn reads() -> Scripted {
    let read = || [("read_file", json!({"path": "a.txt"}))];
    (1..6).fold(Scripted::calls(read()), |script, _| script.then_calls(read())).then_text("enough")
}

/// What the model is told of a run's steps, and how it ends; with `rest` in two parts.
fn told(hook: &str, forgets: bool, rest: bool) -> Vec<String> {
    let (dir, runs) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    std::fs::write(dir.path().join("a.txt"), "the key is sk-abcdef").unwrap();
    let host = Host::builder().plugin("builtin:files").mount(Mount::read_only("workspace", dir.path()).unwrap());
    let host = block_on(host.allow("files/*").runs(runs.path()).build()).unwrap();
    let component = block_on(host.component(hook)).unwrap_or_else(|error| panic!("{hook}: {}", error.report()));
    let launch = || {
        let launch = host.run("x").model(reads()).component(&component);
        if forgets { launch.forgetful_hooks() } else { launch }
    };
    let mut lines = Vec::new();
    let first = if rest { launch().max_steps(1) } else { launch() };
    let mut run = first.start().unwrap();
    let id = run.id();
    let mut take = |run: &mut looplet_host::Run| {
        while let Some(step) = block_on(run.next()) {
            lines.push(format!("{} {:?}", step.number, step.outcome));
        }
    };
    take(&mut run);
    let mut outcome = block_on(run.finish());
    if rest {
        let resumed = RunResumed { budget: Some(Budget::default()), ..RunResumed::default() };
        let mut run = launch().resume(id, resumed).unwrap();
        take(&mut run);
        outcome = block_on(run.finish());
    }
    lines.push(outcome.stop_reason.to_string());
    lines
}

#[test]
fn each_works_the_same_when_nothing_of_it_lasts_but_what_it_kept() {
    for hook in HOOKS {
        let kept = told(hook, false, false);
        assert_eq!(kept, told(hook, true, false), "{hook}, dropped between any two points");
        assert_eq!(kept, told(hook, false, true), "{hook}, over a resume");
        assert_eq!(kept, told(hook, true, true), "{hook}, both");
    }
}

#[test]
fn each_does_what_it_is_there_for() {
    let all: Vec<String> = HOOKS.iter().map(|hook| told(hook, false, false).join("\n")).collect();
    assert!(all[0].contains("3 Ok") && all[0].contains("4 Denied"), "{}", all[0]);
    assert!(all[1].contains("2 Ok") && all[1].contains("3 Denied"), "{}", all[1]);
    assert!(all[2].contains("4 Ok") && !all[2].contains("5 Ok"), "{}", all[2]);
    assert!(!all[3].contains("sk-abcdef"), "{}", all[3]);
}

#[test]
fn a_fault_ends_the_run_where_the_operator_says_so_and_something_hangs_on_the_hook() {
    for (hook, powers) in
        [("stagnation", r#""observe", "gate", "add-context""#), ("redact", r#""observe", "edit-results""#)]
    {
        let hooks = format!(
            "[[hooks]]\nuse = \"builtin:{hook}\"\npowers = [{powers}]\non_fault = \"stop\"\nlimits = {{ memory_mib = 1 }}\n"
        );
        let world = world().file("policy.toml", hooks);
        let arguments = ["run", "--model", "scripted:../model.jsonl", "--policy", "policy.toml", "--allow", "files/*"];
        let printed = world.run(&[&arguments[..], &["do it"]].concat());
        assert_eq!(printed.code, Some(1), "{}", printed.stderr);
        let expected = format!("stopped by a hook: the hook `{hook}` failed");
        assert!(printed.stderr.contains(&expected), "{}", printed.stderr);
    }
}
