//! Hooks in whole runs: components through the program, traits and closures through the library.

mod answers;
mod faults;
mod native;
mod order;
mod powers;
mod requests;
mod shipped;

use std::fs;

use looplet_tests::guests;
use serde_json::Value;

use crate::world::World;

const READ: &str = r#"{"calls":[{"tool":"read_file","arguments":{"path":"notes.md"}}]}"#;
const LIST: &str = r#"{"calls":[{"tool":"list_dir","arguments":{"path":"."}}]}"#;
const DONE: &str = r#"{"calls":[{"tool":"done","arguments":{"summary":"All is read."}}]}"#;

/// A world with the probe beside the project and a model that reads, lists and is done.
fn world() -> World {
    World::with_notes().file("../probe.wasm", fs::read(guests::HOOK_PROBE).unwrap()).model(&[READ, LIST, DONE])
}

/// Runs with the probe as a hook: `powers` as `+power+power`, `settings` as JSON.
fn probed(powers: &str, settings: &str) -> String {
    let hook = format!("../probe.wasm{powers}={settings}");
    world().run(&run(&hook)).transcript()
}

fn run(hook: &str) -> [&str; 10] {
    ["run", "--model", "scripted:../model.jsonl", "--allow", "files/*", "--hook", hook, "--runs", "../runs", "do it"]
}

/// What hooks said, one line a verdict: `point hook verdict reason`, in the order of the journal of the
/// world's only run.
fn verdicts(world: &World) -> Vec<String> {
    let journal = journal(world);
    let records = journal.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    records.flat_map(|record| said(&record)).collect()
}

/// The journal of the world's only run.
fn journal(world: &World) -> String {
    let runs = fs::read_dir(world.path("../runs")).unwrap().next().unwrap().unwrap();
    fs::read_to_string(runs.path().join("journal.jsonl")).unwrap()
}

fn said(record: &Value) -> Vec<String> {
    let (point, body) = match (&record["hooked"], &record["call_decided"], &record["call_ended"]) {
        (Value::Null, Value::Null, ended) => ("post-tool", ended),
        (Value::Null, decided, _) => ("pre-tool", decided),
        (hooked, ..) => (hooked["point"].as_str().unwrap(), hooked),
    };
    let hooks = body["hooks"].as_array().cloned().unwrap_or_default();
    let line = |hook: &Value| {
        let reason = hook["reason"].as_str().map(|reason| format!(" «{reason}»")).unwrap_or_default();
        format!("{point} {} {}{reason}", hook["hook"].as_str().unwrap(), hook["verdict"].as_str().unwrap())
    };
    hooks.iter().map(line).collect()
}
