//! What a person sees who asks for help or mistypes.
//!
//! Also the smallest test target of the workspace, which `xtask/src/host.rs` builds beside the host.
#![allow(clippy::disallowed_methods, reason = "starts the program")]

use std::process::Command;

fn xtask(arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_xtask")).args(arguments).output().expect("cargo built it");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "", "stdout is the host's");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn help_lists_every_command_and_is_what_no_command_means() {
    let (code, help) = xtask(&["help"]);
    assert_eq!(code, Some(0));
    for command in ["run [ARGS…]", "plugins", "test", "help"] {
        assert!(help.contains(&format!("cargo xtask {command} ")), "{help}");
    }
    assert_eq!(xtask(&[]), (Some(0), help));
}

#[test]
fn an_unknown_command_is_named() {
    let expected = "error: no command `biuld`\nhint: `cargo xtask help` lists them\n";
    assert_eq!(xtask(&["biuld"]), (Some(1), expected.to_owned()));
}

#[test]
fn an_argument_that_would_be_ignored_is_refused() {
    let expected = "error: `cargo xtask test` takes no arguments\n";
    assert_eq!(xtask(&["test", "--quick"]), (Some(1), expected.to_owned()));
}
