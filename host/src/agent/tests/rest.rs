//! A run that is to rest: what runs comes to its end, nothing more begins, and the run can go on later.

use super::*;

/// Asks the run to rest the moment such a record is written.
struct Rests(CancellationToken, fn(&Body) -> bool);

impl Watch for Rests {
    fn record(&self, record: &Record) {
        if self.1(&record.body) {
            self.0.cancel();
        }
    }
}

/// A run that is asked to rest at a record.
fn resting(bench: &mut Bench, at: fn(&Body) -> bool) -> Run {
    let rest = CancellationToken::new();
    let (started, parts) = (bench.started.clone(), bench.parts());
    let watch = Some(Arc::new(Rests(rest.clone(), at)) as Arc<dyn Watch>);
    Run::start(started, Parts { rest, watch, ..parts }).expect("begins")
}

#[tokio::test]
async fn the_call_that_runs_comes_to_its_end_and_the_next_waits_for_the_resume() {
    let script = || [calls([("write", "yields"), ("greet", "")]), text("bye")];
    let mut bench = Bench::new(script());
    let run = resting(&mut bench, |body| matches!(body, Body::CallStarted(_)));
    let ended = bench.finish_run(run).await;
    assert_eq!(ended.pretty(), ["#1 ✓ write(do='yields') → ok [0ms]"]);
    assert_eq!((ended.reason(), ended.log.len()), ("cancelled", 3));
    assert_eq!(ended.outcome.exit(ExitRules::default()).map(crate::error::Exit::code), Some(130));
    let mut bench = Bench::new(script());
    let run = bench.resume(&ended.lines, RunResumed::default()).expect("goes on");
    let ended = bench.finish_run(run).await;
    assert_eq!((ended.pretty(), ended.reason()), (vec!["#2 ✓ greet(do='') → ok [0ms]".to_owned()], "text"));
}

#[tokio::test]
async fn a_model_that_is_asked_is_not_waited_for() {
    let mut bench = Bench::new([Says::Hang]);
    let run = resting(&mut bench, |body| matches!(body, Body::ModelAsked(_)));
    assert_eq!(bench.finish_run(run).await.reason(), "cancelled");
}

#[tokio::test]
async fn a_decision_that_never_comes_is_not_waited_for() {
    let mut bench = Bench::new([calls([("greet", "is never decided")])]);
    let run = resting(&mut bench, |body| matches!(body, Body::ModelAnswered(_)));
    assert_eq!(bench.finish_run(run).await.reason(), "cancelled");
}

#[tokio::test]
async fn each_budget_ends_a_run_with_its_own_word_and_line() {
    type Change = fn(&mut Budget);
    let costly = |does: &'static str| {
        let Says::Answer(mut answer) = calls([("greet", does)]) else { unreachable!() };
        answer.usage = Usage { input: 90, output: 10, cached: 0, cost_micro_usd: 40_000 };
        Says::After(400, answer)
    };
    let cases: [(&'static str, Change); 8] = [
        ("", |budget| budget.steps = Some(2)),
        ("", |budget| budget.turns = Some(2)),
        ("", |budget| budget.calls = Some(2)),
        ("", |budget| budget.calls_of = [("p/greet".into(), 2)].into()),
        ("", |budget| budget.tokens = Some(150)),
        ("", |budget| budget.cost_micro_usd = Some(70_000)),
        ("", |budget| budget.active_ms = Some(1_000)),
        ("fails", |budget| budget.failures_in_a_row = Some(2)),
    ];
    let mut table = Vec::new();
    for (does, change) in cases {
        let ended = Bench::new((0..5).map(|_| costly(does))).budget(change).finish().await;
        let exit = ended.outcome.exit(ExitRules::default()).map(crate::error::Exit::code);
        table.push(format!("{:<20} {exit:?} {}", ended.reason(), ended.outcome));
    }
    expect_test::expect![[r"
        budget_exhausted     Some(1) stopped: no step of the budget left · 2 steps · 200 tokens · $0.08 · 800 ms
        turns_exhausted      Some(1) stopped: no turn of the budget left · 2 steps · 200 tokens · $0.08 · 800 ms
        calls_exhausted      Some(1) stopped: no call of the budget left · 2 steps · 200 tokens · $0.08 · 800 ms
        tool_calls_exhausted Some(1) stopped: no call of `p/greet` left in the budget · 2 steps · 300 tokens · $0.12 · 1.2 s
        tokens_exhausted     Some(1) stopped: no token of the budget left · 2 steps · 200 tokens · $0.08 · 800 ms
        money_exhausted      Some(1) stopped: no money of the budget left · 2 steps · 200 tokens · $0.08 · 800 ms
        deadline_exceeded    Some(1) stopped: the run's time is over · 2 steps · 300 tokens · $0.12 · 1.2 s
        failures_in_a_row    Some(1) stopped: too many failures in a row · 2 steps · 200 tokens · $0.08 · 800 ms"]].assert_eq(&table.join("\n"));
}
