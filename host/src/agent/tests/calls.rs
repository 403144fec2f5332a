//! Calls: which run, in what order, what the model is told, what is kept.

use super::*;

#[tokio::test]
async fn greeting_twice_and_done_are_three_steps() {
    let ended = Bench::new([calls([("greet", "")]), calls([("greet", "")]), calls([("done", "hi")])]).finish().await;
    assert_eq!(
        ended.pretty(),
        ["#1 ✓ greet(do='') → ok [0ms]", "#2 ✓ greet(do='') → ok [0ms]", "#3 ✓ done(summary='hi')",]
    );
    assert_eq!((ended.reason(), output(&ended)), ("done", Some(json!({ "summary": "hi" }))));
}

#[tokio::test]
async fn calls_behind_an_accepted_done_are_not_run_and_are_listed_on_it() {
    let ended = Bench::new([calls([("greet", ""), ("done", "hi"), ("write", "")])]).finish().await;
    assert_eq!(ended.pretty(), ["#1 ✓ greet(do='') → ok [0ms]", "#2 ✓ done(summary='hi') → not run after it: write"]);
    assert_eq!(ended.log, ["decide 1", "begin 1", "end 1"]);
    assert_eq!(ended.told(), ["ok", "the run is done", "not run: the run was done before it"]);
    check_answers(&ended.messages);
}

#[tokio::test]
async fn a_rejected_done_is_a_failed_step_and_the_run_goes_on() {
    let turn = [("done", "too early"), ("greet", "")];
    let ended = Bench::new([calls(turn), calls([("done", "hi")])]).finish().await;
    assert_eq!(
        ended.pretty(),
        [
            "#1 ✗ done(summary='too early') → validation: name your sources",
            "#2 ✓ greet(do='') → ok [0ms]",
            "#3 ✓ done(summary='hi')",
        ]
    );
}

#[tokio::test]
async fn a_done_without_a_summary_is_told_what_is_missing() {
    let mut answer = Answer::calls(vec![proposed(0, ("done", ""))]);
    answer.calls[0].arguments = r#"{"result":1}"#.into();
    let ended = Bench::new([Says::Answer(answer), calls([("done", "hi")])]).finish().await;
    assert_eq!(
        ended.told()[0],
        "failed (validation): `done` needs a text `summary`\nhint: {\"summary\": \"what you found or did\"}"
    );
}

#[tokio::test]
async fn an_unknown_tool_is_answered_with_the_name_that_was_meant() {
    let ended = Bench::new([calls([("graet", "")]), text("bye")]).finish().await;
    assert_eq!(ended.pretty(), ["#1 ✗ graet() → validation: there is no tool `graet`"]);
    assert_eq!(
        ended.told(),
        ["failed (validation): there is no tool `graet`\n\
          hint: did you mean `greet`? available: greet, look, peek, think, write, done"]
    );
}

#[tokio::test]
async fn arguments_that_are_no_json_object_are_refused_with_their_beginning() {
    let cases = [
        (
            r#"{"do": "#,
            "the arguments are no valid JSON: EOF while parsing a value at line 1 column 7; they begin `{\"do\": `",
        ),
        (
            r#"{"do":1,"do":2}"#,
            "the arguments are no valid JSON: key \"do\" stands twice at line 1 column 15; they begin `{\"do\":1,\"do\":2}`",
        ),
        ("[1]", "the arguments must be a JSON object, not an array; they begin `[1]`"),
        ("7", "the arguments must be a JSON object, not a single value; they begin `7`"),
    ];
    for (arguments, why) in cases {
        let mut answer = Answer::calls(vec![proposed(0, ("greet", ""))]);
        answer.calls[0].arguments = arguments.into();
        let ended = Bench::new([Says::Answer(answer), text("bye")]).finish().await;
        assert_eq!(ended.told(), [format!("failed (validation): {why}\nthe call may be tried again")]);
        assert_eq!(ended.log, Vec::<String>::new());
    }
}

#[tokio::test]
async fn no_arguments_are_an_empty_object_and_a_bare_string_is_the_only_required_one() {
    for (arguments, shown) in [("", "#1 ✓ greet() → ok [0ms]"), ("\" x \"", "#1 ✓ greet(do=' x ') → ok [0ms]")]
    {
        let mut answer = Answer::calls(vec![proposed(0, ("greet", ""))]);
        answer.calls[0].arguments = arguments.into();
        let ended = Bench::new([Says::Answer(answer), text("bye")]).finish().await;
        assert_eq!(ended.pretty(), [shown]);
    }
}

#[tokio::test]
async fn a_denied_call_is_a_step_that_names_the_line_and_tells_the_model_only_the_reason() {
    let ended = Bench::new([calls([("write", "denied")]), text("bye")]).finish().await;
    assert_eq!(ended.pretty(), ["#1 ⊘ write(do='denied') → denied by looplet.toml:14 «drafts only»"]);
    assert_eq!(ended.told(), ["refused: drafts only"]);
    assert_eq!(ended.log, ["decide 1"]);
    assert_eq!(ended.outcome.denied.len(), 1);
}

#[tokio::test]
async fn calls_that_allow_it_run_side_by_side_and_are_answered_in_their_order() {
    let turn = [("look", "yields"), ("peek", ""), ("done", "hi")];
    let ended = Bench::new([calls(turn)]).finish().await;
    assert_eq!(ended.log, ["decide 1", "decide 2", "begin 1", "begin 2", "end 2", "end 1"]);
    assert_eq!(ended.steps.iter().map(|step| step.number).collect::<Vec<_>>(), [1, 2, 3]);
    check_answers(&ended.messages);
}

#[tokio::test]
async fn a_call_that_is_settled_before_an_earlier_one_has_run_is_handed_out_behind_it() {
    let ended = Bench::new([calls([("look", ""), ("look", "denied"), ("peek", "")]), text("bye")]).finish().await;
    assert_eq!(ended.steps.iter().map(|step| step.number).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(ended.told(), ["ok", "refused: drafts only", "ok"]);
}

#[tokio::test]
async fn one_call_that_does_not_allow_it_puts_all_in_order() {
    let ended = Bench::new([calls([("look", "yields"), ("look", ""), ("greet", "")]), text("bye")]).finish().await;
    let in_order = ["decide 1", "begin 1", "end 1", "decide 2", "begin 2", "end 2", "decide 3", "begin 3", "end 3"];
    assert_eq!(ended.log, in_order);
}

#[tokio::test]
async fn a_call_that_turns_out_exclusive_runs_alone() {
    let ended = Bench::new([calls([("look", "yields"), ("peek", "is exclusive")]), text("bye")]).finish().await;
    assert_eq!(ended.log, ["decide 1", "decide 2", "begin 1", "end 1", "begin 2", "end 2"]);
}

#[tokio::test]
async fn at_most_eight_calls_run_at_once() {
    let ended = Bench::new([calls([("look", "yields"); 20]), text("bye")]).finish().await;
    let mut running = 0_i32;
    let mut most = 0;
    for line in &ended.log {
        running += i32::from(line.starts_with("begin")) - i32::from(line.starts_with("end"));
        most = most.max(running);
    }
    assert_eq!((most, ended.steps.len()), (8, 20));
    check_answers(&ended.messages);
}

#[tokio::test]
async fn the_intent_is_recorded_before_a_call_that_cannot_be_repeated_and_for_no_other() {
    let ended = Bench::new([calls([("greet", ""), ("write", "")]), text("bye")]).finish().await;
    let kinds: Vec<String> = ended
        .lines
        .iter()
        .map(|line| serde_json::from_str::<Value>(&line.line).expect("is JSON"))
        .map(|record| record.as_object().and_then(|record| record.keys().next_back().cloned()).expect("has a kind"))
        .collect();
    assert_eq!(
        kinds,
        [
            "run_started",
            "model_asked",
            "model_answered",
            "call_decided",
            "call_ended",
            "call_decided",
            "call_started",
            "call_ended",
            "model_asked",
            "model_answered",
            "stopped",
        ]
    );
}

/// Notes what is appended and when it is put on disk.
struct Noting(Arc<Mutex<Vec<&'static str>>>);

impl Sink for Noting {
    fn append(&mut self, encoded: &Encoded) -> Result<()> {
        self.0.lock().expect("is whole").push(match encoded.record.body {
            Body::CallDecided(_) => "decided",
            Body::CallStarted(_) => "intent",
            Body::CallEnded(_) => "result",
            Body::Stopped(_) => "end",
            _ => "other",
        });
        Ok(())
    }

    fn sync(&mut self) -> Result<()> {
        self.0.lock().expect("is whole").push("ON DISK");
        Ok(())
    }
}

#[tokio::test]
async fn the_disk_is_waited_for_before_and_after_a_call_that_cannot_be_repeated_and_at_both_ends() {
    let mut bench = Bench::new([calls([("greet", ""), ("write", "")]), text("bye")]);
    let noted = Arc::default();
    bench.sink = Box::new(Noting(Arc::clone(&noted)));
    bench.finish().await;
    assert_eq!(
        *noted.lock().expect("is whole"),
        [
            "other", "ON DISK", "other", "other", "decided", "result", "decided", "intent", "ON DISK", "result",
            "ON DISK", "other", "other", "end", "ON DISK",
        ]
    );
}

#[tokio::test]
async fn calls_without_an_id_of_their_own_are_given_one() {
    let mut answer = Answer::calls(vec![proposed(0, ("greet", "")); 2]);
    answer.calls.push(ProposedCall { id: String::new(), ..proposed(0, ("greet", "")) });
    let ended = Bench::new([Says::Answer(answer), text("bye")]).finish().await;
    let ids: Vec<&str> = ended
        .messages
        .iter()
        .filter_map(|message| match message {
            Message::Tool { call_id, .. } => Some(call_id.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(ids, ["c0", "call_1_1", "call_1_2"]);
    check_answers(&ended.messages);
}

#[tokio::test]
async fn what_a_hook_adds_comes_behind_the_answers_of_the_turn() {
    let ended = Bench::new([calls([("greet", "adds context"), ("greet", "")]), text("bye")]).finish().await;
    assert_eq!(ended.messages[4..5], [Message::User { text: "remember the lock".into() }], "{:#?}", ended.messages);
}

#[tokio::test]
async fn three_hundred_small_steps_take_less_than_300_kb_and_each_as_much_as_the_last() {
    let ended = Bench::new((0..300).map(|_| calls([("write", "")])).chain([text("bye")])).finish().await;
    let bytes =
        |from: usize, to: usize| -> usize { ended.lines[from..to].iter().map(|line| line.line.len() + 1).sum() };
    let all = bytes(0, ended.lines.len());
    assert!(all <= 300_000, "{all} bytes");
    // Five records a step; the numbers in them get longer, nothing else.
    let (early, late) = (bytes(101, 151), bytes(1401, 1451));
    assert!(late - early < 300, "{early} bytes, then {late}");
}
