//! What a model tells while it works, and how it is told to stop.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

/// Something that happened before the answer was there. For people only: nothing is decided on it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ModelEvent {
    /// The request failed and will be sent again.
    Retrying {
        /// The attempt that failed, from 1.
        attempt: u32,
        /// How many there will be at most.
        attempts: u32,
        /// How long the host waits before the next.
        wait: Duration,
        /// Why it failed.
        reason: String,
    },
}

/// Takes the events of one request, and carries the wish to stop it.
///
/// [`EventSink::default`] drops the events and is never cancelled.
#[derive(Clone, Default)]
pub struct EventSink {
    cancel: CancellationToken,
    listener: Option<Arc<dyn Fn(ModelEvent) + Send + Sync>>,
}

impl EventSink {
    /// A sink that drops the events and ends the request when the token is cancelled.
    pub fn new(cancel: CancellationToken) -> Self {
        Self { cancel, listener: None }
    }

    /// Hands each event to a function, which must not block.
    pub fn listen(mut self, listener: impl Fn(ModelEvent) + Send + Sync + 'static) -> Self {
        self.listener = Some(Arc::new(listener));
        self
    }

    /// Hands an event on.
    pub fn emit(&self, event: ModelEvent) {
        if let Some(listener) = &self.listener {
            listener(event);
        }
    }

    /// Whether the request shall stop.
    pub fn is_cancelled(&self) -> bool {
        self.cancel.is_cancelled()
    }

    /// Comes back once the request shall stop.
    pub async fn cancelled(&self) {
        self.cancel.cancelled().await;
    }
}

impl fmt::Debug for EventSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventSink").field("cancelled", &self.is_cancelled()).finish_non_exhaustive()
    }
}
