//! Compiled code: made once per component, kept on a shelf, taken back only if it is what was put there.
//! Beside it lies what the component said of itself, under the same seal.
//!
//! Compiled code is native code. What comes from the shelf carries a digest that is keyed with a secret
//! kept elsewhere, over its name and the very bytes that are then loaded: that stops foreign, mixed-up,
//! restored and torn entries. It does not stop whoever can read the key, which is the same user.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use wasmtime::Engine;
use wasmtime::component::Component;

use super::component;
use crate::digest::Digest;
use crate::error::{Error, Result};
use crate::plugin::ComponentBytes;

/// Bytes of the keyed digest behind an entry: so that what it seals is loaded from where it was read to.
const TAG_BYTES: usize = 32;

/// Where compiled components are kept. Names are plain file names.
pub trait Shelf: Send + Sync {
    /// What is kept under a name, if anything.
    fn read(&self, name: &str) -> Option<Vec<u8>>;

    /// The same as a file that is mapped instead of copied. Only for a shelf whose files are never written to
    /// once they have their names.
    fn open(&self, _name: &str) -> Option<OpenEntry> {
        None
    }

    /// Keeps something, whole or not at all. A shelf that cannot is no error: it is compiled again.
    fn write(&self, name: &str, bytes: &[u8]);
}

/// An entry that is open as a file.
pub struct OpenEntry {
    /// Reads it from its beginning.
    pub content: Box<dyn Read>,
    /// How many bytes that gives.
    pub len: u64,
    /// Names this very file, whatever lies under the entry's name by now.
    pub path: PathBuf,
}

/// Compiles components somewhere else, where a hostile one can do less harm.
pub trait Compiler: Send + Sync {
    /// The compiled form of a component, as [`Sandbox::precompile`](super::Sandbox::precompile) makes it.
    fn compile(&self, name: &str, component: &[u8]) -> Result<Vec<u8>, Fault>;
}

/// Why a component was not compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// A clause.
    pub why: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// How components become code.
#[derive(Clone, Default)]
pub struct Compilation {
    shelf: Option<(Arc<dyn Shelf>, [u8; 32])>,
    compile_elsewhere: Option<Arc<dyn Compiler>>,
}

impl Compilation {
    /// In this process, kept nowhere.
    pub fn here() -> Self {
        Self::default()
    }

    /// Keeps what was compiled, sealed with a key that must not lie on the shelf.
    pub fn with_shelf(mut self, shelf: Arc<dyn Shelf>, key: [u8; 32]) -> Self {
        self.shelf = Some((shelf, key));
        self
    }

    /// Compiles somewhere else.
    pub fn with_compiler(mut self, compiler: Arc<dyn Compiler>) -> Self {
        self.compile_elsewhere = Some(compiler);
        self
    }

    /// The component of these bytes: from the shelf, else compiled and put there.
    pub(super) fn component(&self, engine: &Engine, name: &str, bytes: &ComponentBytes) -> Result<Component> {
        let entry = entry_name(engine, bytes.digest());
        if let Some(known) = self.take(engine, &entry) {
            return Ok(known);
        }
        let Some(code) = self.compile(engine, name, bytes.as_slice())? else {
            return Component::new(engine, bytes.as_slice())
                .map_err(|error| component::does_not_compile(name, &format!("{error:#}")));
        };
        self.keep(&entry, &code);
        load(engine, &code).map_err(|error| {
            Error::failed(format!("plugin `{name}` was compiled to something that does not load: {error:#}"))
        })
    }

    fn compile(&self, engine: &Engine, name: &str, bytes: &[u8]) -> Result<Option<Vec<u8>>> {
        if let Some(compiler) = &self.compile_elsewhere {
            return compiler.compile(name, bytes).map(Some).map_err(|fault| {
                let error = component::does_not_compile(name, &fault.why);
                match fault.hint {
                    Some(hint) => error.hint(hint),
                    None => error,
                }
            });
        }
        if self.shelf.is_none() {
            return Ok(None);
        }
        precompile(engine, name, bytes).map(Some)
    }

    /// What the component of this digest said of itself, as it was kept.
    pub(super) fn description(&self, engine: &Engine, digest: Digest) -> Option<Vec<u8>> {
        self.read(&description_name(engine, digest))
    }

    /// Keeps what a component said of itself.
    pub(super) fn keep_description(&self, engine: &Engine, digest: Digest, description: &[u8]) {
        self.keep(&description_name(engine, digest), description);
    }

    fn take(&self, engine: &Engine, entry: &str) -> Option<Component> {
        let (shelf, key) = self.shelf.as_ref()?;
        if let Some(mut open) = shelf.open(entry) {
            verify(key, entry, &mut open)?;
            if let Ok(component) = map(engine, &open) {
                return Some(component);
            }
        }
        load(engine, &self.read(entry)?).ok()
    }

    /// What lies on the shelf under a name, if it is what was put there.
    fn read(&self, entry: &str) -> Option<Vec<u8>> {
        let (shelf, key) = self.shelf.as_ref()?;
        let mut sealed = shelf.read(entry)?;
        let (kept, tag) = sealed.split_at_checked(sealed.len().checked_sub(TAG_BYTES)?)?;
        seal(key, entry).chain_update(kept).verify_slice(tag).ok()?;
        sealed.truncate(kept.len());
        Some(sealed)
    }

    fn keep(&self, entry: &str, code: &[u8]) {
        let Some((shelf, key)) = &self.shelf else { return };
        let tag = seal(key, entry).chain_update(code).finalize().into_bytes();
        shelf.write(entry, &[code, tag.as_slice()].concat());
    }
}

/// Compiles a component in this process.
pub(super) fn precompile(engine: &Engine, name: &str, bytes: &[u8]) -> Result<Vec<u8>> {
    engine.precompile_component(bytes).map_err(|error| component::does_not_compile(name, &format!("{error:#}")))
}

/// One entry per component and per everything that decides what code looks like: the engine's version,
/// its settings, the features of this processor.
fn entry_name(engine: &Engine, digest: Digest) -> String {
    let mut hasher = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    format!("{:016x}-{}", hasher.finish(), digest.to_hex())
}

/// Beside the code of the component; another version of this host asks again.
fn description_name(engine: &Engine, digest: Digest) -> String {
    format!("{}-described-{}", entry_name(engine, digest), env!("CARGO_PKG_VERSION"))
}

/// A keyed digest that has taken in the name of an entry and waits for what lies there.
fn seal(key: &[u8; 32], entry: &str) -> Hmac<Sha256> {
    // HMAC pads a key to its block with zeros.
    let mut block = [0; 64];
    block[..key.len()].copy_from_slice(key);
    Hmac::new(&block.into()).chain_update(entry)
}

/// Whether what is open is what was put on the shelf under this name. Read through a buffer that stays warm.
fn verify(key: &[u8; 32], entry: &str, open: &mut OpenEntry) -> Option<()> {
    let mut left = usize::try_from(open.len).ok()?.checked_sub(TAG_BYTES)?;
    let (mut seal, mut buffer, mut tag) = (seal(key, entry), vec![0; 64 << 10], [0; TAG_BYTES]);
    while left > 0 {
        let part = buffer.len().min(left);
        open.content.read_exact(&mut buffer[..part]).ok()?;
        seal.update(&buffer[..part]);
        left -= part;
    }
    open.content.read_exact(&mut tag).ok()?;
    seal.verify_slice(&tag).ok()
}

/// Maps what was verified: pages that no call runs through are never read.
fn map(engine: &Engine, open: &OpenEntry) -> wasmtime::Result<Component> {
    #[expect(unsafe_code, reason = "the seal of these bytes was verified, and they are not written to")]
    // SAFETY: the file holds the output of `precompile` of this engine, sealed with our key, and then the
    // seal, which the format does not reach. A shelf promises that the path names what was read and that it
    // is only ever replaced, not written to; who breaks that promise could write to this process as well.
    unsafe {
        Component::deserialize_file(engine, &open.path)
    }
}

fn load(engine: &Engine, code: &[u8]) -> wasmtime::Result<Component> {
    #[expect(
        unsafe_code,
        reason = "the bytes were made by this engine: just now, or sealed with our key when they were"
    )]
    // SAFETY: `code` is the output of `precompile` of this engine, from our own compiler process or from
    // an entry whose keyed digest was verified over these very bytes.
    unsafe {
        Component::deserialize(engine, code)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Mutex;

    use super::*;

    #[derive(Default)]
    struct Memory(Mutex<BTreeMap<String, Vec<u8>>>);

    impl Shelf for Memory {
        fn read(&self, name: &str) -> Option<Vec<u8>> {
            self.0.lock().ok()?.get(name).cloned()
        }

        fn write(&self, name: &str, bytes: &[u8]) {
            self.0.lock().expect("not poisoned").insert(name.to_owned(), bytes.to_vec());
        }
    }

    /// Two components, put on a shelf.
    fn shelved() -> (Engine, Arc<Memory>, Compilation, [String; 2]) {
        let engine = super::super::engine::new().expect("an engine");
        let shelf = Arc::new(Memory::default());
        let compilation = Compilation::here().with_shelf(Arc::clone(&shelf) as Arc<dyn Shelf>, [7; 32]);
        let names = ["(component)", "(component (core module))"].map(|text| {
            let bytes = ComponentBytes::from(wat::parse_str(text).expect("a component"));
            compilation.component(&engine, "x", &bytes).expect("compiles");
            entry_name(&engine, bytes.digest())
        });
        (engine, shelf, compilation, names)
    }

    #[test]
    fn what_was_put_on_the_shelf_is_taken_back() {
        let (engine, _, compilation, names) = shelved();
        assert!(names.iter().all(|name| compilation.take(&engine, name).is_some()));
        assert!(compilation.take(&engine, "another").is_none());
    }

    #[test]
    fn an_entry_that_is_torn_flipped_swapped_or_foreign_is_not_taken() {
        let (engine, shelf, compilation, [first, second]) = shelved();
        let whole = shelf.read(&first).expect("is there");
        let other = shelf.read(&second).expect("is there");
        let mut flipped = whole.clone();
        flipped[whole.len() / 2] ^= 1;
        let foreign = [&whole[..whole.len() - TAG_BYTES], [0; TAG_BYTES].as_slice()].concat();
        for bytes in [&whole[..whole.len() / 2], &flipped, &other, &foreign, &[]] {
            shelf.write(&first, bytes);
            assert!(compilation.take(&engine, &first).is_none());
        }
        shelf.write(&first, &whole);
        let other_key = Compilation::here().with_shelf(shelf as Arc<dyn Shelf>, [8; 32]);
        assert!(other_key.take(&engine, &first).is_none());
        assert!(compilation.take(&engine, &first).is_some());
    }
}
