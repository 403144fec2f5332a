//! `runs`: the runs of this project, or of all, and taking old ones away.

use std::process::ExitCode;

use looplet_host::error::{Error, Result};
use looplet_host::journal::{Runs, Summary};
use looplet_host::machine::Machine;
use looplet_host::record::{RunId, Tally, cut};
use serde_json::json;

use super::{files, past, print};
use crate::cli::RunsArgs;

pub(crate) fn run(args: &RunsArgs, json: bool) -> Result<ExitCode> {
    let machine = Machine::look()?;
    let runs = past::runs(&machine, args.runs.as_deref());
    let project = (!args.all).then(|| machine.project());
    let listed = listed(&runs, project.as_deref())?;
    if args.prune {
        return prune(&runs, &listed, args, json);
    }
    if listed.is_empty() && !json {
        let place =
            if args.all { "there is no run" } else { "there is no run of this project; `--all` lists those of others" };
        print::note(place);
    }
    for (id, summary) in listed.iter().rev() {
        show(&runs, *id, summary, args.all, json);
    }
    Ok(ExitCode::SUCCESS)
}

/// The runs of a project, or all, the oldest first. What cannot be read is listed too.
fn listed(runs: &Runs, project: Option<&str>) -> Result<Vec<(RunId, Result<Summary>)>> {
    let all = runs.ids()?.into_iter().map(|id| (id, runs.summary(id)));
    let is_of = |summary: &Result<Summary>| match (project, summary) {
        (Some(project), Ok(summary)) => summary.project.as_deref() == Some(project),
        // Whose it was cannot be said: it may be of this one.
        (Some(_), Err(_)) | (None, _) => true,
    };
    Ok(all.filter(|(_, summary)| is_of(summary)).collect())
}

fn show(runs: &Runs, id: RunId, summary: &Result<Summary>, all: bool, json: bool) {
    let mut tally = Tally::default();
    let read = runs.read(id).map(|journal| journal.records.iter().for_each(|record| tally.push(record)));
    let bytes = runs.bytes(id);
    let (summary, fault) = match (summary, read) {
        (Ok(summary), read) => (Some(summary), read.err()),
        (Err(error), _) => (None, Some(error.clone())),
    };
    let state = match (&fault, &tally.stop) {
        (Some(_), _) => "damaged".to_owned(),
        // A hook may have given the reason.
        (None, Some(stop)) => cut(&stop.to_string(), 40),
        (None, None) => "broke off, or goes on".to_owned(),
    };
    if json {
        let fault = fault.map(|fault| fault.to_string());
        print::json(&json!({
            "run": id, "began_ms": summary.map(|summary| summary.began_ms), "task": summary.map(|summary| &summary.task),
            "model": summary.map(|summary| &summary.model), "project": summary.and_then(|summary| summary.project.as_ref()),
            "child_of": summary.and_then(|summary| summary.child_of.as_ref()),
            "steps": tally.steps, "stop_reason": tally.stop, "bytes": bytes, "damage": fault,
        }));
        return;
    }
    let when = summary.map(|summary| files::moment(summary.began_ms)).unwrap_or_default();
    let task = summary.map(|summary| cut(summary.task.trim(), 50)).unwrap_or_default();
    let child_of = summary.and_then(|summary| summary.child_of.as_ref());
    let task = match child_of {
        Some(parent) => format!("(sub-agent of {}, step {}) {task}", parent.run, parent.step),
        None => task,
    };
    let kib = bytes.div_ceil(1024);
    let project = summary.and_then(|summary| summary.project.as_ref()).filter(|_| all);
    let project = project.map(|project| format!("  {}", cut(project, 80))).unwrap_or_default();
    let steps = tally.steps;
    print::answer(&format!("{id}  {when}  {state:<22}  {steps:>3} steps  {kib:>5} KiB  {task}{project}"));
}

fn prune(runs: &Runs, listed: &[(RunId, Result<Summary>)], args: &RunsArgs, json: bool) -> Result<ExitCode> {
    let newest = args.keep.unwrap_or(0);
    let before = args.older_than.as_deref().map(age_ms).transpose()?;
    let before = before.map(|age| files::unix_ms().saturating_sub(age));
    if args.keep.is_none() && before.is_none() {
        return Err(Error::usage("`--prune` does not say which").hint("`--older-than 30d`, or `--keep 20`"));
    }
    let mut removed = 0;
    for (id, summary) in listed.iter().take(listed.len().saturating_sub(newest)) {
        let is_old = before.is_none_or(|before| summary.as_ref().is_ok_and(|summary| summary.began_ms < before));
        if !is_old {
            continue;
        }
        match runs.remove(*id) {
            Ok(()) => {
                removed += 1;
                if json {
                    print::json(&json!({ "removed": id }));
                }
            }
            Err(error) => print::note(&format!("note: {error}")),
        }
    }
    print::note(&format!("{removed} of {} runs removed", listed.len()));
    Ok(ExitCode::SUCCESS)
}

/// `30d`, `12h`, `2w`.
fn age_ms(text: &str) -> Result<u64> {
    let wrong = || Error::usage(format!("`{}` is no age", cut(text, 20))).hint("write `12h`, `30d` or `8w`");
    let unit = text.chars().next_back().ok_or_else(wrong)?;
    let number: u64 = text.strip_suffix(unit).and_then(|number| number.parse().ok()).ok_or_else(wrong)?;
    let hours = match unit {
        'h' => 1,
        'd' => 24,
        'w' => 24 * 7,
        _ => return Err(wrong()),
    };
    Ok(number.saturating_mul(hours * 3_600_000))
}
