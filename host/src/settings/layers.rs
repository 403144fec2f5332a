//! Puts files and flags together, each as far as its author may speak.
//!
//! The user's file and `--policy` are the operator speaking; a project file came with the project. A
//! trusted one speaks within the user's ceiling, an untrusted one can only narrow.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::ceiling::clamp;
use super::document::SourceFile;
use super::file::{ConfigFile, Unsupported};
use super::hooks::HookSettings;
use super::keys::{Kind, Who};
use super::mount::{MountDraft, narrower_mode};
use super::secrets::SecretSettings;
use super::sourced::Sourced;
use super::types::{Agent, Budget, Grant, ModelSettings, OnAsk, OnUnknown, PluginSettings, PluginUnmatched, Provider};
use super::written::{WrittenMount, WrittenPlugin};
use crate::digest::Digest;
use crate::error::{Error, Result};
use crate::need::FsMode;
use crate::origin::Origin;
use crate::permission::{Decision, Mask, MaskKind, Rule, Tier, Unmatched, Voice};

/// The files that were found. `--policy FILE` takes the place of the project's.
#[derive(Clone, Debug, Default)]
pub struct Layers {
    /// The user's own file.
    pub user: Option<SourceFile>,
    /// What speaks for this project.
    pub project: Option<ProjectFile>,
}

impl Layers {
    /// Where they lie.
    pub(super) fn paths(&self) -> impl Iterator<Item = PathBuf> {
        let project = self.project.as_ref().map(|project| match project {
            ProjectFile::Trusted(file) | ProjectFile::Untrusted(file) | ProjectFile::Policy(file) => file,
        });
        self.user.iter().chain(project).map(SourceFile::path)
    }
}

/// What speaks for a project.
#[derive(Clone, Debug)]
pub enum ProjectFile {
    /// A file that a person has trusted with this content.
    Trusted(SourceFile),
    /// A file that nobody has trusted.
    Untrusted(SourceFile),
    /// `--policy FILE`: the operator speaks.
    Policy(SourceFile),
}

/// Something worth a line that stops nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// What it is.
    pub message: String,
    /// Where.
    pub origin: Origin,
}

/// Something that an untrusted project file says and that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withheld {
    /// The key as it is written.
    pub key: String,
    /// Where it stands.
    pub origin: Origin,
}

/// What files and flags say together, before defaults.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) agent: Agent,
    pub(super) model: ModelSettings,
    pub(super) providers: BTreeMap<String, Provider>,
    pub(super) budget: Budget,
    pub(super) mounts: BTreeMap<String, MountDraft>,
    pub(super) plugins: BTreeMap<String, PluginSettings>,
    pub(super) secrets: BTreeMap<String, SecretSettings>,
    pub(super) pinned: Vec<(String, Digest)>,
    pub(super) grants: Vec<Grant>,
    pub(super) rules: Vec<Rule>,
    pub(super) redact: Vec<Sourced<String>>,
    pub(super) hooks: Vec<HookSettings>,
    pub(super) unmatched: Option<Sourced<Unmatched>>,
    pub(super) plugin_unmatched: PluginUnmatched,
    pub(super) on_ask: Option<Sourced<OnAsk>>,
    pub(super) unattended: Option<Sourced<bool>>,
    pub(super) on_unknown: Option<Sourced<OnUnknown>>,
    pub(super) denied_is_failure: Option<Sourced<bool>>,
    /// A file that speaks in full has `[policy]` or `[[rules]]`.
    pub(super) has_policy: bool,
    pub(super) notes: Vec<Note>,
    pub(super) withheld: Vec<Withheld>,
    pub(super) unsupported: Vec<Unsupported>,
}

impl Draft {
    /// What the files say.
    pub(super) fn of_files(layers: &Layers) -> Result<Self> {
        let mut draft = Self::default();
        let user = layers.user.as_ref().map(ConfigFile::parse).transpose()?;
        let ceiling = user.as_ref().map(|file| file.ceiling.clone()).unwrap_or_default();
        if let Some(file) = user {
            draft.add_in_full(file, true)?;
        }
        match &layers.project {
            None => {}
            Some(ProjectFile::Policy(file)) => {
                draft.add_in_full(ConfigFile::parse(file)?, false)?;
            }
            Some(ProjectFile::Trusted(file)) => {
                let mut file = project(file)?;
                clamp(&mut file, &ceiling, &mut draft.notes);
                draft.add_in_full(file, false)?;
            }
            Some(ProjectFile::Untrusted(file)) => draft.add_narrowing(project(file)?),
        }
        Ok(draft)
    }

    /// Adds a file that speaks for the operator; what it says later replaces what was said before, rules
    /// and masks add up.
    fn add_in_full(&mut self, file: ConfigFile, known_only: bool) -> Result<()> {
        self.unsupported.extend(file.unsupported());
        self.has_policy |= file.sets("policy") || file.sets("rules");
        replace(&mut self.agent.system, file.system);
        self.agent.context.extend(file.context);
        replace(&mut self.agent.done_required, file.done_required);
        replace(&mut self.agent.done_schema, file.done_schema);
        replace(&mut self.model.name, file.model.name);
        replace(&mut self.model.temperature, file.model.temperature);
        replace(&mut self.model.max_output_tokens, file.model.max_output_tokens);
        for (name, provider) in file.providers {
            let known = self.providers.entry(name).or_default();
            replace(&mut known.base_url, provider.base_url);
            replace(&mut known.context_tokens, provider.context_tokens);
            known.prices.extend(provider.prices);
        }
        self.budget.replace_with(file.budget);
        for (name, mount) in file.mounts {
            self.add_mount(&name, mount);
        }
        for (name, plugin) in file.plugins {
            self.add_plugin(name, plugin, known_only)?;
        }
        self.secrets
            .extend(file.secrets.into_iter().map(|(name, secret)| (name, SecretSettings { known_only, ..secret })));
        self.grants.extend(file.grants.into_iter().map(|grant| Grant { known_only, ..grant }));
        let voice = if known_only { Voice::User } else { Voice::Operator };
        self.rules.extend(file.rules.into_iter().map(|rule| Rule { voice, ..rule }));
        self.redact.extend(file.redact);
        self.hooks.extend(file.hooks.into_iter().map(|hook| HookSettings { is_users: known_only, ..hook }));
        replace(&mut self.unmatched, file.unmatched);
        replace(&mut self.on_ask, file.on_ask);
        replace(&mut self.unattended, file.unattended);
        replace(&mut self.on_unknown, file.on_unknown);
        replace(&mut self.denied_is_failure, file.denied_is_failure);
        Ok(())
    }

    /// Adds what an untrusted file may say, and lists the rest.
    fn add_narrowing(&mut self, file: ConfigFile) {
        let whole = |kind| matches!(kind, Kind::Table | Kind::Tables);
        for set in file.keys.iter().filter(|set| set.key.who != Who::AnyoneNarrowing && !whole(set.key.kind)) {
            self.withhold(&set.path, &set.origin);
        }
        // What narrows and cannot be done yet must not be left out in silence.
        self.unsupported.extend(file.unsupported().into_iter().filter(|missing| {
            file.keys.iter().any(|set| set.path == missing.key && set.key.who == Who::AnyoneNarrowing)
        }));
        self.budget.lower(file.budget);
        for (name, mount) in file.mounts {
            self.narrow_mount(&name, mount);
        }
        for (plugin, unmatched) in file.plugins.into_iter().filter_map(|(name, plugin)| Some((name, plugin.unmatched?)))
        {
            if *unmatched == Unmatched::Deny {
                self.plugin_unmatched.insert(plugin, unmatched);
            } else {
                self.withhold(&format!("plugins.{plugin}.unmatched"), &unmatched.origin);
            }
        }
        for rule in file.rules {
            if rule.decision == Decision::Allow {
                self.withhold("rules", &rule.origin);
            } else {
                self.rules.push(Rule { voice: Voice::Untrusted, ..rule });
            }
        }
        match file.unmatched {
            Some(unmatched) if *unmatched == Unmatched::Deny => self.unmatched = Some(unmatched),
            Some(unmatched) => self.withhold("policy.unmatched", &unmatched.origin),
            None => {}
        }
        match file.on_ask {
            Some(on_ask) if *on_ask == OnAsk::Deny => self.on_ask = Some(on_ask),
            Some(on_ask) => self.withhold("policy.on_ask", &on_ask.origin),
            None => {}
        }
    }

    fn add_mount(&mut self, name: &str, written: WrittenMount) {
        let mount = self.mounts.entry(name.to_owned()).or_default();
        if let (Some(old), Some(new)) = (&mount.path, &written.path)
            && old.value != new.value
        {
            let message = format!(
                "mount `{name}` is `{}` here and `{}` in {}: the later one holds",
                new.value.display(),
                old.value.display(),
                old.origin
            );
            self.notes.push(Note { message, origin: new.origin.clone() });
        }
        replace(&mut mount.path, written.path);
        mount.origin.get_or_insert(written.origin);
        mount.masks.extend(masks(&written.hide, MaskKind::Hidden).chain(masks(&written.read_only, MaskKind::ReadOnly)));
        lower(&mut mount.quota_mib, written.quota_mib);
        self.notes.extend(narrower_mode(name, &mut mount.mode, written.mode));
    }

    fn narrow_mount(&mut self, name: &str, written: WrittenMount) {
        let (lifting, hiding): (Vec<_>, Vec<_>) =
            written.hide.into_iter().partition(|pattern| pattern.starts_with('!'));
        let (unlocking, locking): (Vec<_>, Vec<_>) =
            written.read_only.into_iter().partition(|pattern| pattern.starts_with('!'));
        for (key, patterns) in [("hide", &lifting), ("read_only", &unlocking)] {
            for pattern in patterns {
                self.withhold(&format!("mounts.{name}.{key}"), &pattern.origin);
            }
        }
        let mount = self.mounts.entry(name.to_owned()).or_default();
        mount.masks.extend(masks(&hiding, MaskKind::Hidden).chain(masks(&locking, MaskKind::ReadOnly)));
        lower(&mut mount.quota_mib, written.quota_mib);
        if written.mode.as_deref() == Some(&FsMode::ReadOnly) {
            mount.mode = written.mode;
        }
    }

    fn add_plugin(&mut self, name: String, written: WrittenPlugin, by_user: bool) -> Result<()> {
        if let Some(unmatched) = written.unmatched {
            self.plugin_unmatched.insert(name.clone(), unmatched);
        }
        let Some(source) = written.source else {
            return Err(Error::usage(format!("plugin `{name}` has no `from`"))
                .hint("write `from = \"builtin\"` or a file")
                .at(written.origin));
        };
        let digest = written.digest.map(|text| match Digest::parse(&text) {
            Some(digest) => Ok(text.map(|_| digest)),
            None => Err(Error::usage(format!("`{}` is no digest", text.value))
                .hint("write `sha256:` and 64 hex digits; `inspect` prints it")
                .at(text.origin)),
        });
        let digest = digest.transpose()?;
        self.pinned.extend(digest.iter().filter(|_| by_user).map(|digest| (name.clone(), digest.value)));
        let plugin = PluginSettings {
            source,
            is_users: by_user,
            digest,
            prefix: written.prefix,
            settings: written.settings,
            mounts: written.mounts,
            origin: written.origin,
        };
        self.plugins.insert(name, plugin);
        Ok(())
    }

    fn withhold(&mut self, key: &str, origin: &Origin) {
        self.withheld.push(Withheld { key: key.to_owned(), origin: origin.clone() });
    }
}

impl Budget {
    fn replace_with(&mut self, other: Self) {
        replace(&mut self.steps, other.steps);
        replace(&mut self.turns, other.turns);
        replace(&mut self.tokens, other.tokens);
        replace(&mut self.active_s, other.active_s);
        replace(&mut self.money_micro_usd, other.money_micro_usd);
        replace(&mut self.egress_kib, other.egress_kib);
        replace(&mut self.failures_in_a_row, other.failures_in_a_row);
        // A call counts against every pattern that matches it, so that bounds add up.
        self.calls.extend(other.calls);
    }

    fn lower(&mut self, other: Self) {
        lower(&mut self.steps, other.steps);
        lower(&mut self.turns, other.turns);
        lower(&mut self.tokens, other.tokens);
        lower(&mut self.active_s, other.active_s);
        lower(&mut self.money_micro_usd, other.money_micro_usd);
        lower(&mut self.egress_kib, other.egress_kib);
        lower(&mut self.failures_in_a_row, other.failures_in_a_row);
        self.calls.extend(other.calls);
    }
}

/// Reads a project file and refuses what only the operator sets, however trusted it is.
fn project(file: &SourceFile) -> Result<ConfigFile> {
    let file = ConfigFile::parse(file)?;
    match file.keys.iter().find(|set| set.key.who == Who::Operator) {
        None => Ok(file),
        Some(set) => Err(Error::usage(format!("a project file cannot set `{}`", set.path))
            .hint("only the operator can: move it to your own looplet.toml, or use the file with `--policy`")
            .at(set.origin.clone())),
    }
}

fn masks(patterns: &[Sourced<String>], kind: MaskKind) -> impl Iterator<Item = Mask> {
    patterns.iter().map(move |pattern| Mask {
        pattern: pattern.value.clone(),
        kind,
        tier: Tier::Written,
        origin: pattern.origin.clone(),
    })
}

pub(super) fn replace<T>(known: &mut Option<T>, new: Option<T>) {
    if new.is_some() {
        *known = new;
    }
}

/// Keeps the lower of two bounds; none is the highest.
pub(super) fn lower<T: PartialOrd>(known: &mut Option<Sourced<T>>, new: Option<Sourced<T>>) {
    if let Some(new) = new
        && known.as_ref().is_none_or(|known| new.value < known.value)
    {
        *known = Some(new);
    }
}
