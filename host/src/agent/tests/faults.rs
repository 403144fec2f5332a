//! What breaks: models, tools, the gate, the disk. Nothing of it gets past the loop.

use super::*;
use crate::error::Error;

#[tokio::test]
async fn a_model_that_cannot_answer_ends_the_run_and_says_why() {
    let ended = Bench::new([calls([("greet", "")]), Says::Fault("401 from api.example: no key")]).finish().await;
    assert_eq!(
        ended.outcome.to_string(),
        "stopped: the model gave no answer (401 from api.example: no key) · 1 step · 0 ms"
    );
    assert_eq!(ended.reason(), "model_error");
}

#[tokio::test]
async fn a_model_that_panics_is_a_model_that_cannot_answer() {
    let ended = Bench::new([Says::Panic]).finish().await;
    assert_eq!(ended.reason(), "model_error");
    let detail = ended.outcome.detail.expect("says why");
    assert_eq!(detail, "the client of the model panicked: the model's client is broken");
}

#[tokio::test]
async fn a_tool_that_panics_is_a_failed_step() {
    let ended = Bench::new([calls([("greet", "breaks"), ("look", "breaks"), ("look", "breaks")]), text("bye")]);
    let ended = ended.finish().await;
    let why = "ended by the host: the host failed while the call ran: the tool is broken";
    assert_eq!(ended.pretty()[0], format!("#1 ✗ greet(do='breaks') → {why} [0ms]"));
    assert_eq!((ended.reason(), ended.steps.len()), ("text", 3));
}

#[tokio::test]
async fn a_gate_that_panics_keeps_the_call_from_running() {
    let ended = Bench::new([calls([("write", "breaks the gate"), ("done", "breaks the check")]), text("bye")]);
    let ended = ended.finish().await;
    assert_eq!(
        ended.pretty(),
        [
            "#1 ✗ write(do='breaks the gate') → the host failed while it decided on the call: the gate is broken",
            "#2 ✗ done(summary='breaks the check') → the host failed while it decided on the call: the check is broken",
        ]
    );
    assert_eq!((ended.reason(), ended.log.as_slice()), ("text", &["decide 1".to_owned()][..]));
}

#[tokio::test]
async fn failures_and_traps_are_told_apart() {
    let ended = Bench::new([calls([("greet", "fails"), ("greet", "traps")]), text("bye")]).finish().await;
    assert_eq!(
        ended.pretty(),
        ["#1 ✗ greet(do='fails') → not found: no file `a`", "#2 ✗ greet(do='traps') → ended by the host: unreachable",]
            .map(|line| format!("{line} [0ms]"))
    );
    assert_eq!(ended.told(), ["failed (not_found): no file `a`", "ended by the host (execution): unreachable"]);
}

#[tokio::test]
async fn a_watcher_that_panics_does_not_touch_the_run() {
    struct Broken;
    impl Watch for Broken {
        fn record(&self, _: &Record) {
            panic!("the watcher is broken")
        }
    }
    let mut bench = Bench::new([text("bye")]);
    let mut parts = bench.parts();
    parts.watch = Some(Arc::new(Broken));
    let run = Run::start(bench.started.clone(), parts).expect("can begin");
    assert_eq!(run.finish().await.stop_reason, StopReason::Text);
}

/// A disk that is full after so many lines.
struct FullAfter(MemorySink, usize);

impl Sink for FullAfter {
    fn append(&mut self, encoded: &Encoded) -> Result<()> {
        if self.0.lines().len() == self.1 {
            return Err(Error::failed("cannot write `journal.jsonl`: no space left on device"));
        }
        self.0.append(encoded)
    }

    fn sync(&mut self) -> Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_full_disk_stops_the_run_wherever_it_is_and_leaves_a_journal_to_go_on_from() {
    let script = || [calls([("look", ""), ("peek", "")]), calls([("write", "")]), text("bye")];
    let whole = Bench::new(script()).finish().await;
    for room in 1..whole.lines.len() {
        let mut bench = Bench::new(script());
        bench.sink = Box::new(FullAfter(bench.memory.clone(), room));
        let ended = bench.finish().await;
        assert_eq!(ended.reason(), "journal_error");
        assert_eq!(ended.lines[..], whole.lines[..room], "what is written is a part of the whole");
        assert_eq!(ended.outcome.output, None);
        // What was taken as a step is on record.
        let recorded = read_back(&ended.lines).0.iter().filter(|record| ends_a_step(record)).count();
        assert_eq!(ended.steps.len(), recorded);
    }
}

#[tokio::test]
async fn a_run_whose_first_record_cannot_be_written_does_not_begin() {
    let mut bench = Bench::new([text("bye")]);
    bench.sink = Box::new(FullAfter(bench.memory.clone(), 0));
    let error = Run::start(bench.started.clone(), bench.parts()).err().expect("cannot begin");
    assert_eq!(
        error.message(),
        format!("run {} cannot begin: cannot write `journal.jsonl`: no space left on device", bench.started.run)
    );
    assert_eq!(bench.asked.lock().expect("is whole").len(), 0);
}

#[test]
fn runs_without_tools_and_with_two_of_one_name_do_not_begin() {
    let refused = |change: fn(&mut RunStarted)| {
        let mut bench = Bench::new([]);
        change(&mut bench.started);
        Run::start(bench.started.clone(), bench.parts()).err().expect("is refused").message().to_owned()
    };
    assert_eq!(refused(|started| started.tools.clear()), "the run has no tools");
    assert_eq!(refused(|started| started.tools[0].name = "done".into()), "two tools are called `done`");
}

fn ends_a_step(record: &Record) -> bool {
    match &record.body {
        Body::CallEnded(_) => true,
        Body::CallDecided(decided) => decided.outcome().is_some(),
        _ => false,
    }
}
