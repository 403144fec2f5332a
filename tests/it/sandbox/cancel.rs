//! Cancelling: the call ends, whatever the guest is at, and what it held comes back.
//!
//! Not here: a call that is stuck in the kernel. The view opens nothing that can block, and a file system
//! that hangs cannot be made without privileges.

use std::sync::{Arc, Weak};
use std::time::Duration;

use async_trait::async_trait;
use expect_test::expect;
use looplet_host::plugin::{CallSupport, NoSupport};
use looplet_host::sandbox::Limits;
use looplet_tests::guests;
use looplet_tests::harness::{Call, block_on, check, said, sandbox};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// Tells that a guest has begun, and leaves questions unanswered.
struct Watcher(Semaphore);

#[async_trait]
impl CallSupport for Watcher {
    fn progress(&self, _: &str, _: u32, _: Option<u32>) {
        self.0.add_permits(1);
    }

    async fn approve(&self, _: &str, _: &str) -> bool {
        self.0.add_permits(1);
        std::future::pending().await
    }
}

fn burn(arguments: Value) -> Call {
    Call::of(guests::LIMITS_BURN, arguments).wall(60_000)
}

/// Cancels the call once the guest has begun.
fn cancelled(call: Call, begun: impl Future<Output = ()>) -> String {
    let cancel = CancellationToken::new();
    let (report, ()) = block_on(async {
        tokio::join!(call.cancelled_by(&cancel).start(), async {
            begun.await;
            cancel.cancel();
        })
    });
    said(&report)
}

#[test]
fn a_call_is_cancelled_while_it_computes_sleeps_or_asks() {
    let watcher = Arc::new(Watcher(Semaphore::new(0)));
    let has_begun = || async { watcher.0.acquire().await.expect("is open").forget() };
    let watched = |what: &str| burn(json!({"do": what, "count": 1})).support(watcher.clone());
    // On a busy machine these have not begun after a moment, which is told in more words.
    let a_moment = || tokio::time::sleep(Duration::from_millis(50));
    let later = async |what: Value| {
        let cancel = CancellationToken::new();
        let call = burn(what).cancelled_by(&cancel).start();
        let (report, ()) = tokio::join!(call, async {
            a_moment().await;
            cancel.cancel();
        });
        said(&report).replace(" before it began", "")
    };
    let ends = [
        cancelled(watched("watch"), has_begun()),
        cancelled(watched("ask"), has_begun()),
        block_on(later(json!({"do": "spin"}))),
        block_on(later(json!({"do": "sleep", "count": 3_600}))),
        block_on(later(json!({"do": "sleep for ever"}))),
    ];
    assert_eq!(ends, ["aborted: cancelled: the call was cancelled"; 5]);
    assert_eq!(sandbox().stuck_threads(), 0);
}

#[test]
fn a_call_that_was_cancelled_before_does_not_begin() {
    let cancel = CancellationToken::new();
    cancel.cancel();
    let report = burn(json!({"do": "spin"})).cancelled_by(&cancel).run();
    check(said(&report), expect!["aborted: cancelled: the call was cancelled before it began"]);
}

#[test]
fn a_call_that_waits_for_a_place_is_cancelled_too() {
    let cancel = CancellationToken::new();
    let spin = || burn(json!({"do": "spin"})).cancelled_by(&cancel);
    let reports = block_on(async {
        let mut calls: Vec<_> = (0..3 * Limits::CONCURRENT_CALLS).map(|_| tokio::spawn(spin().start())).collect();
        tokio::time::sleep(Duration::from_millis(200)).await;
        cancel.cancel();
        let mut reports = Vec::new();
        for call in calls.drain(..) {
            reports.push(call.await.expect("no panic"));
        }
        reports
    });
    let cancelled = |end: &str| end.starts_with("aborted: cancelled: the call was cancelled");
    assert!(reports.iter().map(said).all(|end| cancelled(&end)), "{reports:?}");
}

#[test]
fn places_come_back_after_more_calls_than_there_are_places_were_cut_off() {
    for _ in 0..2 {
        let calls = || (0..2 * Limits::CONCURRENT_CALLS).map(|_| burn(json!({"do": "spin"})).wall(50));
        let reports = block_on(async {
            let calls: Vec<_> = calls().map(|call| tokio::spawn(call.start())).collect();
            let mut reports = Vec::new();
            for call in calls {
                reports.push(call.await.expect("no panic"));
            }
            reports
        });
        let timeout = "aborted: timeout: the tool was stopped after 50 ms; whether it had an effect is not known";
        assert!(reports.iter().all(|report| said(report) == timeout), "{reports:?}");
    }
    check(said(&burn(json!({"do": "nothing"})).run()), expect!["ok"]);
}

#[test]
fn a_call_that_nobody_waits_for_any_more_is_stopped() {
    let support: Arc<dyn CallSupport> = Arc::new(NoSupport);
    // Held by the guest's store: gone when the guest is.
    let guest: Weak<dyn CallSupport> = Arc::downgrade(&support);
    let call = burn(json!({"do": "spin"})).support(support);
    block_on(async {
        let dropped = tokio::time::timeout(Duration::from_millis(100), call.start()).await;
        assert!(dropped.is_err(), "spins");
        while guest.upgrade().is_some() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
}
