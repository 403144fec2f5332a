//! Whatever a model proposes and whatever becomes of it: the records tell the whole run.

use proptest::prelude::*;

use super::*;

fn any_call() -> impl Strategy<Value = ProposedCall> {
    let name = prop::sample::select(vec!["look", "peek", "greet", "write", "think", "done", "nothing"]);
    let does = prop::sample::select(vec!["", "yields", "fails", "traps", "denied", "too early", "stops the run"]);
    (name, does, 0..8_u8).prop_map(|(name, does, spoilt)| {
        let mut call = proposed(usize::from(spoilt), (name, does));
        if spoilt == 0 {
            call.arguments.pop();
        }
        call
    })
}

fn any_answer() -> impl Strategy<Value = Says> {
    let finish = prop::sample::select(vec![Finish::Stop, Finish::ToolCalls, Finish::Length]);
    prop_oneof![
        8 => (prop::collection::vec(any_call(), 0..5), "[ a-z]{0,5}", finish, 0..50_u64).prop_map(
            |(calls, text, finish, input)| {
                let usage = Usage { input, ..Usage::default() };
                Says::Answer(Answer { text, calls, usage, finish, model: None })
            }
        ),
        1 => Just(Says::Fault("no route")),
    ]
}

fn any_budget() -> impl Strategy<Value = Budget> {
    let some = |most: u32| prop::option::of(1..most);
    (some(8), some(12), some(4), prop::option::of(1..100_u64), some(4)).prop_map(
        |(steps, calls, of_look, tokens, failures_in_a_row)| Budget {
            steps,
            calls,
            calls_of: of_look.map(|number| ("p/look".to_owned(), number)).into_iter().collect(),
            tokens,
            failures_in_a_row,
            ..Budget::unbounded()
        },
    )
}

/// Goes through a run step by step; at each, the live state is the fold of what another process would read.
async fn run_and_compare(mut bench: Bench) -> Ended {
    let mut run = bench.start();
    let mut steps = Vec::new();
    while let Some(step) = run.next().await {
        steps.push(step);
        let (records, _) = read_back(&bench.memory.lines());
        let read = Fold::from_records(&records).expect("is a run");
        assert_eq!(read.state, run.fold().expect("rests").state);
    }
    let mut ended = bench.finish_run(run).await;
    ended.steps = steps;
    ended
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime").block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_run_is_told_by_its_records_and_goes_on_from_any_of_them(
        says in prop::collection::vec(any_answer(), 1..6),
        budget in any_budget(),
        required in any::<bool>(),
    ) {
        let bench = || {
            let mut bench = Bench::new(says.clone());
            bench.started.budget = budget.clone();
            bench.started.done.required = required;
            bench
        };
        let whole = block_on(run_and_compare(bench()));
        check_answers(&whole.messages);
        let numbers: Vec<u32> = whole.steps.iter().map(|step| step.number).collect();
        prop_assert_eq!(numbers, (1..=whole.outcome.steps).collect::<Vec<_>>());

        for length in 1..=whole.lines.len() {
            let mut bench = bench();
            let resumed = RunResumed { on_unknown: OnUnknown::Retry, ..RunResumed::default() };
            let Ok(run) = bench.resume(&whole.lines[..length], resumed) else {
                prop_assert!(whole.outcome.stop_reason.is_finished() && length == whole.lines.len());
                continue;
            };
            let ended = block_on(bench.finish_run(run));
            check_answers(&ended.messages);
            // What stopped the run before does not stop it again: the operator wants it to go on.
            if is_forgetful(&whole, length) {
                continue;
            }
            prop_assert_eq!(&ended.messages, &whole.messages, "from record {}", length);
            prop_assert_eq!(ended.reason(), whole.reason(), "from record {}", length);
        }
    }
}

/// Whether something had stopped the run, or wanted to, before this point.
fn is_forgetful(whole: &Ended, length: usize) -> bool {
    whole.lines[..length].iter().any(|line| match &line.record.body {
        Body::Stopped(_) | Body::ModelFailed(_) => true,
        Body::CallEnded(ended) => ended.stop.is_some(),
        _ => false,
    })
}
