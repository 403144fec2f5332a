//! How much memory and how large tables one call may grow, and how far it went.

use wasmtime::{ResourceLimiter, Result};

use super::limits::Limits;

/// The limiter of one store.
#[derive(Debug)]
pub(super) struct MemoryLimit {
    allowed: usize,
    used: usize,
    /// The most that was in use at once, all memories together.
    pub(super) peak: usize,
    /// Whether growing was refused, which a guest often turns into a trap without a word.
    pub(super) refused: bool,
}

impl MemoryLimit {
    pub(super) fn new(allowed: usize) -> Self {
        Self { allowed, used: 0, peak: 0, refused: false }
    }
}

impl ResourceLimiter for MemoryLimit {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        let used = self.used.saturating_sub(current).saturating_add(desired);
        let fits = used <= self.allowed && maximum.is_none_or(|maximum| desired <= maximum);
        if fits {
            self.used = used;
            self.peak = self.peak.max(used);
        } else {
            self.refused = true;
        }
        Ok(fits)
    }

    fn table_growing(&mut self, _: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        Ok(desired <= Limits::TABLE_ELEMENTS && maximum.is_none_or(|maximum| desired <= maximum))
    }

    fn instances(&self) -> usize {
        Limits::CORE_INSTANCES as usize
    }

    fn memories(&self) -> usize {
        Limits::MEMORIES as usize
    }

    fn tables(&self) -> usize {
        Limits::TABLES as usize
    }
}
