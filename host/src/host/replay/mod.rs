//! A run again, with the model's recorded answers: with live tools, or with recorded results too.
//!
//! Every call passes the one gate. Without live tools nothing runs: each process of the run is repeated up to
//! where it ended; the gate decides, recorded hooks and people say again what they said, and the recorded
//! result stands in for the call.

mod again;
mod model;
mod offline;
mod process;
mod tape;
mod words;

use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

pub use model::Recorded;

use super::launch::Launch;
use crate::agent::{Parts, Run, Watch};
use crate::error::Result;
use crate::gate::Gate;
use crate::hook::{HookChain, RecordedHooks};
use crate::journal::Journal;
use crate::model::Price;
use crate::record::{Body, Record, RunId, RunStarted};
use again::AsksAgain;
use offline::{Offline, Person};
use process::{Process, answers, processes};
use tape::Tape;
use words::Words;

/// What decides otherwise than it was recorded: the step and a clause for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Number of the step.
    pub step: u32,
    /// The decision now, with its line, and the recorded one.
    pub clause: String,
}

/// What a replay without live tools wrote and found.
#[derive(Clone, Debug)]
pub struct Replayed {
    /// Its records. They are nowhere else.
    pub records: Vec<Record>,
    /// Decisions that are not as they were recorded.
    pub differences: Vec<Difference>,
}

/// A replay on its way.
struct Replay {
    launch: Launch,
    records: Arc<[Record]>,
    tape: Tape,
    stop: CancellationToken,
    follow: bool,
    differences: Arc<Mutex<Vec<Difference>>>,
}

impl Launch {
    /// Replays a run with its recorded answers and results. Where a decision is not as recorded the run
    /// stops, or with `follow` goes on with what was recorded.
    ///
    /// # Errors
    /// A pattern that is none, or a journal without a beginning.
    pub async fn replay_offline(self, journal: &Journal, follow: bool) -> Result<Replayed> {
        let started = journal.started()?.clone();
        let replay = Replay {
            stop: self.stopping(),
            launch: self,
            records: journal.records.clone().into(),
            tape: Tape::default(),
            follow,
            differences: Arc::default(),
        };
        replay.run(&started).await
    }
}

impl Replay {
    async fn run(mut self, started: &RunStarted) -> Result<Replayed> {
        let processes = processes(&self.records);
        let last = processes.len() - 1;
        for (index, process) in processes.iter().enumerate() {
            // A run that ended by itself ends by itself again, or shows that it does not.
            let is_ended = matches!(self.records.last().map(|record| &record.body), Some(Body::Stopped(_)));
            let is_free = index == last && is_ended && process.own == process.to;
            self.tape.end_at((!is_free).then_some(process.own));
            let Some(mut run) = self.begin(process, started)? else { break };
            while run.next().await.is_some() {}
            run.finish().await;
            if self.tape.read().0.len() != process.own || !self.is_alike() {
                break;
            }
            for record in &self.records[process.own..process.to] {
                self.tape.put(record.at_ms, record.body.clone())?;
            }
        }
        let (records, _) = self.tape.read();
        let differences = self.differences.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Ok(Replayed { records, differences })
    }

    /// Whether the replay is to go on.
    fn is_alike(&self) -> bool {
        self.follow || self.differences.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// A process of the run; none where it cannot begin from what was repeated so far.
    fn begin(&mut self, process: &Process, started: &RunStarted) -> Result<Option<Run>> {
        let (records, chain) = self.tape.read();
        let gate = Arc::new(self.gate(process)?);
        gate.restore(&records);
        let words = Arc::new(Words::new(Arc::clone(&self.records), self.tape.place()));
        let run = if let Some(resumed) = process.resumed.clone() {
            let parts = self.parts(process, gate, started, &words);
            Run::resume(&records, chain, resumed, parts).ok()
        } else {
            let now = super::opening::started(self.launch.host(), &gate, RunId::generate(), &started.task);
            let again = RunStarted {
                run: now.run,
                host: now.host,
                policy: now.policy,
                plugins: now.plugins,
                mounts: now.mounts,
                ..started.clone()
            };
            let parts = self.parts(process, gate, &again, &words);
            Some(Run::start(again, parts)?)
        };
        if let Some(run) = &run {
            words.begin(run.steering());
        }
        Ok(run)
    }

    /// A gate of its own for a process, with those who answered there.
    fn gate(&mut self, process: &Process) -> Result<Gate> {
        let hooks = Arc::new(HookChain::recorded(self.hooks()));
        let own = &self.records[process.from..process.to];
        let gate = self.launch.bare_gate()?.with_hooks(hooks);
        if own.iter().any(|record| self.is_asking(record)) {
            return Ok(gate.with_approver(Arc::new(Person::new(own))));
        }
        let is_parked = self.records.iter().any(is_later_answer) || own.iter().any(is_parking);
        Ok(if is_parked { gate.with_parking() } else { gate })
    }

    /// Whether a person was asked while the run went on, rather than after it had come to rest.
    fn is_asking(&self, record: &Record) -> bool {
        let Body::CallDecided(decided) = &record.body else { return false };
        let of_step =
            |record: &Record| matches!(&record.body, Body::CallAnswered(answer) if answer.step == decided.step);
        let by_person = decided.approval.as_ref().is_some_and(|approval| approval.by == "person");
        by_person && !self.records.iter().any(of_step)
    }

    fn hooks(&self) -> RecordedHooks {
        RecordedHooks::new(Arc::clone(&self.records), self.tape.place())
    }

    fn parts(&self, process: &Process, gate: Arc<Gate>, started: &RunStarted, words: &Arc<Words>) -> Parts {
        let own = &self.records[process.from..process.to];
        let model = Arc::new(Recorded::of_process(started, own));
        let asker = super::asker::ModelAsker::new(model, Price::default(), started, Arc::clone(&gate));
        let asker = AsksAgain::new(asker, Arc::clone(&gate), answers(own));
        let (tape, stop) = (self.tape.clone(), self.stop.clone());
        let offline = Offline::new(gate, own, tape, self.follow, stop, Arc::clone(&self.differences));
        let has_hooks = self.records.iter().any(|record| !record.hooks().is_empty() || is_hooked(record));
        Parts {
            hooks: if has_hooks { Arc::new(HookChain::recorded(self.hooks())) } else { Arc::default() },
            sink: Box::new(self.tape.clone()),
            cancel: self.stop.clone(),
            watch: Some(Arc::clone(words) as Arc<dyn Watch>),
            ..Parts::new(Box::new(asker), Arc::new(offline))
        }
    }
}

fn is_hooked(record: &Record) -> bool {
    matches!(record.body, Body::Hooked(_))
}

fn is_parking(record: &Record) -> bool {
    matches!(&record.body, Body::CallDecided(decided) if decided.ruling == crate::record::Ruling::Parked)
}

fn is_later_answer(record: &Record) -> bool {
    matches!(record.body, Body::CallAnswered(_))
}
