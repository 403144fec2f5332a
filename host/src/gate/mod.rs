//! The gate: everything between a call that the model proposes and a guest that runs.
//!
//! Arguments against the schema → facts → policy → standing approvals → authority with its handles
//! opened → the approver → a fresh instance. `explain` asks the same gate and runs nothing.

mod ask;
mod child;
mod hook;
mod judge;
mod named;
mod native;
mod outlook;
mod perform;
mod prepare;
mod provider;
mod question;
mod remedy;
mod restore;
mod scopes;
mod tool;
mod unfit;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

pub use hook::ComponentHook;
pub use judge::{Judgement, Obstacle};
pub use named::NamedPlace;
pub use outlook::Outlook;
pub use provider::{PluginHandle, Provider};
pub use tool::GatedTool;

use crate::agent::Notes;
use crate::capability::fs::{Mount, Quotas};
use crate::capability::http::EgressAllowance;
use crate::hook::HookChain;
use crate::native::Children;
use crate::permission::{Approver, Deny, Policy, StandingApproval};
use crate::plugin::{PluginState, RunKey};
use crate::record::CallAnswered;
use crate::redaction::Redaction;

/// Decides on calls and runs those that may. One per run.
pub struct Gate {
    key: RunKey,
    tools: Vec<GatedTool>,
    mounts: Vec<Mount>,
    policy: Policy,
    on_ask: OnAsk,
    approver: Arc<dyn Approver>,
    remember: Option<Remember>,
    hooks: Arc<HookChain>,
    /// What is kept out of the run.
    redaction: Redaction,
    /// What each tool keeps in this run, by full name.
    states: BTreeMap<String, PluginState>,
    run: Arc<Mutex<RunMemory>>,
    /// So many of the approvals, from the first, were given before the run.
    given: usize,
    /// What is told while calls run.
    pub(crate) notes: Notes,
    /// One question at a time.
    asking: Arc<tokio::sync::Mutex<()>>,
    /// What requests of the run may still carry out.
    pub(crate) egress: Arc<EgressAllowance>,
    /// What its calls wrote to mounts with a quota.
    quotas: Arc<Quotas>,
    /// Begins the sub-agents of native tools.
    children: Option<Arc<dyn Children>>,
}

/// Who answers an ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OnAsk {
    Nobody,
    Approver,
    Later,
}

/// Keeps an approval that was given for good. Called with the gate's question still open, so that what
/// cannot be kept is not given either.
pub type Remember = Arc<dyn Fn(&StandingApproval) -> crate::error::Result<()> + Send + Sync>;

/// What the gate knows of the run so far.
#[derive(Default)]
struct RunMemory {
    /// Tools whose calls were let through, as `plugin/tool`.
    ran: Arc<BTreeSet<String>>,
    /// Shared with decisions under way; changed as a whole.
    approvals: Arc<Vec<StandingApproval>>,
    /// What the model said last, shown beside a question.
    model_text: String,
    /// How many questions were put.
    asked: u32,
    /// By tool, the path of the last call that a person agreed to.
    agreed: BTreeMap<String, String>,
    /// Tools that a person does not want to be asked about again.
    refused: BTreeSet<String>,
    /// What the operator answered to calls that were parked, by step.
    answers: BTreeMap<u32, CallAnswered>,
}

impl Gate {
    /// A gate without a person: what the policy asks about is denied.
    pub fn new(tools: Vec<GatedTool>, mounts: Vec<Mount>, policy: Policy) -> Self {
        let redaction = Redaction::default();
        Self {
            key: RunKey::unique(),
            states: states(&tools, &redaction),
            redaction,
            tools,
            mounts,
            policy,
            on_ask: OnAsk::Nobody,
            approver: Arc::new(Deny),
            remember: None,
            hooks: Arc::default(),
            run: Arc::default(),
            given: 0,
            notes: Notes::default(),
            asking: Arc::default(),
            egress: Arc::default(),
            quotas: Arc::default(),
            children: None,
        }
    }

    /// With tools beside those of the host.
    pub fn with_tools(mut self, tools: impl IntoIterator<Item = GatedTool>) -> Self {
        self.tools.extend(tools);
        self.tools.sort_by_key(GatedTool::full_name);
        self.states = states(&self.tools, &self.redaction);
        self
    }

    /// Refuses calls whose arguments hold what is kept out of the run. Said before anything is restored.
    pub(crate) fn with_redaction(mut self, redaction: &Redaction) -> Self {
        self.redaction = redaction.clone();
        self.states = states(&self.tools, redaction);
        self
    }

    /// What is kept out of the run.
    pub(crate) fn redaction(&self) -> &Redaction {
        &self.redaction
    }

    /// Puts asks to somebody.
    pub fn with_approver(mut self, approver: Arc<dyn Approver>) -> Self {
        self.approver = approver;
        self.on_ask = OnAsk::Approver;
        self
    }

    /// Leaves asks pending, for an answer that comes after the run has stopped.
    pub fn with_parking(mut self) -> Self {
        self.on_ask = OnAsk::Later;
        self
    }

    /// Answers asks by what was approved before.
    pub fn with_approvals(mut self, approvals: Vec<StandingApproval>) -> Self {
        self.given += approvals.len();
        self.memory(|memory| Arc::make_mut(&mut memory.approvals).extend(approvals));
        self
    }

    /// Who begins the sub-agents of its native tools.
    pub(crate) fn with_children(mut self, children: Arc<dyn Children>) -> Self {
        self.children = Some(children);
        self
    }

    /// Where approvals that are given for good are kept. Without it none are offered.
    pub fn with_memory(mut self, remember: Remember) -> Self {
        self.remember = Some(remember);
        self
    }

    /// The hooks of the run: those before tools have a say in each call.
    pub fn with_hooks(mut self, hooks: Arc<HookChain>) -> Self {
        self.hooks = hooks;
        self
    }

    /// The run that it serves, among those of this process.
    pub fn run_key(&self) -> RunKey {
        self.key
    }

    /// What it decides by.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The tools, in the order in which they are shown to the model.
    pub fn tools(&self) -> &[GatedTool] {
        &self.tools
    }

    /// The tool of that full name, `plugin/tool`.
    pub fn tool(&self, full_name: &str) -> Option<&GatedTool> {
        let (plugin, name) = full_name.split_once('/')?;
        self.tools.iter().find(|tool| tool.plugin_name() == plugin && tool.spec().name == name)
    }

    /// Notes what the model said, for the next question.
    pub fn hear(&self, text: &str) {
        let mut text = text.to_owned();
        self.redaction.clean(&mut text);
        self.memory(|memory| memory.model_text = text);
    }

    fn memory<T>(&self, change: impl FnOnce(&mut RunMemory) -> T) -> T {
        change(&mut self.run.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Nothing kept yet, for each tool.
fn states(tools: &[GatedTool], redaction: &Redaction) -> BTreeMap<String, PluginState> {
    tools.iter().map(|tool| (tool.full_name(), PluginState::without(redaction))).collect()
}

impl RunMemory {
    /// Notes that calls of a tool were let through.
    fn note_run(&mut self, tool: String) {
        if !self.ran.contains(&tool) {
            Arc::make_mut(&mut self.ran).insert(tool);
        }
    }
}
