//! What the journal says of native tools, and what a run with them needs to go on.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use expect_test::expect;
use looplet_host::host::Launch;
use looplet_host::journal::Runs;
use looplet_host::native::Tool;
use looplet_host::record::diff::RunDiff;
use looplet_host::record::{Body, RunResumed};
use looplet_tests::requests;
use serde_json::json;
use tempfile::TempDir;

use super::{GREET, Greet, greet, host, script};

async fn launch(runs: &Runs) -> Launch {
    host("").await.run("greet Ada").model(script(&[GREET])).allow("native").keep_in(runs.clone())
}

#[tokio::test]
async fn the_journal_names_the_kind_and_the_intent() {
    let dir = TempDir::new().unwrap();
    let runs = Runs::at(dir.path());
    let run = launch(&runs).await.tool(greet()).start().unwrap();
    let id = run.id();
    run.finish().await;
    let records = runs.read(id).unwrap().records;
    let told: Vec<String> = records
        .iter()
        .filter_map(|record| match &record.body {
            Body::RunStarted(started) => {
                let native = started.tools.iter().find(|tool| tool.plugin == "native").unwrap();
                Some(format!("has {} {:?}", native.full_name(), native.kind))
            }
            Body::CallDecided(decided) => Some(format!("{} {:?} {:?}", decided.tool, decided.kind, decided.authority)),
            Body::CallStarted(started) => Some(format!("intent of #{}", started.step)),
            _ => None,
        })
        .collect();
    expect![[r#"
        has native/greet Native
        native/greet Native ["whatever the program can: no wall stands around a native tool"]
        intent of #1
        done Component []"#]]
    .assert_eq(&told.join("\n"));
}

#[tokio::test]
async fn a_run_goes_on_only_with_its_tools() {
    let dir = TempDir::new().unwrap();
    let runs = Runs::at(dir.path());
    let run = launch(&runs).await.tool(greet()).start().unwrap();
    let id = run.id();
    drop(run);
    let started = runs.read(id).unwrap().started().unwrap().clone();
    assert_eq!(launch(&runs).await.changes_since(&started), ["the native tool `greet` is not supplied"]);
    assert_eq!(launch(&runs).await.tool(greet()).changes_since(&started), Vec::<String>::new());
    let refused = launch(&runs).await.resume(id, RunResumed::default()).err().unwrap();
    assert_eq!(refused.to_string(), "the run has native tools that nobody supplies: `greet`");
    let mut run = launch(&runs).await.tool(greet()).resume(id, RunResumed::default()).unwrap();
    assert!(!run.next().await.unwrap().failed());
}

#[tokio::test]
async fn denied_a_forgotten_tool_that_was_accepted_is_no_call() {
    let dir = TempDir::new().unwrap();
    let runs = Runs::at(dir.path());
    let run = launch(&runs).await.tool(greet()).start().unwrap();
    let id = run.id();
    drop(run);
    let accepted_changes = vec!["the native tool `greet` is not supplied".to_owned()];
    let mut run = launch(&runs).await.resume(id, RunResumed { accepted_changes, ..RunResumed::default() }).unwrap();
    let step = run.next().await.unwrap().pretty();
    assert_eq!(step, "#1 ✗ greet(name='Ada') [native] → validation: there is no such tool any more");
}

#[tokio::test]
async fn a_replay_without_tools_answers_for_native_tools_from_the_record() {
    let dir = TempDir::new().unwrap();
    let runs = Runs::at(dir.path());
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = || {
        let calls = Arc::clone(&calls);
        Tool::native("greet", "Greet someone.", move |a: Greet, _| {
            let nth = calls.fetch_add(1, Ordering::Relaxed);
            async move { Ok(json!({ "greeting": format!("Hello, {}, {nth}!", a.name) })) }
        })
    };
    let run = launch(&runs).await.tool(counted()).start().unwrap();
    let id = run.id();
    run.finish().await;
    let journal = runs.read(id).unwrap();
    requests::check_records(&journal.records);
    let replayed = launch(&runs).await.tool(counted()).replay_offline(&journal, false).await.unwrap();
    assert_eq!((replayed.differences, calls.load(Ordering::Relaxed)), (Vec::new(), 1));
    let diff = RunDiff::of(&journal.records, &replayed.records);
    assert_eq!((diff.alike(), diff.steps.len(), replayed.records.len()), (2, 2, journal.records.len()));
    requests::check_records(&replayed.records);
}
