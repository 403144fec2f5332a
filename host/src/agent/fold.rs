//! All that is computed from records, fed together: where the run stands, its steps, what it amounts to.

use crate::error::{Error, Result};
use crate::record::{Body, HookMemory, Record, RunId, RunStarted, Step, Steps, Tally};

use super::machine::State;

/// A run, as far as its records tell it.
#[derive(Clone, Debug)]
pub struct Fold {
    /// Where the loop stands.
    pub state: State,
    /// What it amounts to.
    pub tally: Tally,
    steps: Steps,
    hooks: HookMemory,
}

impl Fold {
    /// A run before its first record, which [`Fold::apply`] still has to take.
    pub(super) fn new(started: &RunStarted) -> Self {
        Self {
            state: State::new(started),
            tally: Tally::default(),
            steps: Steps::default(),
            hooks: HookMemory::default(),
        }
    }

    /// The run that these records tell. The first must be the start of a run.
    pub fn from_records<'r>(records: impl IntoIterator<Item = &'r Record>) -> Result<Self> {
        Self::from_records_with(records, |_, _| {})
    }

    /// The same; `ended` is told of each step.
    pub(super) fn from_records_with<'r>(
        records: impl IntoIterator<Item = &'r Record>,
        mut ended: impl FnMut(&Step, RunId),
    ) -> Result<Self> {
        let mut records = records.into_iter();
        let first = records.next().ok_or_else(|| Error::failed("the journal is empty"))?;
        let Body::RunStarted(started) = &first.body else {
            return Err(Error::failed("the journal does not begin with the start of a run"));
        };
        let mut fold = Self::new(started);
        fold.apply(first);
        for record in records {
            if let Some(step) = fold.apply(record) {
                ended(&step, fold.state.run());
            }
        }
        Ok(fold)
    }

    /// What hooks have kept, and who of them faulted.
    pub fn hooks(&self) -> &HookMemory {
        &self.hooks
    }

    /// Takes the next record; gives the step that it ends, if it ends one.
    pub fn apply(&mut self, record: &Record) -> Option<Step> {
        self.state.apply(record);
        self.tally.push(record);
        self.hooks.take(record.hooks());
        self.steps.push(record)
    }
}
