//! What a hook adds to a step, for each point that it is called at: as a closure, and as a component whose
//! instance is kept.

use std::time::Duration;

use looplet_host::hook::ToolAnswer;
use looplet_host::{Host, HostBuilder, Launch, Scripted, StopReason};
use serde_json::json;
use tokio::runtime::Runtime;

use crate::assembled::runtime;
use crate::clock::{cpu, median, stay_on_one_cpu};
use crate::table::Row;

const STEPS: u32 = 1_000;
const ROUNDS: usize = 9;
const MOST: Duration = Duration::from_micros(10);

/// A shipped hook, and the points of a step that it is called at. The first says nothing and keeps nothing;
/// what the others say and keep is recorded, which is in the figure.
const COMPONENTS: &[(&str, &str, u32)] = &[
    ("one that has nothing to say", r#"builtin:redact+edit-results={"patterns":["sk-[a-z]{20}"]}"#, 1),
    ("one that keeps a count", r#"builtin:per-tool-limit={"each":100000}"#, 1),
    ("one that adds to each request", r#"builtin:step-budget+add-context={"steps":100000}"#, 3),
];

pub(crate) fn measure() -> Vec<Row> {
    stay_on_one_cpu();
    let runtime = runtime();
    let plain = build(&runtime, host());
    let closure = |launch: Launch| launch.on_pre_tool(|_, _| ToolAnswer::pass());
    let added = |hooked: &dyn Fn() -> Duration, points: u32| {
        // The first round is for caches.
        let rounds = (0..=ROUNDS).map(|_| {
            let without = run(&runtime, &plain, |launch| launch);
            hooked().saturating_sub(without) / STEPS / points
        });
        median(rounds.skip(1))
    };
    let native = added(&|| run(&runtime, &plain, closure), 1);
    let mut rows = vec![Row::of_time("a point of a Rust hook, one CPU", native, MOST)];
    for (what, hook, points) in COMPONENTS {
        let host = build(&runtime, host().hook(*hook));
        let taken = added(&|| run(&runtime, &host, |launch| launch), *points);
        rows.push(Row::of_time(format!("a point of a component, {what}, one CPU"), taken, MOST));
    }
    rows
}

fn host() -> HostBuilder {
    Host::ephemeral().plugin("builtin:greet").allow("greet")
}

fn build(runtime: &Runtime, host: HostBuilder) -> Host {
    runtime.block_on(host.build()).expect("is built")
}

/// CPU time of a run of so many calls.
fn run(runtime: &Runtime, host: &Host, hooked: impl Fn(Launch) -> Launch) -> Duration {
    let call = || [("greet", json!({ "name": "Ada" }))];
    let script = (1..STEPS).fold(Scripted::calls(call()), |script, _| script.then_calls(call()));
    let launch = host.run("greet Ada again and again").model(script.then_text("done"));
    let launch = hooked(launch).budget(|budget| *budget = looplet_host::Budget::unbounded());
    cpu(|| {
        let outcome = runtime.block_on(async { launch.start().expect("begins").finish().await });
        assert_eq!((outcome.stop_reason, outcome.steps), (StopReason::Text, STEPS));
    })
}
