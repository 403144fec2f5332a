//! The clock of one call: how much of its wall time is left, with waits for a person taken out.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

/// Shared by the call's thread, the epoch callback and the caller who waits for the answer.
#[derive(Debug)]
pub(super) struct CallClock {
    started: Instant,
    wall: Duration,
    waits: Mutex<Waits>,
    cancel: CancellationToken,
}

#[derive(Debug, Default)]
struct Waits {
    total: Duration,
    since: Option<Instant>,
}

/// Why a call has to stop now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StopNow {
    Cancelled,
    TimedOut,
}

impl CallClock {
    pub(super) fn start(wall: Duration, cancel: CancellationToken) -> Self {
        let waits = Mutex::default();
        Self { started: Instant::now(), wall, waits, cancel }
    }

    /// Time that the call has used.
    pub(super) fn used(&self) -> Duration {
        let waits = self.waits.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = waits.since.map(|since| since.elapsed()).unwrap_or_default();
        self.started.elapsed().saturating_sub(waits.total + waiting)
    }

    /// Time in which it waited for a person.
    pub(super) fn waited(&self) -> Duration {
        self.waits.lock().unwrap_or_else(PoisonError::into_inner).total
    }

    /// Time that is left.
    pub(super) fn left(&self) -> Duration {
        self.wall.saturating_sub(self.used())
    }

    /// Whether the call has to stop, and why.
    pub(super) fn must_stop(&self) -> Option<StopNow> {
        if self.cancel.is_cancelled() {
            return Some(StopNow::Cancelled);
        }
        if self.left().is_zero() {
            return Some(StopNow::TimedOut);
        }
        None
    }

    /// Comes back when the call has to stop.
    pub(super) async fn until_stop(&self) -> StopNow {
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => StopNow::Cancelled,
            () = self.until_timeout() => StopNow::TimedOut,
        }
    }

    async fn until_timeout(&self) {
        loop {
            let left = self.left();
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left).await;
        }
    }

    pub(super) fn cancel(&self) -> &CancellationToken {
        &self.cancel
    }

    /// Stops the clock until the returned value is dropped.
    pub(super) fn pause(&self) -> Paused<'_> {
        let mut waits = self.waits.lock().unwrap_or_else(PoisonError::into_inner);
        waits.since.get_or_insert_with(Instant::now);
        Paused(self)
    }
}

/// The clock stands still while this lives.
#[derive(Debug)]
pub(super) struct Paused<'a>(&'a CallClock);

impl Drop for Paused<'_> {
    fn drop(&mut self) {
        let mut waits = self.0.waits.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(since) = waits.since.take() {
            waits.total += since.elapsed();
        }
    }
}
