//! What calls write to mounts that have a quota. One count for each mount and run, of which each call has its own.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::mount::Mount;

/// What was written to the mounts of a run. Shared by its calls.
#[derive(Debug, Default)]
pub struct Quotas {
    mounts: Mutex<BTreeMap<String, Arc<Taken>>>,
    /// Of the run that this one is inside of, which pays for it.
    above: Option<Arc<Self>>,
}

/// Bytes that were written to one mount.
#[derive(Debug, Default)]
pub(super) struct Taken {
    bytes: AtomicU64,
    above: Option<Arc<Self>>,
}

impl Quotas {
    /// Those of a run inside of another one.
    pub fn within(above: &Arc<Self>) -> Self {
        Self { above: Some(Arc::clone(above)), ..Self::default() }
    }

    /// The mount as one call gets it.
    pub fn of_call(&self, mount: &Mount) -> Mount {
        if mount.quota_bytes().is_none() {
            return mount.clone();
        }
        mount.counted_by(Taken { bytes: AtomicU64::new(0), above: Some(self.of(mount.name())) })
    }

    /// Counts what was written before this process.
    pub fn count(&self, mount: &str, bytes: u64) {
        self.of(mount).take(bytes, u64::MAX);
    }

    /// What was written, by mount.
    pub fn written(&self) -> BTreeMap<String, u64> {
        let mounts = self.mounts.lock().unwrap_or_else(PoisonError::into_inner);
        let written = mounts.iter().map(|(mount, written)| (mount.clone(), written.bytes()));
        written.filter(|(_, bytes)| *bytes > 0).collect()
    }

    fn of(&self, mount: &str) -> Arc<Taken> {
        let mut mounts = self.mounts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = mounts.get(mount) {
            return Arc::clone(known);
        }
        let above = self.above.as_ref().map(|above| above.of(mount));
        let written = Arc::new(Taken { bytes: AtomicU64::new(0), above });
        mounts.insert(mount.to_owned(), Arc::clone(&written));
        written
    }
}

impl Taken {
    /// Counts bytes; false, and nothing counted, where all that was written would be more than so many.
    pub(super) fn take(&self, bytes: u64, at_most: u64) -> bool {
        let Some(above) = &self.above else {
            let sum = |written: u64| written.checked_add(bytes).filter(|sum| *sum <= at_most);
            return self.bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, sum).is_ok();
        };
        let may = above.take(bytes, at_most);
        if may {
            self.bytes.fetch_add(bytes, Ordering::Relaxed);
        }
        may
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}

/// Bytes that were written to those of these mounts that have a quota, by their names.
pub fn drawn<'a>(mounts: impl IntoIterator<Item = &'a Mount>) -> BTreeMap<String, u64> {
    let mut drawn = BTreeMap::new();
    for mount in mounts.into_iter().filter(|mount| mount.written_bytes() > 0) {
        *drawn.entry(mount.name().to_owned()).or_default() += mount.written_bytes();
    }
    drawn
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_writes_on_the_count_of_its_run_and_of_the_runs_around_it() {
        let run = Arc::new(Quotas::default());
        let child = Quotas::within(&run);
        let call = Taken { above: Some(child.of("workspace")), ..Taken::default() };
        let other = Taken { above: Some(run.of("workspace")), ..Taken::default() };
        assert_eq!(
            [call.take(4, 10), other.take(5, 10), call.take(2, 10), call.take(1, 10)],
            [true, true, false, true]
        );
        assert_eq!((call.bytes(), other.bytes()), (5, 5));
        assert_eq!(child.written(), BTreeMap::from([("workspace".to_owned(), 5)]));
        assert_eq!(run.written(), BTreeMap::from([("workspace".to_owned(), 10)]));
    }

    #[test]
    fn what_was_written_before_counts() {
        let run = Quotas::default();
        run.count("workspace", 9);
        let call = Taken { above: Some(run.of("workspace")), ..Taken::default() };
        assert_eq!([call.take(2, 10), call.take(1, 10)], [false, true]);
    }
}
