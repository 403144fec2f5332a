//! Futures of others, held so that neither a panic nor a deaf ear to cancelling reaches the loop.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

/// A future of somebody else.
pub(crate) type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// How long a future may take to come back after it was cancelled, before it is dropped.
const GRACE: Duration = Duration::from_secs(1);

/// Why a future gave no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Lost {
    /// It did not come back in time after it was cancelled.
    Deaf,
    /// It panicked, with this message.
    Panicked(String),
}

/// Waits for a future; after `cancel` only for a grace period.
pub(super) async fn contain<T>(future: Boxed<'_, T>, cancel: &CancellationToken) -> Result<T, Lost> {
    tokio::select! {
        biased;
        result = caught(future) => result.map_err(Lost::Panicked),
        () = patience(cancel) => Err(Lost::Deaf),
    }
}

async fn patience(cancel: &CancellationToken) {
    cancel.cancelled().await;
    tokio::time::sleep(GRACE).await;
}

/// Waits for a future; its panic comes back as text.
pub(crate) async fn caught<T>(mut future: Boxed<'_, T>) -> Result<T, String> {
    poll_fn(move |cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
        Ok(poll) => poll.map(Ok),
        Err(panic) => Poll::Ready(Err(panic_message(&*panic))),
    })
    .await
}

/// Calls a function of others; its panic comes back as text.
pub(super) fn called<T>(function: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(function)).map_err(|panic| panic_message(&*panic))
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "without a message".into())
}

/// Runs futures side by side, at most `width` at a time, and gives each result as it comes.
pub(super) struct SideBySide<'a, T> {
    waiting: std::vec::IntoIter<Boxed<'a, T>>,
    running: Vec<Boxed<'a, T>>,
    width: usize,
}

impl<'a, T> SideBySide<'a, T> {
    pub(super) fn new(futures: Vec<Boxed<'a, T>>, width: usize) -> Self {
        Self { waiting: futures.into_iter(), running: Vec::new(), width: width.max(1) }
    }

    /// The next result; none when all are there.
    pub(super) async fn next(&mut self) -> Option<T> {
        let free = self.width.saturating_sub(self.running.len());
        self.running.extend(self.waiting.by_ref().take(free));
        if self.running.is_empty() {
            return None;
        }
        poll_fn(|cx| {
            for index in 0..self.running.len() {
                if let Poll::Ready(result) = self.running[index].as_mut().poll(cx) {
                    // Those that are left keep their order.
                    drop(self.running.remove(index));
                    return Poll::Ready(Some(result));
                }
            }
            Poll::Pending
        })
        .await
    }
}
