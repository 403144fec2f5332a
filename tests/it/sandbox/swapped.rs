//! A plugin whose file is replaced while it is being loaded: what was hashed is what is compiled and run.

use std::path::PathBuf;
use std::sync::Arc;

use looplet_host::digest::Digest;
use looplet_host::sandbox::Sandbox;
use looplet_host::sandbox::compiled::{Compilation, Compiler, Fault};
use looplet_tests::guests;
use looplet_tests::harness::block_on;

/// Replaces the plugin's file just before it compiles.
struct Swapping {
    file: PathBuf,
    other: Vec<u8>,
}

impl Compiler for Swapping {
    fn compile(&self, name: &str, component: &[u8]) -> Result<Vec<u8>, Fault> {
        std::fs::write(&self.file, &self.other).expect("is replaced");
        Sandbox::precompile(name, component).map_err(|error| Fault { why: error.report(), hint: None })
    }
}

#[test]
fn a_file_that_is_replaced_between_reading_and_compiling_changes_nothing() {
    let top = tempfile::tempdir().expect("a directory");
    let file = top.path().join("guest.wasm");
    std::fs::copy(guests::LIMITS_BURN, &file).expect("is copied");
    let other = std::fs::read(guests::DESCRIBE_LIAR).expect("is built");
    let bytes = std::fs::read(&file).expect("is there");
    let digest = Digest::of(&bytes);
    let compiler = Swapping { file: file.clone(), other: other.clone() };
    let sandbox = Sandbox::with_compilation(Compilation::here().with_compiler(Arc::new(compiler))).expect("a sandbox");
    let plugin = block_on(sandbox.load("guest", bytes)).expect("loads");
    assert_eq!(std::fs::read(&file).expect("is there"), other);
    assert_eq!((plugin.digest(), plugin.info().id.as_str()), (digest, "limits-burn"));
    assert_eq!(plugin.tools()[0].name, "burn");
}
