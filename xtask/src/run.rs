//! `cargo xtask run`: from a fresh clone to a run of the host, the recorded example or one's own.

use std::path::Path;
use std::process::{Command, ExitCode};

use xtask::{Error, Repository, Result};

use crate::stages::{Stages, say};
use crate::{host, plugins};

/// The example that `cargo xtask run` shows: answers of a model that were recorded, real tools.
/// Places are relative to the repository's root.
const EXAMPLE: &[&str] = &[
    "--policy",
    "examples/hello/looplet.toml",
    "--model",
    "scripted:examples/hello/model.jsonl",
    "read the notes and draft a plan",
];

const NEXT: &str = "Next: a real model →  export OPENAI_API_KEY=… OPENAI_MODEL=…   or   ollama serve, \
                    then  cargo xtask run \"your task\"";

/// Builds everything and runs the host; what it ends with is what we end with.
pub(crate) fn run(repository: &Repository, arguments: &[String]) -> Result<ExitCode> {
    let mut stages = Stages::new(4);
    let toolchain = stages.guest_target(repository.root())?;
    plugins::stage(&mut stages, repository, &toolchain)?;
    let program = host::stage(&mut stages, repository)?;

    let is_example = arguments.is_empty();
    let (name, what) =
        if is_example { ("hello", "recorded model, real tools, examples/hello/") } else { ("run", "looplet-host run") };
    stages.announce(name, what);
    let caller = std::env::current_dir().map_err(|cause| Error::file("find", Path::new("."), &cause))?;
    let mut host = host_command(&program, repository.root(), &caller, arguments);
    let status = host.status().map_err(|cause| Error::file("start", &program, &cause))?;
    if is_example && status.success() {
        say(NEXT);
    }
    // Without a code the host was ended by a signal: not as if all were well.
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}

/// The host on the example, in the repository, or on the caller's arguments, where the caller is.
fn host_command(program: &Path, root: &Path, caller: &Path, arguments: &[String]) -> Command {
    let mut host = Command::new(program);
    host.args(["run", "--plugins"]);
    let is_example = arguments.is_empty();
    if is_example || caller == root {
        host.arg("./plugins");
    } else {
        host.arg(root.join("plugins"));
    }
    if is_example {
        host.args(EXAMPLE).current_dir(root);
    } else {
        host.args(arguments).current_dir(caller);
    }
    host
}

#[cfg(test)]
mod tests {
    use xtask::program::line_of;

    use super::*;

    const ROOT: &str = "/clone";

    #[test]
    fn without_arguments_the_example_runs_in_the_repository() {
        let command = host_command(Path::new("looplet-host"), Path::new(ROOT), Path::new("/elsewhere"), &[]);
        assert_eq!(
            line_of(&command),
            "looplet-host run --plugins ./plugins --policy examples/hello/looplet.toml \
             --model scripted:examples/hello/model.jsonl read the notes and draft a plan"
        );
        assert_eq!(command.get_current_dir(), Some(Path::new(ROOT)));
    }

    #[test]
    fn arguments_are_the_callers_and_so_is_the_current_directory() {
        let arguments = ["--json".to_owned(), "my task".to_owned()];
        let line = |caller: &str| {
            let command = host_command(Path::new("looplet-host"), Path::new(ROOT), Path::new(caller), &arguments);
            assert_eq!(command.get_current_dir(), Some(Path::new(caller)));
            line_of(&command)
        };
        assert_eq!(line(ROOT), "looplet-host run --plugins ./plugins --json my task");
        assert_eq!(line("/elsewhere"), "looplet-host run --plugins /clone/plugins --json my task");
    }
}
