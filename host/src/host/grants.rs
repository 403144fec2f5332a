//! What the settings grant to one tool.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::builtin;
use crate::capability::fs::Mount;
use crate::capability::http::AllowedHttp;
use crate::capability::{BoundSecret, Granted, GrantedEnv, GrantedMount};
use crate::digest::Digest;
use crate::error::{Error, Result};
use crate::gate::{GatedTool, PluginHandle};
use crate::model::select::Environment;
use crate::need::{Capability, Need};
use crate::origin::Origin;
use crate::permission::{Finding, HttpPattern, Severity};
use crate::plugin::ToolSpec;
use crate::sandbox::Limits;
use crate::settings::{Grant, GrantLimits, GrantTable, Settings};

/// Grants that speak of the tool and may speak for its plugin.
fn speaking<'s>(settings: &'s Settings, plugin: &PluginHandle, spec: &ToolSpec) -> impl Iterator<Item = &'s Grant> {
    let known = is_known(settings, &plugin.name, plugin.plugin.digest());
    let (plugin, tool) = (plugin.name.clone(), spec.name.clone());
    settings.grants.iter().filter(move |grant| grant.tools.matches(&plugin, &tool) && (known || !grant.known_only))
}

/// Shipped under this name, or named by its digest in the user's own file, which speaks for projects that it has not seen.
pub(super) fn is_known(settings: &Settings, name: &str, digest: Digest) -> bool {
    let is_shipped = builtin::get(name).is_some_and(|shipped| shipped.digest == digest);
    let pinned = settings.pinned.iter().map(|(name, pinned)| (name.as_str(), *pinned));
    is_shipped || pinned.chain(settings.locks.known()).any(|known| known == (name, digest))
}

/// Shipped, or pinned by the operator: by its digest or in a lock.
fn is_pinned(plugin: &PluginHandle) -> bool {
    plugin.built_in || plugin.is_pinned
}

/// What the tool is granted, mounts opened.
pub(super) fn granted(
    settings: &Settings,
    mounts: &BTreeMap<String, Mount>,
    plugin: &PluginHandle,
    spec: &ToolSpec,
    variables: &Environment,
) -> Result<Granted> {
    let mut granted = Granted { leaks: settings.redaction.secrets().clone(), ..Granted::default() };
    for need in &spec.needs {
        match &need.capability {
            Capability::Fs { mount: word, .. } => {
                let renamed = settings.plugins.get(&plugin.name).and_then(|written| written.mounts.get(word));
                let name = renamed.unwrap_or(word);
                if let Some(mount) = mounts.get(name)
                    && let Some(given) = granted_mount(settings, mount, name, plugin, spec)
                {
                    granted.mounts.insert(word.clone(), given);
                }
            }
            Capability::Env(names) => {
                for name in names {
                    let grant = speaking(settings, plugin, spec).find(|grant| grant.table.env.contains(name));
                    if let (Some(grant), Some(value)) = (grant, variables.get(name)) {
                        let given = GrantedEnv { value: value.to_owned(), origin: grant.origin.clone() };
                        granted.env.insert(name.clone(), given);
                    }
                }
            }
            Capability::Http(_) => granted.http = requests(settings, plugin, spec),
            Capability::Secret { .. } => granted.secrets = secrets(settings, plugin, spec)?,
            Capability::Process(_) | Capability::Model | Capability::Other { .. } => {}
        }
    }
    check_secrets(&granted, &format!("`{}/{}`", plugin.name, spec.name))?;
    Ok(granted)
}

/// All requests that some line grants, each with where it may go.
fn requests(settings: &Settings, plugin: &PluginHandle, spec: &ToolSpec) -> Vec<AllowedHttp> {
    speaking(settings, plugin, spec).flat_map(|grant| requests_of(&grant.table, &grant.origin)).collect()
}

/// The requests of one table.
pub(super) fn requests_of<'t>(table: &'t GrantTable, origin: &'t Origin) -> impl Iterator<Item = AllowedHttp> {
    let given = |pattern: &HttpPattern| AllowedHttp {
        pattern: pattern.clone(),
        addresses: table.addresses.clone(),
        origin: origin.clone(),
    };
    table.http.iter().map(given)
}

/// All secrets that some line grants. What is loaded by `--dev` gets none.
fn secrets(settings: &Settings, plugin: &PluginHandle, spec: &ToolSpec) -> Result<Vec<BoundSecret>> {
    if plugin.is_dev {
        return Ok(Vec::new());
    }
    let known = is_known(settings, &plugin.name, plugin.plugin.digest());
    let named = speaking(settings, plugin, spec)
        .flat_map(|grant| grant.table.secrets.iter().map(move |name| (name.as_str(), &grant.origin)));
    bound(settings, named, &spec.needs, known)
}

/// Secrets with the lines that grant them, each once, as far as they are needed. What the user's file defines is
/// for components that it knows.
pub(super) fn bound<'n>(
    settings: &Settings,
    named: impl Iterator<Item = (&'n str, &'n Origin)>,
    needs: &[Need],
    is_known: bool,
) -> Result<Vec<BoundSecret>> {
    let once: BTreeMap<&str, &Origin> = named.collect();
    let mut bound = Vec::new();
    for (name, origin) in once {
        let unread = || Error::usage(format!("the secret `{name}` was not read")).at(origin.clone());
        let secret = settings.secrets.get(name).ok_or_else(unread)?;
        let is_needed = needs.iter().any(|need| need.capability.is_secret(name, &secret.to.to_string()));
        if is_needed && (is_known || !secret.known_only) {
            let (header, value) = ((&secret.header, secret.form.as_str()), secret.value.as_ref().ok_or_else(unread)?);
            bound.extend(BoundSecret::new(name, &secret.to, header, value, origin));
        }
    }
    Ok(bound)
}

/// Refuses two secrets that would stand in the same place. `whom` is who is granted them, in words.
pub(super) fn check_secrets(granted: &Granted, whom: &str) -> Result<()> {
    for (index, secret) in granted.secrets.iter().enumerate() {
        let same = |other: &&BoundSecret| other.to == secret.to && other.header == secret.header;
        if let Some(other) = granted.secrets[..index].iter().find(same) {
            let (name, before, header, to) = (&secret.name, &other.name, &secret.header, &secret.to);
            return Err(Error::usage(format!(
                "{whom} is granted the secrets `{before}` and `{name}`, which both go to `{to}` as `{header}`"
            ))
            .hint("grant it one of them")
            .at(secret.origin.clone()));
        }
    }
    Ok(())
}

/// The widest grant of a mount; a mount of the command line comes without one, and a plugin that is
/// neither shipped nor pinned is then asked about before each call.
fn granted_mount(
    settings: &Settings,
    mount: &Mount,
    name: &str,
    plugin: &PluginHandle,
    spec: &ToolSpec,
) -> Option<GrantedMount> {
    let written = speaking(settings, plugin, spec)
        .filter_map(|grant| Some((*grant.table.fs.get(name)?, grant.origin.clone())))
        .max_by_key(|(mode, _)| *mode);
    if let Some((mode, origin)) = written {
        return Some(GrantedMount { mount: mount.clone(), mode, origin, ask_first: false });
    }
    let is_given = settings.mounts.get(name).is_some_and(|written| written.given);
    is_given.then(|| GrantedMount {
        mount: mount.clone(),
        mode: mount.mode(),
        origin: mount.origin().clone(),
        ask_first: !is_pinned(plugin),
    })
}

/// Grants that give nothing: for tools or mounts that there are not.
pub(super) fn findings(settings: &Settings, tools: &[GatedTool]) -> Vec<Finding> {
    let mut findings = Vec::new();
    // The user's file speaks for projects with other plugins and mounts: what is not here is elsewhere.
    for grant in settings.grants.iter().filter(|grant| !grant.known_only) {
        let mut note = |message: String, hint: String| {
            findings.push(Finding { severity: Severity::Note, message, hint, origin: grant.origin.clone() });
        };
        let name = grant.tools.as_str();
        if !tools.iter().any(|tool| grant.tools.matches(tool.plugin_name(), &tool.spec().name)) {
            note(
                format!("the grant for `{name}` gives nothing: no such tool is loaded"),
                "`looplet-host inspect` lists them".into(),
            );
            continue;
        }
        let about = tools.iter().filter(|tool| grant.tools.matches(tool.plugin_name(), &tool.spec().name));
        let needs = about.flat_map(|tool| {
            let renamed = settings.plugins.get(tool.plugin_name()).map(|written| &written.mounts);
            tool.spec().needs.iter().map(move |need| (renamed, &need.capability))
        });
        for what in unneeded(settings, &grant.table, &needs.collect::<Vec<_>>()) {
            let hint = "take it out: a call holds what its tool needs and no more".to_owned();
            note(format!("the grant for `{name}` gives {what}, which no tool of it needs"), hint);
        }
        for mount in grant.table.fs.keys().filter(|mount| !settings.mounts.contains_key(*mount)) {
            let hint = format!("define it: `[mounts.{mount}]`, or `--mount {mount}=PATH`");
            note(format!("the grant for `{name}` names the mount `{mount}`, which is not defined"), hint);
        }
    }
    findings
}

/// What a table gives that is not asked for. Each need comes with the operator's names for the mounts of its plugin.
pub(super) fn unneeded(
    settings: &Settings,
    table: &GrantTable,
    needs: &[(Option<&BTreeMap<String, String>>, &Capability)],
) -> Vec<String> {
    let is_needed = |fits: &dyn Fn(&Capability) -> bool| needs.iter().any(|(_, need)| fits(need));
    let is_mount = |name: &str| {
        needs.iter().any(|(renamed, need)| match need {
            Capability::Fs { mount, .. } => renamed.and_then(|renamed| renamed.get(mount)).unwrap_or(mount) == name,
            _ => false,
        })
    };
    // One that is not defined is told of as such.
    let defined = table.fs.keys().filter(|name| settings.mounts.contains_key(*name));
    let mounts = defined.filter(|name| !is_mount(name));
    let mut unneeded: Vec<String> = mounts.map(|name| format!("the mount `{name}`")).collect();
    let variables = table
        .env
        .iter()
        .filter(|name| !is_needed(&|need| matches!(need, Capability::Env(names) if names.contains(*name))));
    unneeded.extend(variables.map(|name| format!("the variable `{name}`")));
    if !table.http.is_empty() && !is_needed(&|need| matches!(need, Capability::Http(_))) {
        unneeded.push("requests".to_owned());
    }
    let is_secret = |name: &str, need: &Capability| {
        let to = settings.secrets.get(name).map(|secret| secret.to.to_string());
        to.is_some_and(|to| need.is_secret(name, &to))
    };
    let secrets = table.secrets.iter().filter(|name| !is_needed(&|need| is_secret(name, need)));
    unneeded.extend(secrets.map(|name| format!("the secret `{name}`")));
    unneeded
}

/// The limits of the tool's calls: shipped, its wish, the grants.
pub(super) fn limits(settings: &Settings, plugin: &PluginHandle, spec: &ToolSpec) -> Limits {
    let granted = speaking(settings, plugin, spec).map(|grant| &grant.limits);
    granted.fold(Limits::SHIPPED.with_wish(spec.limits), with)
}

/// With what is written in place of what was.
pub(super) fn with(mut limits: Limits, written: &GrantLimits) -> Limits {
    if let Some(wall_ms) = &written.wall_ms {
        limits.wall = Duration::from_millis(wall_ms.value);
    }
    if let Some(memory_mib) = &written.memory_mib {
        let bytes = usize::try_from(memory_mib.value).unwrap_or(usize::MAX).saturating_mul(1 << 20);
        limits.memory_bytes = bytes.min(Limits::MEMORY_MAX_BYTES);
    }
    if let Some(url_bytes) = &written.url_bytes {
        limits.http.url_bytes = usize::try_from(url_bytes.value).unwrap_or(usize::MAX);
    }
    if let Some(body_mib) = &written.body_mib {
        limits.http.body_bytes = body_mib.value.saturating_mul(1 << 20);
    }
    limits
}
