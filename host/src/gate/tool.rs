//! A tool with all that the gate needs to let it run: its plugin, its schema, what it is granted.

use std::sync::Arc;

use serde_json::Value;

use super::named::{self, NamedPlace};
use crate::canonical::CanonicalJson;
use crate::capability::fs::Mount;
use crate::capability::{Granted, MountResolver};
use crate::digest::Digest;
use crate::hook::CallView;
use crate::message::ToolCall;
use crate::need::Place;
use crate::permission::ToolKind;
use crate::plugin::{Schema, ToolSpec};
use crate::record::{CallFacts, ToolRecord};
use crate::sandbox::{Limits, Plugin, Sandbox};

/// A plugin that is loaded, under the operator's name.
#[derive(Clone)]
pub struct PluginHandle {
    /// The operator's name.
    pub name: String,
    /// The component.
    pub plugin: Plugin,
    /// Where it runs.
    pub sandbox: Sandbox,
    /// Whether it is one of those that are shipped, known by its digest.
    pub built_in: bool,
    /// The operator's settings for it.
    pub settings: CanonicalJson,
}

/// One tool of a plugin. Cheap to clone.
#[derive(Clone)]
pub struct GatedTool(Arc<Parts>);

struct Parts {
    plugin: Arc<PluginHandle>,
    spec: ToolSpec,
    shown_name: String,
    schema: Schema,
    granted: Granted,
    limits: Limits,
    repeatable: bool,
    changes_nothing: bool,
    reach: Vec<Place>,
}

impl GatedTool {
    /// A tool of a plugin. `prefix` is put before its name for the model. The error is a clause about
    /// its schema.
    pub fn new(
        plugin: Arc<PluginHandle>,
        spec: ToolSpec,
        prefix: &str,
        granted: Granted,
        limits: Limits,
    ) -> Result<Self, String> {
        let schema = Schema::compile(&spec.input_schema)?;
        // The most that any call of it can hold; what cannot be resolved runs nothing and so changes nothing.
        let most = crate::capability::Authority::resolve(&spec.needs, &granted, &crate::permission::Narrowing::none());
        let changes_nothing = most.as_ref().map_or(true, crate::capability::Resolved::changes_nothing);
        let repeatable = most.as_ref().map_or(true, crate::capability::Resolved::is_repeatable);
        let reach =
            most.map(|most| most.reached.into_iter().map(|reached| reached.place).collect()).unwrap_or_default();
        let shown_name = format!("{prefix}{}", spec.name);
        Ok(Self(Arc::new(Parts {
            plugin,
            spec,
            shown_name,
            schema,
            granted,
            limits,
            repeatable,
            changes_nothing,
            reach,
        })))
    }

    /// Its plugin.
    pub fn plugin(&self) -> &PluginHandle {
        &self.0.plugin
    }

    /// What the plugin says of it.
    pub fn spec(&self) -> &ToolSpec {
        &self.0.spec
    }

    /// `plugin/tool`, by which rules and grants name it.
    pub fn full_name(&self) -> String {
        format!("{}/{}", self.0.plugin.name, self.0.spec.name)
    }

    /// The name that the model uses.
    pub fn shown_name(&self) -> &str {
        &self.0.shown_name
    }

    /// What the operator grants it.
    pub fn granted(&self) -> &Granted {
        &self.0.granted
    }

    /// The limits of its calls.
    pub fn limits(&self) -> Limits {
        self.0.limits
    }

    /// Whether no call of it can change anything, by needs and grants.
    pub fn changes_nothing(&self) -> bool {
        self.0.changes_nothing
    }

    /// A call of it as hooks are shown it.
    pub fn view(&self, call: ToolCall) -> CallView {
        CallView {
            plugin: self.0.plugin.name.clone(),
            call,
            changes_nothing: self.0.changes_nothing,
            repeatable: self.0.repeatable,
            reach: self.0.reach.clone(),
        }
    }

    /// What is wrong with arguments, one clause each.
    pub fn faults(&self, arguments: &Value) -> Vec<String> {
        self.0.schema.faults(arguments)
    }

    /// The places that a call with these arguments names, where that can be said.
    pub fn names(&self, arguments: &Value, mounts: &[Mount]) -> Option<Vec<NamedPlace>> {
        named::places(self, arguments, &MountResolver::new(mounts))
    }

    /// What holds for every call of it.
    pub fn facts(&self) -> CallFacts {
        CallFacts {
            repeatable: self.0.repeatable,
            concurrent_safe: self.0.spec.concurrent_safe,
            uncharged: self.0.spec.uncharged,
        }
    }

    /// The digest of what the plugin says of the tool; an approval is bound to it.
    pub fn definition_digest(&self) -> Digest {
        let text = serde_json::to_string(&self.0.spec).unwrap_or_default();
        Digest::of(text.as_bytes())
    }

    /// What the journal keeps of it and the model is told.
    pub fn to_record(&self) -> ToolRecord {
        ToolRecord {
            plugin: self.0.plugin.name.clone(),
            tool: self.0.spec.name.clone(),
            name: self.0.shown_name.clone(),
            description: self.0.spec.description.clone(),
            input_schema: self.0.spec.input_schema.clone(),
            kind: self.kind(),
            facts: self.facts(),
            memory_limit_bytes: self.0.limits.memory_bytes as u64,
        }
    }

    /// What kind of thing it is.
    pub fn kind(&self) -> ToolKind {
        ToolKind::Component
    }
}
