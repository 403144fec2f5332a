//! Where the loop puts its records: one trait, with the journal behind it, or memory.

use std::sync::{Arc, Mutex, PoisonError};

use crate::error::Result;
use crate::record::Encoded;

/// Takes the lines of a journal, in order.
///
/// After an error nothing of the line may be left, and nothing more may be taken.
pub trait Sink: Send {
    /// Appends a line, its blobs before it. Need not be on disk when it returns.
    fn append(&mut self, encoded: &Encoded) -> Result<()>;

    /// Returns when all that was appended is on disk.
    fn sync(&mut self) -> Result<()>;
}

/// A journal in memory, for runs that leave nothing behind and for tests. Copies share their lines.
#[derive(Clone, Debug, Default)]
pub struct MemorySink(Arc<Mutex<Vec<Encoded>>>);

impl MemorySink {
    /// What was appended so far.
    pub fn lines(&self) -> Vec<Encoded> {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Encoded>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sink for MemorySink {
    fn append(&mut self, encoded: &Encoded) -> Result<()> {
        self.lock().push(encoded.clone());
        Ok(())
    }

    fn sync(&mut self) -> Result<()> {
        Ok(())
    }
}
