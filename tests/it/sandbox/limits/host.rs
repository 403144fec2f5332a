//! What the host itself spends on calls: time, threads, places. With a sandbox of its own, since what is
//! given up or counted here is the whole process's.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use expect_test::expect;
use looplet_host::canonical::CanonicalJson;
use looplet_host::capability::Authority;
use looplet_host::message::ToolCall;
use looplet_host::plugin::{CallContext, CallSupport, GuestReport};
use looplet_host::sandbox::{Limits, Plugin, Sandbox};
use looplet_tests::guests;
use looplet_tests::harness::{Call, block_on, check, said};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

/// A sandbox that no other test sees.
struct Own {
    sandbox: Sandbox,
    plugin: Plugin,
}

impl Own {
    fn new() -> Self {
        let sandbox = Sandbox::new().expect("a sandbox");
        let bytes = std::fs::read(guests::LIMITS_BURN).expect("is built");
        let plugin = block_on(sandbox.load("guest", bytes)).expect("loads");
        Self { sandbox, plugin }
    }

    async fn call(&self, arguments: Value, wall: Duration, support: Arc<dyn CallSupport>) -> GuestReport {
        let arguments = CanonicalJson::from_value(&arguments).expect("is canonical");
        let call = ToolCall { id: "call-1".to_owned(), tool: "burn".to_owned(), arguments };
        let limits = Limits { wall, ..Limits::SHIPPED };
        let context = CallContext { support, ..CallContext::bare() };
        self.sandbox.call(&self.plugin, &call, Authority::default(), limits, context, CancellationToken::new()).await
    }
}

/// Holds whoever reports, as a kernel would, until it is opened; counts who came.
#[derive(Default)]
struct Gate {
    is_open: Mutex<bool>,
    opened: Condvar,
    came: AtomicUsize,
}

impl Gate {
    fn open(&self) {
        *self.is_open.lock().expect("unpoisoned") = true;
        self.opened.notify_all();
    }
}

#[async_trait]
impl CallSupport for Gate {
    fn progress(&self, _: &str, _: u32, _: Option<u32>) {
        self.came.fetch_add(1, Ordering::SeqCst);
        let closed = self.is_open.lock().expect("unpoisoned");
        drop(self.opened.wait_while(closed, |is_open| !*is_open).expect("unpoisoned"));
    }

    async fn approve(&self, _: &str, _: &str) -> bool {
        false
    }
}

#[test]
fn ten_seconds_end_a_guest_that_computes_and_one_that_sleeps() {
    let began = Instant::now();
    let ends = block_on(async {
        let start = |what: Value| tokio::spawn(Call::of(guests::LIMITS_BURN, what).start());
        let calls = [start(json!({"do": "spin"})), start(json!({"do": "sleep", "count": 3_600}))];
        let mut ends = Vec::new();
        for call in calls {
            let report = call.await.expect("no panic");
            assert!(report.usage.duration >= Limits::SHIPPED.wall, "{report:?}");
            ends.push(said(&report));
        }
        ends
    });
    let took = began.elapsed();
    check(
        ends.join("\n"),
        expect![[r#"
        aborted: timeout: the tool was stopped after 10000 ms; whether it had an effect is not known
        aborted: timeout: the tool was stopped after 10000 ms; whether it had an effect is not known"#]],
    );
    assert!(took < Limits::SHIPPED.wall + Duration::from_secs(5), "{took:?}");
    check(said(&Call::of(guests::LIMITS_BURN, json!({"do": "nothing"})).run()), expect!["ok"]);
}

#[test]
fn a_call_that_the_host_cannot_stop_is_given_up_after_the_grace() {
    let (own, gate) = (Own::new(), Arc::new(Gate::default()));
    let wall = Duration::from_millis(100);
    let began = Instant::now();
    let held = block_on(own.call(json!({"do": "report", "count": 1}), wall, gate.clone()));
    assert!(began.elapsed() >= wall + Limits::GRACE, "{:?}", began.elapsed());
    check(
        said(&held),
        expect!["aborted: timeout: the tool was stopped after 100 ms; whether it had an effect is not known"],
    );
    assert_eq!(own.sandbox.stuck_threads(), 1);
    let next = block_on(own.call(json!({"do": "nothing"}), Limits::SHIPPED.wall, gate.clone()));
    check(said(&next), expect!["ok"]);
    gate.open();
}

#[test]
fn no_more_than_eight_calls_are_inside_guests_at_once() {
    let (own, gate) = (Arc::new(Own::new()), Arc::new(Gate::default()));
    let ends = block_on(async {
        let call = || {
            let (own, gate) = (Arc::clone(&own), gate.clone());
            tokio::spawn(
                async move { own.call(json!({"do": "report", "count": 1}), Duration::from_mins(1), gate).await },
            )
        };
        let calls: Vec<_> = (0..3 * Limits::CONCURRENT_CALLS).map(|_| call()).collect();
        while gate.came.load(Ordering::SeqCst) < Limits::CONCURRENT_CALLS {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(gate.came.load(Ordering::SeqCst), 8);
        gate.open();
        let mut ends = Vec::new();
        for call in calls {
            ends.push(said(&call.await.expect("no panic")));
        }
        ends
    });
    assert_eq!(ends, vec!["reported"; 24]);
}

/// The threads of this process that are called so.
fn threads(name: &str) -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").expect("Linux");
    let called = |task: &std::fs::DirEntry| std::fs::read_to_string(task.path().join("comm")).unwrap_or_default();
    tasks.flatten().filter(|task| called(task).trim() == name).count()
}

#[test]
fn one_call_that_runs_out_of_time_ends_no_other() {
    let (own, gate) = (Arc::new(Own::new()), Arc::new(Gate::default()));
    gate.open();
    let ends = block_on(async {
        let start = |what: Value, wall: u64| {
            let (own, gate) = (Arc::clone(&own), gate.clone());
            tokio::spawn(async move { said(&own.call(what, Duration::from_millis(wall), gate).await) })
        };
        let short = start(json!({"do": "spin"}), 100);
        let beside =
            [start(json!({"do": "sleep", "count": 1}), 60_000), start(json!({"do": "print", "count": 200}), 60_000)];
        let mut ends = vec![short.await.expect("no panic")];
        for call in beside {
            ends.push(call.await.expect("no panic"));
        }
        ends
    });
    check(
        ends.join("\n"),
        expect![[r#"
        aborted: timeout: the tool was stopped after 100 ms; whether it had an effect is not known
        slept
        printed"#]],
    );
}

#[test]
fn the_thread_that_ticks_ends_with_the_sandbox() {
    // Others of this process tick too, where tests share one.
    let before = threads("looplet-tick");
    let own = Own::new();
    assert_eq!(threads("looplet-tick"), before + 1);
    drop(own);
    assert_eq!(threads("looplet-tick"), before);
}

/// How often the threads that tick have slept.
fn naps() -> u64 {
    let tasks = std::fs::read_dir("/proc/self/task").expect("Linux");
    let of = |task: std::fs::DirEntry| {
        let status = std::fs::read_to_string(task.path().join("status")).unwrap_or_default();
        let ticks = status.starts_with("Name:\tlooplet-tick\n");
        let naps = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        if ticks { naps.and_then(|naps| naps.trim().parse::<u64>().ok()).unwrap_or_default() } else { 0 }
    };
    tasks.flatten().map(of).sum()
}

#[test]
fn nothing_ticks_while_no_call_runs() {
    // Where tests share a process, the calls of others tick meanwhile.
    if std::env::var_os("NEXTEST").is_none() {
        return;
    }
    let (own, gate) = (Own::new(), Arc::new(Gate::default()));
    let rest = || std::thread::sleep(Duration::from_millis(200));
    let since = |before: u64| naps() - before;
    // The last call ends one tick late.
    rest();
    let before = naps();
    rest();
    assert_eq!(since(before), 0);
    let before = naps();
    block_on(own.call(json!({"do": "spin"}), Duration::from_millis(200), gate));
    assert!(since(before) > 5, "{}", since(before));
    rest();
    let before = naps();
    rest();
    assert_eq!(since(before), 0);
}
