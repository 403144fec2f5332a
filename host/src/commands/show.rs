//! `show`: a run that is over or under way, one line a step, or one step in full.

use std::process::ExitCode;

use looplet_host::digest::Digest;
use looplet_host::error::{Error, Result};
use looplet_host::host::Prompt;
use looplet_host::machine::Machine;
use looplet_host::record::{Body, Record, RunId, Steps, Tally, show};
use serde_json::{Value, json};

use super::past::{self, Past};
use super::print;
use crate::cli::ShowArgs;

pub(crate) fn run(args: &ShowArgs, json: bool) -> Result<ExitCode> {
    let machine = Machine::look()?;
    let wanted = args.run.as_deref().unwrap_or_default();
    let (name, step) = match wanted.split_once('#') {
        Some((name, step)) => (name, Some(past::number(step)?)),
        None => (wanted, None),
    };
    let Past { id, journal, .. } = Past::find(&machine, args.runs.as_deref(), Some(name))?;
    let records = journal.records;
    if let Some(turn) = args.prompt {
        return prompt(&records, turn, args.raw, json);
    }
    match json {
        true => print::json(&to_json(&records, id, step, args.denied)?),
        false => print::answer(&to_text(&records, id, step, args.denied)?),
    }
    Ok(ExitCode::SUCCESS)
}

fn to_text(records: &[Record], id: RunId, step: Option<u32>, denied: bool) -> Result<String> {
    match step {
        Some(step) => show::step(records, step).ok_or_else(|| no_step(id, step)),
        None if denied => Ok(match tally(records) {
            tally if tally.denied.is_empty() => format!("nothing was denied in run {id}"),
            tally => show::denied(&tally),
        }),
        None => Ok(show::run(records)),
    }
}

fn to_json(records: &[Record], id: RunId, step: Option<u32>, denied: bool) -> Result<Value> {
    if let Some(step) = step {
        return step_to_json(records, step).ok_or_else(|| no_step(id, step));
    }
    let tally = tally(records);
    if denied {
        return Ok(json!({ "run": id, "denied": tally.denied }));
    }
    Ok(json!({
        "run": id,
        "stop_reason": tally.stop,
        "detail": tally.fault,
        "output": tally.output(),
        "model_calls": tally.model_calls,
        "usage": tally.usage,
        "denied": tally.denied,
        "asked": tally.asked,
        "hidden": tally.hidden,
        "elapsed_ms": tally.elapsed_ms,
        "active_ms": tally.active_ms,
        "steps": Steps::in_order(records),
    }))
}

/// What the journal holds of a step: the decision that counted, and how the call ended if it was made.
fn step_to_json(records: &[Record], number: u32) -> Option<Value> {
    let (mut decided, mut ended) = (None, None);
    for record in records {
        match &record.body {
            Body::CallDecided(found) if found.step == number => decided = Some(found),
            Body::CallEnded(found) if found.step == number => ended = Some(found),
            _ => {}
        }
    }
    Some(json!({ "decided": decided?, "ended": ended }))
}

fn tally(records: &[Record]) -> Tally {
    let mut tally = Tally::default();
    for record in records {
        tally.push(record);
    }
    tally
}

fn no_step(id: RunId, step: u32) -> Error {
    Error::usage(format!("run {id} has no step {step}")).hint(format!("`looplet-host show {id}` lists them"))
}

/// A request as it was sent: bytes for a program, indented for a person.
fn prompt(records: &[Record], turn: u32, raw: bool, json: bool) -> Result<ExitCode> {
    let prompt = Prompt::of_turn(records, turn)?;
    if !prompt.is_as_sent() {
        let rebuilt = Digest::of(&prompt.bytes);
        return Err(Error::failed(format!(
            "request {turn} cannot be rebuilt: {} was sent, {rebuilt} is what the journal gives",
            prompt.sent
        ))
        .hint("another version of this program may write requests otherwise"));
    }
    let body = || serde_json::from_slice::<serde_json::Value>(&prompt.bytes).unwrap_or_default();
    if json {
        print::json(&json!({ "turn": turn, "sent": prompt.sent, "bytes": prompt.bytes.len(), "body": body() }));
    } else if raw || !print::is_read_by_person() {
        print::raw(&prompt.bytes);
    } else {
        print::foreign(&serde_json::to_string_pretty(&body()).unwrap_or_default());
    }
    print::note(&format!("request {turn}: rebuilt = sent, {} bytes, {}", prompt.bytes.len(), prompt.sent));
    Ok(ExitCode::SUCCESS)
}
