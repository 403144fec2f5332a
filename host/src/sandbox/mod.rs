//! The sandbox: loads components, lets them describe themselves, and calls their tools.
//!
//! The only room that names the engine. A [`Sandbox`] is made once per process. Each call gets a fresh
//! instance in a fresh store with all limits armed, on a thread where it may block, and with the
//! [`Authority`](crate::capability::Authority) it was given and nothing else.

mod bindings;
mod call;
mod capture;
mod clock;
mod component;
mod convert;
mod describe;
mod engine;
mod filesystem;
mod host;
mod limits;
mod linker;
mod memory;
mod output;
mod state;
mod stream;
mod thread;
mod ticker;
mod trap;

use std::sync::Arc;

use tokio::sync::Semaphore;
use wasmtime::Engine;
use wasmtime::component::{Component, Linker};

pub use limits::Limits;

use crate::digest::Digest;
use crate::error::Result;
use crate::plugin::{PluginInfo, ToolSpec};
use component::CheckedComponent;
use state::CallState;
use thread::Threads;
use ticker::Ticker;

/// Loads and calls components. Cheap to clone; all clones share engine, threads and limits.
#[derive(Clone)]
pub struct Sandbox(Arc<Shared>);

struct Shared {
    engine: Engine,
    linker: Linker<CallState>,
    ticker: Ticker,
    threads: Arc<Threads>,
    /// Calls inside guests at once.
    calls: Arc<Semaphore>,
    /// Memory of all calls together, in MiB.
    memory: Arc<Semaphore>,
}

/// A component that can be called, with what it says of itself. Cheap to clone.
#[derive(Clone)]
pub struct Plugin {
    component: CheckedComponent,
    described: Arc<Description>,
}

/// What a plugin says of itself, checked.
#[derive(Debug)]
struct Description {
    info: PluginInfo,
    tools: Vec<ToolSpec>,
}

impl Sandbox {
    /// Starts the engine. Fails where this machine cannot run one.
    pub fn new() -> Result<Self> {
        let engine = engine::new()?;
        Ok(Self(Arc::new(Shared {
            linker: linker::new(&engine)?,
            ticker: Ticker::start(&engine)?,
            threads: Arc::default(),
            calls: Arc::new(Semaphore::new(Limits::CONCURRENT_CALLS)),
            memory: Arc::new(Semaphore::new(Limits::MEMORY_SUM_BYTES >> 20)),
            engine,
        })))
    }

    /// Compiles a component, checks it and lets it describe itself. `name` is what the operator calls it.
    ///
    /// # Errors
    /// Bytes that are no component, imports that are not offered, exports of another contract, a
    /// description that is not of the contract's form: each by name, with exit code 2.
    pub async fn load(&self, name: &str, bytes: &[u8]) -> Result<Plugin> {
        component::check_form(name, bytes)?;
        let digest = Digest::of(bytes);
        let component =
            Component::new(&self.0.engine, bytes).map_err(|error| component::does_not_compile(name, &error))?;
        let component = CheckedComponent::new(&self.0.engine, &self.0.linker, name, digest, &component)?;
        let described = self.describe(name, &component).await?;
        Ok(Plugin { component, described: Arc::new(described) })
    }

    /// How many threads are stuck in the kernel with a call that was given up.
    pub fn stuck_threads(&self) -> usize {
        self.0.threads.given_up()
    }
}

impl Plugin {
    /// Digest of the component.
    pub fn digest(&self) -> Digest {
        self.component.digest()
    }

    /// Who it says it is.
    pub fn info(&self) -> &PluginInfo {
        &self.described.info
    }

    /// The tools that it lists.
    pub fn tools(&self) -> &[ToolSpec] {
        &self.described.tools
    }

    /// The hook points that it exports, by the names of the contract.
    pub fn hook_points(&self) -> &[String] {
        self.component.hook_points()
    }
}
