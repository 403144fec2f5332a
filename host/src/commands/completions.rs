//! `completions`: a script for a shell.

use std::process::ExitCode;

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::print;
use crate::cli::Cli;

pub(crate) fn run(shell: Shell) -> ExitCode {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "looplet-host", &mut script);
    print::answer(String::from_utf8_lossy(&script).trim_end());
    ExitCode::SUCCESS
}
