//! The gate of a run inside a run: the same policy and approvals, at most the same tools, nothing wider.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;

use super::tool::GatedTool;
use super::{Gate, OnAsk, RunMemory};
use crate::hook::HookChain;
use crate::permission::{Answer, Approver, OnBehalf, Question, ToolPattern, Until};
use crate::plugin::{PluginState, RunKey};

impl Gate {
    /// A gate for a sub-agent with those of the tools that one of the patterns names; without one, all.
    ///
    /// What ran here has run there, for rules with `after`. What a person refused for the rest of this run
    /// stays refused; what was allowed for the rest of it was allowed to it alone. Asks go to the same
    /// person, one at a time with those of this run; one that would wait for later is refused, since nobody
    /// could go on with the call that waits for the sub-agent.
    pub(crate) fn child(
        &self,
        patterns: &[ToolPattern],
        ran: BTreeSet<String>,
        who: OnBehalf,
        hooks: Arc<HookChain>,
    ) -> Self {
        let is_had = |tool: &&GatedTool| {
            patterns.is_empty() || patterns.iter().any(|pattern| pattern.matches_name(&tool.full_name()))
        };
        let tools: Vec<GatedTool> = self.tools.iter().filter(is_had).cloned().collect();
        let memory = self.memory(|memory| {
            let approvals = memory.approvals.iter().enumerate();
            let given = approvals.filter(|(index, approval)| *index < self.given || approval.until() == Until::Forever);
            RunMemory {
                ran: Arc::new(memory.ran.iter().cloned().chain(ran).collect()),
                approvals: Arc::new(given.map(|(_, approval)| approval.clone()).collect()),
                refused: memory.refused.clone(),
                ..RunMemory::default()
            }
        });
        Self {
            key: RunKey::unique(),
            states: tools.iter().map(|tool| (tool.full_name(), PluginState::default())).collect(),
            tools,
            mounts: self.mounts.clone(),
            policy: self.policy.clone(),
            on_ask: if self.on_ask == OnAsk::Later { OnAsk::Nobody } else { self.on_ask },
            approver: Arc::new(ForChild { approver: Arc::clone(&self.approver), who }),
            remember: self.remember.clone(),
            hooks,
            given: memory.approvals.len(),
            run: Arc::new(Mutex::new(memory)),
            asking: Arc::clone(&self.asking),
            children: None,
        }
    }

    /// The tools whose calls were let through, as `plugin/tool`.
    pub(crate) fn ran(&self) -> BTreeSet<String> {
        self.memory(|memory| (*memory.ran).clone())
    }
}

/// The person of a run, who is told that a sub-agent asks.
struct ForChild {
    approver: Arc<dyn Approver>,
    who: OnBehalf,
}

#[async_trait]
impl Approver for ForChild {
    async fn ask(&self, question: &Question) -> Answer {
        let mut question = question.clone();
        question.on_behalf.get_or_insert_with(|| self.who.clone());
        self.approver.ask(&question).await
    }

    async fn confirm(&self, tool: &str, action: &str, details: &str) -> bool {
        let tool = format!("{tool}, for a sub-agent of step {}", self.who.step);
        self.approver.confirm(&tool, action, details).await
    }
}
