//! A tool that tries more than it was given, and reports how far it got.
//!
//! It asks for one directory, read-only. What it reaches beyond that is a hole in the wall; what it
//! reports is what the sandbox answered, not what a rule said.

mod files;
mod network;

use std::path::Path;

use looplet_guest::prelude::*;
use serde::Serialize;

/// What was tried, and what came of it.
#[derive(Debug, PartialEq, Serialize)]
struct Attempt {
    target: String,
    got: String,
    #[serde(skip)]
    reached: bool,
}

impl Attempt {
    /// Something was there.
    fn reached(target: impl Into<String>, got: impl Into<String>) -> Self {
        Self { target: target.into(), got: got.into(), reached: true }
    }

    /// Nothing was there.
    fn refused(target: impl Into<String>, got: impl Into<String>) -> Self {
        Self { target: target.into(), got: got.into(), reached: false }
    }
}

#[derive(Debug, PartialEq, Serialize)]
struct Report {
    attempts: Vec<Attempt>,
    /// How many attempts got something; the tool's own mount is one of them.
    reached: usize,
}

/// Try to reach what this tool was not given: files outside of its mount, the environment, the network. Answers
/// what came of each attempt. A demonstration of the sandbox, of no other use.
#[looplet_guest::tool(
    reads,
    idempotent,
    needs(fs(workspace, read, "to list it: the rest of what it tries is not asked for"))
)]
fn nosy() -> Result<Report, Failure> {
    Ok(look_around(Path::new("/workspace")))
}

fn look_around(mount: &Path) -> Report {
    let mut attempts = vec![files::read("/etc/passwd", Path::new("/etc/passwd"))];
    attempts.push(files::read("../../Cargo.toml", &mount.join("../../Cargo.toml")));
    attempts.extend(files::links_out(mount));
    attempts.push(environment());
    attempts.push(network::connect());
    attempts.push(files::write(mount));
    attempts.push(files::list(mount));
    let reached = attempts.iter().filter(|attempt| attempt.reached).count();
    Report { attempts, reached }
}

fn environment() -> Attempt {
    match std::env::vars_os().count() {
        0 => Attempt::refused("environment", "empty"),
        count => Attempt::reached("environment", format!("{count} variables")),
    }
}

looplet_guest::plugin!("nosy", tools: [nosy]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_reached_is_counted() {
        let mount = tempfile::tempdir().expect("a directory");
        let report = look_around(mount.path());
        let targets: Vec<_> = report.attempts.iter().map(|attempt| attempt.target.as_str()).collect();
        let all =
            ["/etc/passwd", "../../Cargo.toml", "environment", "network", "write to its own mount", "its own mount"];
        assert_eq!(targets, all);
        assert_eq!(report.reached, report.attempts.iter().filter(|attempt| attempt.reached).count());
    }
}
