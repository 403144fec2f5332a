//! A host as an embedding program makes it: built-in plugins, one mount, a policy, compiled code kept.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use looplet_host::agent::machine::CallRequest;
use looplet_host::agent::{Dispatch as _, Prepared};
use looplet_host::canonical::CanonicalJson;
use looplet_host::gate::Gate;
use looplet_host::hook::RunView;
use looplet_host::host::Host;
use looplet_host::machine::PluginFile;
use looplet_host::message::{Content, Outcome};
use looplet_host::model::select::Environment;
use looplet_host::record::{RunId, ToolRecord};
use looplet_host::sandbox::Sandbox;
use looplet_host::sandbox::compiled::{Compilation, Shelf};
use looplet_host::settings::{Flags, Layers, ProjectFile, Settings, SourceFile, Surroundings};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

/// What the operator writes: the tools of two plugins may do in the mount what they ask for.
pub(crate) const POLICY: &str = r#"
format = 1
[mounts.workspace]
path = "."
mode = "rw"
[grants]
"files" = { fs = { workspace = "rw" } }
[[rules]]
tool = ["files", "greet"]
decision = "allow"
"#;

/// Compiled plugins, kept from run to run.
struct Folder(PathBuf);

impl Shelf for Folder {
    fn read(&self, name: &str) -> Option<Vec<u8>> {
        fs::read(self.0.join(name)).ok()
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        fs::create_dir_all(&self.0).expect("a directory");
        fs::write(self.0.join(name), bytes).expect("a file");
    }
}

/// A host and the runtime that its callers wait on.
pub(crate) struct Assembled {
    pub(crate) runtime: Runtime,
    pub(crate) host: Host,
    /// One gate for all calls, as within one run.
    pub(crate) gate: Arc<Gate>,
}

impl Assembled {
    /// With `workspace` as the mount.
    pub(crate) fn at(workspace: &Path) -> Self {
        Self::with(workspace, POLICY)
    }

    /// The same under another policy.
    pub(crate) fn with(workspace: &Path, policy: &str) -> Self {
        let runtime = runtime();
        let policy = SourceFile { name: "bench.toml".into(), dir: workspace.into(), text: policy.into() };
        let layers = Layers { user: None, project: Some(ProjectFile::Policy(policy)) };
        let surroundings = Surroundings { terminal: false, cwd: workspace.into(), home: None };
        let settings = Settings::load(&layers, &Flags::default(), &surroundings).expect("is in order");
        let files = plugins().filter(|file| matches!(&*file.name, "files" | "greet" | "http"));
        let (sandbox, variables) = (sandbox(), Environment::default());
        let assembling = Host::assemble(&sandbox, settings, files.collect(), Vec::new(), &[], &variables);
        let host = runtime.block_on(assembling).expect("is assembled");
        let gate = Arc::new(host.gate());
        Self { runtime, host, gate }
    }

    /// One call through everything that a call passes: canonical arguments, schema, policy, authority, a
    /// fresh instance on its own thread. Answers what the model would be told.
    pub(crate) async fn call(&self, tool: &Arc<ToolRecord>, arguments: &str) -> Content {
        match self.outcome(tool, arguments).await {
            Outcome::Ok(output) => output.content,
            other => panic!("`{}` does not succeed: {other:?}", tool.full_name()),
        }
    }

    /// The same, whatever comes of it.
    pub(crate) async fn outcome(&self, tool: &Arc<ToolRecord>, arguments: &str) -> Outcome {
        let arguments = CanonicalJson::from_text(arguments).expect("is an object");
        let left = looplet_host::budget::Budget::default();
        let request = CallRequest { left, id: "call-1".into(), step: 1, turn: 1, tool: Arc::clone(tool), arguments };
        let (cancel, view) = (CancellationToken::new(), RunView::of_beginning(RunId::generate()));
        let Prepared::Ready(_, call) = self.gate.prepare(&request, &view, &cancel).await else {
            panic!("`{}` is not allowed", tool.full_name());
        };
        call.perform(cancel).await.outcome
    }

    /// The same, waited for.
    pub(crate) fn call_now(&self, tool: &Arc<ToolRecord>, arguments: &str) -> Content {
        self.runtime.block_on(self.call(tool, arguments))
    }

    /// A tool by its full name.
    pub(crate) fn tool(&self, name: &str) -> Arc<ToolRecord> {
        Arc::new(self.gate.tool(name).expect("is a tool").to_record())
    }
}

/// As callers have one: of this thread, with a timer.
pub(crate) fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// What is built in, that which is loaded only where it is granted something included.
fn plugins() -> impl Iterator<Item = PluginFile> {
    PluginFile::built_in().into_iter().chain(looplet_host::builtin::get("http").map(PluginFile::from))
}

/// A sandbox whose compiled plugins are kept.
fn sandbox() -> Sandbox {
    let shelf = Arc::new(Folder(Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench-cache")));
    Sandbox::with_compilation(Compilation::here().with_shelf(shelf, [7; 32])).expect("starts")
}

/// Loads every plugin once, so that all are compiled.
pub(crate) fn sandbox_with_all() -> Sandbox {
    let (sandbox, runtime) = (sandbox(), runtime());
    for file in plugins() {
        runtime.block_on(sandbox.load(&file.name, file.bytes)).expect("loads");
    }
    sandbox
}
