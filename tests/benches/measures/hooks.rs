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

/// The points of a step that `step-budget` is called at.
const POINTS: u32 = 3;

pub(crate) fn measure() -> Vec<Row> {
    stay_on_one_cpu();
    let runtime = runtime();
    let plain = build(&runtime, host());
    let budgeted = build(&runtime, host().hook(r#"builtin:step-budget+add-context={"steps":100000}"#));
    let closure = |launch: Launch| launch.on_pre_tool(|_, _| ToolAnswer::pass());
    let (mut by_closure, mut by_component) = (Vec::new(), Vec::new());
    for _ in 0..=ROUNDS {
        let without = run(&runtime, &plain, |launch| launch);
        by_closure.push(run(&runtime, &plain, closure).saturating_sub(without) / STEPS);
        by_component.push(run(&runtime, &budgeted, |launch| launch).saturating_sub(without) / STEPS / POINTS);
    }
    // The first round is for caches.
    let point = |taken: Vec<Duration>| median(taken.into_iter().skip(1));
    vec![
        Row::of_time("one point of a Rust hook, one CPU", point(by_closure), MOST),
        Row::of_time("one point of a component's hook, one CPU", point(by_component), MOST),
    ]
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
