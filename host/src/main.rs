//! The program: parse, run, report, exit code.
#![cfg_attr(
    test,
    allow(clippy::needless_raw_string_hashes, reason = "`expect-test` writes what is expected in this form")
)]

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
