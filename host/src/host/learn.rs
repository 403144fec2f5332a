//! The least policy that covers what runs did, as a configuration file to read and to keep.
//!
//! For each tool that was let through: a grant as far as its calls went, and a rule about the directories
//! that its path argument named. A whole mount is given only where a call named it, and then a line says so.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::Host;
use crate::gate::GatedTool;
use crate::need::FsMode;
use crate::permission::{MaskKind, Tier};
use crate::record::{Body, CallDecided, Record, Ruling};
use crate::settings::PluginSource;

/// What the runs did with one tool.
#[derive(Default)]
struct Learned {
    calls: usize,
    /// Some call could change something.
    changes: bool,
    /// Some call names no path, or a whole mount, or more than one path.
    is_whole: bool,
    /// Pointer and mount of the path argument, with the paths.
    paths: BTreeMap<(String, String), BTreeSet<String>>,
}

impl Host {
    /// The text of a configuration file that lets through what these runs were let do, on this host.
    pub fn learn<'r>(&self, runs: impl IntoIterator<Item = &'r [Record]>) -> String {
        let mut learned: BTreeMap<String, Learned> = BTreeMap::new();
        let mut number = 0;
        for records in runs {
            number += 1;
            let decided = records.iter().filter_map(|record| match &record.body {
                Body::CallDecided(decided) if decided.ruling == Ruling::Allowed => Some(&**decided),
                _ => None,
            });
            for decided in decided {
                if let Some(tool) = self.tools().iter().find(|tool| tool.full_name() == decided.tool) {
                    self.learn_call(learned.entry(decided.tool.clone()).or_default(), tool, decided);
                }
            }
        }
        self.render(number, &learned)
    }

    fn learn_call(&self, learned: &mut Learned, tool: &GatedTool, decided: &CallDecided) {
        learned.calls += 1;
        learned.changes |= !decided.facts.unwrap_or_else(|| tool.facts()).repeatable;
        match tool.names(&decided.arguments.to_value(), self.mounts()).as_deref() {
            Some([named]) if named.path != "." => {
                let place = (named.pointer.clone(), named.mount.clone());
                learned.paths.entry(place).or_default().insert(named.path.clone());
            }
            _ => learned.is_whole = true,
        }
    }

    fn render(&self, runs: usize, learned: &BTreeMap<String, Learned>) -> String {
        let calls: usize = learned.values().map(|tool| tool.calls).sum();
        let (tools, runs) = (learned.len(), if runs == 1 { "a run".to_owned() } else { format!("{runs} runs") });
        let mut text = format!(
            "# The least that covers what {runs} did: {calls} calls of {tools} tools. Read it before you use it.\nformat = 1\n"
        );
        let used: Vec<(&GatedTool, &Learned)> =
            self.tools().iter().filter_map(|tool| Some((tool, learned.get(&tool.full_name())?))).collect();
        self.render_mounts(&used, &mut text);
        self.render_plugins(&used, &mut text);
        text.push_str("\n[grants]\n");
        for (tool, learned) in &used {
            let _ = writeln!(text, "{} = {{{}}}", quoted(&tool.full_name()), grants(tool, learned));
        }
        text.push_str("\n[policy]\nunmatched = \"deny\"\n");
        for (tool, learned) in &used {
            render_rules(tool, learned, &mut text);
        }
        text
    }

    fn render_mounts(&self, used: &[(&GatedTool, &Learned)], text: &mut String) {
        for mount in self.mounts() {
            let users = used
                .iter()
                .filter(|(tool, _)| tool.granted().mounts.values().any(|given| given.mount.name() == mount.name()));
            let modes: Vec<FsMode> = users.map(|(_, learned)| mode(learned)).collect();
            let Some(mode) = modes.into_iter().max() else { continue };
            let (name, path) = (quoted(mount.name()), quoted(&mount.host_path().display().to_string()));
            let _ = write!(text, "\n[mounts.{name}]\npath = {path}\nmode = \"{}\"\n", mode.min(mount.mode()));
            let Some(written) = self.settings().mounts.get(mount.name()) else { continue };
            for kind in [MaskKind::Hidden, MaskKind::ReadOnly] {
                let masks = written.masks.iter().filter(|mask| mask.tier == Tier::Written && mask.kind == kind);
                let masks: Vec<String> = masks.map(|mask| quoted(&mask.pattern)).collect();
                if !masks.is_empty() {
                    let _ = writeln!(text, "{} = [{}]", kind.as_str(), masks.join(", "));
                }
            }
            if let Some(quota) = &written.quota_mib {
                let _ = writeln!(text, "quota_mib = {}", quota.value);
            }
        }
    }

    fn render_plugins(&self, used: &[(&GatedTool, &Learned)], text: &mut String) {
        let names: BTreeSet<&str> = used.iter().map(|(tool, _)| tool.plugin_name()).collect();
        for name in names {
            let Some(written) = self.settings().plugins.get(name) else { continue };
            let from = match &written.source {
                PluginSource::BuiltIn(None) => "builtin".to_owned(),
                PluginSource::BuiltIn(Some(name)) => format!("builtin:{name}"),
                PluginSource::File(path) => path.display().to_string(),
            };
            let digest = self.plugins().iter().find(|plugin| plugin.name == name).map(|plugin| plugin.plugin.digest());
            let digest = digest.map(|digest| format!("digest = \"{digest}\"\n")).unwrap_or_default();
            let _ = write!(text, "\n[plugins.{}]\nfrom = {}\n{digest}", quoted(name), quoted(&from));
            if let Some(prefix) = &written.prefix {
                let _ = writeln!(text, "prefix = {}", quoted(&prefix.value));
            }
            let renamed: Vec<String> =
                written.mounts.iter().map(|(word, mount)| format!("{} = {}", quoted(word), quoted(mount))).collect();
            if !renamed.is_empty() {
                let _ = writeln!(text, "mounts = {{ {} }}", renamed.join(", "));
            }
        }
    }
}

fn mode(learned: &Learned) -> FsMode {
    if learned.changes { FsMode::ReadWrite } else { FsMode::ReadOnly }
}

fn grants(tool: &GatedTool, learned: &Learned) -> String {
    let granted = tool.granted();
    let mounts: BTreeMap<&str, FsMode> =
        granted.mounts.values().map(|given| (given.mount.name(), given.mode.min(mode(learned)))).collect();
    let mounts: Vec<String> = mounts.iter().map(|(name, mode)| format!("{} = \"{mode}\"", quoted(name))).collect();
    let env: Vec<String> = granted.env.keys().map(|name| quoted(name)).collect();
    let mut parts = Vec::new();
    if !mounts.is_empty() {
        parts.push(format!(" fs = {{ {} }}", mounts.join(", ")));
    }
    if !env.is_empty() {
        parts.push(format!(" env = [{}]", env.join(", ")));
    }
    if parts.is_empty() { String::new() } else { parts.join(",") + " " }
}

fn render_rules(tool: &GatedTool, learned: &Learned, text: &mut String) {
    let name = quoted(&tool.full_name());
    if learned.is_whole {
        let has_mounts = !tool.granted().mounts.is_empty();
        let note = if has_mounts { "# calls of it named no path below the mount: it may use all of it\n" } else { "" };
        let effects = if learned.changes { "" } else { "effects = \"none\"\n" };
        let _ = write!(text, "\n[[rules]]\n{note}tool = {name}\n{effects}decision = \"allow\"\n");
        return;
    }
    for ((pointer, mount), paths) in &learned.paths {
        let globs: Vec<String> = globs(paths).iter().map(|glob| quoted(glob)).collect();
        let (arg, mount, globs) = (quoted(argument(pointer)), quoted(mount), globs.join(", "));
        let path = format!("{{ arg = {arg}, mount = {mount}, glob = [{globs}] }}");
        let _ = write!(text, "\n[[rules]]\ntool = {name}\npath = {path}\ndecision = \"allow\"\n");
    }
}

/// A top-level argument by its bare name.
fn argument(pointer: &str) -> &str {
    match pointer.strip_prefix('/') {
        Some(name) if !name.contains(['/', '~']) => name,
        _ => pointer,
    }
}

/// The directories of the paths, and those at the top by name: never the whole mount.
fn globs(paths: &BTreeSet<String>) -> Vec<String> {
    let dirs: BTreeSet<&str> = paths.iter().filter_map(|path| Some(path.rsplit_once('/')?.0)).collect();
    let is_below = |path: &str| dirs.iter().any(|dir| path.strip_prefix(dir).is_some_and(|rest| rest.starts_with('/')));
    let mut globs: Vec<String> =
        dirs.iter().filter(|dir| !is_below(dir)).map(|dir| format!("{}/**", globset::escape(dir))).collect();
    let at_top = paths.iter().filter(|path| !path.contains('/') && !dirs.contains(path.as_str()));
    globs.extend(at_top.map(|path| globset::escape(path)));
    globs
}

/// A text in the form that TOML and JSON share.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_their_directories_and_never_the_mount() {
        let of = |paths: &[&str]| globs(&paths.iter().map(|path| (*path).to_owned()).collect());
        assert_eq!(of(&["src/a.rs", "src/b/c.rs", "docs/x.md", "notes.md"]), ["docs/**", "src/**", "notes.md"]);
        assert_eq!(of(&["a[1].md"]), ["a[[]1[]].md"]);
        assert_eq!(of(&["src", "src/a.rs"]), ["src/**"]);
    }
}
