//! The caller owns the loop: laziness, stopping, the model's answer before its calls.

use std::task::Waker;

use super::*;

#[tokio::test]
async fn nothing_happens_before_the_first_poll_nor_between_two() {
    let mut bench = Bench::new((0..3).map(|_| calls([("greet", "")])));
    let mut run = bench.start();
    tokio::task::yield_now().await;
    assert_eq!(bench.asked.lock().expect("is whole").len(), 0);
    run.next().await.expect("a step");
    tokio::task::yield_now().await;
    assert_eq!(bench.asked.lock().expect("is whole").len(), 1);
    assert_eq!(*bench.log.lock().expect("is whole"), ["decide 1", "begin 1", "end 1"]);
}

#[tokio::test]
async fn a_run_that_is_left_after_a_step_says_that_the_caller_stopped_it() {
    let mut bench = Bench::new((0..5).map(|_| calls([("greet", "")])));
    let mut run = bench.start();
    for _ in 0..3 {
        run.next().await.expect("a step");
    }
    let outcome = run.finish().await;
    assert_eq!(outcome.to_string(), "stopped by the caller after 3 steps · 0 ms");
    assert_eq!(last(&bench), Body::Stopped(StopReason::StreamClosed));
}

#[tokio::test]
async fn finish_runs_a_fresh_run_to_its_end() {
    let mut bench = Bench::new([calls([("greet", "")]), text("bye")]);
    let outcome = bench.start().finish().await;
    assert_eq!((outcome.stop_reason, outcome.steps), (StopReason::Text, 1));
}

#[tokio::test]
async fn a_run_that_is_dropped_in_the_middle_of_a_call_leaves_its_intent_and_an_end() {
    let mut bench = Bench::new([calls([("write", "hangs")])]);
    let mut run = bench.start();
    let polled = Pin::new(&mut run).poll_next(&mut Context::from_waker(Waker::noop()));
    assert!(polled.is_pending());
    drop(run);
    let bodies: Vec<Body> = read_back(&bench.memory.lines()).0.into_iter().map(|record| record.body).collect();
    assert!(matches!(bodies[bodies.len() - 2..], [Body::CallStarted(_), Body::Stopped(StopReason::StreamClosed)]));
}

#[tokio::test]
async fn a_next_that_is_given_up_loses_nothing() {
    let mut bench = Bench::new([calls([("greet", "yields")]), text("bye")]);
    let mut run = bench.start();
    {
        let next = run.next();
        tokio::pin!(next);
        assert!(next.poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    assert_eq!(run.next().await.map(|step| step.number), Some(1));
    assert_eq!(*bench.log.lock().expect("is whole"), ["decide 1", "begin 1", "end 1"]);
}

#[tokio::test]
async fn a_run_that_is_finished_in_the_middle_of_a_call_ends_it() {
    let mut bench = Bench::new([calls([("greet", "listens")])]);
    let mut run = bench.start();
    assert!(Pin::new(&mut run).poll_next(&mut Context::from_waker(Waker::noop())).is_pending());
    let outcome = run.finish().await;
    assert_eq!((outcome.stop_reason, outcome.steps), (StopReason::StreamClosed, 1));
}

#[tokio::test]
async fn cancelling_ends_calls_decisions_and_questions_that_are_under_way() {
    for says in
        [Says::Hang, calls([("greet", "listens")]), calls([("greet", "hangs")]), calls([("greet", "is never decided")])]
    {
        let mut bench = Bench::new([says]);
        let mut run = bench.start();
        assert!(Pin::new(&mut run).poll_next(&mut Context::from_waker(Waker::noop())).is_pending());
        bench.cancel.cancel();
        let ended = bench.finish_run(run).await;
        assert_eq!(ended.reason(), "cancelled");
        check_answers(&ended.messages);
    }
}

#[tokio::test]
async fn the_caller_may_veto_edit_and_answer_before_the_gate() {
    let turn = [("write", "a.lock"), ("greet", "denied"), ("write", "answered"), ("write", "denied")];
    let mut bench = Bench::new([calls(turn), text("bye")]);
    let mut run = bench.start();
    let mut turn = run.next_turn().await.expect("a turn");
    for call in turn.calls_mut() {
        match (call.tool(), call.str("do").as_deref()) {
            ("write", Some("a.lock")) => call.veto("lock files are generated"),
            ("greet", _) => call.edit(|arguments| arguments["do"] = "edited".into()),
            ("write", _) => call.answer(ToolOutput::text("from the cache")),
            _ => {}
        }
    }
    let mut lines = Vec::new();
    while let Some(step) = turn.next().await {
        lines.push(step.pretty());
    }
    assert_eq!(
        lines,
        [
            "#1 ⊘ write(do='a.lock') → vetoed «lock files are generated»",
            "#2 ✓ greet(do='edited') → ok [0ms]",
            "#3 ✓ write(do='answered') → from the cache (answered by caller)",
            "#4 ⊘ write(do='denied') → denied by looplet.toml:14 «drafts only»",
        ]
    );
    assert!(run.next_turn().await.is_none());
    assert_eq!(*bench.log.lock().expect("is whole"), ["decide 2", "begin 2", "end 2", "decide 3", "decide 4"]);
    let proposed: Vec<_> = read_back(&bench.memory.lines())
        .0
        .into_iter()
        .filter_map(|record| match record.body {
            Body::CallDecided(decided) => Some(decided.proposed.map(|proposed| proposed.to_string())),
            _ => None,
        })
        .collect();
    assert_eq!(proposed, [None, Some(r#"{"do":"denied"}"#.to_owned()), None, None]);
}

#[tokio::test]
async fn what_was_said_about_the_calls_of_a_turn_that_is_left_holds() {
    let mut bench = Bench::new([calls([("write", "a.lock"), ("greet", "")]), text("bye")]);
    let mut run = bench.start();
    run.next_turn().await.expect("a turn").calls_mut()[0].veto("lock files are generated");
    let mut lines = Vec::new();
    while let Some(step) = run.next().await {
        lines.push(step.pretty());
    }
    assert_eq!(lines, ["#1 ⊘ write(do='a.lock') → vetoed «lock files are generated»", "#2 ✓ greet(do='') → ok [0ms]"]);
}

#[tokio::test]
async fn a_turn_that_is_left_is_run_by_the_next() {
    let mut bench = Bench::new([calls([("greet", "")]), calls([("greet", ""), ("greet", "")]), text("bye")]);
    let mut run = bench.start();
    assert_eq!(run.next_turn().await.map(|turn| turn.number()), Some(1));
    let turn = run.next_turn().await.expect("a turn");
    assert_eq!((turn.number(), turn.calls().len()), (2, 2));
    assert_eq!(run.next().await.map(|step| step.number), Some(1));
    assert!(run.next_turn().await.is_none());
}

fn last(bench: &Bench) -> Body {
    read_back(&bench.memory.lines()).0.pop().expect("has records").body
}
