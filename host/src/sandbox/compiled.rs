//! Compiled code: made once per component, kept on a shelf, taken back only if it is what was put there.
//! Beside it lies what the component said of itself, under the same seal.
//!
//! Compiled code is native code. What comes from the shelf carries a digest that is keyed with a secret
//! kept elsewhere, over its name and the very bytes that are then loaded: that stops foreign, mixed-up,
//! restored and torn entries. It does not stop whoever can read the key, which is the same user.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use wasmtime::Engine;
use wasmtime::component::Component;

use super::component;
use crate::digest::Digest;
use crate::error::{Error, Result};

/// Bytes of the keyed digest in front of an entry.
const TAG_BYTES: usize = 32;

/// Where compiled components are kept. Names are plain file names.
pub trait Shelf: Send + Sync {
    /// What is kept under a name, if anything.
    fn read(&self, name: &str) -> Option<Vec<u8>>;

    /// Keeps something, whole or not at all. A shelf that cannot is no error: it is compiled again.
    fn write(&self, name: &str, bytes: &[u8]);
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
    pub(super) fn component(&self, engine: &Engine, name: &str, digest: Digest, bytes: &[u8]) -> Result<Component> {
        let entry = entry_name(engine, digest);
        if let Some(known) = self.take(engine, &entry) {
            return Ok(known);
        }
        let Some(code) = self.compile(engine, name, bytes)? else {
            return Component::new(engine, bytes)
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
        self.open(&description_name(engine, digest))
    }

    /// Keeps what a component said of itself.
    pub(super) fn keep_description(&self, engine: &Engine, digest: Digest, description: &[u8]) {
        self.keep(&description_name(engine, digest), description);
    }

    fn take(&self, engine: &Engine, entry: &str) -> Option<Component> {
        load(engine, &self.open(entry)?).ok()
    }

    /// What lies on the shelf under a name, if it is what was put there.
    fn open(&self, entry: &str) -> Option<Vec<u8>> {
        let (shelf, key) = self.shelf.as_ref()?;
        let mut sealed = shelf.read(entry)?;
        let (tag, kept) = sealed.split_at_checked(TAG_BYTES)?;
        seal(key, entry, kept).verify_slice(tag).ok()?;
        Some(sealed.split_off(TAG_BYTES))
    }

    fn keep(&self, entry: &str, code: &[u8]) {
        let Some((shelf, key)) = &self.shelf else { return };
        let mut sealed = seal(key, entry, code).finalize().into_bytes().to_vec();
        sealed.extend_from_slice(code);
        shelf.write(entry, &sealed);
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

fn seal(key: &[u8; 32], entry: &str, code: &[u8]) -> Hmac<Sha256> {
    // HMAC pads a key to its block with zeros.
    let mut block = [0; 64];
    block[..key.len()].copy_from_slice(key);
    let mut seal = Hmac::new(&block.into());
    seal.update(entry.as_bytes());
    seal.update(code);
    seal
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

    type Components = Vec<(Digest, Vec<u8>)>;

    /// An engine, two components, and a shelf on which both lie.
    fn shelved() -> (Engine, Arc<Memory>, Compilation, Components) {
        let engine = super::super::engine::new().expect("an engine");
        let shelf = Arc::new(Memory::default());
        let compilation = Compilation::here().with_shelf(Arc::clone(&shelf) as Arc<dyn Shelf>, [7; 32]);
        let texts = ["(component)", "(component (core module))"];
        let components: Vec<_> = texts
            .iter()
            .map(|text| wat::parse_str(text).expect("a component"))
            .map(|bytes| (Digest::of(&bytes), bytes))
            .collect();
        for (digest, bytes) in &components {
            compilation.component(&engine, "x", *digest, bytes).expect("compiles");
        }
        (engine, shelf, compilation, components)
    }

    #[test]
    fn what_was_put_on_the_shelf_is_taken_back() {
        let (engine, shelf, compilation, components) = shelved();
        assert_eq!(shelf.0.lock().expect("not poisoned").len(), 2);
        let entry = entry_name(&engine, components[0].0);
        assert!(compilation.take(&engine, &entry).is_some());
    }

    #[test]
    fn an_entry_that_is_torn_flipped_swapped_or_foreign_is_not_taken() {
        let (engine, shelf, compilation, components) = shelved();
        let (first, second) = (entry_name(&engine, components[0].0), entry_name(&engine, components[1].0));
        let whole = shelf.read(&first).expect("is there");
        let other = shelf.read(&second).expect("is there");
        let mut flipped = whole.clone();
        let last = flipped.len() - 1;
        flipped[last] ^= 1;
        let foreign = [[0; TAG_BYTES].as_slice(), &whole[TAG_BYTES..]].concat();
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
