//! Rules and grants that may be meant as they are, and are wider than they look, or in vain.

use super::contradictions::{is_about, note};
use crate::gate::GatedTool;
use crate::permission::{Finding, HttpPattern};
use crate::settings::{Grant, Settings};

/// What is worth a word, but for the user's file, which speaks for other projects too.
pub(super) fn findings(settings: &Settings, tools: &[GatedTool]) -> Vec<Finding> {
    let mut findings = settings.policy.wide();
    for grant in settings.grants.iter().filter(|grant| !grant.known_only) {
        let about: Vec<&GatedTool> = tools.iter().filter(|tool| is_about(grant, tool)).collect();
        findings.extend(in_vain(settings, grant, &about));
        findings.extend(sent_to_all(grant));
        findings.extend(about.iter().filter_map(|tool| carries_out(grant, tool)));
    }
    for tool in tools {
        let mounts = tool.granted().mounts.values().map(|given| given.mount.name()).collect();
        findings.extend(settings.policy.kept_whole(tool.plugin_name(), &tool.spec().name, &mounts));
    }
    findings
}

/// A grant for calls that are never made.
fn in_vain(settings: &Settings, grant: &Grant, about: &[&GatedTool]) -> Option<Finding> {
    let may_let = |tool: &&GatedTool| settings.policy.may_let(tool.plugin_name(), &tool.spec().name);
    if about.is_empty() || about.iter().any(may_let) {
        return None;
    }
    let message = format!("the grant for `{}` is in vain: no rule lets a call through that it is about", grant.tools);
    Some(note(grant, message, "add a rule that allows or asks, or take the grant out"))
}

/// Requests that change things, to anybody.
fn sent_to_all(grant: &Grant) -> impl Iterator<Item = Finding> {
    let open = grant.table.http.iter().filter(|pattern| pattern.lets_all_be_sent_to());
    open.map(|pattern| {
        let message = format!("the grant for `{}` lets every host be sent to, by `{pattern}`", grant.tools);
        note(grant, message, "name the hosts, or the method `GET`")
    })
}

/// Files and the open web in one tool that needs both.
fn carries_out(grant: &Grant, tool: &GatedTool) -> Option<Finding> {
    let is_open = |pattern: &HttpPattern| pattern.is_open() && grant.table.http.contains(pattern);
    let granted = tool.granted();
    granted.http.iter().find(|given| is_open(&given.pattern))?;
    let (tool, mount) = (tool.full_name(), granted.mounts.values().next()?.mount.name());
    let message = format!("`{tool}` may read `{mount}` and ask every host: it can carry out whatever it reads");
    Some(note(grant, message, "name the hosts, or give files and requests to tools apart"))
}
