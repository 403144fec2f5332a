//! Where the program under test is: built from these sources, or named by `LOOPLET_HOST`.
//!
//! Cargo builds the programs of a package for its own tests alone, and these are a package of their own.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

/// The program, built at the first call.
pub(crate) fn host() -> &'static PathBuf {
    static HOST: OnceLock<PathBuf> = OnceLock::new();
    HOST.get_or_init(|| match std::env::var_os("LOOPLET_HOST") {
        Some(named) => PathBuf::from(named),
        None => built(),
    })
}

fn built() -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        // As `cargo xtask test` builds it: asked for the host alone, cargo would choose other features.
        .args(["build", "--quiet", "--workspace", "--bin", "looplet-host", "--test", "commands"])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .status()
        .expect("cargo starts");
    assert!(status.success(), "the program builds");
    // This test is `<profile>/deps/it-…`.
    let test = std::env::current_exe().expect("has a path");
    let profile = test.ancestors().nth(2).expect("is two folders deep");
    profile.join("looplet-host").with_extension(std::env::consts::EXE_EXTENSION)
}
