//! Going on from a journal: what is restored, what runs again, what is refused.

use super::*;

/// The records of a run up to the intent of its only `write`, as a crash would leave them.
async fn crashed_in_a_write() -> Vec<Encoded> {
    let ended = Bench::new([calls([("write", "")]), text("bye")]).finish().await;
    let is_intent = |line: &Encoded| matches!(line.record.body, Body::CallStarted(_));
    let intent = ended.lines.iter().position(is_intent).expect("has an intent");
    ended.lines[..=intent].to_vec()
}

#[tokio::test]
async fn a_call_whose_end_nobody_knows_is_not_run_again_by_itself() {
    let lines = crashed_in_a_write().await;
    let error = Bench::new([]).resume(&lines, RunResumed::default()).err().expect("is refused");
    assert_eq!(
        error.report(),
        "error: step 1 was begun, and nobody knows whether it took effect\n\
         hint: look, then resume with `--on-unknown retry` or `--on-unknown skip`"
    );
}

#[tokio::test]
async fn a_call_whose_end_nobody_knows_runs_again_or_is_given_up_as_the_operator_says() {
    let lines = crashed_in_a_write().await;
    let unknown = "ended by the host (execution): the run broke off while the call ran; \
                   whether it took effect is unknown";
    for (on_unknown, told, log) in
        [(OnUnknown::Retry, "ok", &["decide 1", "begin 1", "end 1"][..]), (OnUnknown::Skip, unknown, &[])]
    {
        let mut bench = Bench::new([calls([("write", "")]), text("bye")]);
        let resumed = RunResumed { on_unknown, ..RunResumed::default() };
        let run = bench.resume(&lines, resumed).expect("goes on");
        let ended = bench.finish_run(run).await;
        assert_eq!((ended.reason(), ended.told()), ("text", vec![told]));
        assert_eq!(ended.log, log);
    }
}

#[tokio::test]
async fn a_finished_run_is_not_resumed() {
    let ended = Bench::new([text("bye")]).finish().await;
    let error = Bench::new([]).resume(&ended.lines, RunResumed::default()).err().expect("is refused");
    let run = ended.outcome.run;
    assert_eq!(error.message(), format!("run {run} is over (text): there is nothing to resume"));
}

#[tokio::test]
async fn a_run_goes_on_with_its_numbers_its_history_and_what_it_spent() {
    let script = || (0..6).map(|_| calls([("greet", "")]));
    let first = Bench::new(script()).budget(|budget| budget.steps = Some(2)).finish().await;
    let mut bench = Bench::new(script());
    let budget = Some(Budget { steps: Some(4), ..Budget::unbounded() });
    let message = Some("be quick".to_owned());
    let run = bench.resume(&first.lines, RunResumed { budget, message, ..RunResumed::default() }).expect("goes on");
    let ended = bench.finish_run(run).await;
    assert_eq!(ended.steps.iter().map(|step| step.number).collect::<Vec<_>>(), [3, 4]);
    assert_eq!((ended.reason(), ended.outcome.steps, ended.outcome.turns), ("budget_exhausted", 4, 4));
    assert_eq!(ended.messages[..first.messages.len()], first.messages[..]);
    assert_eq!(ended.messages[first.messages.len()], Message::User { text: "be quick".into() });
}

#[tokio::test]
async fn a_cancelled_batch_goes_on_with_the_calls_that_were_left() {
    let turn = [("greet", "cancels the run"), ("greet", ""), ("write", "")];
    let first = Bench::new([calls(turn), text("bye")]).finish().await;
    let mut bench = Bench::new([calls(turn), text("bye")]);
    let run = bench.resume(&first.lines, RunResumed::default()).expect("goes on");
    let ended = bench.finish_run(run).await;
    assert_eq!((ended.reason(), ended.told()), ("text", vec!["cancelled", "ok", "ok"]));
    assert_eq!(ended.log[0], "decide 2");
}

#[tokio::test]
async fn a_parked_call_is_decided_anew() {
    let script = || [calls([("write", "parked")]), text("bye")];
    let first = Bench::new(script()).finish().await;
    let mut bench = Bench::new(script());
    let run = bench.resume(&first.lines, RunResumed::default()).expect("goes on");
    let ended = bench.finish_run(run).await;
    assert_eq!((ended.reason(), ended.log.as_slice()), ("waiting_for_approval", &["decide 1".to_owned()][..]));
}

#[tokio::test]
async fn a_run_that_is_dropped_goes_on_from_its_directory() {
    let home = tempfile::tempdir().expect("a directory");
    let runs = crate::journal::Runs::at(home.path());
    let script = || (0..3).map(|_| calls([("write", "")])).chain([text("bye")]);
    let mut bench = Bench::new(script());
    let id = bench.started.run;
    bench.sink = Box::new(runs.create(id).expect("is made"));
    let mut run = bench.start();
    assert_eq!(run.next().await.map(|step| step.number), Some(1));
    drop(run);
    let (writer, journal) = runs.open(id).expect("is free again");
    let mut bench = Bench::new(script());
    let mut parts = bench.parts();
    parts.sink = Box::new(writer);
    let run = Run::resume(&journal.records, journal.chain, RunResumed::default(), parts).expect("goes on");
    let ended = bench.finish_run(run).await;
    assert_eq!((ended.reason(), ended.outcome.steps), ("text", 3));
    let journal = runs.read(id).expect("is whole");
    assert_eq!(journal.head(), ended.outcome.head);
    assert_eq!(Fold::from_records(&journal.records).expect("is a run").state.messages(), ended.messages);
}
