//! `completions`: a script for a shell.

use std::process::ExitCode;

use clap::CommandFactory as _;
use clap_complete::Shell;
use serde_json::json;

use super::print;
use crate::cli::Cli;

pub(crate) fn run(shell: Shell, json: bool) -> ExitCode {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "looplet-host", &mut script);
    let script = String::from_utf8_lossy(&script);
    match json {
        true => print::json(&json!({ "shell": shell.to_string(), "script": script })),
        false => print::answer(script.trim_end()),
    }
    ExitCode::SUCCESS
}
