//! `cargo xtask run`: from a fresh clone to a run of the host, the recorded example or one's own.

use std::path::Path;
use std::process::{Command, ExitCode};

use xtask::{Error, Repository, Result, program};

use crate::plugins;
use crate::stages::{Stages, say};

/// The example that `cargo xtask run` shows: answers of a model that were recorded, real tools.
/// Places are relative to the repository's root.
const EXAMPLE: &[&str] = &[
    "--policy",
    "examples/hello/looplet.toml",
    "--model",
    "scripted:examples/hello/model.jsonl",
    "read the notes and draft a plan",
];

const NEXT: &str = "\
Next: a real model →  export OPENAI_API_KEY=… OPENAI_MODEL=…   or   ollama serve, then  cargo xtask run \"your task\"";

/// Builds everything and runs the host; what it ends with is what we end with.
pub(crate) fn run(repository: &Repository, arguments: &[String]) -> Result<ExitCode> {
    let mut stages = Stages::new(4);
    let toolchain = stages.guest_target(repository.root())?;
    plugins::stage(&mut stages, repository, &toolchain)?;
    stages.announce("host", &host_words(repository.target()));
    program::status(host_build(repository.root()).arg("build").args(HOST))?;

    let is_example = arguments.is_empty();
    let (name, what) = if is_example {
        ("hello", "recorded model, real tools, examples/hello/")
    } else {
        ("run", "looplet-host run")
    };
    stages.announce(name, what);
    let mut host = host_command(repository.root(), arguments)?;
    let status = host
        .status()
        .map_err(|cause| Error::new(format!("cannot start the host: {cause}")))?;
    if is_example && status.success() {
        say(NEXT);
    }
    // Without a code the host was ended by a signal: as shells do, not as if all were well.
    Ok(status
        .code()
        .and_then(|code| u8::try_from(code).ok())
        .map_or(ExitCode::FAILURE, ExitCode::from))
}

const HOST: [&str; 4] = ["--package", "looplet-host", "--bin", "looplet-host"];

fn host_build(root: &Path) -> Command {
    let mut cargo = program::cargo();
    cargo.current_dir(root);
    cargo
}

/// The host on the example, in the repository, or on the caller's arguments, where the caller is.
fn host_command(root: &Path, arguments: &[String]) -> Result<Command> {
    let caller =
        std::env::current_dir().map_err(|cause| Error::file("find", Path::new("."), &cause))?;
    let is_example = arguments.is_empty();
    let mut cargo = program::cargo();
    cargo.current_dir(if is_example { root } else { &caller });
    cargo
        .args(["run", "--quiet", "--manifest-path"])
        .arg(root.join("Cargo.toml"))
        .args(HOST);
    cargo.args(["--", "run", "--plugins"]);
    if is_example || caller == root {
        cargo.arg("./plugins");
    } else {
        cargo.arg(root.join("plugins"));
    }
    if is_example {
        cargo.args(EXAMPLE)
    } else {
        cargo.args(arguments)
    };
    Ok(cargo)
}

/// The first build is long, and who waits should know how long.
fn host_words(target: &Path) -> String {
    let has_wasmtime = std::fs::read_dir(target.join("debug/deps")).is_ok_and(|entries| {
        entries.flatten().any(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            name.starts_with("libwasmtime-") && name.ends_with(".rlib")
        })
    });
    if has_wasmtime {
        return "looplet-host, dev profile".to_owned();
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    first_build_words(cores)
}

/// Measured: 16 minutes of one core, which cargo spreads over all.
fn first_build_words(cores: usize) -> String {
    let minutes = 16_usize.div_ceil(cores);
    let cores = if cores == 1 {
        "1 core".to_owned()
    } else {
        format!("{cores} cores")
    };
    format!("first build of Wasmtime: about {minutes} min on {cores}, then cached")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_arguments_the_example_runs_in_the_repository() {
        let root = Path::new("/clone");
        let command = host_command(root, &[]).unwrap();
        let line = program::line_of(&command);
        let (_, host) = line.split_once(" -- ").unwrap();
        assert_eq!(
            host,
            "run --plugins ./plugins --policy examples/hello/looplet.toml \
             --model scripted:examples/hello/model.jsonl read the notes and draft a plan"
        );
        assert_eq!(command.get_current_dir(), Some(root));
    }

    #[test]
    fn arguments_are_the_callers_and_so_is_the_current_directory() {
        let command =
            host_command(Path::new("/clone"), &["--json".into(), "my task".into()]).unwrap();
        let line = program::line_of(&command);
        let (_, host) = line.split_once(" -- ").unwrap();
        assert_eq!(host, "run --plugins /clone/plugins --json my task");
        assert_eq!(
            command.get_current_dir(),
            Some(std::env::current_dir().unwrap().as_path())
        );
    }

    #[test]
    fn the_first_build_says_how_long_it_takes_here() {
        assert_eq!(
            first_build_words(2),
            "first build of Wasmtime: about 8 min on 2 cores, then cached"
        );
        assert_eq!(
            first_build_words(1),
            "first build of Wasmtime: about 16 min on 1 core, then cached"
        );
    }
}
