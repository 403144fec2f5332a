//! Runs as events, as a blocking iterator, and what is left of one that was left in the middle.

use expect_test::expect;
use looplet_host::{Event, Host, Scripted, StopReason};
use looplet_tests::guests;
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

/// A model that has the guest that misuses things do this.
fn burns(arguments: serde_json::Value) -> Scripted {
    Scripted::calls([("burn", arguments)]).then_text("ok")
}

/// A host with that guest.
fn burning() -> Host {
    let builder = Host::ephemeral().plugin(guests::LIMITS_BURN).allow("limits_burn/*");
    block_on(builder.build()).unwrap()
}

/// An event as a page gets it, in short.
fn told(event: &Event) -> String {
    match serde_json::to_value(event).unwrap() {
        event if event["type"] == "progress" => {
            format!("#{} {} {}", event["step"], event["tool"].as_str().unwrap(), event["progress"])
        }
        event => event["type"].as_str().unwrap().to_owned(),
    }
}

#[test]
fn what_a_call_says_of_its_progress_comes_before_its_step() {
    let mut events =
        burning().run("x").model(burns(json!({"do": "report", "count": 2, "size": 3}))).start().unwrap().events();
    let mut all = Vec::new();
    block_on(async {
        while let Some(event) = events.next().await {
            all.push(told(&event));
        }
    });
    expect![[r##"
        #1 limits_burn/burn {"stage":"���","data":{"completed":0,"total":null}}
        #1 limits_burn/burn {"stage":"���","data":{"completed":1,"total":null}}
        step
        outcome"##]]
    .assert_eq(&all.join("\n"));
}

#[test]
fn progress_is_told_while_the_tool_runs_and_of_very_much_the_first() {
    let hangs = json!({"do": "watch"});
    let mut run = burning().run("x").model(burns(hangs)).start().unwrap();
    block_on(async {
        let event = run.next_event().await.unwrap();
        assert!(told(&event).contains("began"), "{event:?}");
    });
    drop(run);
    let mut run = burning().run("x").model(burns(json!({"do": "report", "count": 900, "size": 3}))).start().unwrap();
    let (mut reports, mut steps) = (0, 0);
    block_on(async {
        while let Some(event) = run.next_event().await {
            match event {
                Event::Progress { .. } => reports += 1,
                Event::Step { step } => steps += u32::from(step.progress.len() == 16),
                _ => {}
            }
        }
        run.finish().await;
    });
    assert!(reports >= 256 && steps == 1, "{reports} {steps}");
}

#[test]
fn steps_come_in_their_order_whether_they_are_asked_for_as_events_or_not() {
    let report = || [("burn", json!({"do": "report", "count": 1, "size": 3}))];
    let model = Scripted::calls(report()).then_calls(report()).then_calls(report()).then_text("ok");
    let mut run = burning().run("x").model(model).start().unwrap();
    let mut numbers = Vec::new();
    block_on(async {
        while let Some(Event::Progress { .. }) = run.next_event().await {
            if let Some(step) = run.next().await {
                numbers.push(step.number);
            }
        }
        run.finish().await;
    });
    assert_eq!(numbers, [1, 2, 3]);
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
