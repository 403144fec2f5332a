//! A thousand runs at once in one process: what each of them holds while it rests, and that all come to
//! their end, their calls queued on the permits.

use std::time::Duration;

use looplet_host::{Host, Run, Scripted, StopReason};
use serde_json::json;
use tempfile::TempDir;

use crate::assembled::runtime;
use crate::clock::cpu;
use crate::table::Row;

const RUNS: u32 = 1_000;
const CALLS: u32 = 3;

pub(crate) fn measure() -> Vec<Row> {
    let (place, runtime) = (TempDir::new().expect("a directory"), runtime());
    let host = Host::builder().plugin("builtin:greet").allow("greet").runs(place.path()).build();
    let host = runtime.block_on(host).expect("is built");
    allow_open_files();
    // What the first run sets up is there for all.
    let first = runtime.block_on(async { begin(&host).finish().await });
    assert_eq!(first.stop_reason, StopReason::Text);

    let before = resident();
    let mut runs: Vec<Run> = runtime.block_on(async {
        let mut runs: Vec<Run> = (0..RUNS).map(|_| begin(&host)).collect();
        for run in &mut runs {
            assert!(run.next().await.is_some_and(|step| !step.failed()));
        }
        runs
    });
    let idle = resident().saturating_sub(before) / u64::from(RUNS);
    let taken = cpu(|| {
        runtime.block_on(async {
            let ends: Vec<_> = runs.drain(..).map(|run| tokio::spawn(to_the_end(run))).collect();
            for end in ends {
                end.await.expect("does not panic");
            }
        });
    });
    vec![
        Row::of_size(format!("memory of a run that rests, {RUNS} of them"), idle, 100_000),
        Row::of_time(
            format!("CPU of a step, {RUNS} runs at once"),
            taken / (RUNS * (CALLS - 1)),
            Duration::from_micros(200),
        ),
        Row::of_peak("  peak memory"),
    ]
}

fn begin(host: &Host) -> Run {
    let call = || [("greet", json!({ "name": "Ada" }))];
    let script = (1..CALLS).fold(Scripted::calls(call()), |script, _| script.then_calls(call()));
    host.run("greet Ada some times").model(script.then_text("done")).start().expect("begins")
}

async fn to_the_end(mut run: Run) {
    while let Some(step) = run.next().await {
        assert!(!step.failed(), "{}", step.pretty());
    }
    let outcome = run.finish().await;
    assert_eq!((outcome.stop_reason, outcome.steps), (StopReason::Text, CALLS));
}

/// Bytes of this process that are in memory.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().split(' ').next()?.parse::<u64>().ok()).map_or(0, |kib| kib * 1024)
}

/// A run that is kept holds its journal open.
#[expect(unsafe_code, reason = "`setrlimit` has no safe form in what this workspace depends on")]
fn allow_open_files() {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the pointers are to a whole `rlimit`.
    unsafe {
        assert_eq!(libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit), 0, "the kernel says the limit");
        limit.rlim_cur = limit.rlim_max;
        assert_eq!(libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit), 0, "the kernel takes the limit");
    }
}
