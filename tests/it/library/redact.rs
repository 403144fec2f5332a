//! What a program keeps out of its runs: neither hooks, events nor records have it, and no call is made with it.

use std::sync::{Arc, Mutex};

use expect_test::expect;
use looplet_host::hook::{CallView, ResultVerdict, ToolAnswer};
use looplet_host::native::Tool;
use looplet_host::permission::{Answer, Approver, Question};
use looplet_host::{CanonicalJson, Event, Host, HostBuilder, Outcome, Run, Scripted};
use looplet_tests::harness::block_on;
use looplet_tests::requests;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use tempfile::TempDir;

#[derive(Deserialize, JsonSchema)]
struct Note {
    text: String,
}

/// A tool that says on all ways what it was given and a key, and what it was given so far.
fn note() -> (Tool, Arc<Mutex<Vec<String>>>) {
    let given = Arc::<Mutex<Vec<String>>>::default();
    let kept = Arc::clone(&given);
    let tool = Tool::native("note", "Note something.", move |a: Note, context| {
        kept.lock().unwrap().push(a.text.clone());
        async move {
            context.progress("at key-1", 1, None);
            context.log("log of key-2");
            Ok(json!({ "key-3": a.text, "number": "key-4" }))
        }
    });
    (tool, given)
}

fn host(runs: &TempDir) -> HostBuilder {
    Host::builder().plugin("builtin:think").redact(r"key-\d+").runs(runs.path())
}

fn noting(text: &str) -> Scripted {
    Scripted::calls([("note", json!({ "text": text }))]).then_text("ok")
}

/// The run's steps, and its journal without keys.
fn told(runs: &TempDir, mut run: Run) -> (Vec<String>, String) {
    let kept = runs.path().join(run.id().to_string());
    let mut lines = Vec::new();
    block_on(async {
        while let Some(step) = run.next().await {
            lines.push(step.pretty().replace(" [native]", ""));
        }
        run.finish().await;
    });
    assert!(requests::check(&kept));
    let journal = std::fs::read_to_string(kept.join("journal.jsonl")).unwrap();
    assert!(!journal.contains("key-"), "{journal}");
    (lines, journal)
}

#[test]
fn hooks_events_and_records_have_what_a_tool_says_without_it() {
    let runs = TempDir::new().unwrap();
    let host = block_on(host(&runs).allow("native/*").build()).unwrap();
    let (tool, given) = note();
    let seen = Arc::<Mutex<Vec<Value>>>::default();
    let sees = Arc::clone(&seen);
    let launch = host.run("note key-5").model(noting("plain")).tool(tool).on_post_tool(move |_, step| {
        sees.lock().unwrap().push(serde_json::to_value(&step.outcome).unwrap());
        ResultVerdict::default()
    });
    let mut run = launch.start().unwrap();
    let mut events = Vec::new();
    block_on(async {
        while let Some(event) = run.next_event().await {
            if let Event::Progress { progress, .. } = &event {
                events.push(progress.stage.clone());
            }
        }
    });
    let (_, journal) = told(&runs, run);
    assert_eq!(events, ["at [redacted]"]);
    assert_eq!(given.lock().unwrap().clone(), ["plain"]);
    let answered = json!({ "ok": { "content": { "json": { "[redacted]": "plain", "number": "[redacted]" } } } });
    assert_eq!(seen.lock().unwrap().clone(), [answered]);
    for text in ["note [redacted]", "log of [redacted]", "at [redacted]"] {
        assert!(journal.contains(text), "{journal}");
    }
}

fn arguments(text: &str) -> CanonicalJson {
    CanonicalJson::from_value(&json!({ "text": text })).unwrap()
}

/// Changes the arguments when it is asked.
struct Edits;

#[async_trait::async_trait]
impl Approver for Edits {
    async fn ask(&self, question: &Question) -> Answer {
        let text = question.arguments.to_value()["text"].as_str().unwrap_or_default().to_owned();
        Answer::Edited(arguments(&(text + " key-6")))
    }
}

#[test]
fn no_call_runs_with_it_whoever_wrote_the_arguments() {
    let runs = TempDir::new().unwrap();
    let host = block_on(host(&runs).ask("native/*").build()).unwrap();
    let withheld =
        "#1 ✗ note(text='plain [redacted]') → validation: not run: its arguments hold text that is kept out of runs";
    let (tool, given) = note();
    let launch = || host.run("note").tool(tool.clone());

    let by_model = launch().model(noting("plain key-7")).allow("native/*").start().unwrap();
    assert_eq!(told(&runs, by_model).0, [withheld]);

    let shown = Arc::<Mutex<Vec<String>>>::default();
    let seeing = |shown: &Arc<Mutex<Vec<String>>>| {
        let shown = Arc::clone(shown);
        move |_: &_, call: &CallView| {
            shown.lock().unwrap().push(call.call.arguments.to_string());
            ToolAnswer::pass()
        }
    };
    let by_person = launch().model(noting("plain")).approver(Edits).on_pre_tool(seeing(&shown)).start().unwrap();
    assert_eq!(told(&runs, by_person).0, [withheld]);

    let rewrites = |_: &_, _: &_| ToolAnswer::rewrite(arguments("plain key-8"));
    let by_hook = launch().model(noting("plain")).allow("native/*").on_pre_tool(rewrites);
    let by_hook = by_hook.on_pre_tool(seeing(&shown)).start().unwrap();
    assert_eq!(told(&runs, by_hook).0, [withheld]);

    let by_caller = launch().model(noting("plain")).allow("native/*").on_pre_tool(seeing(&shown));
    let mut by_caller = by_caller.start().unwrap();
    block_on(async {
        let mut turn = by_caller.next_turn().await.unwrap();
        turn.calls_mut()[0].edit(|arguments| arguments["text"] = json!("plain key-9"));
    });
    assert_eq!(told(&runs, by_caller).0, [withheld]);

    let mut answered = launch().model(noting("plain")).allow("native/*").start().unwrap();
    block_on(async { answered.next_turn().await.unwrap().calls_mut()[0].answer("it is key-10") });
    assert_eq!(told(&runs, answered).0, ["#1 ✓ note(text='plain') → it is [redacted] (answered by caller)"]);
    assert!(given.lock().unwrap().is_empty());
    assert_eq!(shown.lock().unwrap().clone(), [r#"{"text":"plain"}"#], "only what the model proposed is shown");
}

/// Keeps what it is asked.
#[derive(Default)]
struct Asked(Mutex<Vec<Question>>);

#[async_trait::async_trait]
impl Approver for Asked {
    async fn ask(&self, question: &Question) -> Answer {
        self.0.lock().unwrap().push(question.clone());
        Answer::No
    }
}

#[test]
fn a_person_is_asked_without_it() {
    let runs = TempDir::new().unwrap();
    let host = block_on(host(&runs).ask("native/*").build()).unwrap();
    let (tool, _) = note();
    let asked = Arc::new(Asked::default());
    let model = Scripted::calls([("note", json!({ "text": "plain" }))]).then_text("ok");
    let launch = host.run("note").model(model).tool(tool).approver(Arc::clone(&asked) as Arc<dyn Approver>);
    let mut run = launch.on_pre_tool(|_, _| ToolAnswer::ask("since key-15")).start().unwrap();
    let mut events = String::new();
    block_on(async {
        while let Some(event) = run.next_event().await {
            events += &serde_json::to_string(&event).unwrap();
        }
    });
    told(&runs, run);
    assert_eq!(asked.0.lock().unwrap()[0].reason, "a hook asks: since [redacted]");
    assert!(events.contains("since [redacted]") && !events.contains("key-"), "{events}");
}

#[test]
fn what_one_hook_makes_of_a_result_the_next_one_sees_without_it() {
    let runs = TempDir::new().unwrap();
    let host = block_on(host(&runs).allow("native/*").build()).unwrap();
    let (tool, _) = note();
    let seen = Arc::<Mutex<Vec<String>>>::default();
    let sees = Arc::clone(&seen);
    let launch = host.run("note").model(noting("plain")).tool(tool);
    let launch = launch.on_post_tool(|_, _| ResultVerdict {
        replace: Some(looplet_host::message::Outcome::Denied("key-16".into())),
        ..ResultVerdict::default()
    });
    let run = launch.on_post_tool(move |_, step| {
        sees.lock().unwrap().push(format!("{:?}", step.outcome));
        ResultVerdict::default()
    });
    told(&runs, run.start().unwrap());
    assert_eq!(seen.lock().unwrap().clone(), [r#"Denied("[redacted]")"#]);
}

#[test]
fn what_is_said_in_between_is_without_it_and_so_are_runs_inside() {
    let runs = TempDir::new().unwrap();
    let host = block_on(host(&runs).allow("native/*").build()).unwrap();
    let inner = Tool::native("ask_inside", "Has it done inside.", |a: Note, context| async move {
        let child = context.child(format!("inside {} key-11", a.text)).system("system key-12").start()?;
        let outcome: Outcome = child.finish().await;
        Ok(json!({ "said": outcome.text() }))
    });
    let (tool, _) = note();
    let model =
        Scripted::calls([("ask_inside", json!({ "text": "plain" }))]).then_text("inside key-13").then_text("ok");
    let run = host.run("x").model(model).tool(inner).tool(tool).start().unwrap();
    run.steer("mind key-14").unwrap();
    let (_, journal) = told(&runs, run);
    assert!(journal.contains("mind [redacted]") && journal.contains("inside [redacted]"), "{journal}");
    let all: Vec<_> = std::fs::read_dir(runs.path()).unwrap().flatten().collect();
    assert_eq!(all.len(), 2);
    for run in all {
        let journal = std::fs::read_to_string(run.path().join("journal.jsonl")).unwrap();
        assert!(!journal.contains("key-"), "{journal}");
    }
}

#[test]
fn what_is_no_pattern_is_an_error_of_the_host() {
    let error = block_on(Host::ephemeral().plugin("builtin:think").redact("(").build()).err().unwrap();
    expect!["error: program: `(` is no pattern for `redact`: unclosed group"].assert_eq(&error.report());
}
