//! What the build scripts share: talking to cargo, and putting components into their output folder.

use std::path::{Path, PathBuf};
use std::{env, fs};

use crate::error::{Error, Result};
use crate::guests::Component;

/// Hands the error to cargo, which then shows it in place of a panic and its backtrace.
#[expect(clippy::print_stdout, reason = "how a build script talks to cargo")]
pub fn report(outcome: Result<()>) {
    if let Err(error) = outcome {
        for line in error.to_string().lines() {
            println!("cargo::error={line}");
        }
    }
}

/// Asks cargo to run the script again when one of these changes.
#[expect(clippy::print_stdout, reason = "how a build script talks to cargo")]
pub fn rerun_if_changed(paths: &[PathBuf]) {
    let package = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let repository = package.as_deref().and_then(Path::parent);
    for path in paths {
        // From the package on: another clone that builds into the same directory must not look at this one's files.
        let within = repository.and_then(|repository| path.strip_prefix(repository).ok());
        let path = within.map_or_else(|| path.clone(), |within| Path::new("..").join(within));
        println!("cargo::rerun-if-changed={}", path.display());
    }
}

/// The folder that cargo gives to the script.
pub fn output_folder() -> Result<PathBuf> {
    env::var_os("OUT_DIR").map(PathBuf::from).ok_or_else(|| Error::new("not run by cargo as a build script"))
}

/// Copies a component into the output folder, so that what was built and what is used stay the same
/// while guests are built anew. Returns the copy and its bytes.
pub fn take(component: &Component, folder: &Path) -> Result<(PathBuf, Vec<u8>)> {
    let copy = folder.join(format!("{}.wasm", component.name));
    let bytes = fs::read(&component.file).map_err(|cause| Error::file("read", &component.file, &cause))?;
    fs::write(&copy, &bytes).map_err(|cause| Error::file("write", &copy, &cause))?;
    Ok((copy, bytes))
}

/// Writes a file of Rust that the package includes.
pub fn write(file: &Path, text: &str) -> Result<()> {
    fs::write(file, text).map_err(|cause| Error::file("write", file, &cause))
}
