//! A run in this process: a scripted model, a sandboxed tool in every turn, the journal on disk.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use looplet_host::agent::{Announcement, Answer, AskModel, ModelFault, Parts, Question, Run, Sink};
use looplet_host::budget::Budget;
use looplet_host::journal::Runs;
use looplet_host::model::Finish;
use looplet_host::model::{EventSink, Model as _, ModelRequest, RequestSetup, Scripted, ToolDeclaration, Transcript};
use looplet_host::record::{RunId, RunStarted, Usage};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::assembled::Assembled;
use crate::clock::{Whose, cpu, median, used};
use crate::table::{Row, time};

const LENGTHS: [u32; 3] = [100, 1_000, 5_000];
/// A run that nobody would have.
const ENDLESS: u32 = 100_000;
const ROUNDS: usize = 5;
/// The shortest run is repeated so often, so that it takes long enough to be measured.
const SHORT_RUNS: u32 = 10;

pub(crate) fn measure() -> Vec<Row> {
    let place = TempDir::new().expect("a directory");
    let assembled = Assembled::at(place.path());
    let runs = Runs::at(place.path().join("runs"));
    let mut taken: Vec<[Duration; 3]> = Vec::new();
    for _ in 0..ROUNDS {
        taken.push(LENGTHS.map(|length| per_step(&assembled, &runs, length)));
    }
    let median_of = |index: usize| median(taken.iter().map(|round| round[index]));
    let mut rows: Vec<Row> = LENGTHS
        .iter()
        .enumerate()
        .map(|(index, length)| {
            let what = format!("CPU of a step, run of {length} steps");
            Row::of_time(what, median_of(index), Duration::from_micros(100))
        })
        .collect();
    let ratio = median(taken.iter().map(|round| round[2].as_secs_f64() / round[0].as_secs_f64()));
    let peak = used(Whose::Own).peak_bytes;
    let endless = per_step(&assembled, &runs, ENDLESS);
    let (long, short) = (time(median_of(2)), format!("{} in 100 steps", time(median_of(0))));
    rows.push(Row::of_ratio("a step of 5,000 beside one of 100", long, short, ratio, 1.2));
    let ratio = endless.as_secs_f64() / median_of(0).as_secs_f64();
    let short = format!("{} in 100 steps", time(median_of(0)));
    rows.push(Row::of_ratio("a step of 100,000 beside one of 100", time(endless), short, ratio, 1.2));
    rows.push(Row::of_size("  peak memory, runs of 5,000 steps", peak, 40 << 20));
    rows
}

fn per_step(assembled: &Assembled, runs: &Runs, steps: u32) -> Duration {
    let times = if steps == LENGTHS[0] { SHORT_RUNS } else { 1 };
    let greet = || ("greet".to_owned(), json!({ "name": "Ada" }));
    let taken = cpu(|| {
        for _ in 0..times {
            let id = RunId::generate();
            go(assembled, steps, id, Box::new(runs.create(id).expect("begins")), greet);
        }
    });
    taken / (steps * times)
}

/// One run of so many calls, to its end.
pub(crate) fn go(
    assembled: &Assembled,
    steps: u32,
    id: RunId,
    sink: Box<dyn Sink>,
    call: impl Fn() -> (String, Value),
) {
    let script = (1..steps).fold(Scripted::calls([call()]), |script, _| script.then_calls([call()]));
    let mut started = RunStarted::new(id, "greet Ada again and again");
    started.tools = assembled.gate.tools().iter().map(looplet_host::gate::GatedTool::to_record).collect();
    started.budget = Budget::unbounded();
    let model = Asker { model: script.then_text("done"), setup: setup(assembled), transcript: Transcript::default() };
    let gate = Arc::new(assembled.host.gate());
    let outcome = assembled.runtime.block_on(async {
        let parts = Parts { sink, ..Parts::new(Box::new(model), gate) };
        let mut run = Run::start(started, parts).expect("begins");
        let mut taken = 0;
        while let Some(step) = run.next().await {
            assert!(!step.failed(), "{}", step.pretty());
            taken += 1;
        }
        assert_eq!(taken, steps);
        run.finish().await
    });
    assert_eq!(outcome.text().as_deref(), Some("done"));
}

fn setup(assembled: &Assembled) -> RequestSetup {
    let declared = assembled.gate.tools().iter().map(|tool| ToolDeclaration {
        name: tool.shown_name().to_owned(),
        description: tool.spec().description.clone(),
        input_schema: tool.spec().input_schema.clone(),
    });
    RequestSetup::new().with_tools(declared.collect())
}

/// The scripted model as the loop asks it, with its requests written out and digested.
struct Asker {
    model: Scripted,
    setup: RequestSetup,
    transcript: Transcript,
}

impl Asker {
    fn catch_up(&mut self, question: &Question<'_>) {
        let known = self.transcript.messages().len();
        question.messages[known..].iter().for_each(|message| self.transcript.push(message.clone()));
    }
}

#[async_trait]
impl AskModel for Asker {
    fn announce(&mut self, question: &Question<'_>) -> Result<Announcement, ModelFault> {
        self.catch_up(question);
        Ok(Announcement::new(ModelRequest::new(&self.model, &self.setup, &self.transcript).digest()))
    }

    async fn ask(&mut self, question: &Question<'_>, cancel: &CancellationToken) -> Result<Answer, ModelFault> {
        self.catch_up(question);
        let request = ModelRequest::new(&self.model, &self.setup, &self.transcript);
        let events = EventSink::new(cancel.clone());
        let response = self.model.complete(&request, &events).await.expect("has an answer");
        let finish = if response.calls.is_empty() { Finish::Stop } else { Finish::ToolCalls };
        Ok(Answer { text: response.text, calls: response.calls, usage: Usage::default(), finish, model: None })
    }
}
