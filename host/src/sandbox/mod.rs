//! The sandbox: loads components, lets them describe themselves, and calls their tools.
//!
//! The only room that names the engine. A [`Sandbox`] is made once per process. Each call gets a fresh
//! instance in a fresh store with all limits armed, on a thread where it may block, and with the
//! [`Authority`](crate::capability::Authority) it was given and nothing else.

mod bindings;
mod call;
mod capture;
mod clock;
pub mod compiled;
mod component;
mod convert;
mod describe;
mod engine;
mod enter;
mod filesystem;
mod hook;
mod hook_convert;
mod host;
mod http;
mod http_body;
mod http_texts;
mod limits;
mod linker;
mod memory;
mod output;
mod permits;
mod points;
mod state;
mod stream;
mod thread;
mod ticker;
mod trap;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use wasmtime::Engine;
use wasmtime::component::Linker;

pub use hook::{HookAnswer, HookCall, HookInstance};
pub use limits::Limits;
pub(crate) use output::{cut_and_clean, outcome_of_native};

use crate::capability::http::Egress;
use crate::digest::Digest;
use crate::error::{Error, Result};
use crate::plugin::{ComponentBytes, Definition, PluginInfo, ToolSpec};
use compiled::Compilation;
use component::CheckedComponent;
use permits::Permits;
use state::CallState;
use thread::Threads;
use ticker::Ticker;

/// Loads and calls components. Cheap to clone; all clones share engine, threads and limits.
#[derive(Clone)]
pub struct Sandbox(Arc<Shared>);

struct Shared {
    engine: Engine,
    linker: Linker<CallState>,
    compilation: Compilation,
    ticker: Ticker,
    threads: Arc<Threads>,
    permits: Arc<Permits>,
    /// Components that had to be asked what they are.
    asked: AtomicUsize,
}

/// A component that can be called, with what it says of itself. Cheap to clone.
#[derive(Clone)]
pub struct Plugin {
    component: CheckedComponent,
    described: Arc<Description>,
}

/// What a plugin says of itself, checked.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
struct Description {
    info: PluginInfo,
    tools: Vec<ToolSpec>,
}

impl Sandbox {
    /// Starts the engine, with components compiled in this process and kept nowhere. Fails where this
    /// machine cannot run one.
    pub fn new() -> Result<Self> {
        Self::with_compilation(Compilation::here())
    }

    /// Starts the engine, with a say in how components are compiled.
    pub fn with_compilation(compilation: Compilation) -> Result<Self> {
        Self::with(compilation, Egress::default())
    }

    /// The same, with a say in how the names of hosts are resolved.
    pub fn with(compilation: Compilation, egress: Egress) -> Result<Self> {
        let engine = engine::new()?;
        Ok(Self(Arc::new(Shared {
            linker: linker::new(&engine)?,
            compilation,
            ticker: Ticker::start(&engine)?,
            threads: Arc::new(Threads::new(egress)),
            permits: Arc::new(Permits::new()),
            asked: AtomicUsize::new(0),
            engine,
        })))
    }

    /// The compiled form of a component, for a process that does nothing else.
    pub fn precompile(name: &str, bytes: &[u8]) -> Result<Vec<u8>> {
        component::check_form(name, bytes)?;
        compiled::precompile(&engine::new()?, name, bytes)
    }

    /// Compiles a component, checks it and lets it describe itself. `name` is what the operator calls it.
    ///
    /// # Errors
    /// Bytes that are no component, imports that are not offered, exports of another contract, a
    /// description that is not of the contract's form: each by name, with exit code 2.
    pub async fn load(&self, name: &str, bytes: impl Into<ComponentBytes>) -> Result<Plugin> {
        let bytes = bytes.into();
        component::check_form(name, bytes.as_slice())?;
        let digest = bytes.digest();
        let (shared, called) = (Arc::clone(&self.0), name.to_owned());
        let compiling = move || shared.compilation.component(&shared.engine, &called, &bytes);
        let component = tokio::task::spawn_blocking(compiling)
            .await
            .map_err(|_| Error::failed(format!("compiling plugin `{name}` was broken off")))??;
        let component = CheckedComponent::new(&self.0.engine, &self.0.linker, name, digest, &component)?;
        let described = self.description(name, &component).await?;
        Ok(Plugin { component, described: Arc::new(described) })
    }

    /// What the component says of itself: as it was kept, else asked and kept.
    async fn description(&self, name: &str, component: &CheckedComponent) -> Result<Description> {
        let (compilation, digest) = (&self.0.compilation, component.digest());
        if let Some(kept) = compilation.description(&self.0.engine, digest).and_then(|kept| describe::from_kept(&kept))
        {
            return Ok(kept);
        }
        self.0.asked.fetch_add(1, Ordering::Relaxed);
        let described = self.describe(name, component).await?;
        if let Ok(kept) = serde_json::to_vec(&described) {
            compilation.keep_description(&self.0.engine, digest, &kept);
        }
        Ok(described)
    }

    /// How many components had to be asked what they are, since nothing was kept of them.
    pub fn asked(&self) -> usize {
        self.0.asked.load(Ordering::Relaxed)
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

    /// All that it is, apart from its code.
    pub fn definition(&self) -> Definition {
        Definition::new(self.info(), self.tools(), self.component.imports(), self.hook_points())
    }

    /// The hook points that it exports, by the names of the contract.
    pub fn hook_points(&self) -> &[String] {
        self.component.hook_points()
    }
}
