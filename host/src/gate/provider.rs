//! What stands behind a tool and runs its calls: the one thing that differs from kind to kind.

use std::sync::Arc;

use crate::canonical::CanonicalJson;
use crate::digest::Digest;
use crate::native::Tool;
use crate::permission::ToolKind;
use crate::plugin::ToolSpec;
use crate::sandbox::{Plugin, Sandbox};

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
    /// Whether the operator pinned this very component.
    pub is_pinned: bool,
    /// Whether it is loaded outside of the lock, for who works on it.
    pub is_dev: bool,
    /// The operator's settings for it.
    pub settings: CanonicalJson,
}

/// What stands behind a tool.
#[derive(Clone)]
pub enum Provider {
    /// A component: its calls run in the sandbox.
    Component(Arc<PluginHandle>),
    /// A function of the embedding program: its calls run beside the loop, behind no wall.
    Native(Tool),
}

impl Provider {
    /// The name that rules and grants use: the operator's name of a plugin, `native` for all native tools.
    pub fn name(&self) -> &str {
        match self {
            Self::Component(plugin) => &plugin.name,
            Self::Native(_) => Tool::PLUGIN,
        }
    }

    /// The version that it says; nothing for a native tool.
    pub fn version(&self) -> &str {
        match self {
            Self::Component(plugin) => &plugin.plugin.info().version,
            Self::Native(_) => "",
        }
    }

    /// Whether it is loaded outside of the lock.
    pub fn is_dev(&self) -> bool {
        matches!(self, Self::Component(plugin) if plugin.is_dev)
    }

    /// What kind of thing it is.
    pub fn kind(&self) -> ToolKind {
        match self {
            Self::Component(_) => ToolKind::Component,
            Self::Native(_) => ToolKind::Native,
        }
    }

    /// Whether it is shipped with the host.
    pub fn is_built_in(&self) -> bool {
        match self {
            Self::Component(plugin) => plugin.built_in,
            Self::Native(_) => false,
        }
    }

    /// What an approval is bound to: the component. Code of the program has no digest; its definition stands in.
    pub(super) fn digest(&self, spec: &ToolSpec) -> Digest {
        match self {
            Self::Component(plugin) => plugin.plugin.digest(),
            Self::Native(_) => Digest::of_parts([
                Tool::PLUGIN.as_bytes(),
                spec.name.as_bytes(),
                spec.description.as_bytes(),
                spec.input_schema.as_str().as_bytes(),
            ]),
        }
    }
}
