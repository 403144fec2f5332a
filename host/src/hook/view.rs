//! What hooks are shown of a run: numbers, one call or step, and the past by range.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use crate::message::{Message, Outcome, ToolCall};
use crate::need::Place;
use crate::record::{RunId, Step};

/// Where the run stands. Cheap to clone.
#[derive(Clone)]
pub struct RunView {
    /// Name of the run.
    pub run: RunId,
    /// Number of the current turn, from 1; 0 before the first.
    pub turn: u32,
    /// Steps recorded so far.
    pub steps: u32,
    /// Steps that the budget still allows; none without such a budget.
    pub steps_left: Option<u32>,
    /// Tool calls so far, free ones included.
    pub tool_calls: u32,
    /// As the provider reported them, all model calls together.
    pub input_tokens: u64,
    /// As the provider reported them.
    pub output_tokens: u64,
    /// Millionths of a US dollar, as far as prices are known.
    pub cost_micro_usd: u64,
    /// Milliseconds that the run has been active.
    pub active_ms: u64,
    /// What has happened so far.
    pub history: Arc<dyn History>,
}

impl RunView {
    /// The view of a run before its first turn, without a past or a budget.
    pub fn of_beginning(run: RunId) -> Self {
        Self {
            run,
            turn: 0,
            steps: 0,
            steps_left: None,
            tool_calls: 0,
            input_tokens: 0,
            output_tokens: 0,
            cost_micro_usd: 0,
            active_ms: 0,
            history: Arc::new(HookLog::default()),
        }
    }
}

impl fmt::Debug for RunView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunView").field("run", &self.run).field("turn", &self.turn).finish_non_exhaustive()
    }
}

/// A call that is about to be decided on.
#[derive(Clone, Debug, PartialEq)]
pub struct CallView {
    /// The operator's name for the plugin.
    pub plugin: String,
    /// The call, with the arguments that hooks before left.
    pub call: ToolCall,
    /// Found by the host from needs and grants: the call cannot change anything.
    pub changes_nothing: bool,
    /// Found by the host: doing it twice does no more than once.
    pub repeatable: bool,
    /// What the call could reach by needs and grants, before rules.
    pub reach: Vec<Place>,
}

/// A call with its end.
#[derive(Clone, Debug, PartialEq)]
pub struct StepView {
    /// From 1.
    pub number: u32,
    /// The operator's name for the plugin; empty for what is built in.
    pub plugin: String,
    /// The call as it ran, or as it was refused.
    pub call: ToolCall,
    /// How it ended.
    pub outcome: Outcome,
    /// Milliseconds that the call took.
    pub duration_ms: u32,
}

impl StepView {
    /// The view of a recorded step. `id` is the call's.
    pub fn of(step: &Step, id: String) -> Self {
        let duration_ms = step.duration_us.unwrap_or(0) / 1_000;
        Self {
            number: step.number,
            plugin: step.plugin.clone().unwrap_or_default(),
            call: ToolCall { id, tool: step.tool.clone(), arguments: step.arguments.clone() },
            outcome: step.outcome.clone(),
            duration_ms: u32::try_from(duration_ms).unwrap_or(u32::MAX),
        }
    }

    /// About how large it is for whoever is handed it.
    pub(crate) fn bytes(&self) -> usize {
        self.call.arguments.as_str().len() + serde_json::to_vec(&self.outcome).map_or(0, |outcome| outcome.len())
    }
}

/// The past of a run, by range.
pub trait History: Send + Sync {
    /// Recorded steps by number, from `first`, at most `limit`.
    fn steps(&self, first: u32, limit: u32) -> Vec<StepView>;

    /// Messages by index from 0, at most `limit`.
    fn messages(&self, first: u32, limit: u32) -> Vec<Message>;
}

/// Keeps the past of one run for its hooks; nothing where none of them looks at it.
#[derive(Debug, Default)]
pub struct HookLog {
    is_read: bool,
    past: RwLock<Past>,
}

#[derive(Debug, Default)]
struct Past {
    steps: Vec<StepView>,
    messages: Vec<Message>,
}

impl HookLog {
    /// An empty one.
    pub fn new(is_read: bool) -> Self {
        Self { is_read, past: RwLock::default() }
    }

    /// Notes a step that was recorded.
    pub fn push(&self, step: &StepView) {
        if !self.is_read {
            return;
        }
        let mut past = self.past.write().unwrap_or_else(PoisonError::into_inner);
        // Steps that ran side by side end in any order, and are asked for by number.
        let place = past.steps.partition_point(|known| known.number < step.number);
        past.steps.insert(place, step.clone());
    }

    /// Takes over what was added to the history.
    pub fn catch_up(&self, messages: &[Message]) {
        if !self.is_read {
            return;
        }
        let mut past = self.past.write().unwrap_or_else(PoisonError::into_inner);
        let known = past.messages.len();
        past.messages.extend_from_slice(messages.get(known..).unwrap_or_default());
    }
}

impl History for HookLog {
    fn steps(&self, first: u32, limit: u32) -> Vec<StepView> {
        let past = self.past.read().unwrap_or_else(PoisonError::into_inner);
        let from = past.steps.partition_point(|step| step.number < first);
        past.steps[from..].iter().take(limit as usize).cloned().collect()
    }

    fn messages(&self, first: u32, limit: u32) -> Vec<Message> {
        let past = self.past.read().unwrap_or_else(PoisonError::into_inner);
        past.messages.iter().skip(first as usize).take(limit as usize).cloned().collect()
    }
}
