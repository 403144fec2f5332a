//! The commands: one file each. They wire, print and give the exit code; what they wire is the library.
//!
//! Only here, in `capability/`, `journal/` and `machine/` is the machine touched: files, environment, terminal.

mod add;
mod agreed;
mod answer;
mod approvals;
mod call;
mod check;
mod compile;
mod completions;
mod diff;
mod doctor;
mod explain;
mod export;
mod faults;
mod files;
mod fork;
mod inspect;
mod interrupts;
mod learn;
mod new;
mod past;
pub(crate) mod print;
mod progress;
mod replay;
mod resume;
mod run;
mod runs;
mod setup;
mod show;
mod terminal;
mod trust;
mod wit;

use std::process::ExitCode;

use looplet_host::error::{Error, Exit, Result};

use crate::cli::{Cli, Command};

/// Runs the command.
pub(crate) fn run(cli: Cli) -> Result<ExitCode> {
    let json = cli.json;
    match cli.command {
        Command::Run(args) => on_runtime(run::run(args, json)),
        Command::Call(args) => on_runtime(call::run(args, json)),
        Command::Explain(args) => on_runtime(explain::run(args, json)),
        Command::Inspect(args) => on_runtime(inspect::run(args, json)),
        Command::Check(args) => on_runtime(check::run(args, json)),
        Command::Doctor(args) => on_runtime(doctor::run(args, json)),
        Command::Add(args) => on_runtime(add::run(args, json)),
        Command::Trust(args) => on_runtime(trust::run(args, json)),
        Command::Approvals(args) => approvals::run(args, json),
        Command::Show(args) => show::run(&args, json),
        Command::New(args) => new::run(&args, json),
        Command::Resume(args) => on_runtime(resume::run(args, json)),
        Command::Answer(args) => answer::run(&args, json),
        Command::Runs(args) => runs::run(&args, json),
        Command::Fork(args) => on_runtime(fork::run(args, json)),
        Command::Replay(args) => on_runtime(replay::run(args, json)),
        Command::Diff(args) => diff::run(&args, json),
        Command::Learn(args) => on_runtime(learn::run(args, json)),
        Command::Export(args) => export::run(&args, json),
        Command::Wit(args) => wit::run(&args, json),
        Command::Compile => compile::run(),
        Command::Completions { shell } => Ok(completions::run(shell, json)),
    }
}

fn on_runtime(work: impl Future<Output = Result<ExitCode>>) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Error::failed(format!("cannot start: {error}")))?;
    let result = runtime.block_on(work);
    // A guest that the kernel holds must not hold the process.
    runtime.shutdown_background();
    result
}

/// The exit code of a command that did its work but has bad news.
fn exit(exit: Option<Exit>) -> ExitCode {
    exit.map_or(ExitCode::SUCCESS, |exit| ExitCode::from(exit.code()))
}
