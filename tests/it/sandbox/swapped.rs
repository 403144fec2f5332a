//! A plugin whose file is replaced while it is being loaded, and a shelf on which somebody has been: what
//! was hashed is what is compiled, described and run.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use looplet_host::digest::Digest;
use looplet_host::sandbox::Sandbox;
use looplet_host::sandbox::compiled::{Compilation, Compiler, Fault, Shelf};
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

#[derive(Default)]
struct Kept(Mutex<BTreeMap<String, Vec<u8>>>);

impl Shelf for Kept {
    fn read(&self, name: &str) -> Option<Vec<u8>> {
        self.0.lock().expect("unpoisoned").get(name).cloned()
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        self.0.lock().expect("unpoisoned").insert(name.to_owned(), bytes.to_vec());
    }
}

/// What a start with this shelf and key finds out about two guests, and how many it had to ask.
fn start(shelf: &Arc<Kept>, key: u8) -> (String, usize) {
    let compilation = Compilation::here().with_shelf(Arc::clone(shelf) as Arc<dyn Shelf>, [key; 32]);
    let sandbox = Sandbox::with_compilation(compilation).expect("a sandbox");
    let said = [guests::LIMITS_BURN, guests::TERMINAL_PERSON].map(|guest| {
        let plugin = block_on(sandbox.load("guest", std::fs::read(guest).expect("is built"))).expect("loads");
        format!("{:?} {:?}", plugin.info(), plugin.tools())
    });
    (said.join("\n"), sandbox.asked())
}

#[test]
fn what_a_plugin_said_of_itself_is_asked_once_and_never_believed_from_others() {
    let shelf = Arc::new(Kept::default());
    let (fresh, asked) = start(&shelf, 7);
    assert_eq!(asked, 2);
    assert_eq!(start(&shelf, 7), (fresh.clone(), 0));
    let names: Vec<_> =
        shelf.0.lock().expect("unpoisoned").keys().filter(|name| name.contains("described")).cloned().collect();
    let [one, two] = &names[..] else { panic!("{names:?}") };
    let (first, second) = (shelf.read(one).expect("is kept"), shelf.read(two).expect("is kept"));
    let mut flipped = first.clone();
    flipped[40] ^= 1;
    for tampered in [&first[..first.len() / 2], &flipped, &second, b"", &first[32..]] {
        shelf.write(one, tampered);
        assert_eq!(start(&shelf, 7), (fresh.clone(), 1));
        assert_eq!(shelf.read(one).as_ref(), Some(&first));
    }
    assert_eq!(start(&shelf, 8), (fresh, 2));
}
