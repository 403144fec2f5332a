//! What the operator wants: files and flags, checked, put together, each value with its origin.
//!
//! No file is read here: [`SourceFile`]s come in as values, [`Settings`] go out. [`keys`] is the one
//! table of what can be written; [`ConfigFile`] is one file by itself; [`Layers`] says who speaks; what
//! holds without any of them is in [`Settings::load`].

mod ceiling;
mod document;
mod file;
mod flags;
mod given;
mod given_secret;
mod hooks;
pub mod keys;
mod layers;
mod lock;
mod masks;
mod mount;
mod name;
mod rules;
mod schema;
mod secrets;
mod sourced;
mod trust;
mod types;
mod walk;
mod written;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub use document::SourceFile;
pub use file::{ConfigFile, Unsupported};
pub use flags::{Flags, SaidBy};
pub use given::GivenMount;
pub use given_secret::GivenSecret;
pub use hooks::{HookSettings, HookSource};
pub use layers::{Layers, Note, ProjectFile, Withheld};
pub use lock::{Lock, LockFile, Locks, Pin};
pub use masks::{own_masks, secret_masks, shipped_masks};
pub use name::check_name;
pub use schema::{json_schema, reference};
pub use secrets::{SecretSettings, SecretSource};
pub use sourced::Sourced;
pub use trust::{Trust, TrustStore, trust_digest};
pub use types::{
    Agent, Budget, Ceiling, Grant, GrantLimits, GrantTable, ModelSettings, Mount, OnAsk, OnUnknown, PluginSettings,
    PluginSource, Provider, RunSettings, TextSource,
};

use crate::digest::Digest;
use crate::error::{Error, Result};
use crate::need::FsMode;
use crate::origin::Origin;
use crate::permission::{Decision, Fallback, Mask, MaskKind, Policy, Rule, StandingApproval, Tier, Unmatched};
use crate::redaction::Redaction;
use crate::secret::Leaks;
use flags::Given;
use layers::{Draft, replace};
use mount::narrower_mode;

/// What the settings are for, as far as it changes what holds without them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Surroundings {
    /// Whether a person sits at a terminal.
    pub terminal: bool,
    /// The current directory, absolute and without links.
    pub cwd: PathBuf,
    /// The home directory, absolute and without links.
    pub home: Option<PathBuf>,
}

/// What holds for a run: files, flags and defaults together.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What the agent is told.
    pub agent: Agent,
    /// Which model, and how it is asked.
    pub model: ModelSettings,
    /// Where models are, by provider.
    pub providers: BTreeMap<String, Provider>,
    /// What a run may spend.
    pub budget: Budget,
    /// Directories by name.
    pub mounts: BTreeMap<String, Mount>,
    /// Plugins by the operator's name.
    pub plugins: BTreeMap<String, PluginSettings>,
    /// Directories whose components are plugins too, each under the stem of its file.
    pub plugin_dirs: Vec<Sourced<PathBuf>>,
    /// Secrets by name.
    pub secrets: BTreeMap<String, SecretSettings>,
    /// Components that the user's own file names by their digests, with their names.
    pub pinned: Vec<(String, Digest)>,
    /// Mounts that are meant to be as wide as they are, by name.
    pub wide: Vec<String>,
    /// The home directory, where there is one.
    pub home: Option<PathBuf>,
    /// What is pinned beside the files; none before somebody has read it.
    pub locks: Locks,
    /// Every component has to be pinned: where that is said.
    pub locked: Option<Origin>,
    /// Components that are loaded outside of the locks, by name.
    pub dev: Vec<Sourced<(String, PathBuf)>>,
    /// What tools may be given.
    pub grants: Vec<Grant>,
    /// The rules.
    pub policy: Policy,
    /// What is kept out of runs.
    pub redaction: Redaction,
    /// Hooks, in the order in which they are called.
    pub hooks: Vec<HookSettings>,
    /// Who answers an ask.
    pub on_ask: Sourced<OnAsk>,
    /// Approvals for this run, by `--allow`.
    pub approvals: Vec<StandingApproval>,
    /// How the run goes.
    pub run: RunSettings,
    /// Nobody wrote a policy: the shipped one holds, and one line says so.
    pub shipped_policy: bool,
    /// What is worth a line.
    pub notes: Vec<Note>,
    /// What an untrusted project file says in vain.
    pub withheld: Vec<Withheld>,
}

impl Settings {
    /// Puts files and flags together, and refuses what this version cannot do.
    ///
    /// **Without any configuration** the current directory is the mount `workspace`, given to built-in
    /// and locked plugins; on a terminal, calls of built-in plugins that change nothing flow, unless the
    /// directory is the home directory, one above it, or `/`, where it is also read-only; everything
    /// else asks. Without a terminal everything is denied. As soon as a file that may speak has
    /// `[policy]` or `[[rules]]`, only what is written holds, and what no rule matches is denied. A program
    /// that embeds the host has no mount without naming it.
    pub fn load(layers: &Layers, flags: &Flags, surroundings: &Surroundings) -> Result<Self> {
        let mut draft = Draft::of_files(layers)?;
        check_supported(&draft.unsupported)?;
        let approvals = draft.add_flags(flags, &surroundings.cwd)?;
        let shipped_policy = !draft.has_policy;
        if shipped_policy {
            draft.add_shipped_policy(surroundings);
        }
        if flags.by == SaidBy::CommandLine {
            draft.add_shipped_mount(surroundings);
        }
        let plugin_dirs: Vec<_> = flags
            .plugins
            .iter()
            .map(|dir| Sourced::new(surroundings.cwd.join(dir), flags.origin("--plugins")))
            .collect();
        let dev = flags.dev(&surroundings.cwd)?;
        let named = plugin_dirs.iter().map(|dir| &dir.value).chain(dev.iter().map(|named| &named.value.1));
        let own = draft.own_files().chain(layers.paths()).chain(named.cloned()).collect::<Vec<_>>();
        let mounts = draft.take_mounts(&own)?;
        let (run, on_ask) = draft.running(surroundings);
        let locked = flags.locked.then(|| flags.origin("--locked"));
        let locked = locked.or_else(|| run.is_job().then(|| run.unattended.origin.clone()));
        let policy = draft.take_policy(&approvals, surroundings);
        let redaction = redaction(&draft.redact)?;
        Ok(Self {
            agent: draft.agent,
            model: draft.model,
            providers: draft.providers,
            budget: draft.budget,
            mounts,
            plugins: draft.plugins,
            plugin_dirs,
            secrets: draft.secrets,
            pinned: draft.pinned,
            wide: flags.wide(),
            home: surroundings.home.clone(),
            locks: Locks::default(),
            locked,
            dev,
            grants: draft.grants,
            policy,
            redaction,
            hooks: draft.hooks,
            on_ask,
            approvals,
            run,
            shipped_policy,
            notes: draft.notes,
            withheld: draft.withheld,
        })
    }
}

impl Settings {
    /// Whether the user's own file names the plugin.
    pub fn is_users(&self, plugin: &str) -> bool {
        self.plugins.get(plugin).is_some_and(|written| written.is_users)
    }

    /// Keeps the secrets that were read out of runs.
    ///
    /// # Errors
    /// Secrets that are too long in all, or stand in what is put in their place.
    pub fn keep_secrets_out(&mut self) -> Result<()> {
        let leaks = Leaks::of(
            self.secrets
                .iter()
                .flat_map(|(name, secret)| secret.spelled().into_iter().map(move |value| (name.clone(), value))),
        )?;
        self.redaction = std::mem::take(&mut self.redaction).with_secrets(leaks)?;
        Ok(())
    }
}

fn redaction(patterns: &[Sourced<String>]) -> Result<Redaction> {
    let add = |all: Redaction, pattern: &Sourced<String>| {
        all.with(&pattern.value).map_err(|error| error.at(pattern.origin.clone()))
    };
    patterns.iter().try_fold(Redaction::default(), add)
}

/// Refuses what this version cannot do, naming every such key: nothing that was asked for is left out
/// in silence.
fn check_supported(unsupported: &[Unsupported]) -> Result<()> {
    let Some(first) = unsupported.first() else {
        return Ok(());
    };
    let keys = unsupported.iter().map(|missing| format!("`{}` ({}, {})", missing.key, missing.feature, missing.origin));
    Err(Error::usage(format!("not supported yet: {}", keys.collect::<Vec<_>>().join(", ")))
        .hint("take these lines out")
        .at(first.origin.clone()))
}

impl Draft {
    /// Adds the flags; gives the approvals that `--allow` stands for.
    fn add_flags(&mut self, flags: &Flags, cwd: &Path) -> Result<Vec<StandingApproval>> {
        let flag = |name: &'static str| move |value| Sourced::new(value, Origin::flag(name));
        replace(&mut self.model.name, flags.model.clone().map(|name| Sourced::new(name, Origin::flag("--model"))));
        replace(&mut self.budget.steps, flags.max_steps.map(flag("--max-steps")));
        replace(&mut self.budget.turns, flags.max_turns.map(flag("--max-turns")));
        replace(&mut self.budget.tokens, flags.max_tokens.map(flag("--max-tokens")));
        replace(&mut self.budget.active_s, flags.max_seconds.map(flag("--max-seconds")));
        replace(&mut self.budget.money_micro_usd, flags.max_money()?);
        replace(&mut self.budget.egress_kib, flags.max_egress_kib.map(flag("--max-egress-kib")));
        let on = |yes: bool, name: &str| yes.then(|| Sourced::new(true, Origin::flag(name)));
        // A file that says so too wants more than the flag.
        if !self.unattended.as_ref().is_some_and(|unattended| unattended.value) {
            replace(&mut self.unattended, on(flags.unattended, "--unattended"));
        }
        replace(&mut self.agent.done_required, on(flags.require_done, "--require-done"));
        replace(&mut self.denied_is_failure, on(flags.fail_on_denied, "--fail-on-denied"));
        self.add_mount_flags(flags, cwd)?;
        self.add_given_mounts(flags, cwd)?;
        self.secrets.extend(flags.secrets.iter().cloned().map(GivenSecret::settings));
        self.redact.extend(flags.redact.iter().map(|pattern| Sourced::new(pattern.clone(), Origin::Program)));
        for text in &flags.hook {
            let hook = HookSettings::of_flag(text, cwd).map_err(|error| error.at(flags.origin("--hook")))?;
            self.hooks.push(HookSettings { origin: flags.origin("--hook"), ..hook });
        }
        for grant in flags.grants()? {
            let mut table = GrantTable::default();
            match grant.given {
                Given::Fs(mount, mode) => drop(table.fs.insert(mount, mode)),
                Given::Env(name) => table.env.push(name),
                Given::Http(pattern) => table.http.push(pattern),
                Given::Secret(name) => table.secrets.push(name),
            }
            let (limits, origin) = (GrantLimits::default(), flags.origin("--grant"));
            self.grants.push(Grant { tools: grant.tools, table, limits, known_only: false, origin });
        }
        for (name, texts, decision) in [("--ask", &flags.ask, Decision::Ask), ("--deny", &flags.deny, Decision::Deny)] {
            let tools = flags.patterns(name, texts)?;
            self.rules.extend(tools.into_iter().map(|tool| Rule::for_tool(tool, decision, flags.origin(name))));
        }
        let allowed = flags.patterns("--allow", &flags.allow)?;
        Ok(allowed.into_iter().map(|tools| StandingApproval::by_flag(tools, flags.origin("--allow"))).collect())
    }

    fn add_mount_flags(&mut self, flags: &Flags, cwd: &Path) -> Result<()> {
        let mut typed: BTreeMap<String, PathBuf> = BTreeMap::new();
        for flag in flags.mounts(cwd)? {
            if typed.insert(flag.name.clone(), flag.path.clone()).is_some_and(|before| before != flag.path) {
                return Err(Error::usage(format!("mount `{}` is given two directories", flag.name))
                    .hint("give each its own name")
                    .at(flag.origin));
            }
            let mount = self.mounts.entry(flag.name.clone()).or_default();
            mount.path = Some(Sourced::new(flag.path, flag.origin.clone()));
            mount.given = true;
            let mode = flag.mode.map(|mode| Sourced::new(mode, flag.origin));
            self.notes.extend(narrower_mode(&flag.name, &mut mount.mode, mode));
        }
        Ok(())
    }

    fn add_given_mounts(&mut self, flags: &Flags, cwd: &Path) -> Result<()> {
        for given in &flags.given {
            let mount = self.mounts.entry(given.name.clone()).or_default();
            let path = if given.path == Path::new(".") { cwd.to_owned() } else { cwd.join(&given.path) };
            if mount.path.as_ref().is_some_and(|before| before.origin == Origin::Program && before.value != path) {
                return Err(Error::usage(format!("mount `{}` is given two directories", given.name))
                    .hint("give each its own name")
                    .at(Origin::Program));
            }
            mount.path = Some(Sourced::new(path, Origin::Program));
            mount.given = true;
            let kinds = [(&given.hide, MaskKind::Hidden), (&given.read_only, MaskKind::ReadOnly)];
            let masks = kinds.into_iter().flat_map(|(patterns, kind)| patterns.iter().map(move |text| (text, kind)));
            mount.masks.extend(masks.map(|(pattern, kind)| Mask {
                pattern: pattern.clone(),
                kind,
                tier: Tier::Written,
                origin: Origin::Program,
            }));
            replace(&mut mount.quota_mib, given.quota_mib.map(|mib| Sourced::new(mib, Origin::Program)));
            let mode = Some(Sourced::new(given.mode, Origin::Program));
            self.notes.extend(narrower_mode(&given.name, &mut mount.mode, mode));
        }
        Ok(())
    }

    /// On a terminal, what looks flows. See [`Settings::load`].
    fn add_shipped_policy(&mut self, surroundings: &Surroundings) {
        if surroundings.terminal && !holds_home(surroundings) {
            let looks = Rule { effects_none: true, built_in: true, ..Rule::new(Decision::Allow, Origin::Shipped) };
            self.rules.push(looks);
        }
    }

    fn add_shipped_mount(&mut self, surroundings: &Surroundings) {
        if self.mounts.values().any(|mount| mount.path.is_some() || mount.origin.is_some()) {
            return;
        }
        let shipped = if holds_home(surroundings) { FsMode::ReadOnly } else { FsMode::ReadWrite };
        let mount = self.mounts.entry("workspace".to_owned()).or_default();
        mount.path = Some(Sourced::new(surroundings.cwd.clone(), Origin::Shipped));
        mount.given = true;
        // An untrusted project file may have made it read-only already.
        mount.mode.get_or_insert_with(|| Sourced::new(shipped, Origin::Shipped));
    }

    /// The files that say what a run is: components, and texts that the model is told or held to.
    fn own_files(&self) -> impl Iterator<Item = PathBuf> {
        let plugins = self.plugins.values().filter_map(|plugin| plugin.source.file());
        let hooks = self.hooks.iter().filter_map(|hook| hook.source.file());
        let texts = self.agent.system.iter().chain(&self.agent.done_schema).filter_map(|text| text.value.file());
        plugins.chain(hooks).chain(texts).map(Path::to_owned)
    }

    fn take_mounts(&mut self, own: &[PathBuf]) -> Result<BTreeMap<String, Mount>> {
        let secrets: Vec<_> = self.secrets.values().filter_map(|secret| secret.file().map(Path::to_owned)).collect();
        let mut mounts = BTreeMap::new();
        for (name, mount) in std::mem::take(&mut self.mounts) {
            let root = mount.path.as_ref().map(|path| path.value.clone()).unwrap_or_default();
            let masks =
                shipped_masks().into_iter().chain(own_masks(&root, own)).chain(secret_masks(&root, &secrets)).collect();
            if let Some(mount) = mount.finish(&name, masks)? {
                mounts.insert(name, mount);
            }
        }
        Ok(mounts)
    }

    fn running(&mut self, surroundings: &Surroundings) -> (RunSettings, Sourced<OnAsk>) {
        let shipped = |value| Sourced::new(value, Origin::Shipped);
        let run = RunSettings {
            unattended: self.unattended.take().unwrap_or_else(|| shipped(false)),
            on_unknown: self.on_unknown.take().unwrap_or_else(|| Sourced::new(OnUnknown::Stop, Origin::Shipped)),
            denied_is_failure: self.denied_is_failure.take().unwrap_or_else(|| shipped(false)),
        };
        let answered = if surroundings.terminal { OnAsk::Person } else { OnAsk::Deny };
        let on_ask = self.on_ask.take().unwrap_or_else(|| Sourced::new(answered, Origin::Shipped));
        // Who is not there cannot be asked.
        let nobody = *run.unattended && *on_ask == OnAsk::Person;
        let on_ask = if nobody { Sourced::new(OnAsk::Deny, run.unattended.origin.clone()) } else { on_ask };
        (run, on_ask)
    }

    fn take_policy(&mut self, approvals: &[StandingApproval], surroundings: &Surroundings) -> Policy {
        let shipped = if !self.has_policy && surroundings.terminal { Unmatched::Ask } else { Unmatched::Deny };
        let fallback =
            |unmatched: Sourced<Unmatched>| Fallback { unmatched: unmatched.value, origin: unmatched.origin };
        let unmatched = self.unmatched.take().unwrap_or_else(|| Sourced::new(shipped, Origin::Shipped));
        let mut policy = Policy::new(std::mem::take(&mut self.rules), fallback(unmatched));
        for (plugin, unmatched) in std::mem::take(&mut self.plugin_unmatched) {
            policy = policy.fallback_for(plugin, fallback(unmatched));
        }
        for approval in approvals {
            policy = policy.allow_unmatched(approval.tools().clone(), approval.origin().clone());
        }
        policy
    }
}

/// Whether the current directory is `/`, the home directory or one above it.
fn holds_home(surroundings: &Surroundings) -> bool {
    let home = surroundings.home.as_deref();
    surroundings.cwd.parent().is_none() || home.is_some_and(|home| home.starts_with(&surroundings.cwd))
}
