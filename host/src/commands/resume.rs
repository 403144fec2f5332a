//! `resume`: goes on with a run, with all that it had.

use std::process::ExitCode;

use looplet_host::agent::Fold;
use looplet_host::budget::Budget;
use looplet_host::error::{Error, Result};
use looplet_host::host::Launch;
use looplet_host::machine::Machine;
use looplet_host::record::{Body, OnUnknown, Record, RunResumed};
use looplet_host::settings::{self, Flags};

use super::past::{self, Past};
use super::setup::{self, Setup};
use super::terminal::Hearing;
use super::{interrupts, print, progress, run::model};
use crate::cli::{ResumeArgs, SpendingArgs, Unknown};

pub(crate) async fn run(args: ResumeArgs, json: bool) -> Result<ExitCode> {
    let machine = Machine::look()?;
    let past = Past::find(&machine, args.runs.as_deref(), args.run.as_deref())?;
    let started = past.started()?;
    let given = args.setup.or_of(started)?;
    let flags = setup::exit_flags(&args.exit, given.flags());
    let machine = past.machine(machine)?;
    let setup = setup::set_up_on(machine, &given, &flags, Vec::new(), args.runs.as_deref()).await?;
    let json = json || setup.host.settings().run.is_job();
    let (model, header) =
        model::connect(&setup, args.model.as_deref(), Some(&started.model), args.runs.as_deref()).await?;
    let stops = interrupts::watch_run();
    let launch = setup::answering(setup.host.run(&started.task), &setup, &stops.rest)?
        .model(model)
        .keep_in(past.runs.clone())
        .cancel(stops.cancel.clone())
        .rest(stops.rest.clone());
    let fold = past.fold()?;
    let resumed = RunResumed {
        on_unknown: on_unknown(&args, &setup),
        budget: budget(&args.spending, &fold)?,
        accepted_changes: changes(&past, &launch, args.accept_changes)?,
        message: args.message.clone(),
    };
    name_unknown(&past, &fold);
    let run = launch.resume(past.id, resumed)?;
    progress::print_header(&setup, &header);
    print::note(&format!("run {} goes on after step {}", past.id, fold.state.steps()));
    let _hearing = Hearing::start(run.steering());
    let outcome = progress::drive(run, json).await;
    progress::print_outcome(&outcome, json);
    Ok(super::exit(outcome.exit(setup::exit_rules(&setup))))
}

fn on_unknown(args: &ResumeArgs, setup: &Setup) -> OnUnknown {
    match args.on_unknown {
        Some(Unknown::Retry) => OnUnknown::Retry,
        Some(Unknown::Skip) => OnUnknown::Skip,
        Some(Unknown::Stop) => OnUnknown::Stop,
        None => match *setup.host.settings().run.on_unknown {
            settings::OnUnknown::Retry => OnUnknown::Retry,
            settings::OnUnknown::Skip => OnUnknown::Skip,
            settings::OnUnknown::Stop => OnUnknown::Stop,
        },
    }
}

/// The run's budget with what was given anew; none where nothing was.
pub(super) fn budget(given: &SpendingArgs, fold: &Fold) -> Result<Option<Budget>> {
    let SpendingArgs { max_steps, max_turns, max_tokens, max_seconds, max_money, max_egress_kib } = given;
    let small = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
    let now = fold.state.meter().budget();
    let money = Flags { max_money: *max_money, ..Flags::default() }.max_money()?;
    let budget = Budget {
        steps: max_steps.map(small).or(now.steps),
        turns: max_turns.map(small).or(now.turns),
        tokens: max_tokens.or(now.tokens),
        cost_micro_usd: money.map(|money| money.value).or(now.cost_micro_usd),
        active_ms: max_seconds.map(|seconds| seconds.saturating_mul(1_000)).or(now.active_ms),
        egress_bytes: max_egress_kib.map(|kib| kib.saturating_mul(1 << 10)).or(now.egress_bytes),
        ..now.clone()
    };
    Ok((budget != *now).then_some(budget))
}

/// What is not as it was, which has to be accepted once.
fn changes(past: &Past, launch: &Launch, accepted: bool) -> Result<Vec<String>> {
    let before: Vec<&String> = past.journal.records.iter().flat_map(accepted_before).collect();
    let changes = launch.changes_since(past.started()?);
    let new: Vec<&String> = changes.iter().filter(|change| !before.contains(change)).collect();
    if new.is_empty() || accepted {
        for change in &new {
            print::note(&format!("accepted: {change}"));
        }
        return Ok(changes);
    }
    let list: Vec<String> = new.iter().map(|change| format!("\n  {change}")).collect();
    Err(Error::usage(format!("run {} would go on under other conditions:{}", past.id, list.concat()))
        .hint("`--accept-changes` goes on all the same; `looplet-host fork` begins a run of its own from a step"))
}

fn accepted_before(record: &Record) -> &[String] {
    match &record.body {
        Body::RunResumed(resumed) => &resumed.accepted_changes,
        _ => &[],
    }
}

fn name_unknown(past: &Past, fold: &Fold) {
    for step in fold.state.begun() {
        if let Some(decided) = past.decided(step) {
            print::note(&format!("{} was begun, and its end is not on record", past::call(decided)));
        }
    }
}
