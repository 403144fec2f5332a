//! A tool with all that the gate needs to let it run: its plugin, its schema, what it is granted.

use std::sync::Arc;

use serde_json::Value;

use super::named::{self, NamedPlace};
use super::provider::{PluginHandle, Provider};
use crate::capability::fs::Mount;
use crate::capability::{Granted, MountResolver, Resolved};
use crate::digest::Digest;
use crate::hook::CallView;
use crate::message::ToolCall;
use crate::native::Tool;
use crate::need::Place;
use crate::permission::ToolKind;
use crate::plugin::{Schema, ToolSpec};
use crate::record::{CallFacts, ToolRecord};
use crate::sandbox::Limits;

/// One tool. Cheap to clone.
#[derive(Clone)]
pub struct GatedTool(Arc<Parts>);

struct Parts {
    provider: Provider,
    spec: ToolSpec,
    shown_name: String,
    schema: Schema,
    granted: Granted,
    limits: Limits,
    repeatable: bool,
    changes_nothing: bool,
    reach: Vec<Place>,
}

/// The longest name that every model takes.
const NAME_BYTES: usize = 64;

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
        Self::of(Provider::Component(plugin), spec, prefix, granted, limits)
    }

    /// A tool of the embedding program. The error is a clause about it.
    pub fn native(tool: Tool) -> Result<Self, String> {
        let spec = tool.spec()?;
        Self::of(Provider::Native(tool), spec, "", Granted::default(), Limits::SHIPPED)
    }

    fn of(provider: Provider, spec: ToolSpec, prefix: &str, granted: Granted, limits: Limits) -> Result<Self, String> {
        let schema = Schema::compile(&spec.input_schema)?;
        // The most that any call of it can hold; what cannot be resolved runs nothing and so changes nothing.
        let most = crate::capability::Authority::resolve(&spec.needs, &granted, &crate::permission::Narrowing::none());
        let is_walled = provider.kind() == ToolKind::Component;
        let changes_nothing = is_walled && most.as_ref().map_or(true, Resolved::changes_nothing);
        let repeatable = is_walled && most.as_ref().map_or(true, Resolved::is_repeatable);
        let reach =
            most.map(|most| most.reached.into_iter().map(|reached| reached.place).collect()).unwrap_or_default();
        let shown_name = format!("{prefix}{}", spec.name);
        if shown_name.len() > NAME_BYTES {
            return Err(format!("is called `{shown_name}` with its prefix: more than {NAME_BYTES} letters"));
        }
        Ok(Self(Arc::new(Parts {
            provider,
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

    /// What stands behind it.
    pub fn provider(&self) -> &Provider {
        &self.0.provider
    }

    /// The name of its plugin in rules and grants.
    pub fn plugin_name(&self) -> &str {
        self.0.provider.name()
    }

    /// What an approval is bound to: the component, or the definition of a tool that is none.
    pub fn digest(&self) -> Digest {
        self.0.provider.digest(&self.0.spec)
    }

    /// Whether a call of it holds what it is given and nothing else.
    pub fn is_walled(&self) -> bool {
        self.kind() == ToolKind::Component
    }

    /// What the plugin says of it.
    pub fn spec(&self) -> &ToolSpec {
        &self.0.spec
    }

    /// `plugin/tool`, by which rules and grants name it.
    pub fn full_name(&self) -> String {
        format!("{}/{}", self.plugin_name(), self.0.spec.name)
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
            plugin: self.plugin_name().to_owned(),
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

    /// The digest of what is said of the tool; an approval is bound to it.
    pub fn definition_digest(&self) -> Digest {
        let text = serde_json::to_string(&self.0.spec).unwrap_or_default();
        Digest::of(text.as_bytes())
    }

    /// What the journal keeps of it and the model is told.
    pub fn to_record(&self) -> ToolRecord {
        ToolRecord {
            plugin: self.plugin_name().to_owned(),
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
        self.0.provider.kind()
    }
}
