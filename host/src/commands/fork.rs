//! `fork`: a run of its own that begins as another did, up to a step.
//!
//! Files are not taken back: what the fork finds is what is there now, and that is said first.

use std::process::ExitCode;

use looplet_host::error::{Error, Result};
use looplet_host::machine::Machine;
use looplet_host::record::{RunResumed, cut};
use serde_json::json;

use super::past::{self, Past};
use super::run::model;
use super::{interrupts, print, progress, resume, setup};
use crate::cli::ForkArgs;

/// How many files are named that are not as they were.
const NAMED: usize = 12;

pub(crate) async fn run(args: ForkArgs, json: bool) -> Result<ExitCode> {
    let (name, step) = args.from.rsplit_once('@').ok_or_else(|| {
        Error::usage(format!("`{}` names no step", cut(&args.from, 60)))
            .hint("write `RUN@4`, or `@4` of the latest run")
    })?;
    let step = past::number(step)?;
    let machine = Machine::look()?;
    let past = Past::find(&machine, args.runs.as_deref(), Some(name))?;
    let started = past.started()?;
    let given = args.setup.or_of(started)?;
    let flags = setup::exit_flags(&args.exit, given.flags());
    let setup = setup::set_up_on(past.machine(machine)?, &given, &flags, Vec::new(), args.runs.as_deref()).await?;
    let (model, header) =
        model::connect(&setup, args.model.as_deref(), Some(&started.model), args.runs.as_deref()).await?;
    let stops = interrupts::watch_run();
    let launch = || {
        let launch = setup::answering(setup.host.run(&started.task), &setup, &stops.rest)?;
        Ok::<_, Error>(
            launch
                .model(model.clone())
                .keep_in(past.runs.clone())
                .cancel(stops.cancel.clone())
                .rest(stops.rest.clone()),
        )
    };
    let fork = launch()?.project(setup.machine.project()).flags(given.words());
    let fork = fork.fork(&past.journal, step, args.message.clone())?;
    progress::print_header(&setup, &header);
    print::note(&format!("new run {} parent {}@{step}", fork.run, past.id));
    for change in &fork.changes {
        print::note(&format!("note: not as in the parent: {change}"));
    }
    print::note(&files_now(&fork.differing));
    if json {
        print::json(&json!({ "type": "fork", "run": fork.run, "parent": past.id, "step": step,
            "changes": fork.changes, "differing": fork.differing }));
    }
    let resumed = RunResumed { budget: resume::budget(&args.spending, &past.fold()?)?, ..RunResumed::default() };
    let outcome = progress::drive(launch()?.resume(fork.run, resumed)?, json).await;
    progress::print_outcome(&outcome, json);
    Ok(super::exit(outcome.exit(setup::exit_rules(&setup))))
}

fn files_now(differing: &[String]) -> String {
    match differing.len() {
        0 => "files are as they are now; none that the run wrote differs from then".to_owned(),
        number => {
            let verb = if number == 1 { "1 file differs".to_owned() } else { format!("{number} files differ") };
            let more = if number > NAMED { ", …" } else { "" };
            let named: Vec<String> = differing.iter().take(NAMED).map(|name| cut(name, 200)).collect();
            format!("files are as they are NOW: {verb} from then: {}{more}", named.join(", "))
        }
    }
}
