//! A component as a hook of single runs: called in those alone, recorded, and asked for again by a resume.

use std::sync::{Arc, Mutex};

use expect_test::expect;
use looplet_host::native::Tool;
use looplet_host::record::RunResumed;
use looplet_host::{Budget, Host, Scripted, StopReason};
use looplet_tests::harness::block_on;
use looplet_tests::requests;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use tempfile::TempDir;

use super::files;

const LIMIT: &str = r#"builtin:per-tool-limit={"each": 1}"#;

fn reads_twice() -> Scripted {
    let read = || [("read_file", json!({"path": "a.txt"}))];
    Scripted::calls(read()).then_calls(read()).then_text("ok")
}

#[test]
fn it_watches_the_run_that_is_given_it_and_no_other() {
    let dir = TempDir::new().unwrap();
    let host = block_on(files(dir.path()).allow("files/*").build()).unwrap();
    let limit = block_on(host.component(LIMIT)).unwrap();
    let denied = |outcome: looplet_host::Outcome| outcome.denied().len();
    let watched = || host.run("x").model(reads_twice()).component(&limit).start().unwrap();
    assert_eq!(denied(block_on(watched().finish())), 1);
    assert_eq!(denied(block_on(watched().finish())), 1, "the count is that of a run");
    let unwatched = host.run("x").model(reads_twice()).start().unwrap();
    assert_eq!(denied(block_on(unwatched.finish())), 0);
}

#[test]
fn a_run_is_not_resumed_without_it_and_its_count_goes_on() {
    let dir = TempDir::new().unwrap();
    let runs = TempDir::new().unwrap();
    std::fs::write(dir.path().join("a.txt"), "inside").unwrap();
    let mount = looplet_host::Mount::read_only("workspace", dir.path()).unwrap();
    let host = Host::builder().plugin("builtin:files").mount(mount).allow("files/*").runs(runs.path());
    let host = block_on(host.build()).unwrap();
    let limit = block_on(host.component(LIMIT)).unwrap();
    let begun = host.run("x").model(reads_twice()).component(&limit).max_steps(1).start().unwrap();
    let id = begun.id();
    assert_eq!(block_on(begun.finish()).stop_reason, StopReason::BudgetExhausted);

    let resumed = || RunResumed { budget: Some(Budget::default()), ..RunResumed::default() };
    let refused = host.run("").model(reads_twice()).resume(id, resumed()).err().unwrap();
    expect![[r#"
        error: the run has hooks that nobody gives it: `per-tool-limit`
        hint: `.component(…)` before `.resume(…)`, or `[[hooks]]` where they stood there"#]]
    .assert_eq(refused.report().trim_end());
    let run = host.run("").model(reads_twice()).component(&limit).resume(id, resumed()).unwrap();
    let outcome = block_on(run.finish());
    assert_eq!((outcome.stop_reason.clone(), outcome.denied().len()), (StopReason::Text, 1));
}

#[test]
fn what_is_no_hook_or_fits_badly_is_an_error_before_any_run() {
    let dir = TempDir::new().unwrap();
    let host = block_on(files(dir.path()).build()).unwrap();
    let why = |hook: &str| block_on(host.component(hook)).err().unwrap().report();
    expect![[r#"
        error: program: `think` is no hook: it subscribes to no point
        hint: a plugin with tools belongs in `[plugins]`"#]]
    .assert_eq(&why("builtin:think"));
    expect![[r#"
        error: --hook: the settings of plugin `per-tool-limit` do not fit: `all` is not known
        hint: the hook `per-tool-limit` takes {"additionalProperties":false,"description":"How many calls a run has of which tools.","properties":{"calls":{"additionalProperties":{"minimum":0,"type":"integer"},"default":{},"description":"Calls of all tools of a pattern together, such as `{\"http/fetch\": 40, \"files/*\": 200}`. Every pattern\nthat fits counts.","type":"object"},"each":{"default":null,"description":"Calls of every tool by its…"#]].assert_eq(&why(r#"builtin:per-tool-limit={"all": 1}"#));
    expect![[r#"
        error: program: the hook `step-budget` subscribes to `pre-prompt`, which takes the power `add-context`
        hint: if it is to have that: powers = ["observe", "gate", "add-context"]"#]]
    .assert_eq(&why("builtin:step-budget"));
    expect!["error: program: there is no file `/none.wasm`"].assert_eq(&why("/none.wasm"));
}

#[derive(Deserialize, JsonSchema)]
struct Greet {
    name: String,
}

#[test]
fn a_secret_that_a_native_tool_answers_is_nowhere_and_its_arguments_are_as_they_were() {
    let secret = "ghp_0123456789abcdefghijklmnopqrstuvwxyz";
    let heard = Arc::new(Mutex::new(Vec::new()));
    let hears = Arc::clone(&heard);
    let tool = Tool::native("greet", "Greet someone.", move |a: Greet, _| {
        hears.lock().unwrap().push(a.name.clone());
        async move { Ok(json!({ "greeting": format!("{} has {secret}", a.name) })) }
    });
    let runs = TempDir::new().unwrap();
    let host = Host::builder().plugin("builtin:think").allow("native/*").runs(runs.path());
    let host = block_on(host.build()).unwrap();
    let redact = block_on(host.component("builtin:redact+edit-results")).unwrap();
    let model = Scripted::calls([("greet", json!({"name": "Ada"}))]).then_text("ok");
    let run = host.run("greet Ada").model(model).tool(tool).component(&redact).start().unwrap();
    let kept = runs.path().join(run.id().to_string());
    block_on(run.finish());
    assert_eq!(*heard.lock().unwrap(), ["Ada"]);
    assert!(requests::check(&kept));
    let journal = std::fs::read_to_string(kept.join("journal.jsonl")).unwrap();
    assert!(!journal.contains("0123456789abcdef") && journal.contains("Ada has [redacted]"), "{journal}");
    let files = std::fs::read_dir(&kept).unwrap().flatten().map(|file| file.file_name().into_string().unwrap());
    assert_eq!(files.filter(|name| name != "blobs").collect::<Vec<_>>(), ["journal.jsonl"], "nothing else is kept");
}
