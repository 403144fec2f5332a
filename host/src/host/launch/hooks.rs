//! Hooks that a run has beside those of its host: of the embedding program, as a trait or as closures.

use std::sync::Arc;

use serde_json::Value;

use super::Launch;
use crate::hook::{
    CallView, Hook, HookEntry, OnCheckDone, OnFault, OnPostStep, OnPostTool, OnPrePrompt, OnPreTool, OnShouldStop,
    Powers, ResultVerdict, RunView, StepView, ToolAnswer,
};

impl Launch {
    /// A hook of the embedding program, behind those of the configuration. It has every power.
    pub fn hook(mut self, name: impl Into<String>, hook: impl Hook + 'static) -> Self {
        let (powers, on_fault) = (Powers::ALL, OnFault::Deny);
        self.hooks.push(HookEntry { name: name.into(), powers, on_fault, hook: Arc::new(hook) });
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
}
