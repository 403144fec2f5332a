//! What the settings grant to one tool.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::builtin;
use crate::capability::fs::Mount;
use crate::capability::http::AllowedHttp;
use crate::capability::{BoundSecret, Granted, GrantedEnv, GrantedMount};
use crate::digest::Digest;
use crate::error::{Error, Result};
use crate::gate::PluginHandle;
use crate::model::select::Environment;
use crate::need::{Capability, Need};
use crate::origin::Origin;
use crate::permission::HttpPattern;
use crate::plugin::ToolSpec;
use crate::sandbox::Limits;
use crate::settings::{Grant, GrantLimits, GrantTable, Settings};

/// Grants that speak of the tool and may speak for its plugin.
pub(super) fn speaking<'s>(
    settings: &'s Settings,
    plugin: &PluginHandle,
    spec: &ToolSpec,
) -> impl Iterator<Item = &'s Grant> {
    let known = is_known(settings, &plugin.name, plugin.plugin.digest());
    let (plugin, tool) = (plugin.name.clone(), spec.name.clone());
    settings.grants.iter().filter(move |grant| grant.tools.matches(&plugin, &tool) && (known || !grant.known_only))
}

/// Shipped under this name, or named by its digest in the user's own file, which speaks for projects that it has not seen.
pub(super) fn is_known(settings: &Settings, name: &str, digest: Digest) -> bool {
    // Under a name of the user's own, too.
    let is_named = || settings.is_users(name) && builtin::with_digest(digest).is_some();
    let is_shipped = builtin::get(name).is_some_and(|shipped| shipped.digest == digest) || is_named();
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
    let given = |pattern: &HttpPattern| AllowedHttp::granted(pattern.clone(), table.addresses.clone(), origin.clone());
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

/// The limits of the tool's calls: shipped, its wish, and in their place what is written; the largest of several.
pub(super) fn limits(settings: &Settings, plugin: &PluginHandle, spec: &ToolSpec) -> Limits {
    let granted = speaking(settings, plugin, spec).map(|grant| &grant.limits);
    with(Limits::SHIPPED.with_wish(spec.limits), &granted.fold(GrantLimits::default(), GrantLimits::or_larger))
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
