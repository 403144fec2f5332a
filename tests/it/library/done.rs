//! Results of a type of the program's own.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use looplet_host::{EventSink, Host, Model, ModelError, ModelRequest, ModelResponse, Scripted, StopReason};
use looplet_tests::harness::block_on;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Debug, Deserialize, JsonSchema, PartialEq)]
struct Report {
    /// One sentence.
    title: String,
    sources: Vec<String>,
}

/// A model that keeps what it is asked.
#[derive(Clone, Default)]
struct Sent(Arc<Mutex<String>>);

#[async_trait]
impl Model for Sent {
    async fn complete(&self, request: &ModelRequest<'_>, _: &EventSink) -> Result<ModelResponse, ModelError> {
        *self.0.lock().unwrap() = String::from_utf8_lossy(&request.bytes()).into_owned();
        Ok(ModelResponse::text("no"))
    }
}

fn host() -> Host {
    block_on(Host::ephemeral().plugin("builtin:greet").build()).unwrap()
}

fn done(arguments: Value) -> [(&'static str, Value); 1] {
    [("done", arguments)]
}

#[test]
fn an_answer_that_does_not_fit_goes_back_and_one_that_does_is_the_result() {
    let model =
        Scripted::calls(done(json!({"title": 7}))).then_calls(done(json!({"title": "Kale", "sources": ["a.md"]})));
    let mut run = host().run("x").model(model).done::<Report>().start().unwrap();
    let rejected = block_on(run.next()).unwrap();
    let said = format!("{:?}", rejected.outcome);
    assert!(said.contains("`/title`: 7 is not of type \\\"string\\\""), "{said}");
    assert!(said.contains("`sources` is missing"), "{said}");
    assert!(!block_on(run.next()).unwrap().failed());
    let report: Report = block_on(async {
        while run.next().await.is_some() {}
        run.finish_as().await
    })
    .unwrap();
    assert_eq!(report, Report { title: "Kale".into(), sources: vec!["a.md".into()] });
}

#[test]
fn a_run_that_ends_without_the_result_says_how_it_ended() {
    let run = host().run("x").model(Scripted::text("no").then_text("no")).done::<Report>().start().unwrap();
    let error = block_on(run.finish_as::<Report>()).unwrap_err();
    assert_eq!(error.outcome.stop_reason, StopReason::DoneMissing);
    assert!(error.to_string().starts_with("the run gave no result: "), "{error}");
}

#[test]
fn the_model_is_told_the_schema_of_the_result() {
    let sent = Sent::default();
    let run = host().run("x").model(sent.clone()).done::<Report>().start().unwrap();
    drop(block_on(run.finish()));
    let sent = sent.0.lock().unwrap().clone();
    assert!(sent.contains("One sentence."), "{sent}");
}

#[test]
fn a_result_that_is_no_object_is_refused_at_the_start() {
    let error = host().run("x").model(Scripted::text("no")).done::<Vec<String>>().start().err().unwrap();
    assert_eq!(error.message(), "the schema of `done` is not one of an object");
}
