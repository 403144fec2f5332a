//! Asking somebody: the question, the answer, and who gives it.
//!
//! The terminal, a desk behind a web server and the list of parked calls implement [`Approver`]
//! elsewhere. Here is only the one that is there when nobody is: [`Deny`].

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::kind::ToolKind;
use super::standing::Scope;
use crate::canonical::CanonicalJson;
use crate::digest::Digest;
use crate::need::Place;
use crate::origin::Origin;
use crate::plugin::ShownArgument;

/// The plugin that is asked about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Askable {
    /// The operator's name for it.
    pub name: String,
    /// The version that it says.
    pub version: String,
    /// The digest of the component.
    pub digest: Digest,
    /// What kind of thing it is.
    pub kind: ToolKind,
    /// Whether it is shipped with the host.
    pub built_in: bool,
}

/// One place that the call can reach.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reach {
    /// The place.
    pub place: Place,
    /// Where that is on this machine, if it is a place of a mount.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_path: Option<String>,
}

/// A sub-agent that a question comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnBehalf {
    /// The step of the run whose call began it.
    pub step: u32,
    /// What it was asked to do. Untrusted: usually the words of a model.
    pub task: String,
}

/// Everything that an approver must show. Words of the host and of others are in fields of their own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Question {
    /// How many questions the run has put, this one included.
    pub number: u32,
    /// The step that the call belongs to, from 1.
    pub step: u32,
    /// The tool's own name.
    pub tool: String,
    /// Its plugin.
    pub plugin: Askable,
    /// All that the call can reach if the answer is yes. Empty: nothing.
    pub reach: Vec<Reach>,
    /// The lines that ask.
    pub asked_by: Vec<Origin>,
    /// Why, in the operator's words.
    pub reason: String,
    /// What the model said before the call. Untrusted: clean and cut before showing.
    pub model_text: String,
    /// The arguments, exactly as the tool gets them. Untrusted.
    pub arguments: CanonicalJson,
    /// How the plugin wants arguments shown. Untrusted.
    pub show: Vec<ShownArgument>,
    /// The digest of component, definition, arguments and authority that the answer is bound to.
    pub bound_to: Digest,
    /// Scopes that a standing answer may have, the narrowest first. Empty: only this once.
    pub scopes: Vec<Scope>,
    /// Whether one of them may be remembered beyond this run.
    pub may_remember: bool,
    /// What is wrong with the arguments that the approver wrote for this call before, one clause each.
    pub faults: Vec<String>,
    /// The sub-agent whose call it is; none for a call of the run itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_behalf: Option<OnBehalf>,
}

/// What the approver says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// This call, once.
    Yes,
    /// This call, and those of the scope to the end of the run.
    YesForRun(Scope),
    /// This call, and those of the scope until it is revoked.
    Always(Scope),
    /// Not this call.
    No,
    /// Not this call, and the model is told why.
    NoBecause(String),
    /// Not this call, and no other call of this tool to the end of the run.
    NoForRun,
    /// The call with other arguments: it goes through schema, hooks and policy again.
    Edited(CanonicalJson),
    /// Not this call, and the run stops; it can be resumed.
    Stop,
}

/// Answers asks. The host puts one question at a time and stops the clock of the run.
#[async_trait]
pub trait Approver: Send + Sync {
    /// The answer to one question. Dropping the future takes the question back.
    async fn ask(&self, question: &Question) -> Answer;

    /// Whether the person agrees to something that a tool (`plugin/tool`) is about to do and the host
    /// cannot see. Both texts are the guest's. Nobody there means no.
    async fn confirm(&self, _tool: &str, _action: &str, _details: &str) -> bool {
        false
    }
}

/// Nobody is there: every answer is no.
#[derive(Clone, Copy, Debug, Default)]
pub struct Deny;

#[async_trait]
impl Approver for Deny {
    async fn ask(&self, _question: &Question) -> Answer {
        Answer::No
    }
}
