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
    let json = cli.json;
    match commands::run(cli) {
        Ok(code) => code,
        Err(error) => {
            commands::print::error(&error, json);
            ExitCode::from(error.exit().code())
        }
    }
}
