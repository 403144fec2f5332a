//! The life of one simulated run: begun, broken off, gone on with, until it ends by itself.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;

use tokio_util::sync::CancellationToken;

use super::super::{HandClock, check_answers, read_back, tools};
use super::hooks::SimHook;
use super::plan::{Interruption, Kind, Plan};
use super::world::{Disk, Interferes, Shared, SimGate, SimModel};
use crate::agent::machine::State;
use crate::agent::{Clock, Fold, Parts, Run, TurnCall, Watch};
use crate::hook::{HookChain, HookEntry};
use crate::message::ToolOutput;
use crate::record::{
    Body, CallAnswered, Chain, Encoded, OnUnknown, Record, RunId, RunResumed, RunStarted, Step, StopReason,
};

/// More processes than any run needs: each ends by itself or by an interruption, or waits for an answer.
const MOST_PROCESSES: usize = 80;

/// A run that has ended, and what it went through.
pub(super) struct Life {
    pub(super) lines: Vec<Encoded>,
    pub(super) state: State,
    /// Steps that the caller was handed, over all processes.
    pub(super) steps: Vec<u32>,
    pub(super) world: Shared,
    /// Steps that the operator wanted to run again.
    pub(super) retried: Vec<u32>,
    /// Something happened that the run without interruptions does not know: a step given up, a word.
    pub(super) is_otherwise: bool,
    /// The power was lost, and with it records of what had happened.
    pub(super) lost_power: bool,
    /// The records that each process after the first began with.
    pub(super) cut_at: Vec<Vec<Record>>,
}

impl Life {
    pub(super) fn records(&self) -> Vec<Record> {
        records(&self.lines)
    }

    pub(super) fn reason(&self) -> &StopReason {
        self.state.stopped().expect("a run ends with a reason")
    }
}

/// One process: what it is given, and how it is broken off.
struct Process<'p> {
    plan: &'p Plan,
    world: Shared,
    interruption: Option<Interruption>,
}

/// How a process ended.
struct Left {
    lines: Vec<Encoded>,
    state: Option<State>,
    reason: StopReason,
}

/// Lives a run from these lines on, with these interruptions, to its end.
pub(super) async fn live(plan: &Plan, from: &[Encoded], interruptions: &[Interruption]) -> Life {
    let mut life = Life {
        lines: from.to_vec(),
        state: State::new(&started(plan)),
        steps: Vec::new(),
        world: Shared::default(),
        retried: Vec::new(),
        is_otherwise: false,
        lost_power: false,
        cut_at: Vec::new(),
    };
    for index in 0..MOST_PROCESSES {
        let interruption = interruptions.get(index).copied();
        let process = Process { plan, world: Arc::clone(&life.world), interruption };
        let left = process.run(&mut life).await;
        life.lost_power |= matches!(interruption.map(|interruption| interruption.kind), Some(Kind::PowerLost(_)));
        life.lines = left.lines;
        life.cut_at.push(life.records());
        check_answers(&life.state.closed_history());
        let told = || Fold::from_records(&records(&life.lines)).map(|fold| fold.state);
        life.state = left.state.map_or_else(told, Ok).expect("is a run");
        match left.reason {
            StopReason::JournalError | StopReason::Cancelled | StopReason::StreamClosed => {}
            StopReason::WaitingForApproval => answer(&mut life),
            _ => {
                life.cut_at.pop();
                return life;
            }
        }
    }
    panic!("the run does not come to an end")
}

/// The operator answers what waits: a record beside the world's knowledge of it.
fn answer(life: &mut Life) {
    let (records, mut chain) = read_back(&life.lines);
    let fold = Fold::from_records(&records).expect("is a run");
    for step in fold.state.parked() {
        life.world.lock().expect("is whole").answered.insert(step);
        let bound_to = crate::digest::Digest::of(b"the call");
        let answered = CallAnswered { step, bound_to, yes: !step.is_multiple_of(3), why: None };
        let encoded = chain.encode(0, Body::CallAnswered(answered)).expect("has a form");
        chain.advance(&encoded.line);
        life.lines.push(encoded);
    }
}

pub(super) fn started(plan: &Plan) -> RunStarted {
    let mut started = RunStarted::new(RunId::from_parts(1, 1), "greet");
    started.budget = plan.budget.clone();
    started.done.required = plan.done_required;
    started.tools = tools();
    started
}

impl Process<'_> {
    async fn run(self, life: &mut Life) -> Left {
        let disk = self.disk(&life.lines);
        let (is_due, cancel) = (Arc::new(AtomicBool::new(false)), CancellationToken::new());
        let Some(run) = self.begin(life, &disk, &is_due, &cancel) else {
            // Not even the first record found its place.
            return Left { lines: self.kept(&disk), state: None, reason: StopReason::JournalError };
        };
        let is_dropped = self.kind() == Some(Kind::Dropped);
        let state = self.drive(run, &mut life.steps, is_dropped.then_some(&*is_due)).await;
        let lines = self.kept(&disk);
        let stopped = |lines: &[Encoded]| match lines.last().map(|line| &line.record.body) {
            Some(Body::Stopped(reason)) => reason.clone(),
            _ => StopReason::JournalError,
        };
        Left { reason: stopped(&lines), lines, state }
    }

    fn kind(&self) -> Option<Kind> {
        self.interruption.map(|interruption| interruption.kind)
    }

    fn disk(&self, lines: &[Encoded]) -> Disk {
        let dies = matches!(self.kind(), Some(Kind::Killed | Kind::PowerLost(_)));
        let room = self.interruption.filter(|_| dies).map(|interruption| lines.len() + interruption.after);
        Disk { room, lines: Arc::new(Mutex::new(lines.to_vec())), synced: Arc::new(AtomicUsize::new(lines.len())) }
    }

    /// What is left on the disk.
    fn kept(&self, disk: &Disk) -> Vec<Encoded> {
        let mut lines = disk.lines.lock().expect("is whole").clone();
        let is_full = disk.room == Some(lines.len());
        if let Some(Kind::PowerLost(part)) = self.kind().filter(|_| is_full) {
            let synced = disk.synced.load(Ordering::Relaxed);
            lines.truncate(synced + (lines.len() - synced) * usize::from(part) / 255);
        }
        lines
    }

    fn begin(&self, life: &mut Life, disk: &Disk, is_due: &Arc<AtomicBool>, cancel: &CancellationToken) -> Option<Run> {
        if life.lines.is_empty() {
            return Run::start(started(self.plan), self.parts(disk, is_due, cancel)).ok();
        }
        let (records, chain) = read_back(&life.lines);
        let begun = Fold::from_records(&records).expect("is a run").state.begun();
        let resumed = self.resumed(life, &records, chain, begun);
        Run::resume(&records, chain, resumed, self.parts(disk, is_due, cancel)).ok()
    }

    /// How the operator goes on; never by itself over a call whose end nobody knows.
    fn resumed(&self, life: &mut Life, records: &[Record], chain: Chain, begun: Vec<u32>) -> RunResumed {
        let mut resumed = RunResumed::default();
        let on_unknown = match self.interruption.is_none_or(|interruption| interruption.retry) {
            true => OnUnknown::Retry,
            false => OnUnknown::Skip,
        };
        if !begun.is_empty() {
            let parts = self.parts(&Disk::default(), &Arc::default(), &CancellationToken::new());
            let refused = Run::resume(records, chain, resumed.clone(), parts);
            assert!(refused.is_err(), "a run went on over a call whose end nobody knows");
            resumed.on_unknown = on_unknown;
            life.is_otherwise |= on_unknown == OnUnknown::Skip;
            life.retried.extend(begun.into_iter().filter(|_| on_unknown == OnUnknown::Retry));
        }
        if self.interruption.is_some_and(|interruption| interruption.speaks) {
            resumed.message = Some("be quick".into());
            life.is_otherwise = true;
        }
        resumed
    }

    fn parts(&self, disk: &Disk, is_due: &Arc<AtomicBool>, cancel: &CancellationToken) -> Parts {
        let clock = Arc::new(HandClock::default());
        let entries = self.plan.hooks.iter().enumerate().map(|(index, plan)| HookEntry {
            name: format!("hook{index}"),
            powers: plan.powers,
            on_fault: plan.on_fault,
            hook: Arc::new(SimHook::new(plan.clone())),
        });
        let hooks = Arc::new(HookChain::new(entries.collect()));
        let model = SimModel { turns: self.plan.turns.clone(), clock: Arc::clone(&clock) };
        let gate = SimGate { hooks: Arc::clone(&hooks), world: Arc::clone(&self.world), clock: Arc::clone(&clock) };
        let interferes = self.interruption.map(|interruption| Interferes {
            after: AtomicUsize::new(interruption.after),
            cancel: (interruption.kind == Kind::Cancelled).then(|| cancel.clone()),
            is_due: Arc::clone(is_due),
        });
        Parts {
            hooks,
            sink: Box::new(disk.clone()),
            clock: clock as Arc<dyn Clock>,
            cancel: cancel.clone(),
            watch: interferes.map(|watch| Arc::new(watch) as Arc<dyn Watch>),
            ..Parts::new(Box::new(model), Arc::new(gate))
        }
    }

    /// Takes step after step; none where the run was dropped.
    async fn drive(&self, mut run: Run, steps: &mut Vec<u32>, drop_when: Option<&AtomicBool>) -> Option<State> {
        let mut take = |step: Step| steps.push(step.number);
        if self.plan.caller_looks {
            while let Some(mut turn) = or_dropped(run.next_turn(), drop_when).await? {
                turn.calls_mut().iter_mut().for_each(touch);
                while let Some(step) = or_dropped(turn.next(), drop_when).await? {
                    take(step);
                }
            }
        }
        while let Some(step) = or_dropped(run.next(), drop_when).await? {
            take(step);
        }
        let state = run.fold().expect("rests").state.clone();
        run.finish().await;
        Some(state)
    }
}

/// Waits; none where the caller has turned away.
async fn or_dropped<T>(future: impl Future<Output = T>, drop_when: Option<&AtomicBool>) -> Option<T> {
    let is_due = || drop_when.is_some_and(|is_due| is_due.load(Ordering::Relaxed));
    if is_due() {
        return None;
    }
    let mut future = pin!(future);
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(value) => Poll::Ready(Some(value)),
        Poll::Pending if is_due() => Poll::Ready(None),
        Poll::Pending => Poll::Pending,
    })
    .await
}

/// The caller does what the call carries.
fn touch(call: &mut TurnCall) {
    match call.str("caller").as_deref() {
        Some("veto") => call.veto("not now"),
        Some("edit") => call.edit(|arguments| arguments["edited"] = true.into()),
        Some("answer") => call.answer(ToolOutput::text("from the caller")),
        _ => {}
    }
}

/// The records as another process would read them.
pub(super) fn records(lines: &[Encoded]) -> Vec<Record> {
    read_back(lines).0
}

/// The first part of the lines, as parts of 256.
pub(super) fn cut(lines: &[Encoded], part: u8) -> usize {
    1 + (lines.len() - 1) * usize::from(part) / 256
}
