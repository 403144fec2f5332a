//! The life of one tool call in the journal: decided, started, ended.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{HookVerdict, Spent};
use crate::canonical::CanonicalJson;
use crate::digest::Digest;
use crate::message::{Failure, FailureKind, Outcome};
use crate::origin::Origin;
use crate::permission::{Decision, Scope, ToolKind};
use crate::redaction::REDACTED;
use crate::refusal::Refusal;

/// What the host found about a call, from needs and grants; scheduling and re-running use it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallFacts {
    /// Doing it twice does no more than once: it may run again after a crash.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub repeatable: bool,
    /// May run beside other calls of the same answer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub concurrent_safe: bool,
    /// When it succeeds it uses up no step of the budget.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub uncharged: bool,
}

/// A rule that matched, or the setting that spoke where none did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatchedRule {
    /// What it says.
    pub decision: Decision,
    /// Where it stands.
    pub origin: Origin,
    /// The operator's reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The answer to an ask.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// Whether the call may run.
    pub yes: bool,
    /// Who answered: `person`, `standing approval`, `flag`, `nobody there`.
    pub by: String,
    /// How far it holds: `once`, `this run`, a path; empty for a no.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub scope: String,
    /// How long the answer took, in milliseconds. The run's clock stood still.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub waited_ms: u64,
    /// What the answer is about beyond this call; a resume keeps it to the end of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standing: Option<Standing>,
    /// A yes that came to nothing, and so a denial: what it was about had changed meanwhile, or it could not be kept.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub lapsed: bool,
}

impl Approval {
    /// An answer about one call, given at once.
    pub fn new(yes: bool, by: impl Into<String>) -> Self {
        Self { yes, by: by.into(), scope: String::new(), waited_ms: 0, standing: None, lapsed: false }
    }
}

/// What an answer is about beyond its call: a yes lets such calls run, a no refuses them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// The calls.
    pub scope: Scope,
    /// The component that it is bound to.
    pub plugin: Digest,
}

/// The operator's answer to a call that was parked. It lets the call run only as it was asked about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallAnswered {
    /// Number of the step.
    pub step: u32,
    /// Digest of component, definition, arguments and authority that were asked about.
    pub bound_to: Digest,
    /// Whether the call may run.
    pub yes: bool,
    /// Why not, for the model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// What was decided about a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ruling {
    /// It may run.
    Allowed,
    /// It may not run; the reason is for the model.
    Denied(String),
    /// It is not a call that could run: unknown tool, wrong arguments, a fault of the host in deciding.
    Invalid(Failure),
    /// It was answered without running.
    Answered {
        /// Who answered: `host`, `caller`, or the hook's name.
        by: String,
        /// The answer.
        outcome: Outcome,
    },
    /// It does not run, since its arguments held what the operator keeps out of runs.
    Withheld,
    /// It waits for an answer of the operator, and the run with it.
    Parked,
}

/// What was decided about a call, by whom, and what the call could reach.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallDecided {
    /// Number of the step, from 1.
    pub step: u32,
    /// `plugin/tool`; for a name that no tool has, the model's word.
    pub tool: String,
    /// What stands behind the tool.
    #[serde(default, skip_serializing_if = "ToolKind::is_component")]
    pub kind: ToolKind,
    /// The final arguments, which were decided on.
    pub arguments: CanonicalJson,
    /// The arguments that the model proposed, where the final ones differ.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposed: Option<CanonicalJson>,
    /// The decision itself.
    pub ruling: Ruling,
    /// Every rule that matched.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<MatchedRule>,
    /// What the hooks said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hooks: Vec<HookVerdict>,
    /// Texts that hooks add to the next request.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub context: Vec<String>,
    /// A hook's reason to stop the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<String>,
    /// The answer to an ask.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<Approval>,
    /// Of a parked call, the digest of what an answer is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bound_to: Option<Digest>,
    /// What the call could reach, and which line gave or cut it, one item a line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authority: Vec<String>,
    /// The lines of TOML that would allow a denied call. For the operator, never for the model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub would_allow: Option<String>,
    /// What the host found about the call, where it is not what holds for every call of the tool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facts: Option<CallFacts>,
    /// The run's active time at this point, in milliseconds; 0 where a later record of the call has it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub active_ms: u64,
}

impl CallDecided {
    /// A ruling without rules, hooks or reach.
    pub fn new(step: u32, tool: impl Into<String>, arguments: CanonicalJson, ruling: Ruling) -> Self {
        Self {
            step,
            tool: tool.into(),
            kind: ToolKind::Component,
            arguments,
            proposed: None,
            ruling,
            rules: Vec::new(),
            hooks: Vec::new(),
            context: Vec::new(),
            stop: None,
            approval: None,
            bound_to: None,
            authority: Vec::new(),
            would_allow: None,
            facts: None,
            active_ms: 0,
        }
    }

    /// The rule that settled it: the strictest, of equals the first.
    pub fn settled_by(&self) -> Option<&MatchedRule> {
        self.rules.iter().rev().max_by_key(|rule| rule.decision)
    }

    /// How the step ended, if deciding ended it.
    pub fn outcome(&self) -> Option<Outcome> {
        match &self.ruling {
            Ruling::Allowed | Ruling::Parked => None,
            Ruling::Withheld => Some(Outcome::Failed(withheld())),
            Ruling::Denied(reason) => Some(Outcome::Denied(reason.clone())),
            Ruling::Invalid(failure) => Some(Outcome::Failed(failure.clone())),
            Ruling::Answered { outcome, .. } => Some(outcome.clone()),
        }
    }
}

/// What the model is told of a call that is withheld.
fn withheld() -> Failure {
    let failure = Failure::new(FailureKind::Validation, "not run: its arguments hold text that is kept out of runs");
    failure.hint(format!("call it without what `{REDACTED}` stands for"))
}

/// The intent: a call that cannot be repeated is about to run. On disk before it does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallStarted {
    /// Number of the step.
    pub step: u32,
}

/// What a call used up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Used {
    /// Peak of the instance's memory in bytes.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub memory_bytes: u64,
    /// Files read.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub files_read: u64,
    /// Bytes read from files.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub bytes_read: u64,
    /// Files written.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub files_written: u64,
    /// Bytes written to files.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub bytes_written: u64,
    /// Requests sent.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub requests: u64,
    /// Bytes that requests carried out: addresses, headers of the tool, bodies.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub bytes_sent: u64,
    /// Bytes of bodies that were received, decoded.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub bytes_received: u64,
}

impl Used {
    fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// The end of what a guest wrote to its standard error. Text of the guest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StderrTail {
    /// The last lines, at most 20.
    pub lines: Vec<String>,
    /// How many lines there were.
    pub total: u64,
}

/// A word of a tool about how far it is. Text of the guest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The stage.
    pub stage: String,
    /// What the tool says about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<CanonicalJson>,
}

/// A file that a call changed, as it was after the call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrittenFile {
    /// The operator's name of the mount.
    pub mount: String,
    /// Relative to the mount.
    pub path: String,
    /// Its size in bytes; none where it is gone, or no file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Digest of its content, where it is small enough to be read again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
}

/// A call that ran is over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallEnded {
    /// Number of the step.
    pub step: u32,
    /// How it ended.
    pub outcome: Outcome,
    /// How long it took, in microseconds.
    pub duration_us: u64,
    /// What it used up.
    #[serde(default, skip_serializing_if = "Used::is_nothing")]
    pub used: Used,
    /// What it tried and did not get.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refusals: Vec<Refusal>,
    /// The end of its standard error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stderr: Option<StderrTail>,
    /// Remarks for the model that came while it ran, also when it failed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// The last words on how far it was.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub progress: Vec<Progress>,
    /// What the hooks said about the result.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hooks: Vec<HookVerdict>,
    /// Texts that hooks add to the next request.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub context: Vec<String>,
    /// A hook's reason to stop the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<String>,
    /// What the tool keeps for its later calls, as far as it changed: values by key, none for a key that is gone.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub kept: BTreeMap<String, Option<String>>,
    /// Files that the call changed, as they were after it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub wrote: Vec<WrittenFile>,
    /// Bytes that it wrote to mounts with a quota, by mount.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub drawn: BTreeMap<String, u64>,
    /// What sub-agents of it spent: the run pays for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spent: Option<Spent>,
    /// The run's active time at this point, in milliseconds.
    pub active_ms: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature is serde's")]
pub(super) fn is_zero(number: &u64) -> bool {
    *number == 0
}
