//! How a run begins and goes on: the records with all that shapes it.

use serde::{Deserialize, Serialize};

use super::RunId;
use crate::budget::Budget;
use crate::canonical::CanonicalJson;
use crate::digest::Digest;
use crate::message::Message;
use crate::model::WireForm;
use crate::need::FsMode;
use crate::permission::ToolKind;

/// The first record of a journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunStarted {
    /// [`super::FORMAT`] of the host that wrote it.
    pub format: u32,
    /// Version of that host.
    pub host: String,
    /// Name of the run.
    pub run: RunId,
    /// The run that this one goes on from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Parent>,
    /// The run that began this one as a sub-agent, and the step that did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub child_of: Option<Parent>,
    /// Directory of the project, as an absolute path; `runs` lists by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// What the run is asked to do.
    pub task: String,
    /// The history that the first turn starts from: system text, context, what a parent left, the task.
    pub messages: Vec<Message>,
    /// The model as people write it: `provider:name`.
    pub model: String,
    /// What goes with every request beside history and tools: temperature, output cap, extra fields.
    pub parameters: CanonicalJson,
    /// Mounts of the run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mounts: Vec<MountRecord>,
    /// Plugins that were loaded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub plugins: Vec<PluginRecord>,
    /// Tools as the model is told of them.
    pub tools: Vec<ToolRecord>,
    /// How the run may say that it is done.
    pub done: Done,
    /// Digest of policy, grants and hooks; a resume compares it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Digest>,
    /// The operator's flags behind them, as they were typed: a resume without flags of its own uses them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<String>,
    /// Whether there was a terminal to ask at: without a policy, what is then asked is else denied.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub at_terminal: bool,
    /// How requests are written, so that they can be rebuilt byte for byte.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wire: Option<WireForm>,
    /// What the run may spend.
    pub budget: Budget,
}

impl RunStarted {
    /// A run of a task with nothing: no tools, the shipped budget, plain text as its end.
    pub fn new(run: RunId, task: impl Into<String>) -> Self {
        let task = task.into();
        Self {
            format: super::FORMAT,
            host: env!("CARGO_PKG_VERSION").into(),
            run,
            parent: None,
            child_of: None,
            project: None,
            messages: vec![Message::User { text: task.clone() }],
            task,
            model: String::new(),
            parameters: CanonicalJson::empty_object(),
            mounts: Vec::new(),
            plugins: Vec::new(),
            tools: Vec::new(),
            done: Done::default(),
            policy: None,
            flags: Vec::new(),
            at_terminal: false,
            wire: None,
            budget: Budget::default(),
        }
    }
}

/// The run that another goes on from, or that began it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parent {
    /// Its name.
    pub run: RunId,
    /// The last of its steps that is taken over; of a sub-agent, the step that began it.
    pub step: u32,
}

/// A mount of the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MountRecord {
    /// The operator's name for it.
    pub name: String,
    /// Directory on the host.
    pub path: String,
    /// How far it may be used.
    pub mode: FsMode,
}

/// A plugin that was loaded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginRecord {
    /// The operator's name for it.
    pub name: String,
    /// Version, in its own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Digest of the component, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// What it is.
    #[serde(default, skip_serializing_if = "ToolKind::is_component")]
    pub kind: ToolKind,
}

/// A tool as the model is told of it, with what the host found about its calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolRecord {
    /// The operator's name for the plugin.
    pub plugin: String,
    /// The tool's own name.
    pub tool: String,
    /// The name that the model uses, with the operator's prefix.
    pub name: String,
    /// For the model.
    pub description: String,
    /// JSON Schema of the arguments.
    pub input_schema: CanonicalJson,
    /// What stands behind it.
    #[serde(default, skip_serializing_if = "ToolKind::is_component")]
    pub kind: ToolKind,
    /// What holds for every call of it, by needs and grants. A single call may turn out better, never worse.
    #[serde(flatten)]
    pub facts: super::CallFacts,
    /// Most memory that a call of it can have, in bytes; 0 where nothing bounds it.
    #[serde(default, skip_serializing_if = "super::call::is_zero")]
    pub memory_limit_bytes: u64,
}

impl ToolRecord {
    /// The name that rules and budgets use: `plugin/tool`.
    pub fn full_name(&self) -> String {
        format!("{}/{}", self.plugin, self.tool)
    }
}

/// How a run may say that it is done: the built-in tool that ends it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// Name of the built-in tool.
    pub name: String,
    /// Whether a plain text does not end the run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
    /// The operator's JSON Schema of its arguments; none means an object with a text `summary`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<CanonicalJson>,
}

impl Default for Done {
    /// `done`, not required, with a `summary`.
    fn default() -> Self {
        Self { name: "done".into(), required: false, schema: None }
    }
}

/// What becomes of a call that was begun and whose end a crash hid, when it cannot be repeated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnUnknown {
    /// The run does not go on.
    #[default]
    Stop,
    /// It runs again.
    Retry,
    /// The model is told that the outcome is unknown.
    Skip,
}

/// A run goes on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunResumed {
    /// What becomes of calls whose end is unknown.
    pub on_unknown: OnUnknown,
    /// Another budget, counted from the start of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<Budget>,
    /// What is no longer as it was, and was accepted: plugins, policy.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accepted_changes: Vec<String>,
    /// A word of the person, put before the next turn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}
