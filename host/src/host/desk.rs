//! A desk: asks lie there until somebody answers them, from another task, request or thread.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, oneshot};

use crate::agent::{Event, Notes};
use crate::permission::{Answer, Approver, AskId, Question};
use crate::record::RunId;

/// An approver for programs whose people answer elsewhere: behind a web page, in a chat.
///
/// Each ask of a run lies here until [`Desk::answer`] is called for it; meanwhile the run's clock stands still.
/// When the run is dropped or stopped, its ask is gone. One desk serves any number of runs; copies are the
/// same desk. Who may answer is for the program to say.
#[derive(Clone, Default)]
pub struct Desk(Arc<Shared>);

#[derive(Default)]
struct Shared {
    asks: Mutex<Asks>,
    changed: Notify,
}

#[derive(Default)]
struct Asks {
    last: u64,
    pending: BTreeMap<AskId, (PendingAsk, oneshot::Sender<Answer>)>,
}

/// An ask that nobody has answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PendingAsk {
    /// The run that waits.
    pub run: RunId,
    /// Its number.
    pub ask: AskId,
    /// What is asked: show all of it, and the words of model and plugin as theirs.
    pub question: Question,
}

/// There is no such ask: it was answered, its run is gone, or there never was one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("nothing of that number is asked")]
pub struct NotAsked;

impl Desk {
    /// One with nothing on it.
    pub fn new() -> Self {
        Self::default()
    }

    /// All asks that wait, the oldest first.
    pub fn pending(&self) -> Vec<PendingAsk> {
        self.asks().pending.values().map(|(ask, _)| ask.clone()).collect()
    }

    /// Waits until there is an ask, and gives the oldest. It stays on the desk until it is answered.
    pub async fn asked(&self) -> PendingAsk {
        loop {
            let changed = self.0.changed.notified();
            if let Some(ask) = self.pending().into_iter().next() {
                return ask;
            }
            changed.await;
        }
    }

    /// Answers an ask, and with that lets the run go on.
    ///
    /// # Errors
    /// Nothing of that number is asked by that run.
    pub fn answer(&self, run: RunId, ask: AskId, answer: Answer) -> Result<(), NotAsked> {
        let mut asks = self.asks();
        if asks.pending.get(&ask).is_none_or(|(pending, _)| pending.run != run) {
            return Err(NotAsked);
        }
        let (_, waiting) = asks.pending.remove(&ask).ok_or(NotAsked)?;
        waiting.send(answer).map_err(|_| NotAsked)
    }

    /// The approver of one run.
    pub(super) fn of_run(&self, run: RunId, notes: &Notes) -> Arc<dyn Approver> {
        Arc::new(OfRun { desk: self.clone(), run, notes: notes.clone() })
    }

    fn asks(&self) -> MutexGuard<'_, Asks> {
        self.0.asks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, run: RunId, question: &Question) -> (OnDesk<'_>, oneshot::Receiver<Answer>) {
        let (waiting, answered) = oneshot::channel();
        let mut asks = self.asks();
        asks.last += 1;
        let ask = AskId::new(asks.last);
        asks.pending.insert(ask, (PendingAsk { run, ask, question: question.clone() }, waiting));
        drop(asks);
        self.0.changed.notify_waiters();
        (OnDesk { desk: self, ask }, answered)
    }
}

struct OfRun {
    desk: Desk,
    run: RunId,
    notes: Notes,
}

#[async_trait]
impl Approver for OfRun {
    async fn ask(&self, question: &Question) -> Answer {
        let (on_desk, answered) = self.desk.put(self.run, question);
        self.notes.push(|| Event::Asked { ask: Some(on_desk.ask), question: Box::new(question.clone()) });
        answered.await.unwrap_or(Answer::No)
    }
}

/// An ask that is taken from the desk when nobody waits for its answer any more.
struct OnDesk<'a> {
    desk: &'a Desk,
    ask: AskId,
}

impl Drop for OnDesk<'_> {
    fn drop(&mut self) {
        self.desk.asks().pending.remove(&self.ask);
    }
}
