//! `run`: an agent on a task. Steps as they happen on stderr, the answer on stdout.

mod consent;
pub(super) mod model;
mod texts;

use std::process::ExitCode;
use std::sync::Arc;

use looplet_host::agent::Outcome;
use looplet_host::error::Result;
use looplet_host::journal::Runs;
use looplet_host::settings::Flags;
use tokio_util::sync::CancellationToken;

use super::setup::{self, Setup, set_up};
use super::{interrupts, machine, progress};
use crate::cli::RunArgs;

pub(crate) async fn run(args: RunArgs, json: bool) -> Result<ExitCode> {
    let task = task(&args.task)?;
    let flags = flags(&args);
    let setup = set_up(&args.setup, &flags, Vec::new(), args.runs.as_deref()).await?;
    let (model, header) = model::connect(&setup, args.model.as_deref(), None).await?;
    progress::print_header(&setup, &header);
    let cancel = interrupts::watch();
    let outcome = drive(&setup, &args, task, model, &cancel, json).await?;
    progress::print_outcome(&outcome, json);
    Ok(super::exit(outcome.exit(setup::exit_rules(&setup))))
}

async fn drive(
    setup: &Setup,
    args: &RunArgs,
    task: String,
    model: Arc<dyn looplet_host::model::Model>,
    cancel: &CancellationToken,
    json: bool,
) -> Result<Outcome> {
    let runs = Runs::at(args.runs.clone().unwrap_or_else(|| setup.machine.runs_dir()));
    let launch = texts::add(setup.host.run(task), setup)?.project(setup.machine.project());
    let launch = setup::answering(launch, setup, cancel)?.model(model).keep_in(runs).cancel(cancel.clone());
    Ok(progress::drive(launch.flags(args.setup.words()).start()?, json).await)
}

fn flags(args: &RunArgs) -> Flags {
    Flags {
        model: args.model.clone(),
        max_steps: args.spending.max_steps,
        max_turns: args.spending.max_turns,
        max_tokens: args.spending.max_tokens,
        max_seconds: args.spending.max_seconds,
        ..setup::exit_flags(&args.exit, args.setup.flags())
    }
}

fn task(text: &str) -> Result<String> {
    match text.strip_prefix('@') {
        _ if text == "-" => machine::read_stdin(),
        Some(file) => Ok(String::from_utf8_lossy(&machine::read_bytes(file.as_ref())?).into_owned()),
        None => Ok(text.to_owned()),
    }
}
