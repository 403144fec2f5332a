//! `examples/hello` as a person runs it: a whole process, its plugins compiled before.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::clock::{Whose, cpu_of_children, median, used};
use crate::table::Row;

const ROUNDS: usize = 7;
const RUNS: u32 = 5;

/// The program's home: kept, so that its plugins stay compiled.
const HOME: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/bench-home");

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/hello");

pub(crate) fn measure() -> Vec<Row> {
    let (program, project) = (program(), project());
    let taken = (0..ROUNDS).map(|_| cpu_of_children(|| (0..RUNS).for_each(|_| run(&program, &project))) / RUNS);
    vec![
        Row::of_time("`run examples/hello`, CPU of the process", median(taken), Duration::from_millis(20)),
        Row::of_size("  its peak memory", used(Whose::Children).peak_bytes, 40 << 20),
    ]
}

/// Builds the program and lets it compile its plugins.
pub(crate) fn warm() {
    build();
    run(&program(), &project());
}

/// Beside this program, which is `<profile>/deps/measures-…`.
fn program() -> PathBuf {
    let this = std::env::current_exe().expect("has a path");
    let profile = this.ancestors().nth(2).expect("is two folders deep");
    profile.join("looplet-host").with_extension(std::env::consts::EXE_EXTENSION)
}

fn build() {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        // As it is installed: the host alone.
        .args(["build", "--release", "--quiet", "--package", "looplet-host", "--bin", "looplet-host"])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .status()
        .expect("cargo starts");
    assert!(status.success(), "the program builds");
}

/// The example and the first-party plugins as they lie in a clone.
fn project() -> TempDir {
    let project = TempDir::new().expect("a directory");
    copy(Path::new(EXAMPLE), &project.path().join("examples/hello"));
    fs::create_dir(project.path().join("plugins")).expect("a directory");
    for (name, path) in looplet_tests::plugins::ALL {
        fs::copy(path, project.path().join(format!("plugins/{name}.wasm"))).expect("a plugin");
    }
    project
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a directory");
    for entry in fs::read_dir(from).expect("is listed") {
        let path = entry.expect("an entry").path();
        let to = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &to);
        } else {
            fs::copy(&path, to).expect("a copy");
        }
    }
}

fn run(program: &Path, project: &TempDir) {
    let status = Command::new(program)
        .args(["run", "--plugins", "plugins", "--policy", "examples/hello/looplet.toml", "--runs", "runs"])
        .args(["--model", "scripted:examples/hello/model.jsonl", "read the notes and draft a plan"])
        .current_dir(project.path())
        .env_clear()
        .env("HOME", HOME)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .expect("starts");
    assert!(status.success(), "the example ends well");
}
