//! Runs as events, as a blocking iterator, and what is left of one that was left in the middle.

use looplet_host::{Event, Scripted, StopReason};
use looplet_tests::harness::block_on;
use serde_json::json;
use tempfile::TempDir;

use super::{files, reads};

#[test]
fn events_are_the_steps_and_at_last_the_outcome() {
    let dir = TempDir::new().unwrap();
    let host = block_on(files(dir.path()).allow("files/*").build()).unwrap();
    let mut events = host.run("x").model(reads()).start().unwrap().events();
    let mut kinds = Vec::new();
    let mut last = None;
    while let Some(event) = block_on(events.next()) {
        kinds.push(serde_json::to_value(&event).unwrap()["type"].as_str().unwrap().to_owned());
        last = Some(event);
    }
    assert_eq!(kinds, ["step", "outcome"]);
    let Some(Event::Outcome { outcome }) = last else { panic!("the last is the outcome") };
    assert_eq!(outcome.stop_reason, StopReason::Text);
}

#[test]
fn a_program_without_a_runtime_takes_steps_one_by_one() {
    let dir = TempDir::new().unwrap();
    let host = files(dir.path()).allow("files/*").build_blocking().unwrap();
    let steps: Vec<_> = host.run("x").model(reads()).start_blocking().unwrap().map(|step| step.pretty()).collect();
    assert_eq!(steps.len(), 1);
    let run = host.run("x").model(reads()).start_blocking().unwrap();
    assert_eq!(run.finish().stop_reason, StopReason::Text);
}

#[test]
fn a_blocking_run_that_is_left_has_asked_no_model_more() {
    let dir = TempDir::new().unwrap();
    let host = files(dir.path()).allow("files/*").build_blocking().unwrap();
    let calls = || [("read_file", json!({"path": "a.txt"}))];
    let model = Scripted::calls(calls()).then_calls(calls()).then_text("ok");
    let mut run = host.run("x").model(model).start_blocking().unwrap();
    run.next().unwrap();
    let outcome = run.finish();
    assert_eq!((outcome.stop_reason, outcome.model_calls), (StopReason::StreamClosed, 1));
}

#[test]
fn inside_a_runtime_blocking_is_an_error_and_never_a_panic() {
    let dir = TempDir::new().unwrap();
    let outside = files(dir.path()).allow("files/*").build_blocking().unwrap();
    let run = outside.run("x").model(reads()).start_blocking().unwrap();
    block_on(async {
        let error = files(dir.path()).build_blocking().err().unwrap();
        assert_eq!(error.message(), "a runtime is here, and waiting would block it");
        let error = outside.run("x").model(reads()).start_blocking().err().unwrap();
        assert_eq!(error.message(), "a runtime is here, and waiting would block it");
        // One that came from outside is waited for all the same, and may be dropped.
        assert_eq!(run.count(), 1);
    });
}
