//! Hooks that are components: loaded once, checked against what is written of them, made anew for each run.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::findings;
use super::grants;
use super::opening;
use super::pins::{self, Pinned};
use super::plugins::settings_of;
use crate::canonical::CanonicalJson;
use crate::capability::fs::Mount;
use crate::capability::{Authority, Granted, GrantedEnv, GrantedMount};
use crate::error::{Error, Result};
use crate::gate::{ComponentHook, Gate};
use crate::hook::{HookEntry, Point, Points, Powers};
use crate::machine::PluginFile;
use crate::model::select::Environment;
use crate::need::Capability;
use crate::permission::{Finding, Narrowing, Severity};
use crate::plugin::{CallContext, NoSupport, PluginState};
use crate::record::PluginRecord;
use crate::sandbox::{HookInstance, Limits, Plugin, Sandbox};
use crate::settings::{GrantTable, HookSettings, Settings};

/// A hook that is ready for runs.
pub(super) struct HostHook {
    name: String,
    plugin: Plugin,
    sandbox: Sandbox,
    written: HookSettings,
    settings: CanonicalJson,
    authority: Authority,
    limits: Limits,
}

/// Loads the hooks and opens what they are given. `files` are in the order of `hooks`.
pub(super) async fn load(
    sandbox: &Sandbox,
    settings: &Settings,
    hooks: &[HookSettings],
    files: Vec<PluginFile>,
    mounts: &BTreeMap<String, Mount>,
    variables: &Environment,
) -> Result<(Vec<HostHook>, Vec<String>)> {
    let (mut loaded, mut unpinned): (Vec<HostHook>, Vec<String>) = Default::default();
    for (written, file) in hooks.iter().zip(files) {
        let same = loaded.iter().filter(|hook| hook.written.source.name() == file.name).count();
        let name = if same == 0 { file.name.clone() } else { format!("{}#{}", file.name, same + 1) };
        let plugin = sandbox.load(&file.name, file.bytes).await?;
        if pins::check_hook(settings, &file.name, written, &plugin)? == Pinned::No && settings.locks.are_read {
            unpinned.push(file.name.clone());
        }
        check_points(&name, plugin.points(), written)?;
        let own =
            settings_of(&plugin, &name, written.settings.as_ref(), &written.origin, &format!("the hook `{name}`"))?;
        let authority = authority(settings, &plugin, &name, written, mounts, variables)?;
        let limits = grants::with(Limits::HOOK.with_wish(plugin.info().hook_limits), &written.limits);
        let (sandbox, written) = (sandbox.clone(), written.clone());
        loaded.push(HostHook { name, plugin, sandbox, written, settings: own, authority, limits });
    }
    Ok((loaded, unpinned))
}

impl HostHook {
    /// The hook of one run.
    pub(super) fn entry(&self, gate: &Gate, forgets: bool) -> HookEntry {
        let state = PluginState::without(gate.redaction());
        let mut authority = Authority { refusals: Arc::default(), ..self.authority.clone() };
        authority.http.draw_from(Arc::clone(&gate.egress));
        let context = CallContext {
            run: gate.run_key(),
            settings: self.settings.clone(),
            secrets: authority.http.secret_names().map(str::to_owned).collect(),
            state: state.clone(),
            support: Arc::new(NoSupport),
        };
        let instance = HookInstance::new(&self.sandbox, &self.plugin, authority, self.limits, context);
        let instance = if forgets { instance.forgetting() } else { instance };
        HookEntry {
            name: self.name.clone(),
            powers: self.written.powers,
            on_fault: self.written.on_fault,
            hook: Arc::new(ComponentHook::new(&self.plugin, state, instance)),
        }
    }

    /// The operator's name for it.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is asked about each call before it runs.
    pub(super) fn is_before_tools(&self) -> bool {
        self.plugin.points().contains(Point::PreTool)
    }

    /// What it may do and is given, as far as a resume compares it. Its component is compared apart.
    pub(super) fn terms(&self) -> String {
        let HookSettings { powers, grants: GrantTable { fs, env, .. }, on_fault, .. } = &self.written;
        let reach = self.authority.http.meaning();
        let (name, settings) = (&self.name, self.settings.as_str());
        format!("{name} {powers:?} {fs:?} {env:?} {reach} {on_fault:?} {:?} {settings}", self.limits)
    }

    /// Name, version and digest, as the journal keeps them.
    pub(super) fn to_record(&self) -> PluginRecord {
        opening::component(&self.name, &self.plugin)
    }
}

/// A hook that subscribes to more than it may do is not cut down in silence.
fn check_points(name: &str, points: Points, written: &HookSettings) -> Result<()> {
    if points.iter().next().is_none() {
        return Err(Error::usage(format!("`{name}` is no hook: it subscribes to no point"))
            .hint("a plugin with tools belongs in `[plugins]`")
            .at(written.origin.clone()));
    }
    let Some(point) = points.iter().find(|point| !written.powers.allow(*point)) else { return Ok(()) };
    let lacking = Powers::needed_at(point)[0];
    let words: Vec<String> = written.powers.iter().chain([lacking]).map(|power| format!("\"{power}\"")).collect();
    Err(Error::usage(format!("the hook `{name}` subscribes to `{point}`, which takes the power `{lacking}`"))
        .hint(format!("if it is to have that: powers = [{}]", words.join(", ")))
        .at(written.origin.clone()))
}

/// What it needs of what it is granted.
fn authority(
    settings: &Settings,
    plugin: &Plugin,
    name: &str,
    written: &HookSettings,
    mounts: &BTreeMap<String, Mount>,
    variables: &Environment,
) -> Result<Authority> {
    let mut granted = Granted { leaks: settings.redaction.secrets().clone(), ..Granted::default() };
    let needs = &plugin.info().hook_needs;
    for (word, mode) in &written.grants.fs {
        let mount = mounts.get(word).ok_or_else(|| {
            Error::usage(format!("the hook `{name}` is granted the mount `{word}`, which is not defined"))
                .hint(format!("define it: `[mounts.{word}]`, or `--mount {word}=PATH`"))
                .at(written.origin.clone())
        })?;
        let (mount, mode, origin) = (mount.clone(), *mode, written.origin.clone());
        granted.mounts.insert(word.clone(), GrantedMount { mount, mode, origin, ask_first: false });
    }
    for variable in &written.grants.env {
        if let Some(value) = variables.get(variable) {
            let given = GrantedEnv { value: value.to_owned(), origin: written.origin.clone() };
            granted.env.insert(variable.clone(), given);
        }
    }
    granted.http = grants::requests_of(&written.grants, &written.origin).collect();
    let is_known = grants::is_known(settings, &written.source.name(), plugin.digest());
    let named = written.grants.secrets.iter().map(|secret| (secret.as_str(), &written.origin));
    granted.secrets = grants::bound(settings, named, needs, is_known)?;
    grants::check_secrets(&granted, &format!("the hook `{name}`"))?;
    let resolved = Authority::resolve(needs, &granted, &Narrowing::none()).map_err(|unfilled| {
        let line = match &unfilled.need.capability {
            Capability::Fs { mount, mode } => format!("grants = {{ fs = {{ {mount} = \"{mode}\" }} }}"),
            Capability::Env(names) => format!("grants = {{ env = {names:?} }}"),
            Capability::Http(patterns) => format!("grants = {{ http = {patterns:?} }}"),
            Capability::Secret { name, .. } => {
                format!(
                    "grants = {{ secrets = [\"{name}\"] }}; what your own file defines is for components that it pins"
                )
            }
            other => format!("a host that can grant `{}`", other.kind()),
        };
        Error::usage(format!("the hook `{name}` needs `{}`: {}", unfilled.need.capability, unfilled.need.why))
            .hint(line)
            .at(written.origin.clone())
    })?;
    Ok(resolved.authority)
}

/// What hooks are granted and do not need.
pub(super) fn findings(settings: &Settings, hooks: &[HostHook]) -> Vec<Finding> {
    hooks
        .iter()
        .flat_map(|hook| {
            let needs: Vec<_> = hook.plugin.info().hook_needs.iter().map(|need| (None, &need.capability)).collect();
            let HookSettings { grants, origin, .. } = &hook.written;
            findings::unneeded(settings, grants, &needs).into_iter().map(|what| Finding {
                severity: Severity::Note,
                message: format!("the hook `{}` is granted {what}, which it does not need", hook.name),
                hint: "take it out: a hook holds what it needs and no more".to_owned(),
                origin: origin.clone(),
            })
        })
        .collect()
}
