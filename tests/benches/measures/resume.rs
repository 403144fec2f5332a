//! Going on with a long run: its journal read, checked and folded, and its history ready for the next request.

use std::fs;
use std::time::Duration;

use async_trait::async_trait;
use looplet_host::journal::Runs;
use looplet_host::record::RunResumed;
use looplet_host::{
    Budget, EventSink, Host, Model, ModelError, ModelRequest, ModelResponse, RunId, Scripted, StopReason,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::assembled::runtime;
use crate::clock::{Pair, cpu};
use crate::table::Row;

const STEPS: u32 = 10_000;
const ROUNDS: usize = 5;

pub(crate) fn measure() -> Vec<Row> {
    let (place, runtime) = (TempDir::new().expect("a directory"), runtime());
    let host = Host::builder().plugin("builtin:greet").allow("greet").runs(place.path()).build();
    let host = runtime.block_on(host).expect("is built");
    let runs = Runs::at(place.path());
    let id = begin(&runtime, &host);
    let lines = fs::read_to_string(runs.dir_of(id).join("journal.jsonl")).expect("a journal");
    // A journal that a resume has ended goes on no more.
    let before = || fs::write(runs.dir_of(id).join("journal.jsonl"), &lines).expect("is written");
    let resumed = || {
        before();
        cpu(|| go_on(&runtime, &host, id))
    };
    let parsed = || {
        cpu(|| {
            for line in lines.lines() {
                std::hint::black_box(serde_json::from_str::<Value>(line).expect("is JSON"));
            }
        })
    };
    let pair = Pair::of(ROUNDS, resumed, parsed);
    vec![
        Row::of_pair(format!("resume of a run of {STEPS} steps, its next request included"), &pair, "JSON parser", 4.0),
        Row::of_time("  the same, a step", pair.measured / STEPS, Duration::from_micros(50)),
        Row::of_peak("  peak memory"),
    ]
}

/// A run that stops for its budget after so many steps.
fn begin(runtime: &Runtime, host: &Host) -> RunId {
    let call = || [("greet", json!({ "name": "Ada" }))];
    let script = (1..=STEPS).fold(Scripted::calls(call()), |script, _| script.then_calls(call()));
    let launch = host.run("greet Ada again and again").model(script);
    let launch = launch.budget(|budget| *budget = Budget { steps: Some(STEPS), ..Budget::unbounded() });
    let outcome = runtime.block_on(async { launch.start().expect("begins").finish().await });
    assert_eq!((outcome.stop_reason, outcome.steps), (StopReason::BudgetExhausted, STEPS));
    outcome.run
}

/// Goes on until the model has answered once.
fn go_on(runtime: &Runtime, host: &Host, id: RunId) {
    let budget = Some(Budget::unbounded());
    let launch = host.run("").model(Enough);
    let outcome = runtime.block_on(async {
        let run = launch.resume(id, RunResumed { budget, ..RunResumed::default() }).expect("goes on");
        run.finish().await
    });
    assert_eq!((outcome.stop_reason, outcome.steps), (StopReason::Text, STEPS));
}

/// Looks at the request, and has had enough.
struct Enough;

#[async_trait]
impl Model for Enough {
    async fn complete(&self, request: &ModelRequest<'_>, _: &EventSink) -> Result<ModelResponse, ModelError> {
        assert!(request.bytes().len() > 1 << 20);
        Ok(ModelResponse::text("done"))
    }
}
