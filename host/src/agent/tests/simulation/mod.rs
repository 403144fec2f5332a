//! Thousands of whole runs, drawn from seeds: whatever a model, hooks, tools, people and crashes do, the
//! laws in [`laws`] hold, and a run that goes on from any of its records ends as if nothing had happened.
//!
//! `LOOPLET_SIMULATED_RUNS=1000000 cargo nextest run --workspace --release simulation` runs a million. What
//! fails is printed with its seed, shrunk, and with the records of the run.

mod hooks;
mod laws;
mod life;
mod plan;
mod world;

use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};

use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use tokio::runtime::Runtime;

use super::Encoded;
use life::Life;
use plan::{Plan, any_plan};

/// How many runs are drawn where nobody says how many.
const RUNS: u64 = 2_000;
/// One run in so many is resumed from each of its records, the others from two.
const THOROUGH: u64 = 16;

#[test]
fn whatever_happens_a_run_keeps_its_laws_and_goes_on_as_if_nothing_had_happened() {
    be_quiet_about_drawn_panics();
    let runs = runs();
    let next = AtomicU64::new(0);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let runtime = runtime();
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= runs {
                        break;
                    }
                    simulate(seed, &runtime);
                }
            });
        }
    });
}

#[expect(clippy::disallowed_methods, reason = "whoever runs the tests says how long they may take")]
fn runs() -> u64 {
    std::env::var("LOOPLET_SIMULATED_RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(RUNS)
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime")
}

/// Panics with the smallest plan that fails as this one does, and its records.
fn simulate(seed: u64, runtime: &Runtime) {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config { cases: 1, failure_persistence: None, max_shrink_iters: 4_000, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let is_thorough = seed.is_multiple_of(THOROUGH);
    let outcome = runner.run(&any_plan(), |plan| {
        let checked = catch_unwind(AssertUnwindSafe(|| runtime.block_on(check(&plan, is_thorough, &mut Vec::new()))));
        checked.map_err(|_| TestCaseError::fail("a law is broken"))
    });
    if let Err(TestError::Fail(_, plan)) = outcome {
        let mut told = Vec::new();
        let why = catch_unwind(AssertUnwindSafe(|| runtime.block_on(check(&plan, is_thorough, &mut told))));
        let why = why.err().map(|why| text(&*why)).unwrap_or_default();
        panic!("seed {seed}: {why}\n{plan:#?}\n{}", listed(&told));
    }
}

/// Lives a plan without interruptions, with them, and from the middle on. `told` keeps the records of what was lived last.
async fn check(plan: &Plan, is_thorough: bool, told: &mut Vec<Vec<Encoded>>) {
    let whole = life::live(plan, &[], &[]).await;
    told.push(whole.lines.clone());
    laws::check(plan, &whole);

    let broken = life::live(plan, &[], &plan.interruptions).await;
    told.push(broken.lines.clone());
    laws::check(plan, &broken);
    if !broken.is_otherwise && laws::must_end_alike_over(plan, &broken) {
        alike(&whole, &broken);
    }

    let all: Vec<usize> = (1..=whole.lines.len()).collect();
    let two: Vec<usize> = plan.cuts.iter().map(|part| life::cut(&whole.lines, *part)).collect();
    for length in if is_thorough { all } else { two } {
        from(plan, &whole, length, told).await;
    }
}

/// Goes on from the first records of a run.
async fn from(plan: &Plan, whole: &Life, length: usize, told: &mut Vec<Vec<Encoded>>) {
    let prefix = &whole.lines[..length];
    if whole.reason().is_finished() && length == whole.lines.len() {
        return;
    }
    told.truncate(2);
    let again = life::live(plan, prefix, &[]).await;
    told.push(again.lines.clone());
    assert_eq!(again.lines[..length], *prefix, "what is on record stays there");
    laws::check(plan, &again);
    if laws::must_end_alike(plan, &life::records(prefix)) {
        alike(whole, &again);
    }
}

fn alike(whole: &Life, again: &Life) {
    assert_eq!(whole.reason(), again.reason(), "the run ended for another reason");
    assert_eq!(whole.state.messages(), again.state.messages(), "the model was told otherwise");
    assert_eq!(whole.state, again.state, "the run ended in another state");
}

/// The kinds of records, a journal a paragraph.
fn listed(journals: &[Vec<Encoded>]) -> String {
    let mut text = String::new();
    for (name, lines) in ["whole", "with interruptions", "from the cut on"].iter().zip(journals) {
        let _ = writeln!(text, "── {name}");
        for line in lines {
            let body = serde_json::to_string(&line.record.body).unwrap_or_default();
            let _ = writeln!(text, "{:>3} {}", line.record.seq, body.chars().take(400).collect::<String>());
        }
    }
    text
}

fn text(why: &(dyn std::any::Any + Send)) -> String {
    let text = why.downcast_ref::<String>().cloned();
    text.or_else(|| why.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
}

/// Panics of the simulated world, and those met while shrinking, tell nothing.
fn be_quiet_about_drawn_panics() {
    let loud = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let text = panic.payload_as_str().unwrap_or_default();
        if text.starts_with("seed ") || !std::thread::current().name().is_none_or(str::is_empty) {
            loud(panic);
        }
    }));
}
