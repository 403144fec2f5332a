//! What a call has sent and received, counted where it passes.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio_util::sync::CancellationToken;

/// Requests and bytes of one call; shared with what goes on beside the guest.
#[derive(Debug, Default)]
pub struct HttpUsage {
    requests: AtomicU64,
    /// Of bodies, for the bound of the call.
    sent: AtomicU64,
    carried: AtomicU64,
    received: AtomicU64,
    over: CancellationToken,
}

impl HttpUsage {
    /// Requests that went out.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Bytes that went out, or used up what the run had left: addresses, headers, bodies.
    pub fn sent_bytes(&self) -> u64 {
        self.carried.load(Ordering::Relaxed)
    }

    /// Bytes of bodies that came in, decoded.
    pub fn received_bytes(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// Says that the call is over: what it has not finished must not look finished.
    pub fn end(&self) {
        self.over.cancel();
    }

    /// Whether the call is over.
    pub fn is_over(&self) -> bool {
        self.over.is_cancelled()
    }

    /// Comes back when the call is over.
    pub async fn until_over(&self) {
        self.over.cancelled().await;
    }

    /// Counts a request, if there may be another.
    pub fn take_request(&self, most: u64) -> bool {
        let counted = self
            .requests
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| (count < most).then_some(count + 1));
        counted.is_ok()
    }

    /// Counts bytes that were taken off what the run may send.
    pub fn carry(&self, bytes: u64) {
        self.carried.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Counts bytes of a body that is about to go out; whether they still may.
    pub fn send(&self, bytes: u64, most: u64) -> bool {
        self.sent.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes) <= most
    }

    /// Counts bytes that came in; whether the guest may still have them.
    pub fn receive(&self, bytes: u64, most: u64) -> bool {
        self.received.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes) <= most
    }
}
