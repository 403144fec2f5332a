//! `replay`: a run again with its recorded answers: with live tools, or without running anything.

use std::process::ExitCode;
use std::sync::Arc;

use looplet_host::error::{Exit, Result};
use looplet_host::host::Recorded;
use looplet_host::journal::Journal;
use looplet_host::machine::Machine;
use looplet_host::record::diff::{self, RunDiff};
use looplet_host::record::{Body, Parent, Record};
use serde_json::{Value, json};

use super::past::Past;
use super::setup::{self, Setup};
use super::{interrupts, print, progress};
use crate::cli::ReplayArgs;

/// What is another in every run: its name, times, and what follows from them.
const UNSTEADY: [&str; 10] =
    ["seq", "at", "prev", "run", "host", "parent", "active_ms", "duration_ms", "duration_us", "waited_ms"];

pub(crate) async fn run(args: ReplayArgs, json: bool) -> Result<ExitCode> {
    let machine = Machine::look()?;
    let past = Past::find(&machine, args.runs.as_deref(), args.run.as_deref())?;
    let started = past.started()?;
    let mut given = args.setup.or_of(started)?;
    if let Some(policy) = &args.setup.policy {
        // Another policy, and all else as it was.
        given = crate::cli::SetupArgs::default().or_of(started)?;
        given.policy = Some(policy.clone());
    }
    let is_offline = args.offline || args.setup.policy.is_some();
    let mut machine = past.machine(machine)?;
    if is_offline {
        // Who was there to ask is on record, as is what they said.
        machine = machine.with_terminal(started.at_terminal);
    }
    let setup = setup::set_up_on(machine, &given, &given.flags(), Vec::new(), args.runs.as_deref()).await?;
    setup::print_notes(&setup);
    if is_offline {
        return offline(&args, &past, &setup, json).await;
    }
    live(&past, &setup, json).await
}

/// Nothing runs: the gate decides, results come from the record.
async fn offline(args: &ReplayArgs, past: &Past, setup: &Setup, json: bool) -> Result<ExitCode> {
    let started = past.started()?;
    let launch = setup.host.run(&started.task).approvals(setup::approvals(setup)?);
    let replayed = launch.replay_offline(&past.journal, args.follow).await?;
    let (again, differences) = (replayed.records, replayed.differences);
    for difference in &differences {
        let stops = if args.follow {
            "goes on as recorded"
        } else {
            "replay stops there; --follow goes on with the recorded result"
        };
        let (step, clause) = (difference.step, &difference.clause);
        match json {
            true => print::json(&json!({ "step": step, "difference": clause })),
            false => print::answer(&format!("#{step} {clause} · {stops}")),
        }
    }
    if !differences.is_empty() {
        return Ok(super::exit(Some(Exit::Failed)));
    }
    let diff = RunDiff::of(&past.journal.records, &again);
    // Under another policy the first record is another one.
    let journal = match (args.setup.policy.is_none(), first_other(&past.journal, &again)) {
        (false, _) => Alike::NotCompared,
        (true, None) => Alike::ButForTimes,
        (true, Some(record)) => Alike::UpTo(record),
    };
    Ok(report(&diff, journal, json))
}

/// Tools run, through the gate and journaled as a run of its own.
async fn live(past: &Past, setup: &Setup, json: bool) -> Result<ExitCode> {
    let started = past.started()?;
    let stops = interrupts::watch_run();
    let model = Arc::new(Recorded::new(&past.journal.records, format!("replay:{}", past.id))?);
    let history = started.messages.split_last().map(|(_, before)| before.to_vec()).unwrap_or_default();
    let parent = Parent { run: past.id, step: 0 };
    let launch = setup::answering(setup.host.run(&started.task), setup, &stops.rest)?
        .after(parent, history)
        .project(setup.machine.project())
        .flags(started.flags.clone())
        .model(model)
        .keep_in(past.runs.clone())
        .cancel(stops.cancel.clone())
        .rest(stops.rest.clone());
    let run = launch.start()?;
    let id = run.id();
    let outcome = progress::drive(run, json).await;
    progress::print_outcome(&outcome, json);
    let diff = RunDiff::of(&past.journal.records, &past.runs.read(id)?.records);
    Ok(report(&diff, Alike::NotCompared, json))
}

/// How far the journal of a replay is that of the run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Alike {
    NotCompared,
    ButForTimes,
    UpTo(usize),
}

fn report(diff: &RunDiff, journal: Alike, json: bool) -> ExitCode {
    let (all, alike) = (diff.steps.len(), diff.alike());
    let is_alike = alike == all && !matches!(journal, Alike::UpTo(_));
    if json {
        let journal_alike = (journal != Alike::NotCompared).then_some(journal == Alike::ButForTimes);
        print::json(&json!({ "steps": all, "alike": alike, "decisions_alike": diff.decisions_alike(),
            "journal_alike": journal_alike, "diff": diff.steps }));
    } else {
        for line in diff::lines(diff).iter().filter(|_| alike < all) {
            print::answer(line);
        }
        let decisions = if diff.decisions_alike() { "decisions alike" } else { "decisions differ" };
        let journal = match journal {
            Alike::NotCompared => String::new(),
            Alike::ButForTimes => " · journal alike but times and ids".to_owned(),
            Alike::UpTo(record) => format!(" · journal differs from record {record} on"),
        };
        print::answer(&format!("{alike} of {all} steps alike · {decisions}{journal}"));
    }
    super::exit((!is_alike).then_some(Exit::Failed))
}

/// The first record that differs in more than times and names.
fn first_other(journal: &Journal, again: &[Record]) -> Option<usize> {
    let (a, b) = (steady(&journal.records), steady(again));
    let differs = a.iter().zip(&b).position(|(a, b)| a != b);
    differs.or_else(|| (a.len() != b.len()).then_some(a.len().min(b.len())))
}

/// Records to be compared. Calls that ran side by side ended in the order of the moment.
fn steady(records: &[Record]) -> Vec<Value> {
    let ended = |record: &Record| match &record.body {
        Body::CallEnded(ended) => Some(ended.step),
        _ => None,
    };
    let mut records: Vec<&Record> = records.iter().collect();
    for group in records.chunk_by_mut(|a, b| ended(a).is_some() && ended(b).is_some()) {
        group.sort_by_key(|record| ended(record));
    }
    let value = |record: &&Record| {
        let mut value = serde_json::to_value(record).unwrap_or_default();
        settle(&mut value, 0);
        value
    };
    records.iter().map(value).collect()
}

/// Takes out what is the host's own and unsteady; deeper values are of models and tools.
fn settle(value: &mut Value, depth: u32) {
    let Value::Object(members) = value else { return };
    let is_unsteady = |key: &str| if depth < 2 { UNSTEADY.contains(&key) } else { key == "waited_ms" };
    members.retain(|key, _| !is_unsteady(key));
    if depth < 2 {
        members.values_mut().for_each(|member| settle(member, depth + 1));
    }
}
