//! Whether a component is the one that somebody looked at: held against the digest that is written, and the locks.

use crate::builtin;
use crate::digest::Digest;
use crate::error::{Error, Result};
use crate::machine::{NamedBy, PluginFile};
use crate::origin::Origin;
use crate::record::cut;
use crate::sandbox::Plugin;
use crate::settings::{HookSettings, Pin, Settings};

/// What is known of a component that is about to be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pinned {
    /// It is shipped.
    BuiltIn,
    /// The operator named its digest, or pinned it.
    ByOperator,
    /// The project's lock names it, which came with the project.
    ByProject,
    /// `--dev`.
    Dev,
    /// Nobody pinned it.
    No,
}

/// How much of a line is shown.
const LINE: usize = 600;
/// How many lines of differences are shown.
const SHOWN: usize = 24;

/// Holds a plugin against what is pinned.
///
/// # Errors
/// It is another one than is pinned, with all that differs; or a lock has to name it and does not.
pub(super) fn check_plugin(settings: &Settings, file: &PluginFile, plugin: &Plugin) -> Result<Pinned> {
    let written = settings.plugins.get(&file.name);
    // Held against its digest before it was loaded.
    let by_digest = written.is_some_and(|written| written.digest.is_some());
    match file.by {
        NamedBy::Dev => match &settings.locked {
            None => Ok(Pinned::Dev),
            Some(origin) => Err(Error::usage(format!("plugin `{}` is not pinned: `--dev` names its file", file.name))
                .hint("leave out `--dev`, or what asks for pinned plugins alone")
                .at(origin.clone())),
        },
        _ if by_digest => Ok(Pinned::ByOperator),
        // Whoever names a file on the command line means that file.
        NamedBy::Argument if settings.locked.is_none() && builtin::with_digest(plugin.digest()).is_none() => {
            Ok(Pinned::No)
        }
        _ => check(settings, &file.name, settings.is_users(&file.name), plugin),
    }
}

/// The same for a hook.
pub(super) fn check_hook(settings: &Settings, name: &str, hook: &HookSettings, plugin: &Plugin) -> Result<Pinned> {
    match hook.origin {
        Origin::File { .. } => check(settings, name, hook.is_users, plugin),
        // Whoever names a file on the command line, or a program, means that file.
        _ if settings.locked.is_none() => Ok(Pinned::ByOperator),
        _ => check(settings, name, false, plugin),
    }
}

fn check(settings: &Settings, name: &str, is_users: bool, plugin: &Plugin) -> Result<Pinned> {
    let digest = plugin.digest();
    if builtin::with_digest(digest).is_some() {
        return Ok(Pinned::BuiltIn);
    }
    let (file, called) = settings.locks.of(is_users);
    match file.lock.as_ref().map(|lock| lock.get(name)) {
        _ if !settings.locks.are_read => Ok(Pinned::No),
        Some(Some(pin)) if pin.digest == digest => Ok(if file.is_own { Pinned::ByOperator } else { Pinned::ByProject }),
        Some(Some(pin)) => Err(changed(pin, called, plugin)),
        Some(None) => Err(Error::usage(format!("plugin `{name}` is not in `{called}`")).hint(hint(name))),
        // What the user has looked at is known wherever it is met under its name.
        None if settings.locks.known().any(|known| known == (name, digest)) => Ok(Pinned::ByOperator),
        None => match &settings.locked {
            None => Ok(Pinned::No),
            Some(origin) => Err(Error::usage(format!("plugin `{name}` is not pinned: there is no `{called}`"))
                .hint(hint(name))
                .at(origin.clone())),
        },
    }
}

fn hint(name: &str) -> String {
    format!("`looplet-host add FILE --name {name}` shows what it is and pins it")
}

fn changed(pin: &Pin, called: &str, plugin: &Plugin) -> Error {
    let lines = differences(pin, plugin.digest(), &plugin.definition());
    let more = lines.len().saturating_sub(SHOWN);
    let mut shown: Vec<String> = lines.iter().take(SHOWN).map(|line| format!("\n  {}", cut(line, LINE))).collect();
    shown.extend((more > 0).then(|| format!("\n  and {more} more")));
    let name = &pin.name;
    Error::usage(format!("plugin `{name}` is not the one in `{called}`{}", shown.concat()))
        .hint(format!("read what differs; `looplet-host add FILE --name {name}` pins the new one"))
}

/// All that differs from a pin, a line each.
pub fn differences(pin: &Pin, digest: Digest, definition: &crate::plugin::Definition) -> Vec<String> {
    let component = [format!("- component {}", pin.digest), format!("+ component {digest}")];
    let changed = component.into_iter().filter(|_| pin.digest != digest);
    changed.chain(pin.definition.differences(definition)).collect()
}
