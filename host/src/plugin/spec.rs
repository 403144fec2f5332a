//! What a plugin says of itself: identity, tools, claims. Mirrors `about.plugin-info` and `tool.tool-spec`.
//!
//! All of it is untrusted text from a component; `sandbox/describe` has checked form and size.

use serde::{Deserialize, Serialize};

use crate::canonical::CanonicalJson;
use crate::need::{Need, WishedLimits};

/// Who a plugin is, in its own words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginInfo {
    /// Lower-case words joined by `-`. For people: rules and grants use the operator's name.
    pub id: String,
    /// A semantic version.
    pub version: String,
    /// One sentence for people.
    pub description: String,
    /// JSON Schema of the settings object, if it takes settings.
    pub settings_schema: Option<CanonicalJson>,
    /// What its hooks need; empty where it has none.
    pub hook_needs: Vec<Need>,
    /// What its hooks would like as limits.
    pub hook_limits: Option<WishedLimits>,
}

/// What a call can do to the world, as claimed. For people and scheduling only; walls come from needs and grants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "it mirrors the flags of the contract one to one")]
pub struct Effects {
    /// Looks at something outside its arguments.
    pub reads: bool,
    /// Changes something.
    pub writes: bool,
    /// A change can destroy what was there.
    pub destructive: bool,
    /// The same call twice does no more than once.
    pub idempotent: bool,
    /// Deals with parties that the operator does not control.
    pub open_world: bool,
}

/// What an argument is, so that a call can be shown well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ArgumentRole {
    /// A path.
    Path,
    /// The text before a change.
    Before,
    /// The text after a change.
    After,
    /// A command line.
    Command,
    /// A link.
    Url,
    /// Any text.
    Text,
}

/// One argument that is worth showing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownArgument {
    /// JSON Pointer into the arguments.
    pub pointer: String,
    /// What it is.
    pub role: ArgumentRole,
}

/// One tool, in its plugin's words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolSpec {
    /// `[a-z][a-z0-9_]{0,63}`, unique in the plugin.
    pub name: String,
    /// For the model, at most 8 KiB.
    pub description: String,
    /// JSON Schema 2020-12 of an object, at most 64 KiB.
    pub input_schema: CanonicalJson,
    /// JSON Schema 2020-12 of the JSON content, at most 64 KiB.
    pub output_schema: Option<CanonicalJson>,
    /// Claims about what a call does.
    pub effects: Effects,
    /// What it asks for.
    pub needs: Vec<Need>,
    /// What it would like as limits.
    pub limits: Option<WishedLimits>,
    /// How to show a call to a person.
    pub show: Vec<ShownArgument>,
    /// A call that succeeds uses up no step of the budget.
    pub uncharged: bool,
    /// May run beside other calls of the same turn.
    pub concurrent_safe: bool,
}
