//! How runs end: by themselves, by a budget, by a word from outside.

use super::*;

#[tokio::test]
async fn a_plain_text_ends_the_run_and_is_its_output() {
    let ended = Bench::new([text("forty-two")]).finish().await;
    assert_eq!((ended.reason(), output(&ended)), ("text", Some(json!("forty-two"))));
    assert_eq!(ended.outcome.text().as_deref(), Some("forty-two"));
    assert_eq!(ended.outcome.exit(ExitRules::default()), None);
    let require_done = ExitRules { require_done: true, ..ExitRules::default() };
    assert_eq!(ended.outcome.exit(require_done).map(crate::error::Exit::code), Some(1));
}

#[tokio::test]
async fn a_run_that_requires_done_asks_once_more_and_then_stops() {
    let mut bench = Bench::new([text("forty-two"), text("I said so")]);
    bench.started.done.required = true;
    let ended = bench.finish().await;
    assert_eq!((ended.reason(), ended.asked, output(&ended)), ("done_missing", 2, None));
    let Message::User { text } = &ended.messages[2] else { panic!("nobody said anything") };
    assert_eq!(text, "This run ends only by a call of `done`. Call it with your result, or call another tool.");
}

#[tokio::test]
async fn an_empty_answer_is_told_once_and_then_ends_the_run() {
    let ended = Bench::new([text(" \n"), text("")]).finish().await;
    assert_eq!((ended.reason(), ended.asked), ("empty_answer", 2));
    let mended = Bench::new([text(""), calls([("greet", "")]), text(""), text("bye")]).finish().await;
    assert_eq!((mended.reason(), mended.asked), ("text", 4));
}

#[tokio::test]
async fn a_text_that_was_cut_is_no_final_answer() {
    let cut = Says::Answer(Answer { finish: Finish::Length, ..Answer::text("forty-") });
    let ended = Bench::new([cut.clone(), cut]).finish().await;
    assert_eq!((ended.reason(), output(&ended)), ("answer_cut", None));
}

#[tokio::test]
async fn a_call_that_was_cut_is_told_so() {
    let mut answer = Answer::calls(vec![proposed(0, ("greet", ""))]);
    answer.finish = Finish::Length;
    answer.calls[0].arguments = r#"{"do":"#.into();
    let ended = Bench::new([Says::Answer(answer), text("bye")]).finish().await;
    assert!(ended.told()[0].contains("the answer was cut off at the output limit"), "{:?}", ended.told());
}

#[tokio::test]
async fn what_the_provider_filtered_ends_the_run() {
    let filtered = Says::Answer(Answer { finish: Finish::Filter, ..Answer::text("I can't") });
    assert_eq!(Bench::new([filtered]).finish().await.reason(), "answer_filtered");
}

#[tokio::test]
async fn a_step_budget_of_two_allows_exactly_two_steps() {
    let bench = Bench::new((0..9).map(|_| calls([("greet", "")]))).budget(|budget| budget.steps = Some(2));
    let ended = bench.finish().await;
    assert_eq!((ended.reason(), ended.steps.len(), ended.asked), ("budget_exhausted", 2, 2));
}

#[tokio::test]
async fn calls_beyond_the_budget_are_answered_as_not_run() {
    for tool in ["greet", "look"] {
        let bench = Bench::new([calls([(tool, ""); 3])]).budget(|budget| budget.steps = Some(2));
        let ended = bench.finish().await;
        assert_eq!(ended.told(), ["ok", "ok", "not run: the run's budget was used up before it"]);
        assert_eq!((ended.reason(), ended.steps.len()), ("budget_exhausted", 2));
        check_answers(&ended.messages);
    }
}

#[tokio::test]
async fn free_calls_that_succeed_use_no_step_and_free_calls_that_fail_do() {
    let think = |does| calls([("think", does)]);
    let bench = Bench::new([think(""), think(""), think(""), think("fails"), calls([("greet", "")]), think("")]);
    let ended = bench.budget(|budget| budget.steps = Some(2)).finish().await;
    assert_eq!((ended.reason(), ended.steps.len()), ("budget_exhausted", 5));
}

#[tokio::test]
async fn free_calls_count_against_the_budget_of_calls() {
    let bench = Bench::new((0..9).map(|_| calls([("think", "")]))).budget(|budget| budget.calls = Some(3));
    let ended = bench.finish().await;
    assert_eq!((ended.reason(), ended.steps.len()), ("calls_exhausted", 3));
}

#[tokio::test]
async fn each_budget_has_its_own_reason() {
    type Change = fn(&mut Budget);
    let costly = || {
        let Says::Answer(mut answer) = calls([("greet", "")]) else { unreachable!() };
        answer.usage = Usage { input: 90, output: 10, cached: 0, cost_micro_usd: 5 };
        Says::Answer(answer)
    };
    let cases: [(Change, &str, usize); 5] = [
        (|budget| budget.turns = Some(2), "turns_exhausted", 2),
        (|budget| budget.tokens = Some(150), "tokens_exhausted", 2),
        (|budget| budget.cost_micro_usd = Some(11), "money_exhausted", 3),
        (|budget| budget.calls_of = [("p/greet".into(), 1)].into(), "tool_calls_exhausted", 1),
        (|budget| budget.calls_of = [("p".into(), 2)].into(), "tool_calls_exhausted", 2),
    ];
    for (change, reason, steps) in cases {
        let ended = Bench::new((0..5).map(|_| costly())).budget(change).finish().await;
        assert_eq!((ended.reason(), ended.steps.len()), (reason, steps));
        check_answers(&ended.messages);
    }
}

#[tokio::test]
async fn failures_in_a_row_end_the_run() {
    let turn = [("greet", "fails"), ("greet", ""), ("write", "denied"), ("greet", "fails"), ("greet", "")];
    let bench = Bench::new([calls(turn)]).budget(|budget| budget.failures_in_a_row = Some(2));
    let ended = bench.finish().await;
    assert_eq!((ended.reason(), ended.steps.len()), ("failures_in_a_row", 4));
}

#[tokio::test]
async fn an_answer_that_comes_after_the_deadline_is_not_acted_on() {
    let Says::Answer(late) = calls([("write", "")]) else { unreachable!() };
    let bench = Bench::new([Says::After(2_000, late)]).budget(|budget| budget.active_ms = Some(1_000));
    let ended = bench.finish().await;
    assert_eq!((ended.reason(), ended.log.len()), ("deadline_exceeded", 0));
    assert_eq!(ended.told_of(0), "not run: the run's time was over before it");
}

#[tokio::test]
async fn a_model_that_does_not_answer_is_left_at_the_deadline() {
    let bench = Bench::new([Says::Hang]).budget(|budget| budget.active_ms = Some(1));
    let ended = bench.finish().await;
    assert_eq!((ended.reason(), ended.asked), ("deadline_exceeded", 1));
}

#[tokio::test]
async fn a_call_is_cancelled_at_the_deadline() {
    let bench = Bench::new([calls([("greet", "listens"), ("greet", "")])]).budget(|budget| budget.active_ms = Some(1));
    let ended = bench.finish().await;
    assert_eq!(ended.pretty(), ["#1 ✗ greet(do='listens') → ended by the host: cancelled: stopped as told [0ms]"]);
    assert_eq!(ended.reason(), "deadline_exceeded");
}

#[tokio::test]
async fn a_question_inside_a_running_call_is_no_activity() {
    let bench = Bench::new([calls([("greet", "asks for a minute")]), text("bye")]);
    let ended = bench.finish().await;
    assert_eq!((ended.reason(), ended.outcome.active_ms, ended.outcome.elapsed_ms), ("text", 0, 60_000));
}

#[tokio::test]
async fn waiting_for_a_person_is_no_activity() {
    let bench = Bench::new([calls([("greet", "waits for a person")]), text("bye")]);
    let ended = bench.budget(|budget| budget.active_ms = Some(1_000)).finish().await;
    assert_eq!((ended.reason(), ended.outcome.active_ms, ended.outcome.elapsed_ms), ("text", 0, 10_000));
    assert_eq!(ended.outcome.asked, 1);
}

#[tokio::test]
async fn a_run_that_is_cancelled_in_the_middle_of_a_batch_runs_no_further_call() {
    let turn = [("greet", "cancels the run"), ("greet", ""), ("done", "hi")];
    let ended = Bench::new([calls(turn)]).finish().await;
    assert_eq!(
        (ended.reason(), ended.log.as_slice()),
        ("cancelled", &["decide 1", "begin 1", "end 1"].map(String::from)[..])
    );
    check_answers(&ended.messages);
    assert_eq!(ended.outcome.exit(ExitRules::default()).map(crate::error::Exit::code), Some(130));
}

#[tokio::test]
async fn a_hooks_reason_ends_the_run_between_two_calls() {
    let ended = Bench::new([calls([("greet", "stops the run"), ("greet", "")])]).finish().await;
    assert_eq!((ended.reason(), ended.steps.len()), ("enough", 1));
    check_answers(&ended.messages);
}

#[tokio::test]
async fn a_parked_call_rests_the_run() {
    let ended = Bench::new([calls([("greet", ""), ("write", "parked"), ("greet", "")])]).finish().await;
    assert_eq!((ended.reason(), ended.steps.len()), ("waiting_for_approval", 1));
    assert_eq!(ended.outcome.exit(ExitRules::default()).map(crate::error::Exit::code), Some(4));
}

#[tokio::test]
async fn the_last_line_says_how_it_ended_and_what_was_denied() {
    let mut ended = Bench::new([calls([("write", "denied"), ("done", "hi")])]).finish().await;
    ended.outcome.refusals = 5;
    ended.outcome.is_kept = true;
    let run = ended.outcome.run;
    assert_eq!(
        ended.outcome.to_string(),
        format!(
            "done · 2 steps · 5 reaches refused by the sandbox · 1 denied by policy · 0 ms · \
             show: looplet-host show {run} --denied"
        )
    );
    let fail = ExitRules { fail_on_denied: true, ..ExitRules::default() };
    assert_eq!(ended.outcome.exit(fail).map(crate::error::Exit::code), Some(3));
}

impl Ended {
    fn told_of(&self, index: usize) -> &str {
        self.told()[index]
    }
}
