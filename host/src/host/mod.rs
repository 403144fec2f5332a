//! A host: settings, mounts, plugins and grants put together, ready to make gates.
//!
//! Whoever embeds the host builds one of these once and starts runs from it. [`Host::builder`] has read what
//! it is told to; [`Host::assemble`] is the same without reading: bytes and values come in.

mod advice;
mod asker;
mod builder;
mod changes;
mod component;
mod contradictions;
mod desk;
mod findings;
mod grants;
mod hooks;
mod launch;
mod learn;
mod mounts;
mod opening;
mod pins;
mod plugins;
mod prompt;
mod replay;
mod terms;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

pub use crate::permission::AskId;
pub use builder::HostBuilder;
pub use component::HookComponent;
pub use desk::{Desk, NotAsked, PendingAsk};
pub use launch::{Forked, IntoApprover, Launch};
pub use pins::differences;
pub use prompt::Prompt;
pub use replay::{Difference, Recorded, Replayed};

use crate::builtin;
use crate::canonical::CanonicalJson;
use crate::capability::fs::Mount;
use crate::error::{Error, Result};
use crate::gate::{Gate, GatedTool, PluginHandle};
use crate::journal::Runs;
use crate::machine::{Machine, NamedBy, PluginFile};
use crate::model::select::Environment;
use crate::origin::Origin;
use crate::permission::{
    Decision, Fallback, Finding, KnownTool, Policy, Rule, Severity, StandingApproval, Unmatched, check_bound,
};
use crate::sandbox::Sandbox;
use crate::settings::Settings;

/// The built-in tool that ends a run; no plugin may have one of its name.
pub const DONE: &str = "done";

/// Everything that runs share. Cheap to clone.
#[derive(Clone)]
pub struct Host(Arc<Parts>);

struct Parts {
    sandbox: Sandbox,
    settings: Settings,
    mounts: Vec<Mount>,
    plugins: Vec<Arc<PluginHandle>>,
    tools: Vec<GatedTool>,
    findings: Vec<Finding>,
    hooks: Vec<hooks::HostHook>,
    /// What `done` has to be given, checked.
    done_schema: Option<CanonicalJson>,
    /// Components that nobody pinned, by name.
    unpinned: Vec<String>,
    around: Option<Around>,
}

/// What a host that was built knows of where it is.
struct Around {
    machine: Machine,
    /// Where journals go; in memory where this is none.
    runs: Option<Runs>,
    /// Said once, before anything runs.
    notes: Vec<String>,
}

impl Host {
    /// Opens the mounts, loads the plugins and intersects needs with grants.
    ///
    /// `hook_files` are those of the settings' hooks, in their order.
    ///
    /// `own` are the places of the host's own files: a writable mount that holds one of them refuses to
    /// start. `variables` is where granted environment variables get their values from.
    ///
    /// # Errors
    /// A mount that cannot be opened, a plugin that does not load, two tools of one name, settings that
    /// do not fit a plugin's schema, a rule that can never match: each with its line.
    pub async fn assemble(
        sandbox: &Sandbox,
        settings: Settings,
        files: Vec<PluginFile>,
        hook_files: Vec<PluginFile>,
        own: &[PathBuf],
        variables: &Environment,
    ) -> Result<Self> {
        let parts = Self::parts(sandbox, settings, files, hook_files, own, variables).await?;
        Ok(Self(Arc::new(parts)))
    }

    async fn parts(
        sandbox: &Sandbox,
        settings: Settings,
        files: Vec<PluginFile>,
        hook_files: Vec<PluginFile>,
        own: &[PathBuf],
        variables: &Environment,
    ) -> Result<Parts> {
        let mut settings = settings;
        settings.keep_secrets_out()?;
        let done_schema = opening::done_schema(&settings)?;
        let mounts = mounts::open(&settings, own)?;
        let files: Vec<PluginFile> = files.into_iter().filter(|file| !file.is_shipped_hook_lying_about()).collect();
        let lying: Vec<String> =
            files.iter().filter(|file| file.by == NamedBy::Directory).map(|file| file.name.clone()).collect();
        let (mut plugins, mut unpinned) = plugins::load(sandbox, &settings, files).await?;
        // A hook is called only if the operator names it as one.
        plugins.retain(|plugin| {
            !plugin.plugin.tools().is_empty() || plugin.plugin.hook_points().is_empty() || !lying.contains(&plugin.name)
        });
        let tools = gated_tools(&settings, &mounts, &plugins, variables)?;
        check_names(&tools)?;
        let (hooks, others) = hooks::load(sandbox, &settings, &settings.hooks, hook_files, &mounts, variables).await?;
        unpinned.extend(others);
        let mut findings = check_rules(&settings, &tools)?;
        findings.extend(findings::of_grants(&settings, &tools));
        findings.extend(contradictions::findings(&settings, &tools));
        findings.extend(hooks::findings(&settings, &hooks));
        findings.extend(mounts::findings(&settings, &mounts));
        findings.extend(plugins::findings(&settings, &tools, DONE));
        let mounts = mounts.into_values().collect();
        Ok(Parts {
            sandbox: sandbox.clone(),
            settings,
            mounts,
            plugins,
            tools,
            findings,
            hooks,
            done_schema,
            unpinned,
            around: None,
        })
    }

    /// A gate for one run, with the approvals of flags and nobody to ask.
    pub fn gate(&self) -> Gate {
        self.gate_with(Vec::new(), Vec::new())
    }

    /// A gate with rules and approvals beside those of the settings.
    fn gate_with(&self, rules: Vec<Rule>, approvals: Vec<StandingApproval>) -> Gate {
        let settings = &self.0.settings;
        let mut policy = rules.into_iter().fold(settings.policy.clone(), Policy::with);
        // An allowance by the program is one where no rule matches, too; a remembered answer is not.
        for approval in approvals.iter().filter(|approval| *approval.origin() == Origin::Program) {
            policy = policy.allow_unmatched(approval.tools().clone(), Origin::Program);
        }
        Gate::new(self.0.tools.clone(), self.0.mounts.clone(), policy)
            .with_redaction(&settings.redaction)
            .with_approvals(settings.approvals.clone())
            .with_approvals(approvals)
    }

    /// What was put together.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// The mounts, opened.
    pub fn mounts(&self) -> &[Mount] {
        &self.0.mounts
    }

    /// The plugins that are loaded.
    pub fn plugins(&self) -> &[Arc<PluginHandle>] {
        &self.0.plugins
    }

    /// All tools, in the order in which they are shown to the model.
    pub fn tools(&self) -> &[GatedTool] {
        &self.0.tools
    }

    /// The hooks that are asked about each call before it runs.
    pub fn hooks_before_tools(&self) -> Vec<&str> {
        self.0.hooks.iter().filter(|hook| hook.is_before_tools()).map(hooks::HostHook::name).collect()
    }

    /// What is worth a line before anything runs: of files, rules and grants.
    pub fn notes(&self) -> &[String] {
        self.0.around.as_ref().map_or(&[], |around| &around.notes)
    }

    /// What may be meant, and is worth a word to who looks: rules and grants that are wider than they look, or in vain.
    pub fn advice(&self) -> Vec<Finding> {
        advice::findings(self.settings(), &self.0.tools)
    }

    /// What is worth a note about rules and grants, now that the plugins are known.
    pub fn findings(&self) -> &[Finding] {
        &self.0.findings
    }
}

impl Parts {
    /// What is worth a line about components that nobody pinned, or that stand outside of the lock.
    fn pinning_notes(&self) -> Vec<String> {
        let quoted = |names: &[String]| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let mut notes = Vec::new();
        if !self.unpinned.is_empty() {
            let (names, are) = (quoted(&self.unpinned), if self.unpinned.len() == 1 { "is" } else { "are" });
            notes
                .push(format!("note: {names} {are} not pinned: `looplet-host add` shows what a plugin is and pins it"));
        }
        let dev: Vec<String> =
            self.plugins.iter().filter(|plugin| plugin.is_dev).map(|plugin| plugin.name.clone()).collect();
        if !dev.is_empty() {
            notes
                .push(format!("note: {} is loaded by `--dev`: outside of the lock, and without secrets", quoted(&dev)));
        }
        notes
    }
}

fn gated_tools(
    settings: &Settings,
    mounts: &BTreeMap<String, Mount>,
    plugins: &[Arc<PluginHandle>],
    variables: &Environment,
) -> Result<Vec<GatedTool>> {
    let mut tools = Vec::new();
    for plugin in plugins {
        let prefix = settings.plugins.get(&plugin.name).and_then(|written| written.prefix.as_ref());
        let prefix = prefix.map(|prefix| prefix.value.as_str()).unwrap_or_default();
        for spec in plugin.plugin.tools() {
            let granted = grants::granted(settings, mounts, plugin, spec, variables)?;
            let limits = grants::limits(settings, plugin, spec);
            let tool = GatedTool::new(Arc::clone(plugin), spec.clone(), prefix, granted, limits)
                .map_err(|why| Error::usage(format!("the input schema of `{}/{}` {why}", plugin.name, spec.name)))?;
            tools.push(tool);
        }
    }
    tools.sort_by_key(GatedTool::full_name);
    Ok(tools)
}

/// Refuses two tools that the model could not tell apart.
fn check_names(tools: &[GatedTool]) -> Result<()> {
    let mut names: BTreeMap<&str, &GatedTool> = BTreeMap::new();
    for tool in tools {
        let name = tool.shown_name();
        let hint = |plugin: &str| {
            let file = format!("plugins/{plugin}.wasm");
            let from = builtin::get(plugin).map_or(file.as_str(), |_| "builtin");
            format!(
                "give it a prefix, in looplet.toml:\n  [plugins.{plugin}]\n  from = \"{from}\"\n  prefix = \"{plugin}_\""
            )
        };
        if name == DONE {
            return Err(Error::usage(format!(
                "plugin `{}` has a tool `{DONE}`, which is built in",
                tool.plugin_name()
            ))
            .hint(hint(tool.plugin_name())));
        }
        if let Some(other) = names.insert(name, tool) {
            let (first, second) = (other.plugin_name(), tool.plugin_name());
            return Err(Error::usage(format!("the plugins `{first}` and `{second}` both have a tool `{name}`"))
                .hint(hint(second)));
        }
    }
    Ok(())
}

fn check_rules(settings: &Settings, tools: &[GatedTool]) -> Result<Vec<Finding>> {
    let schemas: Vec<_> = tools.iter().map(|tool| tool.spec().input_schema.to_value()).collect();
    let known: Vec<KnownTool<'_>> = tools
        .iter()
        .zip(&schemas)
        .map(|(tool, input_schema)| KnownTool { plugin: tool.plugin_name(), tool: &tool.spec().name, input_schema })
        .collect();
    // What a flag allows is a pattern too, and one that nothing matches is a slip.
    let typed = settings
        .approvals
        .iter()
        .map(|approval| Rule::for_tool(approval.tools().clone(), Decision::Allow, approval.origin().clone()));
    let nothing = Fallback { unmatched: Unmatched::Deny, origin: Origin::Shipped };
    let typed = Policy::new(typed.collect(), nothing);
    let mut findings = settings.policy.check_against(&known);
    findings.extend(settings.policy.shadowed(&known));
    findings.extend(typed.check_against(&known));
    let bounds = settings.budget.calls.iter();
    findings.extend(bounds.filter_map(|(pattern, most)| check_bound(pattern, &most.origin, &known)));
    findings.extend(settings.policy.check_mounts(&settings.mounts.keys().map(String::as_str).collect::<Vec<_>>()));
    match findings.iter().position(|finding| finding.severity == Severity::Error) {
        Some(error) => Err(findings[error].clone().into_error()),
        None => Ok(findings),
    }
}
