//! What differs between the beginning of a run and the host that is to go on with it.

use std::collections::BTreeMap;

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
            Some(now) if now != digest => changes.push(format!("plugin `{name}` is another component")),
            Some(_) => {}
        }
    }
    changes
        .extend(after.keys().filter(|name| !before.contains_key(*name)).map(|name| format!("plugin `{name}` is new")));
    if then.policy != now.policy {
        changes.push("policy, grants or hooks are others".to_owned());
    }
    if changes.is_empty() && then.tools != now.tools {
        changes.push("the tools are described in other words".to_owned());
    }
    if mounts(then) != mounts(now) {
        changes.push("the mounts are others".to_owned());
    }
    changes
}

fn mounts(started: &RunStarted) -> Vec<(&str, &str, crate::need::FsMode)> {
    started.mounts.iter().map(|mount| (mount.name.as_str(), mount.path.as_str(), mount.mode)).collect()
}
