//! A run again, with the model's recorded answers: with live tools, or with recorded results too.
//!
//! Every call passes the one gate. Without live tools nothing runs: the gate decides, recorded answers of
//! people answer its asks, and the recorded result stands in for the call.

mod model;
mod offline;

use std::sync::{Arc, Mutex, PoisonError};

pub use model::Recorded;

use super::launch::Launch;
use crate::agent::{MemorySink, Parts, Run};
use crate::error::Result;
use crate::journal::Journal;
use crate::record::{Encoded, RunId, RunStarted};
use offline::{Offline, Person};

/// What decides otherwise than it was recorded: the step and a clause for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Number of the step.
    pub step: u32,
    /// The decision now, with its line, and the recorded one.
    pub clause: String,
}

/// A replay without live tools, and what it finds.
pub struct OfflineReplay {
    /// The run. Its records are in memory alone.
    pub run: Run,
    sink: MemorySink,
    differences: Arc<Mutex<Vec<Difference>>>,
}

impl OfflineReplay {
    /// The records so far.
    pub fn lines(&self) -> Vec<Encoded> {
        self.sink.lines()
    }

    /// A second hand on the records, for when the run is finished.
    pub fn sink(&self) -> MemorySink {
        self.sink.clone()
    }

    /// Decisions that are not as they were recorded. Shared: it grows while the run goes on.
    pub fn differences(&self) -> impl Fn() -> Vec<Difference> + use<> {
        let differences = Arc::clone(&self.differences);
        move || differences.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Launch {
    /// Replays a run with its recorded answers and results. Where a decision is not as recorded the run
    /// stops, or with `follow` goes on with what was recorded.
    ///
    /// # Errors
    /// A pattern that is none, or a journal without a beginning.
    pub fn replay_offline(mut self, journal: &Journal, follow: bool) -> Result<OfflineReplay> {
        let started = journal.started()?;
        let model = Arc::new(Recorded::new(&journal.records, started.model.clone())?);
        self = self.model(model).approver(Arc::new(Person::new(&journal.records)));
        let run = RunId::generate();
        let made = self.make(run)?;
        let (gate, model) = (made.gate, made.model);
        let differences: Arc<Mutex<Vec<Difference>>> = Arc::default();
        let stop = self.stopping();
        let offline = Offline::new(Arc::clone(&gate), &journal.records, follow, stop.clone(), Arc::clone(&differences));
        let now = super::opening::started(self.host(), &gate, run, &started.task);
        let fold = crate::agent::Fold::from_records(&journal.records)?;
        let again = RunStarted {
            run: now.run,
            host: now.host,
            policy: now.policy,
            plugins: now.plugins,
            mounts: now.mounts,
            budget: fold.state.meter().budget().clone(),
            ..started.clone()
        };
        let sink = MemorySink::default();
        let asker = super::asker::ModelAsker::new(model, &again, gate);
        let parts =
            Parts { sink: Box::new(sink.clone()), cancel: stop, ..Parts::new(Box::new(asker), Arc::new(offline)) };
        Ok(OfflineReplay { run: Run::start(again, parts)?, sink, differences })
    }
}
