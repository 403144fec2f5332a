//! What the host offers to a call beside its authority: settings, kept state, the person, progress.
//!
//! The other end of the contract's `host` interface, as the loop implements it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::canonical::CanonicalJson;
use crate::redaction::Redaction;

/// How many bytes all keys and values of one tool together may have.
pub const STATE_BYTES: usize = 1 << 20;
/// How many bytes a key may have.
pub const STATE_KEY_BYTES: usize = 256;

/// Who a call can turn to while it runs.
#[async_trait]
pub trait CallSupport: Send + Sync {
    /// How far the call has come. At most 1,000 times a call.
    fn progress(&self, stage: &str, completed: u32, total: Option<u32>);

    /// Asks the person. The wait does not count as time of the call.
    async fn approve(&self, action: &str, details: &str) -> bool;
}

/// Nobody is there: progress goes nowhere, every question is answered no.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoSupport;

#[async_trait]
impl CallSupport for NoSupport {
    fn progress(&self, _: &str, _: u32, _: Option<u32>) {}

    async fn approve(&self, _: &str, _: &str) -> bool {
        false
    }
}

/// What one tool has kept in this run. Shared by its calls; each call works on a copy and commits it
/// only when it ends without a trap.
#[derive(Clone, Debug, Default)]
pub struct PluginState(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    /// What is not kept.
    redaction: Redaction,
    entries: BTreeMap<String, String>,
    /// What was changed and not yet taken for the record; none takes a key away.
    changes: BTreeMap<String, Option<String>>,
}

impl PluginState {
    /// State of a run that keeps this out.
    pub fn without(redaction: &Redaction) -> Self {
        let state = Self::default();
        state.kept().redaction = redaction.clone();
        state
    }

    /// State that was kept before, for example read back from a journal.
    pub fn from_entries(entries: BTreeMap<String, String>) -> Self {
        let state = Self::default();
        state.restore(entries);
        state
    }

    /// Goes on from what was kept before.
    pub fn restore(&self, entries: BTreeMap<String, String>) {
        let mut kept = self.kept();
        (kept.entries, kept.changes) = (entries, BTreeMap::new());
    }

    /// Takes over changes that were told before, as [`PluginState::take_changes`] told them.
    pub fn take_over(&self, changes: &BTreeMap<String, Option<String>>) {
        let mut kept = self.kept();
        for (key, value) in changes {
            match value {
                Some(value) => drop(kept.entries.insert(key.clone(), value.clone())),
                None => drop(kept.entries.remove(key)),
            }
        }
    }

    /// A copy of what is kept now.
    pub fn entries(&self) -> BTreeMap<String, String> {
        self.kept().entries.clone()
    }

    /// Keeps these entries from now on.
    pub fn commit(&self, mut entries: BTreeMap<String, String>) {
        let mut kept = self.kept();
        kept.redaction.clean(&mut entries);
        if kept.entries == entries {
            return;
        }
        let before = std::mem::take(&mut kept.entries);
        for key in before.keys().filter(|key| !entries.contains_key(*key)) {
            kept.changes.insert(key.clone(), None);
        }
        for (key, value) in entries.iter().filter(|(key, value)| before.get(*key) != Some(value)) {
            kept.changes.insert(key.clone(), Some(value.clone()));
        }
        kept.entries = entries;
    }

    /// What was changed and is still to be taken, by key; none takes a key away.
    pub fn changes(&self) -> BTreeMap<String, Option<String>> {
        self.kept().changes.clone()
    }

    /// What was changed since this was last asked, by key; none takes a key away.
    pub fn take_changes(&self) -> BTreeMap<String, Option<String>> {
        std::mem::take(&mut self.kept().changes)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells runs apart within a process, so that they can take turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RunKey(u64);

impl RunKey {
    /// A key that no other run has.
    pub fn unique() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// What a call is given beside its authority.
#[derive(Clone)]
pub struct CallContext {
    /// The run that it belongs to.
    pub run: RunKey,
    /// The operator's settings for the plugin.
    pub settings: CanonicalJson,
    /// Names of the secrets that are granted.
    pub secrets: Vec<String>,
    /// What the tool has kept.
    pub state: PluginState,
    /// Who it can turn to.
    pub support: Arc<dyn CallSupport>,
}

impl CallContext {
    /// No settings, no secrets, nothing kept, nobody there.
    pub fn bare() -> Self {
        Self {
            run: RunKey::unique(),
            settings: CanonicalJson::empty_object(),
            secrets: Vec::new(),
            state: PluginState::default(),
            support: Arc::new(NoSupport),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_out_of_the_run_is_not_kept() {
        let redaction = Redaction::default().with(r"key-\d+").expect("is a pattern");
        let state = PluginState::without(&redaction);
        let entries = |entries: &[(&str, &str)]| -> BTreeMap<String, String> {
            entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
        };
        state.commit(entries(&[("a", "key-1"), ("key-2", "b")]));
        assert_eq!(state.entries(), entries(&[("[redacted]", "b"), ("a", "[redacted]")]));
        let changes = state.take_changes();
        assert_eq!(changes.keys().collect::<Vec<_>>(), ["[redacted]", "a"]);
        // What is kept already is no change when it is kept again.
        state.commit(entries(&[("a", "key-1"), ("[redacted]", "b")]));
        assert!(state.take_changes().is_empty());
    }
}
