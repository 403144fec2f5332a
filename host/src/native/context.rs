//! What a native tool is handed with each call.

use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

use super::child::{Child, Family};
use crate::plugin::CallSupport;
use crate::record::RunId;

/// How many log lines of a call are kept, the last ones.
const LINES: usize = 1_000;

/// The call that a native tool answers: who asks, and whom it can turn to. Cheap to clone; of no use once the call is over.
#[derive(Clone)]
pub struct CallContext {
    run: RunId,
    step: u32,
    cancel: CancellationToken,
    support: Arc<dyn CallSupport>,
    lines: Arc<Mutex<Vec<String>>>,
    family: Option<Family>,
}

impl CallContext {
    pub(crate) fn new(
        run: RunId,
        step: u32,
        cancel: CancellationToken,
        support: Arc<dyn CallSupport>,
        family: Option<Family>,
    ) -> Self {
        Self { run, step, cancel, support, lines: Arc::default(), family }
    }

    /// A sub-agent with a task of its own. Nothing has begun.
    ///
    /// It has the model, the policy and the approvals of this run, and at most its tools and what is left of
    /// its budget. What it spends is spent by this run. It ends with this call.
    pub fn child(&self, task: impl Into<String>) -> Child {
        Child::new(self.clone(), task.into())
    }

    pub(super) fn family(&self) -> Option<&Family> {
        self.family.as_ref()
    }

    /// The run that it belongs to.
    pub fn run(&self) -> RunId {
        self.run
    }

    /// Number of its step, from 1.
    pub fn step(&self) -> u32 {
        self.step
    }

    /// Unique among all runs, and the same when the step is run again after a crash.
    pub fn id(&self) -> String {
        format!("{}-{}", self.run, self.step)
    }

    /// Cancelled when the call is over, whatever ended it. The future of the call is dropped then; this is for work that it handed to others.
    pub fn cancelled(&self) -> &CancellationToken {
        &self.cancel
    }

    /// Tells how far the call is; the journal keeps the last words.
    pub fn progress(&self, stage: &str, completed: u32, total: Option<u32>) {
        self.support.progress(stage, completed, total);
    }

    /// A line for the operator. The model does not see it.
    pub fn log(&self, line: impl Into<String>) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.push(line.into());
        let surplus = lines.len().saturating_sub(LINES);
        lines.drain(..surplus);
    }

    /// Takes the lines that were logged.
    pub(crate) fn take_lines(&self) -> Vec<String> {
        std::mem::take(&mut self.lines.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
