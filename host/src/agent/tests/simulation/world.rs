//! What a simulated run meets: a model, a gate with tools behind it, and a disk that fails when it is told to.
//!
//! The world outlives the process: what a tool did is done, whether or not the journal tells of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use super::super::{HandClock, check_answers};
use super::plan::Says;
use crate::agent::ask::{Announcement, Answer, AskModel, ModelFault, Question};
use crate::agent::dispatch::{CallReport, Dispatch, Prepared, ReadyCall, Verdict};
use crate::agent::machine::CallRequest;
use crate::agent::{Sink, Watch};
use crate::canonical::CanonicalJson;
use crate::digest::Digest;
use crate::error::{Error, Result};
use crate::hook::{CallView, HookChain, RunView};
use crate::message::{Failure, FailureKind, Outcome, ToolCall, ToolOutput};
use crate::record::{Approval, Encoded, Record, Ruling, Usage};

/// What has happened outside the run.
#[derive(Default)]
pub(super) struct World {
    /// How often each step ran.
    pub(super) ran: BTreeMap<u32, u32>,
    /// Steps that ran though the last word on them was a no.
    pub(super) ran_though_denied: BTreeSet<u32>,
    denied: BTreeSet<u32>,
    /// Parked steps that the operator answered.
    pub(super) answered: BTreeSet<u32>,
}

pub(super) type Shared = Arc<Mutex<World>>;

/// A model that says what was drawn, and looks whether every call it made was answered.
pub(super) struct SimModel {
    pub(super) turns: Vec<Says>,
    pub(super) clock: Arc<HandClock>,
}

#[async_trait]
impl AskModel for SimModel {
    fn announce(&mut self, question: &Question<'_>) -> std::result::Result<Announcement, ModelFault> {
        let bytes = serde_json::to_vec(&(question.messages, question.offered)).expect("messages have a form");
        Ok(Announcement::new(Digest::of(&bytes)))
    }

    async fn ask(&mut self, question: &Question<'_>, _: &CancellationToken) -> std::result::Result<Answer, ModelFault> {
        check_answers(question.messages);
        self.clock.pass(10);
        let says = self.turns.get(question.turn as usize - 1);
        let usage = match says {
            Some(Says::Fault { tokens }) => Usage { input: *tokens, ..Usage::default() },
            _ => Usage::default(),
        };
        let fault = || ModelFault { usage, ..ModelFault::new("no route") };
        says.and_then(Says::answer).ok_or_else(fault)
    }
}

/// A gate that decides by what a call carries, after the hooks of the run have spoken.
pub(super) struct SimGate {
    pub(super) hooks: Arc<HookChain>,
    pub(super) world: Shared,
    pub(super) clock: Arc<HandClock>,
}

#[async_trait]
impl Dispatch for SimGate {
    async fn prepare(&self, request: &CallRequest, view: &RunView, _: &CancellationToken) -> Prepared {
        let call =
            ToolCall { id: request.id.clone(), tool: request.tool.tool.clone(), arguments: request.arguments.clone() };
        let seen = CallView {
            plugin: request.tool.plugin.clone(),
            call,
            changes_nothing: false,
            repeatable: request.tool.facts.repeatable,
            reach: Vec::new(),
        };
        let screened = self.hooks.pre_tool(view, seen).await;
        let mut verdict = Verdict {
            arguments: (screened.arguments != request.arguments).then(|| screened.arguments.clone()),
            hooks: screened.round.verdicts,
            context: screened.round.context,
            stop: screened.round.stop,
            facts: request.tool.facts,
            ..Verdict::default()
        };
        let ruling = match screened.denied {
            Some(reason) => Ruling::Denied(reason),
            None => self.rule(request.step, &screened.arguments, screened.ask.is_some(), &mut verdict),
        };
        let ruling = match (ruling, screened.answer) {
            (Ruling::Allowed, Some((by, output))) => Ruling::Answered { by, outcome: Outcome::Ok(output) },
            (ruling, _) => ruling,
        };
        self.note(request.step, &ruling);
        if ruling != Ruling::Allowed {
            return Prepared::Settled(Box::new(verdict), ruling);
        }
        let does = screened.arguments.to_value()["do"].as_str().unwrap_or_default().to_owned();
        let (world, clock) = (Arc::clone(&self.world), Arc::clone(&self.clock));
        Prepared::Ready(
            Box::new(verdict),
            Box::new(SimCall { step: request.step, does, is_alone: !request.tool.facts.concurrent_safe, world, clock }),
        )
    }

    async fn check_done(&self, arguments: &CanonicalJson, _: &CancellationToken) -> std::result::Result<(), Failure> {
        match arguments.to_value()["summary"].as_str() {
            Some("too early") => Err(Failure::new(FailureKind::Validation, "name your sources")),
            Some("breaks") => panic!("{QUIET}: the check is broken"),
            _ => Ok(()),
        }
    }
}

/// How a panic begins that belongs to the simulation.
pub(super) const QUIET: &str = "drawn";

impl SimGate {
    fn rule(&self, step: u32, arguments: &CanonicalJson, hook_asks: bool, verdict: &mut Verdict) -> Ruling {
        let gate = arguments.to_value()["gate"].as_str().unwrap_or_default().to_owned();
        match gate.as_str() {
            "denied" => Ruling::Denied("drafts only".into()),
            "invalid" => Ruling::Invalid(Failure::new(FailureKind::Validation, "no such argument")),
            "breaks" => panic!("{QUIET}: the gate is broken"),
            "asked yes" => self.asked(true, verdict),
            "asked no" => self.asked(false, verdict),
            "parked" => match self.world.lock().expect("is whole").answered.contains(&step) {
                true => self.asked(!step.is_multiple_of(3), verdict),
                false => Ruling::Parked,
            },
            _ if hook_asks => Ruling::Denied("nobody is there to be asked".into()),
            "is exclusive" => {
                verdict.facts.concurrent_safe = false;
                Ruling::Allowed
            }
            _ => Ruling::Allowed,
        }
    }

    fn asked(&self, yes: bool, verdict: &mut Verdict) -> Ruling {
        self.clock.pass(10_000);
        verdict.approval = Some(Approval { waited_ms: 10_000, ..Approval::new(yes, "person") });
        if yes { Ruling::Allowed } else { Ruling::Denied("refused by the person".into()) }
    }

    fn note(&self, step: u32, ruling: &Ruling) {
        let mut world = self.world.lock().expect("is whole");
        match ruling {
            Ruling::Allowed => world.denied.remove(&step),
            _ => world.denied.insert(step),
        };
    }
}

struct SimCall {
    step: u32,
    does: String,
    is_alone: bool,
    world: Shared,
    clock: Arc<HandClock>,
}

#[async_trait]
impl ReadyCall for SimCall {
    async fn perform(self: Box<Self>, _: CancellationToken) -> CallReport {
        self.take_effect();
        let ok = || Outcome::Ok(ToolOutput::text(format!("ok {}", self.step)));
        let mut report = CallReport::new(match self.does.as_str() {
            "fails" => Outcome::Failed(Failure::new(FailureKind::NotFound, "no file `a`")),
            "traps" => Outcome::Aborted(Failure::new(FailureKind::Execution, "unreachable")),
            "times out" => Outcome::Aborted(Failure::new(FailureKind::Timeout, "30 s were over")),
            "breaks" => panic!("{QUIET}: the tool is broken"),
            _ => ok(),
        });
        match self.does.as_str() {
            "yields" => tokio::task::yield_now().await,
            "is slow" => self.clock.pass(30_000),
            // Waits that overlap are one, and here nothing overlaps.
            "waits" if self.is_alone => {
                self.clock.pass(60_000);
                report.waited_ms = 60_000;
            }
            "adds context" => report.context.push("remember the lock".into()),
            "stops the run" => report.stop = Some("the tool has enough".into()),
            _ => {}
        }
        report
    }
}

impl SimCall {
    fn take_effect(&self) {
        let mut world = self.world.lock().expect("is whole");
        *world.ran.entry(self.step).or_default() += 1;
        if world.denied.contains(&self.step) {
            world.ran_though_denied.insert(self.step);
        }
    }
}

/// What a machine keeps of a journal: all that was written, and how much of it is sure to outlive the power.
#[derive(Clone, Default)]
pub(super) struct Disk {
    pub(super) lines: Arc<Mutex<Vec<Encoded>>>,
    pub(super) synced: Arc<AtomicUsize>,
    /// Takes no more than so many lines.
    pub(super) room: Option<usize>,
}

impl Sink for Disk {
    fn append(&mut self, encoded: &Encoded) -> Result<()> {
        let mut lines = self.lines.lock().expect("is whole");
        if self.room.is_some_and(|room| lines.len() >= room) {
            return Err(Error::failed("the process is dead"));
        }
        lines.push(encoded.clone());
        Ok(())
    }

    fn sync(&mut self) -> Result<()> {
        self.synced.store(self.lines.lock().expect("is whole").len(), Ordering::Relaxed);
        Ok(())
    }
}

/// Interferes when so many records were written.
pub(super) struct Interferes {
    pub(super) after: AtomicUsize,
    pub(super) cancel: Option<CancellationToken>,
    pub(super) is_due: Arc<AtomicBool>,
}

impl Watch for Interferes {
    fn record(&self, _: &Record) {
        if self.after.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.is_due.store(true, Ordering::Relaxed);
            self.cancel.iter().for_each(CancellationToken::cancel);
        }
    }
}
