//! `cargo xtask test`: everything that must hold before a change lands, in one command.
//!
//! Quick and quiet stages come first. The tests print for themselves; they come last of what prints,
//! so that a reader (or a machine) who looks at the end sees how many ran.

use std::path::{Path, PathBuf};
use std::process::Command;

use xtask::{Error, Guests, Repository, Result, Toolchain, program};

use crate::host;
use crate::stages::{Stages, say};

/// Folders with a cargo workspace of guests.
const GUEST_FOLDERS: [&str; 2] = ["plugins", "tests/guests"];

/// Tells the tests that start the host where it is, so that none of them builds it again.
const HOST: &str = "LOOPLET_HOST";

/// The version that is installed where there is none; compiler and configuration were tried with it.
const CARGO_DENY: &str = "cargo-deny@0.20.2";

/// All stages; the first that fails ends it.
pub(crate) fn run(repository: &Repository) -> Result<()> {
    let mut stages = Stages::new(9);
    let root = repository.root();
    let toolchain = stages.guest_target(root)?;
    stages.quiet("format", "cargo fmt --check", || format(root))?;
    stages.quiet("guests", "building", || build_guests(repository, &toolchain))?;
    stages.quiet("lints", "cargo clippy", || clippy(repository))?;
    stages.quiet("documentation", "cargo doc", || documentation(root))?;
    stages.quiet("licences", "cargo deny", || licences(repository))?;
    // Tests start it; cargo alone would not build it for them.
    let program = host::stage(&mut stages, repository)?;
    stages.announce("examples", "in the documentation");
    program::status(cargo(root).args(["test", "--quiet", "--doc", "--workspace"]))?;
    stages.announce("tests", "of every package");
    tests(root, &program)?;
    let (stages, took) = stages.total();
    // Alone on its line: the shape that continuous integration reads.
    say(&format!("took {took}\nstages: {stages} passed, 0 failed"));
    Ok(())
}

fn format(root: &Path) -> Result<((), String)> {
    let workspaces = workspaces(root)?;
    for workspace in &workspaces {
        program::output(cargo(workspace).args(["fmt", "--all", "--check", "--", "-l"])).map_err(|error| {
            let folder = workspace.strip_prefix(root).unwrap_or(workspace).join("Cargo.toml");
            error.hint(format!("`cargo fmt --all --manifest-path {}` mends it", folder.display()))
        })?;
    }
    Ok(((), format!("{} workspaces", workspaces.len())))
}

fn build_guests(repository: &Repository, toolchain: &Toolchain) -> Result<((), String)> {
    let mut built = 0;
    let mut total = 0;
    for folder in GUEST_FOLDERS {
        let components = Guests::in_folder(repository, folder)?.build(toolchain)?;
        total += components.len();
        built += components.iter().filter(|component| component.is_new).count();
    }
    Ok(((), format!("{total} components, {built} built")))
}

fn clippy(repository: &Repository) -> Result<((), String)> {
    let root = repository.root();
    let workspaces = workspaces(root)?;
    for workspace in &workspaces {
        let mut clippy = cargo(workspace);
        clippy.args(["clippy", "--quiet", "--workspace", "--all-targets"]);
        if workspace == root {
            clippy.args(["--", "-D", "warnings"]);
        } else {
            // Guests are linted for this machine, which every clippy can. Files are theirs to open:
            // in the sandbox that is what the host lets them.
            clippy.arg("--target-dir").arg(repository.guest_target());
            clippy.args(["--", "-D", "warnings", "-A", "clippy::disallowed_methods"]);
        }
        program::output(&mut clippy)?;
    }
    // What is not built by default.
    let mut features = cargo(root);
    features.args(["clippy", "--quiet", "--package", "looplet-host", "--all-features", "--", "-D", "warnings"]);
    program::output(&mut features)?;
    Ok(((), "no warnings".to_owned()))
}

fn documentation(root: &Path) -> Result<((), String)> {
    let mut doc = cargo(root);
    doc.args(["doc", "--quiet", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings");
    program::output(&mut doc)?;
    Ok(((), "no warnings".to_owned()))
}

/// Licences, duplicates and sources of what is shipped: the host and the plugins inside it.
/// Advisories are left out: their database is not to be had everywhere this must pass.
fn licences(repository: &Repository) -> Result<((), String)> {
    let root = repository.root();
    let cargo_deny = cargo_deny(repository)?;
    for manifest in ["Cargo.toml", "plugins/Cargo.toml"] {
        let mut deny = Command::new(&cargo_deny);
        deny.current_dir(root)
            .args(["--manifest-path", manifest, "--config", "deny.toml", "check"])
            .args(["licenses", "bans", "sources"]);
        program::output(&mut deny)?;
    }
    Ok(((), "as deny.toml says".to_owned()))
}

/// The `cargo-deny` on the path, else one in the target directory, which is installed once.
fn cargo_deny(repository: &Repository) -> Result<PathBuf> {
    if program::succeeds(Command::new("cargo-deny").arg("--version")) {
        return Ok("cargo-deny".into());
    }
    let tools = repository.target().join("tools");
    let installed = tools.join("bin").join(format!("cargo-deny{}", std::env::consts::EXE_SUFFIX));
    if program::succeeds(Command::new(&installed).arg("--version")) {
        return Ok(installed);
    }
    say("     installing cargo-deny into the target directory, once: some minutes");
    let mut install = cargo(repository.root());
    program::without_outer_build(&mut install);
    install.args(["install", "--locked", "--root"]).arg(&tools).arg(CARGO_DENY);
    program::output(&mut install).map_err(|error| {
        Error::new(error.to_string()).hint(format!("`cargo install --locked {CARGO_DENY}` puts it on the path"))
    })?;
    Ok(installed)
}

/// With nextest where it is there: quicker, and it names what fails at the end.
fn tests(root: &Path, host: &Path) -> Result<()> {
    if program::succeeds(cargo(root).args(["nextest", "--version"])) {
        return program::status(cargo(root).env(HOST, host).args(["nextest", "run", "--workspace", "--no-fail-fast"]));
    }
    program::status(cargo(root).env(HOST, host).args([
        "test",
        "--workspace",
        "--lib",
        "--bins",
        "--tests",
        "--no-fail-fast",
    ]))
}

/// The repository's own workspace and those of guests that have at least one crate.
fn workspaces(root: &Path) -> Result<Vec<PathBuf>> {
    let mut workspaces = vec![root.to_owned()];
    for folder in GUEST_FOLDERS {
        let folder = root.join(folder);
        let entries = std::fs::read_dir(&folder).map_err(|cause| Error::file("list", &folder, &cause))?;
        if entries.flatten().any(|entry| entry.path().join("Cargo.toml").is_file()) {
            workspaces.push(folder);
        }
    }
    Ok(workspaces)
}

fn cargo(folder: &Path) -> Command {
    let mut cargo = program::cargo();
    cargo.current_dir(folder);
    cargo
}
