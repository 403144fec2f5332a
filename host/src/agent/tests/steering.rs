//! Words of a person in the middle of a run: when the model hears them, and what a resume knows of them.

use super::*;

/// What the model was told, a line a message.
fn told(messages: &[Message]) -> Vec<String> {
    let line = |message: &Message| match message {
        Message::System { text } => format!("system {text}"),
        Message::User { text } => format!("user {text}"),
        Message::Assistant { text, calls } => format!("model {text} {} calls", calls.len()),
        Message::Tool { text, .. } => format!("tool {text}"),
    };
    messages.iter().map(line).collect()
}

#[tokio::test]
async fn a_word_stands_behind_the_answers_of_the_turn_and_before_the_next_request() {
    let mut bench = Bench::new([calls([("greet", ""), ("greet", "")]), text("bye")]);
    let mut run = bench.start();
    run.next().await.expect("a step");
    run.steer("be brief").expect("is heard");
    let ended = bench.finish_run(run).await;
    assert_eq!(
        told(&ended.messages),
        ["user greet", "model  2 calls", "tool ok", "tool ok", "user be brief", "model bye 0 calls"]
    );
    check_answers(&ended.messages);
    let (records, _) = read_back(&ended.lines);
    let again = Fold::from_records(&records).expect("is a run");
    assert_eq!(again.state.closed_history(), ended.messages);
}

#[tokio::test]
async fn a_word_before_the_first_request_and_from_another_hand_is_heard() {
    let mut bench = Bench::new([text("bye")]);
    let run = bench.start();
    let hand = run.steering();
    std::thread::spawn(move || hand.steer("in French").expect("is heard")).join().expect("comes back");
    let ended = bench.finish_run(run).await;
    assert_eq!(told(&ended.messages), ["user greet", "user in French", "model bye 0 calls"]);
}

/// Says something the moment the model has said this.
#[derive(Default)]
struct Interrupts(Mutex<Option<Steering>>);

impl Watch for Interrupts {
    fn record(&self, record: &Record) {
        if matches!(&record.body, Body::ModelAnswered(answer) if answer.text == "bye") {
            let hand = self.0.lock().expect("is whole").take().expect("speaks once");
            hand.steer("in French").expect("is heard");
        }
    }
}

#[tokio::test]
async fn a_run_that_was_about_to_end_with_an_answer_goes_on() {
    let mut bench = Bench::new([text("bye"), text("au revoir")]);
    let watch = Arc::new(Interrupts::default());
    let (started, parts) = (bench.started.clone(), bench.parts());
    let parts = Parts { watch: Some(Arc::clone(&watch) as Arc<dyn Watch>), ..parts };
    let run = Run::start(started, parts).expect("begins");
    *watch.0.lock().expect("is whole") = Some(run.steering());
    let ended = bench.finish_run(run).await;
    assert_eq!((ended.reason(), output(&ended)), ("text", Some(json!("au revoir"))));
    assert_eq!(told(&ended.messages), ["user greet", "model bye 0 calls", "user in French", "model au revoir 0 calls"]);
}

#[tokio::test]
async fn denied_a_run_that_is_over_hears_nothing() {
    let mut bench = Bench::new([text("bye")]);
    let run = bench.start();
    let (hand, id) = (run.steering(), run.id());
    let _ = bench.finish_run(run).await;
    let error = hand.steer("wait").expect_err("is refused");
    assert_eq!(error.message(), format!("run {id} is over: it hears nothing more"));
}

#[tokio::test]
async fn a_word_that_came_before_the_run_was_dropped_is_kept_for_the_resume() {
    let mut bench = Bench::new([calls([("greet", "")]), text("bye")]);
    let mut run = bench.start();
    run.next().await.expect("a step");
    run.steer("be brief").expect("is heard");
    drop(run);
    let lines = bench.memory.lines();
    let run = bench.resume(&lines, RunResumed::default()).expect("goes on");
    let ended = bench.finish_run(run).await;
    assert_eq!(told(&ended.messages)[3..], ["user be brief", "model bye 0 calls"]);
}

#[tokio::test]
async fn what_is_no_word_is_refused() {
    let run = Bench::new([text("bye")]).start();
    assert_eq!(run.steer("  ").expect_err("is refused").message(), "there is nothing in the text");
    let long = run.steer("a".repeat(70_000)).expect_err("is refused");
    assert_eq!(long.message(), "the text is 70000 bytes long, 65536 are allowed");
    (0..32).for_each(|_| run.steer("more").expect("is heard"));
    assert_eq!(run.steer("more").expect_err("is refused").message(), "32 texts wait for the run already");
}
