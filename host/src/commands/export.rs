//! `export`: a run as a directory of files that are easy to read, to keep and to compare.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use looplet_host::error::Result;
use looplet_host::machine::Machine;
use looplet_host::message::Message;
use looplet_host::record::{Body, Record, Tally, show};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::past::Past;
use super::{files, print};
use crate::cli::ExportArgs;

pub(crate) fn run(args: &ExportArgs, json: bool) -> Result<ExitCode> {
    let machine = Machine::look()?;
    let past = Past::find(&machine, args.runs.as_deref(), Some(&args.run))?;
    let dir = machine.surroundings.cwd.join(&args.dir);
    files::make_new_dir(&dir)?;
    let files = files(&past)?;
    for (name, text) in &files {
        files::write_file(&dir.join(name), text)?;
    }
    if json {
        print::json(&json!({ "run": past.id, "dir": dir, "files": files.keys().collect::<Vec<_>>() }));
    } else {
        print::note(&format!("run {} in `{}`: {} files", past.id, args.dir.display(), files.len()));
    }
    Ok(ExitCode::SUCCESS)
}

fn files(past: &Past) -> Result<BTreeMap<PathBuf, String>> {
    let records = &past.journal.records;
    let mut files = BTreeMap::new();
    let started = past.started()?;
    files.insert("run.json".into(), pretty(started));
    files.insert("task.txt".into(), format!("{}\n", started.task.trim_end()));
    let system = started.messages.iter().find_map(|message| match message {
        Message::System { text } => Some(text),
        _ => None,
    });
    if let Some(system) = system {
        files.insert("system.txt".into(), format!("{}\n", system.trim_end()));
    }
    for (index, message) in past.fold()?.state.closed_history().iter().enumerate() {
        files.insert(Path::new("messages").join(format!("{:04}.json", index + 1)), pretty(message));
    }
    for (directory, number, parts) in parts(records) {
        files.insert(Path::new(directory).join(format!("{number:04}.json")), pretty(&parts));
    }
    let mut tally = Tally::default();
    for record in records {
        tally.push(record);
    }
    let outcome = json!({
        "run": past.id, "stop_reason": tally.stop, "output": tally.output(), "steps": tally.steps, "turns": tally.turns,
        "usage": tally.usage, "denied": tally.denied, "asked": tally.asked, "refusals": tally.refusals,
        "active_ms": tally.active_ms, "elapsed_ms": tally.elapsed_ms, "head": past.journal.head(),
    });
    files.insert("outcome.json".into(), pretty(&outcome));
    files.insert("steps.txt".into(), format!("{}\n", show::run(records)));
    Ok(files)
}

/// The records of each turn and each step, by what they are.
fn parts(records: &[Record]) -> Vec<(&'static str, u32, Map<String, Value>)> {
    let mut parts: BTreeMap<(&'static str, u32), Map<String, Value>> = BTreeMap::new();
    for record in records {
        let place = match &record.body {
            Body::ModelAsked(asked) => ("turns", asked.turn),
            Body::ModelAnswered(answer) => ("turns", answer.turn),
            Body::ModelFailed(failed) => ("turns", failed.turn),
            Body::CallDecided(decided) => ("steps", decided.step),
            Body::CallAnswered(answered) => ("steps", answered.step),
            Body::CallStarted(started) => ("steps", started.step),
            Body::CallEnded(ended) => ("steps", ended.step),
            Body::RunStarted(_)
            | Body::RunResumed(_)
            | Body::Message(_)
            | Body::Hooked(_)
            | Body::Notice(_)
            | Body::Stopped(_) => continue,
        };
        let Ok(Value::Object(body)) = serde_json::to_value(&record.body) else { continue };
        // What was done again takes the place of what it was before.
        parts.entry(place).or_default().extend(body);
    }
    parts.into_iter().map(|((directory, number), parts)| (directory, number, parts)).collect()
}

fn pretty(value: &impl Serialize) -> String {
    // All of it came from JSON.
    serde_json::to_string_pretty(value).unwrap_or_default() + "\n"
}
