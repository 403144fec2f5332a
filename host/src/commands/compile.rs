//! Compiling components: in a process of its own with limits, kept in a directory of our own.
#![expect(clippy::disallowed_methods, reason = "this file finds the program that is started once more, and limits it")]

mod allowance;
mod child;
mod progress;

use std::io::{Read as _, Write as _};
use std::process::ExitCode;
use std::sync::Arc;

use looplet_host::error::{Error, Result};
use looplet_host::machine::{self, Machine};
use looplet_host::sandbox::compiled::Compilation;
use looplet_host::sandbox::{Limits, Sandbox};

use super::print;
use allowance::Allowance;
use child::Child;

/// The name of the hidden command.
const COMMAND: &str = "compile-component";

/// How this process compiles: in children, with a cache where one can be kept safely.
pub(super) fn compilation(machine: &Machine) -> Compilation {
    let compilation = match std::env::current_exe() {
        Ok(program) => Compilation::here().with_compiler(Arc::new(Child::of(program))),
        Err(_) => Compilation::here(),
    };
    let (compilation, note) = machine::shelve(compilation, machine);
    if let Some(note) = note {
        print::note(&note);
    }
    compilation
}

/// The hidden command: a component on stdin, its compiled form on stdout.
pub(super) fn run() -> Result<ExitCode> {
    die_with_parent();
    let mut bytes = Vec::new();
    std::io::stdin()
        .take(Limits::COMPONENT_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Error::failed(format!("cannot read the component: {error}")))?;
    Allowance::for_component(bytes.len()).limit_this_process();
    let code = Sandbox::precompile("on standard input", &bytes)?;
    std::io::stdout()
        .write_all(&code)
        .map_err(|error| Error::failed(format!("cannot write the compiled component: {error}")))?;
    Ok(ExitCode::SUCCESS)
}

/// Nobody waits for the code of a compiler whose parent is gone.
#[cfg(target_os = "linux")]
fn die_with_parent() {
    // Without it the limits still end the process.
    let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL));
}

#[cfg(not(target_os = "linux"))]
fn die_with_parent() {}
