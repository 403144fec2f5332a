//! `cargo xtask`: sets up, builds, runs and tests this repository.
//!
//! One file per command; what build scripts need as well is in the library.
#![allow(clippy::disallowed_methods, reason = "a build tool: files, environment and programs are its work")]

mod host;
mod plugins;
mod run;
mod stages;
mod test;

use std::process::ExitCode;

use stages::say;
use xtask::{Error, Repository, Result};

const HELP: &str = "\
cargo xtask run [ARGS…]   build everything and run the host: the recorded example in examples/hello/,
                          or `looplet-host run ARGS…` with the plugins of this repository
cargo xtask plugins       build plugins/*/ into plugins/<name>.wasm, only what changed
cargo xtask test          formatting, lints, guests, documentation, tests, licences: what CI runs
cargo xtask help          this text

The first command that needs it sets up the target wasm32-wasip2: by rustup, else by Debian's
packages. Everything is built in the dev profile, in cargo's target directory.";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next().unwrap_or_else(|| "help".to_owned());
    match perform(&command, &arguments.collect::<Vec<_>>()) {
        Ok(code) => code,
        Err(error) => {
            say(&format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn perform(command: &str, arguments: &[String]) -> Result<ExitCode> {
    if command != "run" && !arguments.is_empty() {
        return Err(Error::new(format!("`cargo xtask {command}` takes no arguments")));
    }
    match command {
        "run" => run::run(&Repository::of_this_package()?, arguments),
        "plugins" => plugins::run(&Repository::of_this_package()?).map(|()| ExitCode::SUCCESS),
        "test" => test::run(&Repository::of_this_package()?).map(|()| ExitCode::SUCCESS),
        "help" | "--help" | "-h" => {
            say(HELP);
            Ok(ExitCode::SUCCESS)
        }
        other => Err(Error::new(format!("no command `{other}`")).hint("`cargo xtask help` lists them")),
    }
}
