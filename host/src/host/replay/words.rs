//! Words of a person to a run that is repeated: said again where they were heard.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use crate::agent::{Steering, Watch};
use crate::record::{Body, Notice, Record};

/// Follows a process along its record, and says what comes next there if a person said it.
pub(super) struct Words {
    records: Arc<[Record]>,
    /// How many records the replay has written.
    place: Arc<AtomicUsize>,
    steering: OnceLock<Steering>,
}

impl Words {
    pub(super) fn new(records: Arc<[Record]>, place: Arc<AtomicUsize>) -> Self {
        Self { records, place, steering: OnceLock::new() }
    }

    /// Says it to this process from here on.
    pub(super) fn begin(&self, steering: Steering) {
        if self.steering.set(steering).is_ok() {
            self.say();
        }
    }

    /// Words that were heard together are said together, before the first of them.
    fn say(&self) {
        let place = self.place.load(Ordering::Relaxed);
        let is_said = |index: usize| self.records.get(index).and_then(heard).is_some();
        let (Some(steering), false) = (self.steering.get(), place > 0 && is_said(place - 1)) else { return };
        for text in self.records.iter().skip(place).map_while(heard) {
            // A run that is over hears nothing more, and its record shows that.
            let _ = steering.steer(text);
        }
    }
}

impl Watch for Words {
    fn record(&self, _: &Record) {
        self.say();
    }
}

fn heard(record: &Record) -> Option<&str> {
    match &record.body {
        Body::Notice(Notice::Steered(text)) => Some(text),
        _ => None,
    }
}
