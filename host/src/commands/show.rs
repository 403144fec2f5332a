//! `show`: a run that is over or under way, one line a step, or one step in full.

use std::process::ExitCode;

use looplet_host::error::{Error, Result};
use looplet_host::record::{Tally, show};

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
