//! What a replay without live tools writes: records in memory, up to where the recorded process ended.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::agent::Sink;
use crate::error::{Error, Result};
use crate::record::{Body, Chain, Encoded, Record};

/// The records of a replay. Copies share them.
#[derive(Clone, Default)]
pub(super) struct Tape {
    written: Arc<Mutex<Written>>,
    place: Arc<AtomicUsize>,
}

#[derive(Default)]
struct Written {
    records: Vec<Record>,
    chain: Chain,
    room: Option<usize>,
}

impl Tape {
    /// Takes no more than so many records, as if the process ended there.
    pub(super) fn end_at(&self, room: Option<usize>) {
        self.lock().room = room;
    }

    /// How many records there are, for who follows along.
    pub(super) fn place(&self) -> Arc<AtomicUsize> {
        Arc::clone(&self.place)
    }

    /// The records so far and where their chain stands.
    pub(super) fn read(&self) -> (Vec<Record>, Chain) {
        let written = self.lock();
        (written.records.clone(), written.chain)
    }

    /// How many records it takes; all there are where the process ends by itself.
    pub(super) fn room(&self) -> usize {
        self.lock().room.unwrap_or(usize::MAX)
    }

    /// Whether the process came no further when it was recorded.
    pub(super) fn is_full(&self) -> bool {
        self.place.load(Ordering::Relaxed) >= self.room()
    }

    /// Puts a record behind the others that no run of this replay writes.
    pub(super) fn put(&self, at_ms: u64, body: Body) -> Result<()> {
        let encoded = self.lock().chain.encode(at_ms, body)?;
        self.take(&encoded);
        Ok(())
    }

    fn take(&self, encoded: &Encoded) {
        let mut written = self.lock();
        written.records.push(encoded.record.clone());
        written.chain.advance(&encoded.line);
        self.place.store(written.records.len(), Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, Written> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sink for Tape {
    fn append(&mut self, encoded: &Encoded) -> Result<()> {
        if self.is_full() {
            return Err(Error::failed("the recorded process ended here"));
        }
        self.take(encoded);
        Ok(())
    }

    fn sync(&mut self) -> Result<()> {
        Ok(())
    }
}
