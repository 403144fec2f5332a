//! How a program puts a host together: what it names is read, and nothing else.

use std::path::PathBuf;
use std::sync::Arc;

use super::{Around, Host};
use crate::error::{Error, Result};
use crate::journal::Runs;
use crate::machine::{self, Files, Machine, PluginFile};
use crate::model::select::Environment;
use crate::sandbox::Sandbox;
use crate::sandbox::compiled::{Compilation, Compiler};
use crate::settings::{Flags, GivenMount, GivenSecret, SaidBy, Settings};

/// Puts a [`Host`] together. Made by [`Host::builder`].
///
/// **With nothing asked for** no configuration file is read, no directory is mounted, every call is denied, and
/// the built-in plugins are loaded. Variables are those of the process, for the keys of models and for what is
/// granted by name; runs are kept in the user's state directory, and compiled components in the cache
/// directory. Components are compiled in this process, where a hostile one could take its memory:
/// [`HostBuilder::compiler`] does it elsewhere.
///
/// ```no_run
/// # async fn build() -> looplet_host::error::Result<()> {
/// use looplet_host::{Host, Mount};
///
/// let host = Host::builder()
///     .plugin("builtin:files")
///     .mount(Mount::read_only("workspace", ".")?.hide("private/**"))
///     .allow("files/*")
///     .build()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is put together before `build`"]
pub struct HostBuilder {
    machine: Option<Machine>,
    variables: Option<Environment>,
    flags: Flags,
    files: Files,
    plugins: Vec<Named>,
    keeping: Keeping,
    compilation: Option<Compilation>,
    compiler: Option<Arc<dyn Compiler>>,
}

/// A plugin that was named one by one.
enum Named {
    Text(String),
    Read(PluginFile),
}

/// Where journals go.
enum Keeping {
    UsualPlace,
    Directory(PathBuf),
    Memory,
}

impl Host {
    /// A host to be.
    pub fn builder() -> HostBuilder {
        HostBuilder {
            machine: None,
            variables: None,
            flags: Flags { by: SaidBy::Program, ..Flags::default() },
            files: Files::default(),
            plugins: Vec::new(),
            keeping: Keeping::UsualPlace,
            compilation: None,
            compiler: None,
        }
    }

    /// A host to be that writes nothing: journals are kept in memory, compiled components nowhere.
    pub fn ephemeral() -> HostBuilder {
        Self::builder().ephemeral()
    }
}

impl HostBuilder {
    /// Loads every component in a directory, each under the stem of its file.
    pub fn plugins(mut self, dir: impl Into<PathBuf>) -> Self {
        self.flags.plugins.push(dir.into());
        self
    }

    /// Loads one component: a file, or `builtin:NAME`.
    pub fn plugin(mut self, plugin: impl Into<String>) -> Self {
        self.plugins.push(Named::Text(plugin.into()));
        self
    }

    /// Loads components that were read already.
    pub fn components(mut self, files: Vec<PluginFile>) -> Self {
        self.plugins.extend(files.into_iter().map(Named::Read));
        self
    }

    /// Gives a directory to tools.
    pub fn mount(mut self, mount: GivenMount) -> Self {
        self.flags.given.push(mount);
        self
    }

    /// Gives tools a mount, a variable, a secret or requests, in the words of `--grant`: `PLUGIN/TOOL:fs.NAME=ro`,
    /// `PLUGIN/TOOL:env.NAME`, `PLUGIN/TOOL:secret.NAME`, `PLUGIN/TOOL:http=GET https://…`.
    pub fn grant(mut self, grant: impl Into<String>) -> Self {
        self.flags.grant.push(grant.into());
        self
    }

    /// Has the host add a secret to requests of the tools that are granted it.
    pub fn secret(mut self, secret: GivenSecret) -> Self {
        self.flags.secrets.push(secret);
        self
    }

    /// Has a hook called in every run, in the words of `--hook`: `NAME[+POWER…][=JSON]`, where the name is a
    /// `.wasm` file or `builtin:NAME`.
    pub fn hook(mut self, hook: impl Into<String>) -> Self {
        self.flags.hook.push(hook.into());
        self
    }

    /// Keeps out of runs what this regular expression matches: out of the journal, of requests, and of what hooks
    /// see. `[redacted]` stands in its place, and a call with such arguments is not run.
    pub fn redact(mut self, pattern: impl Into<String>) -> Self {
        self.flags.redact.push(pattern.into());
        self
    }

    /// Calls of these tools (`plugin/tool`, globs) run where no rule matches, and asks about them are answered
    /// with yes.
    pub fn allow(mut self, tools: impl Into<String>) -> Self {
        self.flags.allow.push(tools.into());
        self
    }

    /// Calls of these tools are put to the approver of the run; without one they are denied.
    pub fn ask(mut self, tools: impl Into<String>) -> Self {
        self.flags.ask.push(tools.into());
        self
    }

    /// Calls of these tools are refused.
    pub fn deny(mut self, tools: impl Into<String>) -> Self {
        self.flags.deny.push(tools.into());
        self
    }

    /// Reads a configuration file, as the operator's word. The project's own is then not read.
    pub fn policy_file(mut self, file: impl Into<PathBuf>) -> Self {
        self.files.policy = Some(file.into());
        self
    }

    /// Reads the user's own configuration file, where there is one.
    pub fn user_file(mut self) -> Self {
        self.files.user = true;
        self
    }

    /// Reads `looplet.toml` of the current directory, where there is one. Until somebody has trusted it, only
    /// what narrows counts.
    pub fn project_file(mut self) -> Self {
        self.files.project = true;
        self
    }

    /// The variables of the environment, in place of those of the process.
    pub fn variables<N: Into<String>, V: Into<String>>(mut self, variables: impl IntoIterator<Item = (N, V)>) -> Self {
        self.variables = Some(variables.into_iter().collect());
        self
    }

    /// Keeps journals in this directory.
    pub fn runs(mut self, dir: impl Into<PathBuf>) -> Self {
        self.keeping = Keeping::Directory(dir.into());
        self
    }

    /// Writes nothing: journals are kept in memory, compiled components nowhere.
    pub fn ephemeral(mut self) -> Self {
        self.keeping = Keeping::Memory;
        self
    }

    /// Compiles components somewhere else than in this process.
    pub fn compiler(mut self, compiler: impl Compiler + 'static) -> Self {
        self.compiler = Some(Arc::new(compiler));
        self
    }

    /// How components become code, in place of all that is said here about it.
    pub fn compilation(mut self, compilation: Compilation) -> Self {
        self.compilation = Some(compilation);
        self
    }

    /// All flags of a command line, in place of what was said so far.
    pub fn flags(mut self, flags: Flags) -> Self {
        self.flags = flags;
        self
    }

    /// Seen from another directory, by somebody else, or at a terminal.
    pub fn machine(mut self, machine: Machine) -> Self {
        self.machine = Some(machine);
        self
    }

    /// Reads what was named, checks it and puts the host together.
    ///
    /// # Errors
    /// A file that cannot be read or understood, and all of [`Host::assemble`].
    pub async fn build(self) -> Result<Host> {
        let machine = self.look()?;
        let mut notes = Vec::new();
        let layers = machine::layers(&machine, &self.files, &mut notes)?;
        let mut settings = Settings::load(&layers, &self.flags, &machine.surroundings)?;
        machine::read_done_schema(&mut settings.agent)?;
        notes.extend(settings.notes.iter().map(|note| format!("note: {}: {}", note.origin, note.message)));
        let sandbox = Sandbox::with_compilation(self.compiling(&machine))?;
        let runs = match self.keeping {
            Keeping::UsualPlace => Some(machine.runs_dir()),
            Keeping::Directory(dir) => Some(machine.surroundings.cwd.join(dir)),
            Keeping::Memory => None,
        };
        let named = self.plugins.into_iter().map(Named::read).collect::<Result<Vec<_>>>()?;
        if self.files.project || self.files.policy.is_some() {
            settings.locks = machine::read_locks(&machine, self.files.policy.as_deref())?;
        }
        let files = machine::plugin_files(&settings, named)?;
        machine::read_secrets(&mut settings, &files, &machine.variables)?;
        let hooks = machine::hook_files(&settings.hooks)?;
        let own = machine.own_places(runs.as_deref());
        let mut parts = Host::parts(&sandbox, settings, files, hooks, &own, &machine.variables).await?;
        let findings = parts.findings.iter();
        notes
            .extend(findings.map(|finding| format!("note: {}: {}; {}", finding.origin, finding.message, finding.hint)));
        notes.extend(parts.pinning_notes());
        parts.around = Some(Around { machine, runs: runs.map(Runs::at), notes });
        Ok(Host(Arc::new(parts)))
    }

    /// [`HostBuilder::build`], for programs without a runtime.
    ///
    /// # Errors
    /// As there; also inside a runtime, which must not be blocked.
    pub fn build_blocking(self) -> Result<Host> {
        crate::agent::blocking_runtime()?.block_on(self.build())
    }

    /// The machine that was named, else what is there; a program that embeds the host asks at no terminal.
    fn look(&self) -> Result<Machine> {
        let mut machine = match &self.machine {
            Some(machine) => machine.clone(),
            None => Machine::look()?.with_terminal(false),
        };
        if let Some(variables) = &self.variables {
            machine.variables = variables.clone();
        }
        Ok(machine)
    }

    fn compiling(&self, machine: &Machine) -> Compilation {
        if let Some(compilation) = &self.compilation {
            return compilation.clone();
        }
        let here = Compilation::here();
        let compilation = match &self.compiler {
            Some(compiler) => here.with_compiler(Arc::clone(compiler)),
            None => here,
        };
        match self.keeping {
            Keeping::Memory => compilation,
            // A cache that cannot be is no fault: components are compiled anew.
            Keeping::UsualPlace | Keeping::Directory(_) => machine::shelve(compilation, machine).0,
        }
    }
}

impl Named {
    fn read(self) -> Result<PluginFile> {
        match self {
            Self::Read(file) => Ok(file),
            Self::Text(text) => machine::named_component(&text)?.ok_or_else(|| {
                Error::usage(format!("`{text}` is no plugin"))
                    .hint("name a `.wasm` file or `builtin:NAME`; `plugins` takes a directory")
            }),
        }
    }
}
