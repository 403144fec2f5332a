//! What is worth a line about grants: those that give nothing.

use std::collections::BTreeMap;

use super::contradictions::is_about;
use crate::gate::GatedTool;
use crate::need::Capability;
use crate::permission::{Finding, Severity};
use crate::settings::{GrantTable, Settings};

/// Grants that give nothing: for tools or mounts that there are not.
pub(super) fn of_grants(settings: &Settings, tools: &[GatedTool]) -> Vec<Finding> {
    let mut findings = Vec::new();
    // The user's file speaks for projects with other plugins and mounts: what is not here is elsewhere.
    for grant in settings.grants.iter().filter(|grant| !grant.known_only) {
        let mut note = |message: String, hint: String| {
            findings.push(Finding { severity: Severity::Note, message, hint, origin: grant.origin.clone() });
        };
        let name = grant.tools.as_str();
        let about: Vec<&GatedTool> = tools.iter().filter(|tool| is_about(grant, tool)).collect();
        if about.is_empty() {
            note(
                format!("the grant for `{name}` gives nothing: no such tool is loaded"),
                "`looplet-host inspect` lists them".into(),
            );
            continue;
        }
        let needs = about.iter().flat_map(|tool| {
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
