//! The program: parse, run, report, exit code.

mod cli;
mod commands;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    match commands::run(cli) {
        Ok(code) => code,
        Err(error) => {
            commands::print::note(&error.report());
            ExitCode::from(error.exit().code())
        }
    }
}
