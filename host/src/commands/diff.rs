//! `diff`: two runs, step by step.

use std::process::ExitCode;

use looplet_host::error::Result;
use looplet_host::machine::Machine;
use looplet_host::record::diff::{self, RunDiff};
use serde_json::json;

use super::past::Past;
use super::print;
use crate::cli::DiffArgs;

pub(crate) fn run(args: &DiffArgs, json: bool) -> Result<ExitCode> {
    let machine = Machine::look()?;
    let read = |name: &str| Past::find(&machine, args.runs.as_deref(), Some(name));
    let (a, b) = (read(&args.a)?, read(&args.b)?);
    let diff = RunDiff::of(&a.journal.records, &b.journal.records);
    if json {
        print::json(&json!({ "a": a.id, "b": b.id, "diff": diff }));
        return Ok(ExitCode::SUCCESS);
    }
    for line in diff::lines(&diff) {
        print::answer(&line);
    }
    let (all, alike) = (diff.steps.len(), diff.alike());
    let (before, after) = (diff.a.tokens(), diff.b.tokens());
    print::answer(&format!("{alike} of {all} steps alike · tokens {before} and {after}"));
    Ok(ExitCode::SUCCESS)
}
