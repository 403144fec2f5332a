//! `show`: a run that is over or under way, one line a step, or one step in full.

use std::process::ExitCode;

use looplet_host::error::{Error, Result};
use looplet_host::journal::Runs;
use looplet_host::record::{Tally, show};

use super::machine::Machine;
use super::print;
use crate::cli::ShowArgs;

pub(crate) fn run(args: &ShowArgs, json: bool) -> Result<ExitCode> {
    let machine = Machine::look()?;
    let runs = Runs::at(args.runs.clone().unwrap_or_else(|| machine.runs_dir()));
    let wanted = args.run.as_deref().unwrap_or_default();
    let (name, step) = match wanted.split_once('#') {
        Some((name, step)) => (name, Some(number(step)?)),
        None => (wanted, None),
    };
    let id = match name {
        "" => runs.latest(Some(&machine.surroundings.cwd))?,
        prefix => runs.find(prefix)?,
    };
    let journal = runs.read(id)?;
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

fn number(text: &str) -> Result<u32> {
    text.parse().map_err(|_| Error::usage(format!("`{text}` is no number of a step")).hint("`show RUN#4` shows step 4"))
}
