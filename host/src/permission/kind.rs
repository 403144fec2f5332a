//! What stands behind a tool: the one word that says which walls its calls have.

use serde::{Deserialize, Serialize};

/// What stands behind a tool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolKind {
    /// A component: the gate and the wall.
    #[default]
    Component,
    /// A native program of the machine: the gate, and the wall of the operating system.
    Process,
    /// A Rust tool of the embedding program: the gate only.
    Native,
    /// A tool of an MCP server: the gate only.
    Server,
}

impl ToolKind {
    /// The one word that is shown wherever the tool is.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Component => "component",
            Self::Process => "process",
            Self::Native => "native",
            Self::Server => "server",
        }
    }

    /// Whether it has both; records leave the word out then.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature is serde's")]
    pub(crate) fn is_component(&self) -> bool {
        *self == Self::Component
    }
}
