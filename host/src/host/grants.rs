//! What the settings grant to one tool.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::builtin;
use crate::capability::fs::Mount;
use crate::capability::http::AllowedHttp;
use crate::capability::{BoundSecret, Granted, GrantedEnv, GrantedMount};
use crate::error::{Error, Result};
use crate::gate::{GatedTool, PluginHandle};
use crate::model::select::Environment;
use crate::need::Capability;
use crate::origin::Origin;
use crate::permission::{Finding, Severity};
use crate::plugin::ToolSpec;
use crate::sandbox::Limits;
use crate::settings::{Grant, Settings};

/// Grants that speak of the tool and may speak for its plugin.
fn speaking<'s>(settings: &'s Settings, plugin: &PluginHandle, spec: &ToolSpec) -> impl Iterator<Item = &'s Grant> {
    let known = is_known(settings, plugin);
    let (plugin, tool) = (plugin.name.clone(), spec.name.clone());
    settings.grants.iter().filter(move |grant| grant.tools.matches(&plugin, &tool) && (known || !grant.known_only))
}

/// Shipped under this name, or named by its digest in the user's own file, which speaks for projects that it has not seen.
fn is_known(settings: &Settings, plugin: &PluginHandle) -> bool {
    let digest = plugin.plugin.digest();
    let is_shipped = builtin::get(&plugin.name).is_some_and(|shipped| shipped.digest == digest);
    let pinned = settings.pinned.iter().map(|(name, pinned)| (name.as_str(), *pinned));
    is_shipped || pinned.chain(settings.locks.known()).any(|known| known == (plugin.name.as_str(), digest))
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
                    let grant = speaking(settings, plugin, spec).find(|grant| grant.env.contains(name));
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
    check_secrets(&granted, &format!("{}/{}", plugin.name, spec.name))?;
    Ok(granted)
}

/// All requests that some line grants, each with where it may go.
fn requests(settings: &Settings, plugin: &PluginHandle, spec: &ToolSpec) -> Vec<AllowedHttp> {
    let given = |grant: &Grant| {
        let (addresses, origin) = (grant.addresses.clone(), grant.origin.clone());
        let patterns = grant.http.clone().into_iter();
        patterns.map(move |pattern| AllowedHttp { pattern, addresses: addresses.clone(), origin: origin.clone() })
    };
    speaking(settings, plugin, spec).flat_map(given).collect()
}

/// All secrets that some line grants, each once. What the user's file defines is for plugins that
/// it knows; what is loaded by `--dev` gets none.
fn secrets(settings: &Settings, plugin: &PluginHandle, spec: &ToolSpec) -> Result<Vec<BoundSecret>> {
    if plugin.is_dev {
        return Ok(Vec::new());
    }
    let known = is_known(settings, plugin);
    let named = speaking(settings, plugin, spec)
        .flat_map(|grant| grant.secrets.iter().map(move |name| (name.as_str(), &grant.origin)));
    let once: BTreeMap<&str, &Origin> = named.collect();
    let mut bound = Vec::new();
    for (name, origin) in once {
        let unread = || Error::usage(format!("the secret `{name}` was not read")).at(origin.clone());
        let secret = settings.secrets.get(name).ok_or_else(unread)?;
        let is_needed = spec.needs.iter().any(|need| need.capability.is_secret(name, &secret.to.to_string()));
        if is_needed && (known || !secret.known_only) {
            let (header, value) = ((&secret.header, secret.form.as_str()), secret.value.as_ref().ok_or_else(unread)?);
            bound.extend(BoundSecret::new(name, &secret.to, header, value, origin));
        }
    }
    Ok(bound)
}

/// Refuses two secrets of one tool that would stand in the same place.
fn check_secrets(granted: &Granted, tool: &str) -> Result<()> {
    for (index, secret) in granted.secrets.iter().enumerate() {
        let same = |other: &&BoundSecret| other.to == secret.to && other.header == secret.header;
        if let Some(other) = granted.secrets[..index].iter().find(same) {
            let (name, before, header, to) = (&secret.name, &other.name, &secret.header, &secret.to);
            return Err(Error::usage(format!(
                "`{tool}` is granted the secrets `{before}` and `{name}`, which both go to `{to}` as `{header}`"
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
        .filter_map(|grant| Some((*grant.fs.get(name)?, grant.origin.clone())))
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
        }
        for what in unneeded(settings, grant, tools) {
            let hint = "take it out: a call holds what its tool needs and no more".to_owned();
            note(format!("the grant for `{name}` gives {what}, which no tool of it needs"), hint);
        }
        for mount in grant.fs.keys().filter(|mount| !settings.mounts.contains_key(*mount)) {
            let hint = format!("define it: `[mounts.{mount}]`, or `--mount {mount}=PATH`");
            note(format!("the grant for `{name}` names the mount `{mount}`, which is not defined"), hint);
        }
    }
    findings
}

/// What a grant gives that none of the tools asks for.
fn unneeded(settings: &Settings, grant: &Grant, tools: &[GatedTool]) -> Vec<String> {
    let about: Vec<&GatedTool> =
        tools.iter().filter(|tool| grant.tools.matches(tool.plugin_name(), &tool.spec().name)).collect();
    if about.is_empty() {
        return Vec::new();
    }
    let needs = |fits: &dyn Fn(&GatedTool, &Capability) -> bool| {
        about.iter().any(|tool| tool.spec().needs.iter().any(|need| fits(tool, &need.capability)))
    };
    let is_mount = |name: &str, tool: &GatedTool, need: &Capability| match need {
        Capability::Fs { mount, .. } => {
            let written = settings.plugins.get(tool.plugin_name());
            written.and_then(|written| written.mounts.get(mount)).unwrap_or(mount) == name
        }
        _ => false,
    };
    // One that is not defined is told of as such.
    let defined = grant.fs.keys().filter(|name| settings.mounts.contains_key(*name));
    let mounts = defined.filter(|name| !needs(&|tool, need| is_mount(name, tool, need)));
    let mut unneeded: Vec<String> = mounts.map(|name| format!("the mount `{name}`")).collect();
    let variables = grant
        .env
        .iter()
        .filter(|name| !needs(&|_, need| matches!(need, Capability::Env(names) if names.contains(*name))));
    unneeded.extend(variables.map(|name| format!("the variable `{name}`")));
    if !grant.http.is_empty() && !needs(&|_, need| matches!(need, Capability::Http(_))) {
        unneeded.push("requests".to_owned());
    }
    let is_secret = |name: &str, need: &Capability| {
        let to = settings.secrets.get(name).map(|secret| secret.to.to_string());
        to.is_some_and(|to| need.is_secret(name, &to))
    };
    let secrets = grant.secrets.iter().filter(|name| !needs(&|_, need| is_secret(name, need)));
    unneeded.extend(secrets.map(|name| format!("the secret `{name}`")));
    unneeded
}

/// The limits of the tool's calls: shipped, its wish, the grants.
pub(super) fn limits(settings: &Settings, plugin: &PluginHandle, spec: &ToolSpec) -> Limits {
    let mut limits = Limits::SHIPPED.with_wish(spec.limits);
    for grant in speaking(settings, plugin, spec) {
        if let Some(wall_ms) = &grant.limits.wall_ms {
            limits.wall = Duration::from_millis(wall_ms.value);
        }
        if let Some(memory_mib) = &grant.limits.memory_mib {
            let bytes = usize::try_from(memory_mib.value).unwrap_or(usize::MAX).saturating_mul(1 << 20);
            limits.memory_bytes = bytes.min(Limits::MEMORY_MAX_BYTES);
        }
        if let Some(url_bytes) = &grant.limits.url_bytes {
            limits.http.url_bytes = usize::try_from(url_bytes.value).unwrap_or(usize::MAX);
        }
        if let Some(body_mib) = &grant.limits.body_mib {
            limits.http.body_bytes = body_mib.value.saturating_mul(1 << 20);
        }
    }
    limits
}
