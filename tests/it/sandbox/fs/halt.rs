//! A call that waits in the middle, so that something else happens while its handles are open.

use std::sync::Arc;

use async_trait::async_trait;
use looplet_host::plugin::CallSupport;
use looplet_tests::harness::{Call, block_on, report};
use tokio::sync::Semaphore;

/// Keeps a guest that asks waiting until it is told to go on.
struct Halt {
    reached: Semaphore,
    go_on: Semaphore,
}

#[async_trait]
impl CallSupport for Halt {
    fn progress(&self, _: &str, _: u32, _: Option<u32>) {}

    async fn approve(&self, _: &str, _: &str) -> bool {
        self.reached.add_permits(1);
        self.go_on.acquire().await.is_ok()
    }
}

/// Makes a call, and does something else once it has come to its step `wait`.
pub(super) fn halted<T>(call: Call, meanwhile: impl Future<Output = T>) -> (String, T) {
    let halt = Arc::new(Halt { reached: Semaphore::new(0), go_on: Semaphore::new(0) });
    let (came, done) = block_on(async {
        tokio::join!(call.support(halt.clone()).start(), async {
            halt.reached.acquire().await.expect("is open").forget();
            let done = meanwhile.await;
            halt.go_on.add_permits(1);
            done
        })
    });
    (report(&came), done)
}
