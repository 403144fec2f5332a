//! What the loop asks of the gate and the tools: one trait, so that the loop is tested without either.
//!
//! A call comes in two halves. *Prepare* is everything up to a decision: schema, hooks, call facts,
//! policy, authority with its handles opened, approval. *Perform* runs what was prepared. Between the
//! two the loop writes the decision and the intent.

use std::collections::BTreeMap;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use super::machine::CallRequest;
use crate::canonical::CanonicalJson;
use crate::digest::Digest;
use crate::hook::RunView;
use crate::message::{Failure, Outcome};
use crate::record::{
    Approval, CallDecided, CallFacts, HookVerdict, MatchedRule, Progress, Ruling, Spent, StderrTail, Used, WrittenFile,
};
use crate::redaction::{Redact, Redaction, each};
use crate::refusal::Refusal;

/// What became of a call before it ran.
pub enum Prepared {
    /// It may run. The record's ruling counts as [`Ruling::Allowed`], whatever it says.
    Ready(Box<Verdict>, Box<dyn ReadyCall>),
    /// It does not run: denied, invalid, answered or parked.
    Settled(Box<Verdict>, Ruling),
}

/// What the journal keeps about a decision. The loop adds number, tool and ruling.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Verdict {
    /// The final arguments, where hooks, a person or the caller changed them.
    pub arguments: Option<CanonicalJson>,
    /// Every rule that matched.
    pub rules: Vec<MatchedRule>,
    /// What the hooks said.
    pub hooks: Vec<HookVerdict>,
    /// Texts that hooks add to the next request.
    pub context: Vec<String>,
    /// A hook's reason to stop the run.
    pub stop: Option<String>,
    /// The answer to an ask. The run's clock stood still for `waited_ms`.
    pub approval: Option<Approval>,
    /// Of a parked call, the digest of what an answer is about.
    pub bound_to: Option<Digest>,
    /// What the call can reach, and which line gave or cut it, one item a line.
    pub authority: Vec<String>,
    /// The lines of TOML that would allow a denied call. For the operator.
    pub would_allow: Option<String>,
    /// What the host found about this very call. Scheduling goes by these.
    pub facts: CallFacts,
}

impl Verdict {
    /// The record of this verdict on a call.
    pub(super) fn record(self, request: &CallRequest, ruling: Ruling) -> CallDecided {
        let proposed = self.arguments.as_ref().filter(|edited| **edited != request.arguments);
        CallDecided {
            kind: request.tool.kind,
            proposed: proposed.map(|_| request.arguments.clone()),
            rules: self.rules,
            hooks: self.hooks,
            context: self.context,
            stop: self.stop,
            approval: self.approval,
            bound_to: self.bound_to,
            authority: self.authority,
            would_allow: self.would_allow,
            facts: Some(self.facts).filter(|facts| *facts != request.tool.facts),
            ..CallDecided::new(
                request.step,
                request.tool.full_name(),
                self.arguments.unwrap_or_else(|| request.arguments.clone()),
                ruling,
            )
        }
    }
}

/// How a call that ran ended, and what it did.
#[derive(Clone, Debug, PartialEq)]
pub struct CallReport {
    /// How it ended, after hooks: bounded, cleaned, redacted.
    pub outcome: Outcome,
    /// How long the tool ran, in microseconds.
    pub duration_us: u64,
    /// How long it waited for a person, in milliseconds. The run's clock stood still.
    pub waited_ms: u64,
    /// What it used up.
    pub used: Used,
    /// What it tried and did not get.
    pub refusals: Vec<Refusal>,
    /// The end of its standard error. Never shown to the model.
    pub stderr: Option<StderrTail>,
    /// Remarks for the model beside those of the output, also of a call that failed.
    pub warnings: Vec<String>,
    /// Its last words on how far it was.
    pub progress: Vec<Progress>,
    /// What the hooks said about the result.
    pub hooks: Vec<HookVerdict>,
    /// Texts that hooks add to the next request.
    pub context: Vec<String>,
    /// A hook's reason to stop the run.
    pub stop: Option<String>,
    /// What the tool keeps, as far as it changed; none for a key that is gone.
    pub kept: BTreeMap<String, Option<String>>,
    /// Files that the call changed.
    pub wrote: Vec<WrittenFile>,
    /// Bytes that it wrote to mounts with a quota, by mount.
    pub drawn: BTreeMap<String, u64>,
    /// What sub-agents of it spent.
    pub spent: Option<Spent>,
}

impl Redact for CallReport {
    fn redact(&mut self, redaction: &Redaction) -> bool {
        let Self {
            outcome,
            duration_us: _,
            waited_ms: _,
            used: _,
            refusals,
            stderr,
            warnings,
            progress,
            hooks,
            context,
            stop,
            kept,
            wrote,
            drawn: _,
            spent: _,
        } = self;
        each!(redaction: outcome, refusals, stderr, warnings, progress, hooks, context, stop, kept, wrote)
    }
}

impl CallReport {
    /// A report of an outcome and nothing else.
    pub fn new(outcome: Outcome) -> Self {
        Self {
            outcome,
            duration_us: 0,
            waited_ms: 0,
            used: Used::default(),
            refusals: Vec::new(),
            stderr: None,
            warnings: Vec::new(),
            progress: Vec::new(),
            hooks: Vec::new(),
            context: Vec::new(),
            stop: None,
            kept: BTreeMap::new(),
            wrote: Vec::new(),
            drawn: BTreeMap::new(),
            spent: None,
        }
    }
}

/// A call that was allowed, with everything it needs to run.
#[async_trait]
pub trait ReadyCall: Send {
    /// Runs it. Comes back soon after `cancel`, then usually with [`Outcome::Aborted`].
    async fn perform(self: Box<Self>, cancel: CancellationToken) -> CallReport;
}

/// The gate and the tools.
///
/// The loop prepares one call at a time, in the order of the answer. Calls of tools whose facts allow it
/// are all prepared before the first of them runs, so what the policy knows of the run so far must count
/// a call from the moment it is prepared.
#[async_trait]
pub trait Dispatch: Send + Sync {
    /// Has a call decided on, hooks before tools included. Comes back soon after `cancel`, also while a person is asked; its answer
    /// does not count then.
    async fn prepare(&self, request: &CallRequest, view: &RunView, cancel: &CancellationToken) -> Prepared;

    /// Has a say in the model's word that it is done, once it fits the schema of the run. A failure rejects it,
    /// and the run goes on.
    async fn check_done(&self, arguments: &CanonicalJson, cancel: &CancellationToken) -> Result<(), Failure>;

    /// What requests may still carry out, by the run's budget. Said while no call is under way.
    fn bound_egress(&self, _: u64) {}
}
