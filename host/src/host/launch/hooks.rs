//! Hooks that a run has beside those of its host: of the embedding program, as a trait or as closures.

use std::sync::Arc;

use serde_json::Value;

use super::Launch;
use crate::error::{Error, Result};
use crate::hook::{
    CallView, Hook, HookEntry, OnCheckDone, OnFault, OnPostStep, OnPostTool, OnPrePrompt, OnPreTool, OnShouldStop,
    Powers, ResultVerdict, RunView, StepView, ToolAnswer,
};
use crate::host::component::{HookComponent, RunHook};
use crate::host::hooks::HostHook;
use crate::record::{PluginRecord, RunStarted};

impl Launch {
    /// A hook of the embedding program, behind those of the configuration. It has every power.
    pub fn hook(mut self, name: impl Into<String>, hook: impl Hook + 'static) -> Self {
        let (powers, on_fault) = (Powers::ALL, OnFault::Deny);
        let entry = HookEntry { name: name.into(), powers, on_fault, hook: Arc::new(hook) };
        self.hooks.push(RunHook::Native(entry));
        self
    }

    /// A hook that is a component, from [`Host::component`](crate::Host::component), behind those before it.
    pub fn component(mut self, hook: &HookComponent) -> Self {
        self.hooks.push(RunHook::Component(hook.clone()));
        self
    }

    /// Decides on each call before the policy does: it may deny, ask, narrow, rewrite or answer.
    pub fn on_pre_tool(self, says: impl Fn(&RunView, &CallView) -> ToolAnswer + Send + Sync + 'static) -> Self {
        self.hook("on_pre_tool", OnPreTool(says))
    }

    /// Sees each result before it is recorded, and may put another in its place.
    pub fn on_post_tool(self, says: impl Fn(&RunView, &StepView) -> ResultVerdict + Send + Sync + 'static) -> Self {
        self.hook("on_post_tool", OnPostTool(says))
    }

    /// Is told of each recorded step.
    pub fn on_post_step(self, hears: impl Fn(&RunView, &StepView) + Send + Sync + 'static) -> Self {
        self.hook("on_post_step", OnPostStep(hears))
    }

    /// Adds a text to each request.
    pub fn on_pre_prompt(self, says: impl Fn(&RunView) -> Option<String> + Send + Sync + 'static) -> Self {
        self.hook("on_pre_prompt", OnPrePrompt(says))
    }

    /// Decides whether the model's word that it is done counts; the error is the reason for the model.
    pub fn on_check_done<E: ToString>(
        self,
        says: impl Fn(&RunView, &Value) -> std::result::Result<(), E> + Send + Sync + 'static,
    ) -> Self {
        let says = move |view: &RunView, answer: &Value| says(view, answer).map_err(|reason| reason.to_string());
        self.hook("on_check_done", OnCheckDone(says))
    }

    /// Gives a reason to stop between calls and turns.
    pub fn on_should_stop(self, says: impl Fn(&RunView) -> Option<String> + Send + Sync + 'static) -> Self {
        self.hook("on_should_stop", OnShouldStop(says))
    }

    /// Drops the instance of every hook that is a component after each point. For tests of hooks.
    pub fn forgetful_hooks(mut self) -> Self {
        self.forgets = true;
        self
    }

    /// Refuses to go on without a hook that a run has: what it kept from happening would happen.
    pub(super) fn check_watched(&self, started: &RunStarted, own: &[PluginRecord]) -> Result<()> {
        let has_tools = |name: &str| started.tools.iter().any(|tool| tool.plugin == name);
        let of_host = self.host().0.hooks.iter().map(HostHook::to_record);
        let known: Vec<String> = of_host.chain(own.iter().cloned()).map(|hook| hook.name).collect();
        let plugins = self.host().plugins();
        let is_missing = |name: &String| !known.contains(name) && !plugins.iter().any(|plugin| plugin.name == *name);
        let hooks = started.plugins.iter().map(|plugin| &plugin.name).filter(|name| !has_tools(name));
        let missing: Vec<String> = hooks.filter(|name| is_missing(name)).map(|name| format!("`{name}`")).collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(Error::usage(format!("the run has hooks that nobody gives it: {}", missing.join(", ")))
            .hint("`.component(…)` before `.resume(…)`, or `[[hooks]]` where they stood there"))
    }
}
