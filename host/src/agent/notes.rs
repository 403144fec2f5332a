//! What a run tells between its steps: who is asked what, and how far a call is.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};

use super::Event;

/// How many events wait for who listens. Progress beyond that is not told.
const WAITING: usize = 256;

/// Where events of a run are put while it is under way, from any thread. Copies are the same place.
#[derive(Clone, Default)]
pub struct Notes(Arc<Mutex<Waiting>>);

#[derive(Default)]
struct Waiting {
    is_heard: bool,
    events: VecDeque<Event>,
    listener: Option<Waker>,
}

impl Notes {
    /// Tells an event, if anybody listens.
    pub fn push(&self, event: impl FnOnce() -> Event) {
        let mut waiting = self.waiting();
        if !waiting.is_heard {
            return;
        }
        let event = event();
        if waiting.events.len() >= WAITING && matches!(event, Event::Progress { .. }) {
            return;
        }
        waiting.events.push_back(event);
        if let Some(listener) = waiting.listener.take() {
            drop(waiting);
            listener.wake();
        }
    }

    /// Somebody listens from here on.
    pub(super) fn listen(&self) {
        self.waiting().is_heard = true;
    }

    /// The oldest event that waits. Where there is none, the next wakes the listener.
    pub(super) fn take(&self, cx: &Context<'_>) -> Option<Event> {
        let mut waiting = self.waiting();
        let event = waiting.events.pop_front();
        if event.is_none() {
            waiting.listener = Some(cx.waker().clone());
        }
        event
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
