//! Grants that say different things of one tool, and which of them holds.

use std::collections::BTreeSet;

use super::grants::speaking;
use crate::gate::{GatedTool, Provider};
use crate::need::FsMode;
use crate::permission::{Finding, Severity};
use crate::settings::{Grant, Settings};

/// What is worth a line, each once.
pub(super) fn findings(settings: &Settings, tools: &[GatedTool]) -> Vec<Finding> {
    let mut found: Vec<Finding> = tools.iter().flat_map(|tool| Spoken::of(settings, tools, tool).findings()).collect();
    let mut told = BTreeSet::new();
    found.retain(|finding| told.insert((finding.origin.to_string(), finding.message.clone())));
    found
}

/// What is said of one tool.
struct Spoken<'a> {
    settings: &'a Settings,
    tools: &'a [GatedTool],
    /// But for the user's file, which speaks for other projects too.
    grants: Vec<&'a Grant>,
}

impl<'a> Spoken<'a> {
    fn of(settings: &'a Settings, tools: &'a [GatedTool], tool: &'a GatedTool) -> Self {
        let grants = match tool.provider() {
            Provider::Component(plugin) => speaking(settings, plugin, tool.spec()).collect(),
            Provider::Native(_) => Vec::new(),
        };
        let grants = grants.into_iter().filter(|grant: &&Grant| !grant.known_only).collect();
        Self { settings, tools, grants }
    }

    fn findings(&self) -> Vec<Finding> {
        let of_grant = |grant: &&'a Grant| {
            let mut found = self.modes(grant);
            found.extend(self.limits(grant));
            found.extend(self.secrets(grant));
            found
        };
        self.grants.iter().flat_map(of_grant).collect()
    }

    /// Two modes of one mount: the wider one holds.
    fn modes(&self, grant: &Grant) -> Vec<Finding> {
        let name = &grant.tools;
        let of_mount = |(mount, mode): (&String, &FsMode)| {
            let is_wider = |other: &&&Grant| other.table.fs.get(mount) > Some(mode) && !self.is_exception(other, grant);
            let outdone = self.grants.iter().find(is_wider).map(|other| {
                let (by, wide) = (&other.origin, other.table.fs[mount]);
                let message = format!(
                    "the grant for `{name}` gives `{mount}` as {mode}, and `{by}` gives it as {wide}: the wider one holds"
                );
                note(grant, message, "take one of them out, or narrow with a rule")
            });
            let most = self.settings.mounts.get(mount).map(|written| written.mode.value);
            let is_more = most.is_some_and(|most| *mode > most);
            let message =
                || format!("the grant for `{name}` gives `{mount}` as {mode}, and the mount is no more than ro");
            let hint = || format!("write `mode = \"{mode}\"` in `[mounts.{mount}]`, or grant `ro`");
            outdone.into_iter().chain(is_more.then(|| note(grant, message(), &hint())))
        };
        grant.table.fs.iter().flat_map(of_mount).collect()
    }

    /// Two values of one limit: the larger one holds.
    fn limits(&self, grant: &Grant) -> Vec<Finding> {
        let of_limit = |(word, limit): (&'static str, u64)| {
            let value =
                |other: &Grant| other.limits.written().find(|(other, _)| *other == word).map(|(_, limit)| limit);
            let is_larger = |other: &&&Grant| value(other) > Some(limit) && !self.is_exception(other, grant);
            let other = self.grants.iter().find(is_larger)?;
            let (name, by, large) = (&grant.tools, &other.origin, value(other)?);
            let message = format!(
                "the grant for `{name}` says `{word} = {limit}`, and `{by}` says {large}: the larger one holds"
            );
            Some(note(grant, message, "take one of them out"))
        };
        grant.limits.written().filter_map(of_limit).collect()
    }

    /// Secrets that no request goes along with.
    fn secrets(&self, grant: &Grant) -> Vec<Finding> {
        let idle = |name: &String| {
            let to = &self.settings.secrets.get(name)?.to;
            let there = to.pattern();
            let goes = |other: &&Grant| other.table.http.iter().any(|pattern| pattern.intersect(&there).is_some());
            if self.grants.iter().any(goes) {
                return None;
            }
            let message = format!(
                "the grant for `{}` gives the secret `{name}`, and no requests to `{to}`, where it goes",
                grant.tools
            );
            Some(note(grant, message, "grant requests there, or take it out"))
        };
        grant.table.secrets.iter().filter_map(idle).collect()
    }

    /// Whether a grant is about fewer tools than another one: what is said of some of them beside all is meant.
    fn is_exception(&self, grant: &Grant, of: &Grant) -> bool {
        let only_there = self.tools.iter().filter(|tool| is_about(grant, tool)).all(|tool| is_about(of, tool));
        only_there && self.tools.iter().any(|tool| is_about(of, tool) && !is_about(grant, tool))
    }
}

pub(super) fn is_about(grant: &Grant, tool: &GatedTool) -> bool {
    grant.tools.matches(tool.plugin_name(), &tool.spec().name)
}

pub(super) fn note(grant: &Grant, message: String, hint: &str) -> Finding {
    Finding { severity: Severity::Note, message, hint: hint.to_owned(), origin: grant.origin.clone() }
}
