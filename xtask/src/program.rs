//! Running other programs: their output kept for the error, their time bounded, cargo's marks removed.
//!
//! Separate because every caller needs the same three things right, and because a guest build must
//! not inherit what the cargo around it told its own children.

use std::ffi::OsStr;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::error::{Error, Result};

/// The cargo that runs this, else the one on the path.
pub fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Takes out of the command's environment what belongs to the build around it: flags, wrappers (in
/// `cargo clippy` the compiler is a linter), the job server, and what build scripts are told.
pub fn without_outer_build(command: &mut Command) -> &mut Command {
    for (name, _) in std::env::vars_os() {
        if belongs_to_outer_build(&name) {
            command.env_remove(name);
        }
    }
    command
}

fn belongs_to_outer_build(name: &OsStr) -> bool {
    const NAMES: &[&str] = &[
        "CARGO_BUILD_RUSTFLAGS",
        "CARGO_BUILD_TARGET",
        "CARGO_CRATE_NAME",
        "CARGO_ENCODED_RUSTFLAGS",
        "CARGO_MAKEFLAGS",
        "CARGO_PRIMARY_PACKAGE",
        "CARGO_TARGET_DIR",
        "DEBUG",
        "HOST",
        "MAKEFLAGS",
        "MFLAGS",
        "NUM_JOBS",
        "OPT_LEVEL",
        "OUT_DIR",
        "PROFILE",
        "RUSTC_LINKER",
        "RUSTC_WORKSPACE_WRAPPER",
        "RUSTDOC",
        "RUSTFLAGS",
        "TARGET",
    ];
    const BEGINNINGS: &[&str] =
        &["CARGO_CFG_", "CARGO_FEATURE_", "CARGO_MANIFEST_", "CARGO_PKG_", "CARGO_PROFILE_", "DEP_"];
    name.to_str()
        .is_some_and(|name| NAMES.contains(&name) || BEGINNINGS.iter().any(|beginning| name.starts_with(beginning)))
}

/// Runs a program and returns what it printed on its standard output. The error holds the rest.
pub fn output(command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).output().map_err(|cause| cannot_start(command, &cause))?;
    checked(command, &output)
}

/// Like [`output`], but ends the program after `limit`.
pub fn output_within(command: &mut Command, limit: Duration) -> Result<String> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|cause| cannot_start(command, &cause))?;
    // Read beside the wait: a program that fills a pipe nobody reads never ends.
    let stdout = read_beside(child.stdout.take());
    let stderr = read_beside(child.stderr.take());
    let started = Instant::now();
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if started.elapsed() < limit => thread::sleep(Duration::from_millis(50)),
            Ok(None) | Err(_) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(Error::new(format!("`{}` did not end within {} s", line_of(command), limit.as_secs())));
            }
        }
    };
    let output =
        Output { status, stdout: stdout.join().unwrap_or_default(), stderr: stderr.join().unwrap_or_default() };
    checked(command, &output)
}

/// Runs a program that talks to the terminal itself.
pub fn status(command: &mut Command) -> Result<()> {
    let status = command.status().map_err(|cause| cannot_start(command, &cause))?;
    if status.success() {
        return Ok(());
    }
    Err(Error::new(format!("`{}` ended with {status}", line_of(command))))
}

/// Whether a program is there and ends well; what it prints is dropped.
pub fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// The command as a person would type it.
pub fn line_of(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}

fn read_beside(pipe: Option<impl std::io::Read + Send + 'static>) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            // What was read before an error is still worth showing.
            let _ = pipe.read_to_end(&mut bytes);
        }
        bytes
    })
}

fn checked(command: &Command, output: &Output) -> Result<String> {
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said =
        [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).trim_end().to_owned()).join("\n");
    Err(Error::new(format!("`{}` ended with {}\n{}", line_of(command), output.status, said.trim())))
}

fn cannot_start(command: &Command, cause: &std::io::Error) -> Error {
    Error::new(format!("cannot start `{}`: {cause}", line_of(command)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_outer_cargo_tells_its_children_does_not_reach_a_guest_build() {
        let kept = ["PATH", "CARGO", "CARGO_HOME", "RUSTC", "RUSTUP_TOOLCHAIN", "CARGO_NET_OFFLINE"];
        let taken = ["RUSTFLAGS", "RUSTC_WORKSPACE_WRAPPER", "OUT_DIR", "CARGO_CFG_UNIX", "CARGO_PKG_NAME"];
        assert_eq!(kept.map(|name| belongs_to_outer_build(OsStr::new(name))), [false; 6]);
        assert_eq!(taken.map(|name| belongs_to_outer_build(OsStr::new(name))), [true; 5]);
    }

    #[test]
    fn a_program_that_hangs_is_ended() {
        let error = output_within(Command::new("sleep").arg("600"), Duration::ZERO).unwrap_err();
        assert_eq!(error.to_string(), "`sleep 600` did not end within 0 s");
    }

    #[test]
    fn a_program_that_fails_is_quoted() {
        let error = output(Command::new("sh").args(["-c", "echo out; echo bad >&2; exit 3"])).unwrap_err();
        assert_eq!(error.to_string(), "`sh -c echo out; echo bad >&2; exit 3` ended with exit status: 3\nout\nbad");
    }
}
