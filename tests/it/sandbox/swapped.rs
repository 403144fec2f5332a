//! A plugin whose file is replaced while it is being loaded, and a shelf on which somebody has been: what
//! was hashed is what is compiled, described and run.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use looplet_host::digest::Digest;
use looplet_host::sandbox::Sandbox;
use looplet_host::sandbox::compiled::{Compilation, Compiler, Fault, OpenEntry, Shelf};
use looplet_tests::guests;
use looplet_tests::harness::block_on;
use tempfile::TempDir;

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

/// A shelf on the disk whose entries are mapped and cannot be had otherwise.
struct Folder(TempDir);

impl Shelf for Folder {
    fn read(&self, _name: &str) -> Option<Vec<u8>> {
        None
    }

    fn open(&self, name: &str) -> Option<OpenEntry> {
        let path = self.0.path().join(name);
        let file = std::fs::File::open(&path).ok()?;
        Some(OpenEntry { len: file.metadata().ok()?.len(), content: Box::new(file), path })
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.0.path().join(name), bytes).expect("is written");
    }
}

impl Folder {
    /// The only entry that is code.
    fn code(&self) -> PathBuf {
        let mut entries =
            std::fs::read_dir(self.0.path()).expect("is listed").map(|entry| entry.expect("is one").path());
        entries.find(|path| !path.to_string_lossy().contains("described")).expect("there is code")
    }
}

/// Compiles nothing.
struct Never;

impl Compiler for Never {
    fn compile(&self, _name: &str, _component: &[u8]) -> Result<Vec<u8>, Fault> {
        Err(Fault { why: "had to be compiled".to_owned(), hint: None })
    }
}

#[test]
fn mapped_code_runs_and_is_compiled_anew_where_one_byte_of_it_is_another() {
    let shelf = Arc::new(Folder(TempDir::new().expect("a directory")));
    let bytes = std::fs::read(guests::LIMITS_BURN).expect("is built");
    let kept = || Compilation::here().with_shelf(Arc::clone(&shelf) as Arc<dyn Shelf>, [7; 32]);
    let load = |compilation| block_on(Sandbox::with_compilation(compilation)?.load("guest", bytes.clone()));
    load(kept()).expect("is compiled and kept");
    let whole = std::fs::read(shelf.code()).expect("is there");

    // Describing runs in it, since what it said is kept nowhere that can be read.
    let plugin = load(kept().with_compiler(Arc::new(Never))).expect("is mapped");
    assert_eq!(plugin.tools()[0].name, "burn");
    drop(plugin);

    for at in [0, whole.len() / 2, whole.len() - 1] {
        let mut flipped = whole.clone();
        flipped[at] ^= 1;
        std::fs::write(shelf.code(), flipped).expect("is written");
        let refused = load(kept().with_compiler(Arc::new(Never))).err().expect("is not taken");
        assert!(refused.message().contains("had to be compiled"), "{refused:?}");
    }
    for torn in [&whole[..whole.len() - 1], &whole[..31], &[]] {
        std::fs::write(shelf.code(), torn).expect("is written");
        assert!(load(kept().with_compiler(Arc::new(Never))).is_err());
    }
}
