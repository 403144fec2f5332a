//! A sub-agent: a run inside a call, which has no more than what the call's run has left.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::context::CallContext;
use super::ledger::{Ledger, Ran, refused};
use crate::agent::{Account, Run};
use crate::budget::Budget;
use crate::message::Failure;
use crate::permission::ToolPattern;
use crate::record::Parent;

/// Begins runs inside of a run.
pub(crate) trait Children: Send + Sync {
    /// Begins one. The failure is for the model of the run.
    fn begin(&self, birth: Birth) -> Result<(Run, Ran), Failure>;
}

/// What a sub-agent begins with.
pub(crate) struct Birth {
    /// What it is asked to do.
    pub(crate) task: String,
    /// Its instructions.
    pub(crate) system: Option<String>,
    /// The tools that it has of those of its run; empty for all of them.
    pub(crate) tools: Vec<ToolPattern>,
    /// What it may spend.
    pub(crate) budget: Budget,
    /// Where its run reads what it spends.
    pub(crate) account: Account,
    /// Whose it is.
    pub(crate) child_of: Parent,
    /// Ends it.
    pub(crate) cancel: CancellationToken,
    /// Tools that others of the same call ran before it.
    pub(crate) ran: std::collections::BTreeSet<String>,
}

/// The sub-agents that a call may have.
#[derive(Clone)]
pub(crate) struct Family {
    pub(crate) children: Arc<dyn Children>,
    pub(crate) ledger: Arc<Ledger>,
}

/// A sub-agent to be. Made by [`CallContext::child`], begun by [`Child::start`].
///
/// It has the model, the policy and the approvals of its run, and at most its tools and what is left of its
/// budget, which pays for it. Answers that a person gave for the rest of that run are not taken over, its refusals are.
#[must_use = "nothing has begun"]
pub struct Child {
    context: CallContext,
    task: String,
    system: Option<String>,
    tools: Vec<String>,
    part: f64,
    changes: Vec<Change>,
}

type Change = Box<dyn FnOnce(&mut Budget) + Send>;

impl Child {
    pub(super) fn new(context: CallContext, task: String) -> Self {
        Self { context, task, system: None, tools: Vec::new(), part: 1.0, changes: Vec::new() }
    }

    /// Instructions, placed before the task.
    pub fn system(mut self, text: impl Into<String>) -> Self {
        self.system = Some(text.into());
        self
    }

    /// The tools that it has, by patterns as in rules; without this all those of its run.
    pub fn tools<T: Into<String>>(mut self, patterns: impl IntoIterator<Item = T>) -> Self {
        self.tools.extend(patterns.into_iter().map(Into::into));
        self
    }

    /// Most charged steps.
    pub fn max_steps(self, steps: u32) -> Self {
        self.budget(move |budget| budget.steps = Some(steps))
    }

    /// At most this part of what is left, from 0 to 1.
    pub fn budget_share(mut self, part: f64) -> Self {
        self.part = part;
        self
    }

    /// Changes what it may spend. A bound that is wider than what is left counts for nothing.
    pub fn budget(mut self, change: impl FnOnce(&mut Budget) + Send + 'static) -> Self {
        self.changes.push(Box::new(change));
        self
    }

    /// Begins it: a run with a journal of its own. It ends with the call that began it.
    ///
    /// # Errors
    /// No tool that fits, nothing left to spend, too many sub-agents or too deep: a failure that the call may hand on.
    pub fn start(self) -> Result<Run, Failure> {
        let Self { context, task, system, tools, part, changes } = self;
        let family = context.family().ok_or_else(|| refused("this call may begin no sub-agent".to_owned()))?;
        let tools = tools.iter().map(|pattern| {
            ToolPattern::parse(pattern)
                .map_err(|error| refused(format!("a sub-agent cannot begin: {}", error.message())))
        });
        let tools = tools.collect::<Result<Vec<_>, _>>()?;
        let ran = family.ledger.spent().map(|spent| spent.ran).unwrap_or_default();
        let wish = |budget: &mut Budget| changes.into_iter().for_each(|change| change(budget));
        let (budget, account) = family.ledger.promise(part, wish)?;
        let child_of = Parent { run: context.run(), step: context.step() };
        let cancel = context.cancelled().child_token();
        let birth = Birth { task, system, tools, budget, account: account.clone(), child_of, cancel, ran };
        let born = family.children.begin(birth);
        let (run, ran) = match born {
            Ok((run, ran)) => (Ok(run), Some(ran)),
            Err(failure) => (Err(failure), None),
        };
        family.ledger.began(&account, ran);
        run
    }
}
