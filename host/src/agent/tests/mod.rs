//! The loop with a scripted model and scripted tools. Each file is one side of its behaviour.

mod calls;
mod ends;
mod faults;
mod hooks;
mod rest;
mod resume;
mod simulation;
mod steering;
mod turns;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::machine::CallRequest;
use super::*;
use crate::budget::Budget;
use crate::canonical::CanonicalJson;
use crate::digest::Digest;
use crate::hook::RunView;
use crate::message::{self, Failure, FailureKind, Message, ProposedCall, ToolOutput};
use crate::model::Finish;
use crate::origin::Origin;
use crate::permission;
use crate::record::{self, CallFacts, Encoded, Ruling, StopReason, ToolRecord};

/// What the model does in one turn.
#[derive(Clone, Debug)]
pub(super) enum Says {
    Answer(Answer),
    Fault(&'static str),
    Panic,
    /// Never comes back.
    Hang,
    /// Answers when so many milliseconds have passed.
    After(u64, Answer),
}

/// Answers turn by turn; the same turn gets the same answer again.
pub(super) struct Script {
    says: Vec<Says>,
    clock: Arc<HandClock>,
    asked: Arc<Mutex<Vec<usize>>>,
}

#[async_trait]
impl AskModel for Script {
    fn announce(&mut self, question: &Question<'_>) -> Result<Announcement, ModelFault> {
        let bytes = serde_json::to_vec(question.messages).expect("messages have a form");
        Ok(Announcement::new(Digest::of(&bytes)))
    }

    async fn ask(&mut self, question: &Question<'_>, _: &CancellationToken) -> Result<Answer, ModelFault> {
        self.asked.lock().expect("is whole").push(question.messages.len());
        match self.says.get(question.turn as usize - 1).cloned() {
            Some(Says::Answer(answer)) => Ok(answer),
            Some(Says::Fault(message)) => Err(ModelFault::new(message)),
            Some(Says::Panic) => panic!("the model's client is broken"),
            Some(Says::Hang) => std::future::pending().await,
            Some(Says::After(ms, answer)) => {
                self.clock.pass(ms);
                Ok(answer)
            }
            None => Err(ModelFault::new("the script is over")),
        }
    }
}

/// A clock that goes on only when it is told to.
#[derive(Default)]
pub(super) struct HandClock(AtomicU64);

impl HandClock {
    pub(super) fn pass(&self, ms: u64) {
        self.0.fetch_add(ms, Ordering::Relaxed);
    }
}

impl Clock for HandClock {
    fn unix_ms(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn monotonic(&self) -> Duration {
        Duration::from_millis(self.unix_ms())
    }
}

/// What becomes of a call, by the tool's name and its argument `do`.
pub(super) struct Tools {
    log: Arc<Mutex<Vec<String>>>,
    clock: Arc<HandClock>,
    cancel: CancellationToken,
}

impl Tools {
    fn note(&self, text: String) {
        self.log.lock().expect("is whole").push(text);
    }
}

#[async_trait]
impl Dispatch for Tools {
    async fn prepare(&self, request: &CallRequest, _: &RunView, _: &CancellationToken) -> Prepared {
        self.note(format!("decide {}", request.step));
        let mut verdict = Verdict { facts: request.tool.facts, ..Verdict::default() };
        let does = request.arguments.to_value()["do"].as_str().unwrap_or_default().to_owned();
        match does.as_str() {
            "denied" => {
                verdict.rules = vec![record::MatchedRule {
                    decision: permission::Decision::Deny,
                    origin: Origin::line("looplet.toml", 14),
                    reason: Some("drafts only".into()),
                }];
                Prepared::Settled(Box::new(verdict), Ruling::Denied("drafts only".into()))
            }
            "parked" => Prepared::Settled(Box::new(verdict), Ruling::Parked),
            "breaks the gate" => panic!("the gate is broken"),
            "waits for a person" => {
                self.clock.pass(10_000);
                let (by, scope) = ("person", "once".into());
                verdict.approval =
                    Some(record::Approval { scope, waited_ms: 10_000, ..record::Approval::new(true, by) });
                Prepared::Ready(Box::new(verdict), self.ready(request, does))
            }
            "is never decided" => std::future::pending().await,
            "is exclusive" => {
                verdict.facts.concurrent_safe = false;
                Prepared::Ready(Box::new(verdict), self.ready(request, does))
            }
            _ => Prepared::Ready(Box::new(verdict), self.ready(request, does)),
        }
    }

    async fn check_done(&self, arguments: &CanonicalJson, _: &CancellationToken) -> Result<(), Failure> {
        match arguments.to_value()["summary"].as_str() {
            Some("too early") => Err(Failure::new(FailureKind::Validation, "name your sources")),
            Some("breaks the check") => panic!("the check is broken"),
            _ => Ok(()),
        }
    }
}

impl Tools {
    fn ready(&self, request: &CallRequest, does: String) -> Box<dyn ReadyCall> {
        let (log, clock, cancel) = (Arc::clone(&self.log), Arc::clone(&self.clock), self.cancel.clone());
        Box::new(Ready { step: request.step, does, log, clock, cancel })
    }
}

struct Ready {
    step: u32,
    does: String,
    log: Arc<Mutex<Vec<String>>>,
    clock: Arc<HandClock>,
    cancel: CancellationToken,
}

impl Ready {
    fn note(&self, what: &str) {
        self.log.lock().expect("is whole").push(format!("{what} {}", self.step));
    }
}

#[async_trait]
impl ReadyCall for Ready {
    async fn perform(self: Box<Self>, cancel: CancellationToken) -> CallReport {
        self.note("begin");
        let fails = |kind, message: &str| message::Outcome::Failed(Failure::new(kind, message));
        let outcome = match self.does.as_str() {
            "fails" => fails(FailureKind::NotFound, "no file `a`"),
            "traps" => message::Outcome::Aborted(Failure::new(FailureKind::Execution, "unreachable")),
            "breaks" => panic!("the tool is broken"),
            "hangs" => std::future::pending().await,
            "listens" => {
                cancel.cancelled().await;
                message::Outcome::Aborted(Failure::new(FailureKind::Cancelled, "stopped as told"))
            }
            "cancels the run" => {
                self.cancel.cancel();
                message::Outcome::Ok(ToolOutput::text("cancelled"))
            }
            "asks for a minute" => {
                self.clock.pass(60_000);
                message::Outcome::Ok(ToolOutput::text("late"))
            }
            "yields" => {
                tokio::task::yield_now().await;
                message::Outcome::Ok(ToolOutput::text("ok"))
            }
            _ => message::Outcome::Ok(ToolOutput::text("ok")),
        };
        self.note("end");
        let mut report = CallReport::new(outcome);
        report.stop = (self.does == "stops the run").then(|| "enough".to_owned());
        if self.does == "asks for a minute" {
            report.waited_ms = 60_000;
        }
        report.context.extend((self.does == "adds context").then(|| "remember the lock".to_owned()));
        report
    }
}

/// A run to be, with a script.
pub(super) struct Bench {
    pub(super) started: RunStarted,
    pub(super) says: Vec<Says>,
    pub(super) sink: Box<dyn Sink>,
    pub(super) memory: MemorySink,
    pub(super) log: Arc<Mutex<Vec<String>>>,
    pub(super) asked: Arc<Mutex<Vec<usize>>>,
    pub(super) clock: Arc<HandClock>,
    pub(super) cancel: CancellationToken,
}

impl Bench {
    pub(super) fn new(says: impl IntoIterator<Item = Says>) -> Self {
        let mut started = RunStarted::new(RunId::from_parts(1, 1), "greet");
        started.budget = Budget::unbounded();
        started.tools = tools();
        let memory = MemorySink::default();
        Self {
            started,
            says: says.into_iter().collect(),
            sink: Box::new(memory.clone()),
            memory,
            log: Arc::default(),
            asked: Arc::default(),
            clock: Arc::default(),
            cancel: CancellationToken::new(),
        }
    }

    pub(super) fn budget(mut self, change: impl FnOnce(&mut Budget)) -> Self {
        change(&mut self.started.budget);
        self
    }

    fn parts(&mut self) -> Parts {
        let model = Script { says: self.says.clone(), clock: Arc::clone(&self.clock), asked: Arc::clone(&self.asked) };
        let tools = Tools { log: Arc::clone(&self.log), clock: Arc::clone(&self.clock), cancel: self.cancel.clone() };
        let sink = std::mem::replace(&mut self.sink, Box::new(self.memory.clone()));
        Parts {
            sink,
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            cancel: self.cancel.clone(),
            ..Parts::new(Box::new(model), Arc::new(tools))
        }
    }

    pub(super) fn start(&mut self) -> Run {
        let started = self.started.clone();
        Run::start(started, self.parts()).expect("can begin")
    }

    pub(super) fn resume(&mut self, lines: &[Encoded], resumed: RunResumed) -> Result<Run> {
        let (records, chain) = read_back(lines);
        self.memory = MemorySink::default();
        self.sink = Box::new(self.memory.clone());
        Run::resume(&records, chain, resumed, self.parts())
    }

    /// Runs to the end.
    pub(super) async fn finish(mut self) -> Ended {
        let run = self.start();
        self.finish_run(run).await
    }

    pub(super) async fn finish_run(self, mut run: Run) -> Ended {
        let mut steps = Vec::new();
        while let Some(step) = run.next().await {
            steps.push(step);
        }
        let messages = run.fold().expect("rests").state.closed_history();
        let outcome = run.finish().await;
        let log = self.log.lock().expect("is whole").clone();
        let asked = self.asked.lock().expect("is whole").len();
        Ended { steps, messages, outcome, lines: self.memory.lines(), log, asked }
    }
}

/// What is left of a run.
pub(super) struct Ended {
    pub(super) steps: Vec<Step>,
    pub(super) messages: Vec<Message>,
    pub(super) outcome: Outcome,
    pub(super) lines: Vec<Encoded>,
    pub(super) log: Vec<String>,
    /// Questions that the model got.
    pub(super) asked: usize,
}

impl Ended {
    pub(super) fn pretty(&self) -> Vec<String> {
        self.steps.iter().map(Step::pretty).collect()
    }

    pub(super) fn reason(&self) -> &str {
        self.outcome.stop_reason.as_str()
    }

    /// What the model was told of its calls, in order.
    pub(super) fn told(&self) -> Vec<&str> {
        let mut told = Vec::new();
        for message in &self.messages {
            if let Message::Tool { text, .. } = message {
                told.push(text.as_str());
            }
        }
        told
    }
}

/// `look` and `peek` may run side by side, `greet` may run again, `write` may not, `think` is free.
fn tools() -> Vec<ToolRecord> {
    let tool = |name: &str, repeatable, concurrent_safe, uncharged| ToolRecord {
        plugin: "p".into(),
        tool: name.into(),
        name: name.into(),
        description: String::new(),
        input_schema: CanonicalJson::from_text(r#"{"required":["do"]}"#).expect("has a form"),
        kind: crate::permission::ToolKind::default(),
        facts: CallFacts { repeatable, concurrent_safe, uncharged },
        memory_limit_bytes: 0,
    };
    vec![
        tool("look", true, true, false),
        tool("peek", true, true, false),
        tool("greet", true, false, false),
        tool("write", false, false, false),
        tool("think", true, false, true),
    ]
}

/// An answer that calls these tools; the second word is what the tool does.
pub(super) fn calls<const N: usize>(calls: [(&str, &str); N]) -> Says {
    Says::Answer(Answer::calls(calls.iter().enumerate().map(|(index, call)| proposed(index, *call)).collect()))
}

pub(super) fn proposed(index: usize, (name, does): (&str, &str)) -> ProposedCall {
    let arguments = match name {
        "done" => json!({ "summary": does }),
        _ => json!({ "do": does }),
    };
    ProposedCall::new(format!("c{index}"), name, arguments.to_string())
}

pub(super) fn text(text: &str) -> Says {
    Says::Answer(Answer::text(text))
}

/// The records as another process would read them, and where the chain stands.
pub(super) fn read_back(lines: &[Encoded]) -> (Vec<Record>, Chain) {
    let mut chain = Chain::default();
    let mut records = Vec::new();
    for encoded in lines {
        let load = |digest: Digest| {
            let blob = encoded.blobs.iter().find(|blob| blob.digest == digest);
            Ok(blob.expect("is kept").bytes.clone())
        };
        let record = record::decode(&encoded.line, load).expect("is a record");
        chain.check(&record).expect("follows");
        chain.advance(&encoded.line);
        records.push(record);
    }
    (records, chain)
}

/// Every call that was proposed has one answer, in the order of the calls, right behind the proposal.
pub(super) fn check_answers(messages: &[Message]) {
    let mut rest = messages.iter();
    while let Some(message) = rest.next() {
        let Message::Assistant { calls, .. } = message else {
            assert!(!matches!(message, Message::Tool { .. }), "an answer to nothing: {message:?}");
            continue;
        };
        for call in calls {
            match rest.next() {
                Some(Message::Tool { call_id, name, .. }) => {
                    assert_eq!((call_id, name), (&call.id, &call.name));
                }
                other => panic!("call {} got {other:?} as its answer", call.id),
            }
        }
    }
}

pub(super) fn output(ended: &Ended) -> Option<Value> {
    ended.outcome.output.clone()
}
