//! `show`: a run that is over or under way, one line a step, or one step in full.

use std::process::ExitCode;

use looplet_host::digest::Digest;
use looplet_host::error::{Error, Result};
use looplet_host::host::Prompt;
use looplet_host::record::{Record, Tally, show};
use serde_json::json;

use super::machine::Machine;
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
    if let Some(turn) = args.prompt {
        return prompt(&journal.records, turn, args.raw, json);
    }
    let text = match step {
        _ if json => {
            journal.records.iter().for_each(print::json);
            return Ok(ExitCode::SUCCESS);
        }
        Some(step) => show::step(&journal.records, step).ok_or_else(|| {
            Error::usage(format!("run {id} has no step {step}")).hint(format!("`looplet-host show {id}` lists them"))
        })?,
        None if args.denied => {
            let mut tally = Tally::default();
            journal.records.iter().for_each(|record| tally.push(record));
            show::denied(&tally)
        }
        None => show::run(&journal.records),
    };
    print::answer(&text);
    Ok(ExitCode::SUCCESS)
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
