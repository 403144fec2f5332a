//! The loop as a pure state machine: a fold of records, and what is to be done next.
//!
//! No input or output, no clock, no waiting. Everything it decides on enters as a record, so a live
//! run, a resumed one and a replay go the same way. The driver performs actions and appends records.

mod apply;
mod history;
mod proposal;
#[cfg(test)]
mod tests;
mod tools;

use std::sync::Arc;

use crate::budget::{Budget, Meter};
use crate::canonical::CanonicalJson;
use crate::hook::Point;
use crate::message::{Message, ProposedCall};
use crate::record::{CallDecided, CallFacts, RunId, RunStarted, StopReason, ToolRecord};

pub use history::told;

use proposal::Proposal;
use tools::Tools;

/// How often in a row the model is told that its answer cannot be used before the run stops.
const WORDS_IN_A_ROW: u32 = 1;

/// What is to be done next.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Ask the model, with the history as it is.
    Ask {
        /// Number of the turn, from 1.
        turn: u32,
    },
    /// Add a message of the host to the history.
    Say(Message),
    /// Have a call decided.
    Judge(CallRequest),
    /// Have the model's word that it is done checked.
    CheckDone {
        /// Number of the step.
        step: u32,
        /// What it gives as its result.
        arguments: CanonicalJson,
    },
    /// Record what was decided without anybody: the call is none that could run.
    Refuse(Box<CallDecided>),
    /// Run a call that was allowed. Several of these are to run side by side.
    Perform {
        /// Number of the step.
        step: u32,
        /// Whether it may run again after a crash, and with that, whether its intent must be on disk first.
        facts: CallFacts,
    },
    /// Record that nobody knows how a call ended that a crash cut off.
    Lose {
        /// Number of the step.
        step: u32,
    },
    /// End the run.
    Stop(StopReason),
}

/// A call of a tool that exists, with arguments that are JSON, before anything was decided.
#[derive(Clone, Debug, PartialEq)]
pub struct CallRequest {
    /// Unique among all runs, the same when the step is repeated.
    pub id: String,
    /// Number of the step, from 1.
    pub step: u32,
    /// The turn that proposed it, from 1.
    pub turn: u32,
    /// The tool.
    pub tool: Arc<ToolRecord>,
    /// The arguments as proposed, in canonical form: an object, not yet checked against the schema.
    pub arguments: CanonicalJson,
    /// What the run can still spend inside of the call.
    pub left: Budget,
}

/// Where a run stands: the fold of its records.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    run: RunId,
    tools: Tools,
    meter: Meter,
    messages: Vec<Message>,
    turn: Option<OpenTurn>,
    steps: u32,
    /// The greatest number that a step has; numbers below it may be unused after a stop.
    last_step: u32,
    /// What the model has to be told before it is asked again.
    problem: Option<Problem>,
    problems_in_a_row: u32,
    /// Texts of hooks and persons that wait for the turn to be over.
    context: Vec<Aside>,
    /// Why the run has to end; the first reason counts.
    end: Option<StopReason>,
    /// The last turn whose request hooks have spoken to, and the last point at which they did.
    prepared: (u32, Option<Point>),
    /// The only tools that this request offers.
    offered: Option<Vec<String>>,
    /// The end is on record.
    stopped: Option<StopReason>,
}

/// A text for the model that waits for the end of the turn. There they stand in the order of the calls, whatever
/// the order in which those ended.
#[derive(Clone, Debug, PartialEq)]
struct Aside {
    /// The step that it came with; 0 before all, the greatest number behind all.
    step: u32,
    /// It came with the decision: where that is made anew, it is said anew.
    is_of_decision: bool,
    text: String,
}

/// An answer of the model whose calls are not all answered.
#[derive(Clone, Debug, PartialEq)]
struct OpenTurn {
    number: u32,
    first_step: u32,
    calls: Vec<OpenCall>,
    /// Index of the first call that is not closed.
    cursor: usize,
    /// Index of the first call that nothing was decided about.
    undecided: usize,
    /// So many calls, from the first, run side by side; 0 for all in order.
    side_by_side: usize,
    /// The answer was cut at the output cap, and its last call perhaps with it.
    cut: bool,
}

#[derive(Clone, Debug, PartialEq)]
struct OpenCall {
    proposed: ProposedCall,
    /// The name that the budget counts it under.
    tool: String,
    /// What holds for its tool; once it is decided on, for itself.
    facts: CallFacts,
    stage: Stage,
}

#[derive(Clone, Debug, PartialEq)]
enum Stage {
    /// Nothing was decided.
    Proposed,
    /// It may run.
    Allowed(CallFacts),
    /// Its intent is on record.
    Started,
    /// Its intent is on record, a crash hid its end, and it is not to run again.
    Lost,
    /// It waits for the operator.
    Parked,
    /// It has its answer for the model.
    Closed { text: String, failed: bool },
}

/// Why an answer without calls does not end the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Problem {
    Empty,
    Cut,
    DoneMissing,
}

impl State {
    /// Where a run stands after its first record.
    pub fn new(started: &RunStarted) -> Self {
        Self {
            run: started.run,
            tools: Tools::new(&started.tools, started.done.clone()),
            meter: Meter::new(started.budget.clone()),
            messages: started.messages.clone(),
            turn: None,
            steps: 0,
            last_step: 0,
            problem: None,
            problems_in_a_row: 0,
            context: Vec::new(),
            end: None,
            prepared: (0, None),
            offered: None,
            stopped: None,
        }
    }

    /// All actions that can begin now. Empty when the run has stopped, or while what was begun is not over.
    pub fn next(&self) -> Vec<Action> {
        if self.stopped.is_some() {
            return Vec::new();
        }
        if let Some(reason) = &self.end {
            return vec![Action::Stop(reason.clone())];
        }
        match &self.turn {
            Some(turn) => self.next_in(turn),
            None => vec![self.next_turn()],
        }
    }

    fn next_turn(&self) -> Action {
        if let Some(problem) = self.problem {
            return if self.problems_in_a_row > WORDS_IN_A_ROW {
                Action::Stop(problem.stop_reason())
            } else {
                Action::Say(Message::User { text: problem.words(&self.tools.done().name) })
            };
        }
        match self.meter.before_turn() {
            Some(reason) => Action::Stop(reason),
            None => Action::Ask { turn: self.meter.turns() + 1 },
        }
    }

    fn next_in(&self, turn: &OpenTurn) -> Vec<Action> {
        if turn.cursor < turn.side_by_side && turn.calls[turn.cursor].stage != Stage::Lost {
            if turn.undecided < turn.side_by_side {
                return vec![self.settle(turn, turn.undecided)];
            }
            return turn.perform_group();
        }
        let call = &turn.calls[turn.cursor];
        let step = turn.step(turn.cursor);
        match &call.stage {
            Stage::Proposed => match self.meter.before_call(&call.tool) {
                Some(reason) => vec![Action::Stop(reason)],
                None => vec![self.settle(turn, turn.cursor)],
            },
            Stage::Allowed(facts) => vec![Action::Perform { step, facts: *facts }],
            Stage::Lost => vec![Action::Lose { step }],
            // Begun, or waiting for a person: there is nothing to begin. Closed ones are behind the cursor.
            Stage::Started | Stage::Parked | Stage::Closed { .. } => Vec::new(),
        }
    }

    fn settle(&self, turn: &OpenTurn, index: usize) -> Action {
        let step = turn.step(index);
        match proposal::read(&turn.calls[index].proposed, &self.tools, turn.cut) {
            Proposal::Call { tool, arguments } => Action::Judge(CallRequest {
                id: format!("{}-{step}", self.run),
                step,
                turn: turn.number,
                left: self.meter.left_inside(&tool.full_name()),
                tool,
                arguments,
            }),
            Proposal::Done { arguments } => Action::CheckDone { step, arguments },
            Proposal::Invalid(invalid) => Action::Refuse(Box::new(invalid.decided(step))),
        }
    }

    /// Name of the run.
    pub fn run(&self) -> RunId {
        self.run
    }

    /// The history that the next request is built from.
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// What was spent.
    pub fn meter(&self) -> &Meter {
        &self.meter
    }

    /// Steps that ended.
    pub fn steps(&self) -> u32 {
        self.steps
    }

    /// Why the run ended or rests, once that is on record.
    pub fn stopped(&self) -> Option<&StopReason> {
        self.stopped.as_ref()
    }

    /// Whether hooks have spoken at this point of a request, or behind it: after a resume they are not asked again.
    pub fn is_prepared(&self, turn: u32, point: Point) -> bool {
        self.prepared >= (turn, Some(point))
    }

    /// The only tools that the request of a turn offers, where hooks chose.
    pub fn offered(&self, turn: u32) -> Option<&[String]> {
        self.offered.as_deref().filter(|_| self.prepared.0 == turn)
    }

    /// Why the run has to end, though that is not yet on record.
    pub fn end(&self) -> Option<&StopReason> {
        self.end.as_ref()
    }

    /// Whether every call before this step has its answer, so that the step can be handed out in its order.
    pub fn is_in_order(&self, step: u32) -> bool {
        self.turn.as_ref().is_none_or(|turn| step < turn.step(turn.cursor))
    }

    /// Number of the turn whose calls are not all answered.
    pub fn open_turn(&self) -> Option<u32> {
        self.turn.as_ref().map(|turn| turn.number)
    }

    /// The open turn, with the calls that nothing was decided about and the steps they will be.
    pub fn proposed(&self) -> Option<(u32, Vec<(u32, ProposedCall)>)> {
        let turn = self.turn.as_ref()?;
        let calls = turn.calls.iter().enumerate().filter(|(_, call)| call.stage == Stage::Proposed);
        Some((turn.number, calls.map(|(index, call)| (turn.step(index), call.proposed.clone())).collect()))
    }

    /// The calls of the open turn that nothing was decided about and that could run.
    pub fn calls_ahead(&self) -> Vec<CallRequest> {
        let Some(turn) = &self.turn else { return Vec::new() };
        let proposed = (turn.cursor..turn.calls.len()).filter(|index| turn.calls[*index].stage == Stage::Proposed);
        let judged = proposed.map(|index| self.settle(turn, index)).take_while(|action| !is_done(action));
        judged.filter_map(|action| if let Action::Judge(request) = action { Some(request) } else { None }).collect()
    }

    /// How the run may say that it is done.
    pub fn done(&self) -> &crate::record::Done {
        self.tools.done()
    }

    /// Steps that wait for an answer of the operator.
    pub fn parked(&self) -> Vec<u32> {
        let Some(turn) = &self.turn else { return Vec::new() };
        let parked = |(_, call): &(usize, &OpenCall)| call.stage == Stage::Parked;
        turn.calls.iter().enumerate().filter(parked).map(|(index, _)| turn.step(index)).collect()
    }

    /// Steps with an intent and no result: after a crash nobody knows whether they took effect.
    pub fn begun(&self) -> Vec<u32> {
        let Some(turn) = &self.turn else { return Vec::new() };
        let started = |(_, call): &(usize, &OpenCall)| call.stage == Stage::Started;
        turn.calls.iter().enumerate().filter(started).map(|(index, _)| turn.step(index)).collect()
    }
}

/// Calls after the model's word that it is done are not run.
fn is_done(action: &Action) -> bool {
    matches!(action, Action::CheckDone { .. })
}

impl OpenTurn {
    fn step(&self, index: usize) -> u32 {
        self.first_step + u32::try_from(index).unwrap_or(u32::MAX - self.first_step)
    }

    /// All calls of the group that may run: together if each of them turned out fit for it.
    fn perform_group(&self) -> Vec<Action> {
        let allowed = |index: usize| match self.calls[index].stage {
            Stage::Allowed(facts) => Some(Action::Perform { step: self.step(index), facts }),
            _ => None,
        };
        let fit = |action: &Action| matches!(action, Action::Perform { facts, .. } if facts.repeatable && facts.concurrent_safe);
        let mut group: Vec<_> = (self.cursor..self.side_by_side).filter_map(allowed).collect();
        if !group.iter().all(fit) {
            group.truncate(1);
        }
        group
    }
}

impl Problem {
    fn stop_reason(self) -> StopReason {
        match self {
            Self::Empty => StopReason::EmptyAnswer,
            Self::Cut => StopReason::AnswerCut,
            Self::DoneMissing => StopReason::DoneMissing,
        }
    }

    /// What the model is told.
    fn words(self, done: &str) -> String {
        match self {
            Self::Empty => "Your last answer was empty: it held no text and no tool call. \
                            Call a tool, or give your final answer as text."
                .into(),
            Self::Cut => "Your last answer was cut off at the output limit. Give it again, shorter.".into(),
            Self::DoneMissing => {
                format!("This run ends only by a call of `{done}`. Call it with your result, or call another tool.")
            }
        }
    }
}
