//! From arguments to a host: configuration files with their trust, flags, plugins, mounts.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Parser as _;
use looplet_host::agent::ExitRules;
use looplet_host::error::{Error, Result};
use looplet_host::gate::{Gate, Remember};
use looplet_host::host::{Host, Launch, PluginFile};
use looplet_host::permission::{StandingApproval, StandingApprovals};
use looplet_host::record::RunStarted;
use looplet_host::sandbox::Sandbox;
use looplet_host::settings::{
    ConfigFile, Flags, Layers, OnAsk, PluginSource, ProjectFile, Settings, SourceFile, Trust, TrustStore, trust_digest,
};
use tokio_util::sync::CancellationToken;

use super::faults::Faults;
use super::machine::{self, Machine, PROJECT_FILE};
use super::terminal::Terminal;
use super::{compile, print};
use crate::cli::{ExitArgs, KeptFlags, SetupArgs};

/// What a command works with.
pub(crate) struct Setup {
    pub(crate) machine: Machine,
    pub(crate) host: Host,
    /// Said once, before anything runs.
    pub(crate) notes: Vec<String>,
}

impl SetupArgs {
    /// The flags as the settings read them.
    pub(crate) fn flags(&self) -> Flags {
        Flags {
            mount: self.mount.clone(),
            workspace: self.workspace.clone(),
            plugins: self.plugins.clone(),
            grant: self.grant.clone(),
            hook: self.hook.clone(),
            allow: self.allow.clone(),
            ask: self.ask.clone(),
            deny: self.deny.clone(),
            unattended: self.unattended,
            ..Flags::default()
        }
    }

    /// The flags as words that read back to them. Whether somebody is there is no part of it.
    pub(crate) fn words(&self) -> Vec<String> {
        let path = |path: &PathBuf| path.display().to_string();
        let of = |flag: &str, values: Vec<String>| -> Vec<String> {
            values.into_iter().flat_map(|value| [flag.to_owned(), value]).collect()
        };
        [
            of("--plugins", self.plugins.iter().map(path).collect()),
            of("--policy", self.policy.iter().map(path).collect()),
            of("--workspace", self.workspace.iter().cloned().collect()),
            of("--mount", self.mount.clone()),
            of("--grant", self.grant.clone()),
            of("--hook", self.hook.clone()),
            of("--allow", self.allow.clone()),
            of("--ask", self.ask.clone()),
            of("--deny", self.deny.clone()),
        ]
        .concat()
    }

    /// These flags; where none are given, those that the run had.
    pub(crate) fn or_of(&self, started: &RunStarted) -> Result<Self> {
        let unattended = self.unattended;
        if (Self { unattended: false, ..self.clone() }) != Self::default() {
            return Ok(self.clone());
        }
        let kept = KeptFlags::try_parse_from(&started.flags)
            .map_err(|_| Error::usage("the flags of the run are none of this version").hint("give them anew"))?;
        Ok(Self { unattended, ..kept.setup })
    }
}

/// Reads the files, checks everything and puts the host together. `extra` are components that were named
/// one by one.
pub(crate) async fn set_up(
    args: &SetupArgs,
    flags: &Flags,
    extra: Vec<PluginFile>,
    runs: Option<&Path>,
) -> Result<Setup> {
    set_up_on(Machine::look()?, args, flags, extra, runs).await
}

/// The same, seen from where the machine says.
pub(crate) async fn set_up_on(
    machine: Machine,
    args: &SetupArgs,
    flags: &Flags,
    extra: Vec<PluginFile>,
    runs: Option<&Path>,
) -> Result<Setup> {
    let mut notes = Vec::new();
    let layers = layers(&machine, args.policy.as_deref(), &mut notes)?;
    let settings = Settings::load(&layers, flags, &machine.surroundings)?;
    notes.extend(settings.notes.iter().map(|note| format!("note: {}: {}", note.origin, note.message)));
    let files = plugin_files(&settings, extra)?;
    let hooks = looplet_host::host::hook_files(&settings.hooks, machine::read_component)?;
    let sandbox = Sandbox::with_compilation(compile::compilation(&machine))?;
    let runs = runs.map_or_else(|| machine.runs_dir(), Path::to_owned);
    let own = machine.own_places(&runs);
    let host = Host::assemble(&sandbox, settings, files, hooks, &own, &machine.variables).await?;
    notes.extend(
        host.findings()
            .iter()
            .map(|finding| format!("note: {}: {}; {}", finding.origin, finding.message, finding.hint)),
    );
    Ok(Setup { machine, host, notes })
}

/// The flags with those that say when an ended run is a failure.
pub(crate) fn exit_flags(exit: &ExitArgs, flags: Flags) -> Flags {
    Flags { require_done: exit.require_done, fail_on_denied: exit.fail_on_denied, ..flags }
}

/// When an ended run is a failure.
pub(crate) fn exit_rules(setup: &Setup) -> ExitRules {
    let settings = setup.host.settings();
    ExitRules {
        require_done: settings.agent.done_required.as_ref().is_some_and(|required| required.value),
        fail_on_denied: settings.run.denied_is_failure.value,
    }
}

/// Prints what was noted.
pub(crate) fn print_notes(setup: &Setup) {
    for note in &setup.notes {
        print::note(note);
    }
}

/// The approvals of this project that stand until they are revoked.
pub(crate) fn standing(machine: &Machine) -> Result<StandingApprovals> {
    let file = machine.approvals_file();
    match machine::read_text(&file)? {
        Some(text) => StandingApprovals::parse("approvals.toml", &text),
        None => Ok(StandingApprovals::default()),
    }
}

/// The list of trusted files.
pub(crate) fn trust_store(machine: &Machine) -> Result<TrustStore> {
    match machine::read_text(&machine.trust_file())? {
        Some(text) => TrustStore::parse("trust.toml", &text),
        None => Ok(TrustStore::default()),
    }
}

/// A configuration file, if it is there.
pub(crate) fn source(name: &str, path: &Path) -> Result<Option<SourceFile>> {
    let dir = path.parent().map(Path::to_owned).unwrap_or_default();
    Ok(machine::read_text(path)?.map(|text| SourceFile { name: name.to_owned(), dir, text }))
}

/// The digest that trust in a project file binds: its own content and that of every file it names.
pub(crate) fn digest_of(file: &SourceFile) -> Result<looplet_host::digest::Digest> {
    let parsed = ConfigFile::parse(file)?;
    let named: Vec<(String, Option<Vec<u8>>)> = parsed
        .named_files()
        .into_iter()
        .map(|path| {
            let path = file.dir.join(path);
            (path.display().to_string(), machine::read_bytes(&path).ok())
        })
        .collect();
    let named = named.iter().map(|(name, content)| (name.as_str(), content.as_deref()));
    Ok(trust_digest(file.text.as_bytes(), named))
}

pub(crate) fn layers(machine: &Machine, policy: Option<&Path>, notes: &mut Vec<String>) -> Result<Layers> {
    let user = source("user/looplet.toml", &machine.user_file())?;
    if let Some(path) = policy {
        let path = machine.surroundings.cwd.join(path);
        let name = path.strip_prefix(&machine.surroundings.cwd).unwrap_or(&path).display().to_string();
        let file = source(&name, &path)?.ok_or_else(|| {
            Error::usage(format!("there is no file `{name}`")).hint("`--policy` names a configuration file")
        })?;
        return Ok(Layers { user, project: Some(ProjectFile::Policy(file)) });
    }
    let Some(file) = source(PROJECT_FILE, &machine.project_file())? else {
        return Ok(Layers { user, project: None });
    };
    let path = machine.project_file().display().to_string();
    let project = match trust_store(machine)?.of(&path, &digest_of(&file)?) {
        Trust::Trusted => ProjectFile::Trusted(file),
        unknown => {
            let what = match unknown {
                Trust::Changed => "has changed since you trusted it",
                Trust::Trusted | Trust::Unknown => "came with the project and nobody has trusted it",
            };
            notes.push(format!(
                "note: `{PROJECT_FILE}` {what}: only what narrows is used; `looplet-host trust` shows what it would give"
            ));
            ProjectFile::Untrusted(file)
        }
    };
    Ok(Layers { user, project: Some(project) })
}

/// The components to load: those that are named, those of `--plugins`, else the built-in ones.
fn plugin_files(settings: &Settings, extra: Vec<PluginFile>) -> Result<Vec<PluginFile>> {
    let mut files = extra;
    for (name, written) in &settings.plugins {
        let bytes = match &written.source {
            PluginSource::BuiltIn => {
                PluginFile::of_builtin(name, "plugin").map_err(|error| error.at(written.origin.clone()))?.bytes
            }
            PluginSource::File(path) => {
                machine::read_component(path).map_err(|error| error.at(written.origin.clone()))?.into()
            }
        };
        let file = PluginFile { name: name.clone(), bytes, lies_about: false };
        if !files.iter().any(|known| known.name == file.name && known.bytes == file.bytes) {
            files.push(file);
        }
    }
    for dir in &settings.plugin_dirs {
        for path in machine::components(&dir.value)? {
            let file = PluginFile { lies_about: true, ..component_file(&path)? };
            if !files.iter().any(|known| known.name == file.name && known.bytes == file.bytes) {
                files.push(file);
            }
        }
    }
    if files.is_empty() {
        files = PluginFile::built_in();
    }
    Ok(files)
}

/// A component file under its stem.
pub(crate) fn component_file(path: &Path) -> Result<PluginFile> {
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned();
    Ok(PluginFile { name: stem, bytes: machine::read_component(path)?.into(), lies_about: false })
}

/// What an argument names that is a component itself, a file or `builtin:NAME`, rather than a plugin that
/// is loaded anyway.
pub(crate) fn named_component(text: &str) -> Result<Option<PluginFile>> {
    if let Some(name) = text.strip_prefix("builtin:") {
        return PluginFile::of_builtin(name, "plugin").map(Some);
    }
    let path = Path::new(text);
    match path.extension().is_some_and(|extension| extension == "wasm") {
        true => component_file(path).map(Some),
        false => Ok(None),
    }
}

/// A gate for one run: what was approved before answers, then a person if one is there. `cancel` is what
/// stops the run while that person is asked.
pub(crate) fn gate(setup: &Setup, cancel: &CancellationToken) -> Result<Gate> {
    let gate = setup.host.gate().with_approvals(approvals(setup)?);
    Ok(match person(setup, cancel) {
        Some(person) => gate.with_approver(person).with_memory(remember(setup.machine.clone())),
        None => gate,
    })
}

/// The same for a run that is to begin.
pub(crate) fn answering(launch: Launch, setup: &Setup, cancel: &CancellationToken) -> Result<Launch> {
    let launch = launch.approvals(approvals(setup)?).watch(Arc::new(Faults::default()));
    Ok(match person(setup, cancel) {
        Some(person) => launch.approver(person).remember(remember(setup.machine.clone())),
        None if *setup.host.settings().on_ask == OnAsk::Park => launch.park(),
        None => launch,
    })
}

pub(crate) fn approvals(setup: &Setup) -> Result<Vec<StandingApproval>> {
    standing(&setup.machine)?.of_project("approvals.toml", &setup.machine.project())
}

/// The person at the terminal, where one is there and is to be asked.
fn person(setup: &Setup, cancel: &CancellationToken) -> Option<Arc<Terminal>> {
    let asks_person = *setup.host.settings().on_ask == OnAsk::Person;
    let is_there = asks_person && setup.machine.surroundings.terminal;
    is_there.then(|| Arc::new(Terminal::of(&setup.machine, cancel.clone())))
}

/// Writes approvals that are given for good, for this project and the component at hand.
fn remember(machine: Machine) -> Remember {
    Arc::new(move |approval: &StandingApproval| {
        let plugin =
            approval.plugin().ok_or_else(|| Error::failed("an approval without a plugin cannot be remembered"))?;
        // Read anew: another run may have written since.
        let mut approvals = standing(&machine)?;
        approvals.add(&machine.project(), approval.scope().clone(), *plugin)?;
        machine::write_own(&machine.approvals_file(), approvals.render())
    })
}
