//! The host's program: building it and where it is, for `cargo xtask run` and for the tests that start it.

use std::path::{Path, PathBuf};
use std::process::Command;

use xtask::{Error, Repository, Result, program};

use crate::stages::Stages;

/// Builds the program and returns where it is.
pub(crate) fn stage(stages: &mut Stages, repository: &Repository) -> Result<PathBuf> {
    stages.announce("host", &words(repository.target()));
    program::status(&mut build(repository.root()))?;
    beside_this_program()
}

/// Cargo chooses features for the packages and kinds of targets that it is asked for. Asked as for
/// all tests (every package, and one small test), it builds the very Wasmtime that they need as
/// well; asked for the host alone, it would compile a second one for them.
fn build(root: &Path) -> Command {
    let mut cargo = program::cargo();
    cargo.current_dir(root);
    cargo.args(["build", "--workspace", "--bin", "looplet-host", "--test", "commands"]);
    cargo
}

/// Cargo built this program with the same configuration into the same folder.
fn beside_this_program() -> Result<PathBuf> {
    let this = std::env::current_exe().map_err(|cause| Error::file("find", Path::new("xtask"), &cause))?;
    Ok(this.with_file_name(format!("looplet-host{}", std::env::consts::EXE_SUFFIX)))
}

/// The first build is long, and who waits should know how long.
fn words(target: &Path) -> String {
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
    first_build_words(std::thread::available_parallelism().map_or(1, usize::from))
}

/// Measured: 16 minutes of one core, which cargo spreads over all.
fn first_build_words(cores: usize) -> String {
    let minutes = 16_usize.div_ceil(cores);
    let cores = if cores == 1 { "1 core".to_owned() } else { format!("{cores} cores") };
    format!("first build of Wasmtime: about {minutes} min on {cores}, then cached")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_build_says_how_long_it_takes_here() {
        assert_eq!(first_build_words(2), "first build of Wasmtime: about 8 min on 2 cores, then cached");
        assert_eq!(first_build_words(1), "first build of Wasmtime: about 16 min on 1 core, then cached");
    }
}
