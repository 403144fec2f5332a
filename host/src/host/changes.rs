//! What differs between the beginning of a run and the host that is to go on with it.

use std::collections::BTreeMap;

use crate::digest::Digest;
use crate::permission::ToolKind;
use crate::record::RunStarted;

/// One clause for each difference that changes what the run may do or is told.
pub(super) fn changes(then: &RunStarted, now: &RunStarted) -> Vec<String> {
    let mut changes = Vec::new();
    let digests = |started: &RunStarted| -> BTreeMap<String, _> {
        started.plugins.iter().map(|plugin| (plugin.name.clone(), plugin.digest)).collect()
    };
    let (before, after) = (digests(then), digests(now));
    for (name, digest) in &before {
        match after.get(name) {
            None => changes.push(format!("plugin `{name}` is not loaded")),
            Some(now) if now != digest => {
                changes.push(format!("plugin `{name}` is another component{}", in_full(*now)));
            }
            Some(_) => {}
        }
    }
    let new = after.iter().filter(|(name, _)| !before.contains_key(*name));
    changes.extend(new.map(|(name, digest)| format!("plugin `{name}` is new{}", in_full(*digest))));
    if then.policy != now.policy {
        changes.push(format!("policy, grants or hooks are others{}", in_full(now.policy)));
    }
    changes.extend(tools(then, now));
    changes.extend(mounts(then, now));
    changes
}

/// Named in full, so that what was accepted once covers this and nothing else.
fn in_full(digest: Option<Digest>) -> String {
    digest.map(|digest| format!(" ({digest})")).unwrap_or_default()
}

/// Tools of plugins that are the same: what the operator does to them. Of other plugins it is said already.
fn tools(then: &RunStarted, now: &RunStarted) -> Vec<String> {
    let same = |plugin: &str| {
        let digest = |started: &RunStarted| {
            started.plugins.iter().find(|known| known.name == plugin).and_then(|known| known.digest)
        };
        digest(then) == digest(now)
    };
    let before: BTreeMap<String, _> = then.tools.iter().map(|tool| (tool.full_name(), tool)).collect();
    let after: BTreeMap<String, _> = now.tools.iter().map(|tool| (tool.full_name(), tool)).collect();
    let of_same = before.iter().filter(|(_, tool)| same(&tool.plugin));
    of_same
        .filter_map(|(name, tool)| match after.get(name) {
            None if tool.kind == ToolKind::Native => Some(format!("the native tool `{}` is not supplied", tool.tool)),
            None => Some(format!("tool `{name}` is gone")),
            Some(now) if now.name != tool.name => Some(format!("tool `{name}` is called `{}` now", now.name)),
            Some(now) if (&now.description, &now.input_schema) != (&tool.description, &tool.input_schema) => {
                Some(format!("tool `{name}` is described in other words"))
            }
            Some(_) => None,
        })
        .collect()
}

fn mounts(then: &RunStarted, now: &RunStarted) -> Vec<String> {
    let find = |started: &RunStarted, name: &str| started.mounts.iter().find(|mount| mount.name == name).cloned();
    let mut changes = Vec::new();
    for before in &then.mounts {
        match find(now, &before.name) {
            None => changes.push(format!("mount `{}` is gone", before.name)),
            Some(mount) if mount != *before => {
                changes.push(format!("mount `{}` is now `{}` ({})", mount.name, mount.path, mount.mode));
            }
            Some(_) => {}
        }
    }
    let new = now.mounts.iter().filter(|mount| find(then, &mount.name).is_none());
    changes.extend(new.map(|mount| format!("mount `{}` is new: `{}` ({})", mount.name, mount.path, mount.mode)));
    changes
}
