//! From arguments to a host: configuration files with their trust, flags, plugins, mounts.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Parser as _;
use looplet_host::agent::ExitRules;
use looplet_host::error::{Error, Result};
use looplet_host::gate::{Gate, Remember};
use looplet_host::host::{Host, Launch};
use looplet_host::machine::{self, Files, Machine, PluginFile};
use looplet_host::permission::StandingApproval;
use looplet_host::record::RunStarted;
use looplet_host::redaction::Redaction;
use looplet_host::settings::{Flags, OnAsk, Settings};
use tokio_util::sync::CancellationToken;

use super::faults::Faults;
use super::terminal::Terminal;
use super::{compile, print};
use crate::cli::{ExitArgs, KeptFlags, SetupArgs};

/// What a command works with.
pub(crate) struct Setup {
    pub(crate) machine: Machine,
    pub(crate) host: Host,
}

impl SetupArgs {
    /// The flags as the settings read them.
    pub(crate) fn flags(&self) -> Flags {
        Flags {
            mount: self.mount.clone(),
            workspace: self.workspace.clone(),
            plugins: self.plugins.clone(),
            grant: self.grant.clone(),
            wide_mount: self.wide_mount.clone(),
            hook: self.hook.clone(),
            dev: self.dev.clone(),
            locked: self.locked,
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
            of("--wide-mount", self.wide_mount.clone()),
            of("--hook", self.hook.clone()),
            of("--dev", self.dev.clone()),
            if self.locked { vec!["--locked".to_owned()] } else { Vec::new() },
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
    let builder = Host::builder()
        .flags(flags.clone())
        .components(extra)
        .user_file()
        .project_file()
        .runs(runs.map_or_else(|| machine.runs_dir(), Path::to_owned))
        .compilation(compile::compilation(&machine))
        .machine(machine.clone());
    let builder = match &args.policy {
        Some(file) => builder.policy_file(file),
        None => builder,
    };
    Ok(Setup { host: builder.build().await?, machine })
}

/// What the files and these flags say, without loading anything.
pub(crate) fn settings(machine: &Machine, args: &SetupArgs) -> Result<Settings> {
    let files = Files { policy: args.policy.clone(), user: true, project: true };
    let mut notes = Vec::new();
    let layers = machine::layers(machine, &files, &mut notes)?;
    for note in &notes {
        print::note(note);
    }
    Settings::load(&layers, &args.flags(), &machine.surroundings)
}

/// What is kept out of runs, secrets that plugins of these settings may have included.
pub(crate) fn redaction(machine: &Machine, args: &SetupArgs) -> Result<Redaction> {
    let mut settings = settings(machine, args)?;
    let files = machine::plugin_files(&settings, Vec::new())?;
    machine::read_secrets(&mut settings, &files, &machine.variables)?;
    settings.keep_secrets_out()?;
    Ok(settings.redaction)
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
    for note in setup.host.notes() {
        print::note(note);
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
    machine::standing(&setup.machine)?.of_project("approvals.toml", &setup.machine.project())
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
        let mut approvals = machine::standing(&machine)?;
        approvals.add(&machine.project(), approval.scope().clone(), *plugin)?;
        machine::write_own(&machine.approvals_file(), approvals.render())
    })
}
