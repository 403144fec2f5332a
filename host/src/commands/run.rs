//! `run`: an agent on a task. Steps as they happen on stderr, the answer on stdout.

mod consent;
pub(super) mod model;

use std::process::ExitCode;

use looplet_host::error::{Error, Result};
use looplet_host::host::Launch;
use looplet_host::machine;
use looplet_host::record::Parent;
use looplet_host::settings::Flags;

use super::past::{self, Past};
use super::setup::{self, Setup, set_up};
use super::terminal::Hearing;
use super::{files, interrupts, print, progress};
use crate::cli::RunArgs;

pub(crate) async fn run(args: RunArgs, json: bool) -> Result<ExitCode> {
    let (text, parent) = wanted(&args)?;
    let task = task(text)?;
    if task.trim().is_empty() {
        return Err(Error::usage("the task is empty").hint("`looplet-host run \"what is this project about?\"`"));
    }
    let flags = flags(&args);
    let setup = set_up(&args.setup, &flags, Vec::new(), args.runs.as_deref()).await?;
    let json = json || setup.host.settings().run.is_job();
    let parent = parent.map(|name| Past::find(&setup.machine, args.runs.as_deref(), Some(name))).transpose()?;
    let own = parent.as_ref().map(Past::started).transpose()?.map(|started| started.model.as_str());
    let (model, header) = model::connect(&setup, args.model.as_deref(), own, args.runs.as_deref()).await?;
    progress::print_header(&setup, &header);
    let stops = interrupts::watch_run();
    let launch = launch(&setup, &args, task, parent.as_ref())?;
    let launch = setup::answering(launch, &setup, &stops.rest)?
        .model(model)
        .cancel(stops.cancel.clone())
        .rest(stops.rest.clone());
    let run = launch.start()?;
    let _hearing = Hearing::start(run.steering());
    let outcome = progress::drive(run, json).await;
    progress::print_outcome(&outcome, json);
    Ok(super::exit(outcome.exit(setup::exit_rules(&setup))))
}

/// The task, and the run to go on from: `--continue RUN TASK`, or `--continue TASK` for the latest.
fn wanted(args: &RunArgs) -> Result<(&str, Option<&str>)> {
    match (args.task.as_deref(), args.parent.as_deref()) {
        (Some(task), parent) => Ok((task, parent)),
        (None, Some(task)) if !task.is_empty() => Ok((task, Some(""))),
        (None, _) => Err(Error::usage("there is no task").hint("`looplet-host run \"what to do\"`; `-` reads it")),
    }
}

fn launch(setup: &Setup, args: &RunArgs, task: String, parent: Option<&Past>) -> Result<Launch> {
    let runs = past::runs(&setup.machine, args.runs.as_deref());
    let launch = match parent {
        Some(past) => {
            let fold = past.fold()?;
            print::note(&format!("goes on from run {}", past.id));
            let parent = Parent { run: past.id, step: fold.state.steps() };
            setup.host.run(task).after(parent, fold.state.closed_history())
        }
        None => setup.host.run(task),
    };
    Ok(launch.project(setup.machine.project()).keep_in(runs).flags(args.setup.words()))
}

fn flags(args: &RunArgs) -> Flags {
    Flags {
        model: args.model.clone(),
        max_steps: args.spending.max_steps,
        max_turns: args.spending.max_turns,
        max_tokens: args.spending.max_tokens,
        max_seconds: args.spending.max_seconds,
        max_money: args.spending.max_money,
        max_egress_kib: args.spending.max_egress_kib,
        ..setup::exit_flags(&args.exit, args.setup.flags())
    }
}

fn task(text: &str) -> Result<String> {
    match text.strip_prefix('@') {
        _ if text == "-" => files::read_stdin(),
        Some(file) => {
            let hint = "`@FILE` reads the task from a file; `-` reads it from standard input, whatever it begins with";
            let bytes = machine::read_bytes(file.as_ref()).map_err(|error| error.hint(hint))?;
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        }
        None => Ok(text.to_owned()),
    }
}
