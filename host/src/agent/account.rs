//! What a run has spent so far, for whoever pays for it: readable while the run goes on, and after it is gone.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::record::Spent;

/// The account of one run. Copies are the same account.
#[derive(Clone, Debug, Default)]
pub struct Account(Arc<Mutex<Entry>>);

#[derive(Debug, Default)]
struct Entry {
    spent: Spent,
    waited_ms: u64,
    closed: Option<Instant>,
}

impl Account {
    /// What the run has spent.
    pub fn spent(&self) -> Spent {
        self.entry().spent.clone()
    }

    /// How long it waited for a person, in milliseconds.
    pub fn waited_ms(&self) -> u64 {
        self.entry().waited_ms
    }

    /// When the run came to its end; from then on nothing is spent.
    pub fn closed(&self) -> Option<Instant> {
        self.entry().closed
    }

    /// Whether both are the account of one run.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    pub(super) fn read(&self, spent: Spent) {
        self.entry().spent = spent;
    }

    pub(super) fn wait(&self, waited_ms: u64) {
        self.entry().waited_ms += waited_ms;
    }

    pub(super) fn close(&self) {
        self.entry().closed.get_or_insert_with(Instant::now);
    }

    fn entry(&self) -> MutexGuard<'_, Entry> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
