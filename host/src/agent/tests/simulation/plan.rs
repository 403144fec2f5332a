//! What is drawn for one simulated run: what the model says, what becomes of each call, who interferes.
//!
//! All of it is data that shrinks and prints. A call carries its fate in its arguments, so that the gate
//! and the tools answer the same call the same way, before a crash and after it.

use proptest::prelude::*;
use serde_json::json;

use crate::agent::ask::Answer;
use crate::budget::Budget;
use crate::hook::{OnFault, Point, Points, Power, Powers};
use crate::message::ProposedCall;
use crate::model::Finish;
use crate::record::Usage;

/// One run to be, with all that happens to it.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// What the model says, turn by turn; behind the last it fails.
    pub(super) turns: Vec<Says>,
    pub(super) budget: Budget,
    pub(super) done_required: bool,
    pub(super) hooks: Vec<HookPlan>,
    /// The caller looks at each answer before its calls.
    pub(super) caller_looks: bool,
    pub(super) interruptions: Vec<Interruption>,
    /// Where the journal of the whole run is cut, as parts of 256.
    pub(super) cuts: [u8; 2],
}

/// What the model says in a turn; the same turn is answered the same way when it is asked again.
#[derive(Clone, Debug)]
pub(super) enum Says {
    Answer { text: &'static str, calls: Vec<Call>, finish: Finish, tokens: u64 },
    Fault { tokens: u64 },
}

/// A proposed call with its fate.
#[derive(Clone, Debug)]
pub(super) struct Call {
    tool: &'static str,
    gate: &'static str,
    does: &'static str,
    caller: &'static str,
    spoilt: bool,
}

/// A hook: what it says is drawn from its seed and from what it is asked.
#[derive(Clone, Debug)]
pub(super) struct HookPlan {
    pub(super) seed: u64,
    pub(super) points: Points,
    pub(super) powers: Powers,
    pub(super) on_fault: OnFault,
    /// In how many of a hundred cases it says anything.
    pub(super) talks: u64,
}

/// What breaks a process off.
#[derive(Clone, Copy, Debug)]
pub(super) struct Interruption {
    /// After so many records of the process.
    pub(super) after: usize,
    pub(super) kind: Kind,
    /// What the operator says to a call whose end nobody knows.
    pub(super) retry: bool,
    /// The operator adds a word when the run goes on.
    pub(super) speaks: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The process dies; what was written is there.
    Killed,
    /// The machine dies; of what was not synced, such a part of 256 is there.
    PowerLost(u8),
    /// The caller's token is cancelled.
    Cancelled,
    /// The caller drops the run.
    Dropped,
}

impl Says {
    pub(super) fn answer(&self) -> Option<Answer> {
        let Self::Answer { text, calls, finish, tokens } = self else { return None };
        Some(Answer {
            text: (*text).to_owned(),
            calls: calls.iter().enumerate().map(|(index, call)| call.proposed(index)).collect(),
            usage: Usage { input: *tokens, ..Usage::default() },
            finish: finish.clone(),
            model: None,
        })
    }
}

impl Call {
    fn proposed(&self, index: usize) -> ProposedCall {
        let Self { tool, gate, does, caller, .. } = self;
        let arguments = match *tool {
            "done" => json!({ "summary": does, "caller": caller }),
            _ => json!({ "do": does, "gate": gate, "caller": caller }),
        };
        let mut arguments = arguments.to_string();
        if self.spoilt {
            arguments.pop();
        }
        // Ids are not always unique within an answer.
        ProposedCall::new(format!("c{}", index / 2 * 2), *tool, arguments)
    }
}

fn any_call() -> impl Strategy<Value = Call> {
    let tool = prop::sample::select(vec![
        "look", "look", "look", "peek", "peek", "greet", "write", "write", "write", "think", "done", "nothing",
    ]);
    let gate = prop_oneof![
        12 => Just(""),
        1 => Just("denied"),
        1 => Just("asked yes"),
        1 => Just("asked no"),
        1 => Just("parked"),
        1 => Just("is exclusive"),
        1 => prop::sample::select(vec!["breaks", "invalid"]),
    ];
    let does = prop_oneof![
        6 => prop::sample::select(vec!["", "yields"]),
        4 => prop::sample::select(vec!["fails", "traps", "times out", "too early", "is slow", "waits", "adds context"]),
        1 => prop::sample::select(vec!["breaks", "stops the run"]),
    ];
    let caller = prop_oneof![8 => Just(""), 1 => Just("veto"), 1 => Just("edit"), 1 => Just("answer")];
    let spoilt = prop::bool::weighted(0.06);
    (tool, gate, does, caller, spoilt).prop_map(|(tool, gate, does, caller, spoilt)| Call {
        tool,
        gate,
        does,
        caller,
        spoilt,
    })
}

fn any_turn() -> impl Strategy<Value = Says> {
    let finish =
        prop::sample::select(vec![Finish::ToolCalls, Finish::ToolCalls, Finish::Stop, Finish::Length, Finish::Filter]);
    let calls = prop_oneof![6 => prop::collection::vec(any_call(), 1..5), 1 => Just(Vec::new())];
    let text = prop::sample::select(vec!["", "", "let me see", " "]);
    prop_oneof![
        12 => (text, calls, finish, 0..40_u64)
            .prop_map(|(text, calls, finish, tokens)| Says::Answer { text, calls, finish, tokens }),
        1 => (0..40_u64).prop_map(|tokens| Says::Fault { tokens }),
    ]
}

fn any_budget() -> impl Strategy<Value = Budget> {
    let some = |most: u32| prop::option::weighted(0.3, 1..most);
    (some(12), some(7), some(14), some(4), prop::option::weighted(0.2, 1..120_u64), some(5), any::<bool>()).prop_map(
        |(steps, turns, calls, of_look, tokens, failures_in_a_row, is_timed)| Budget {
            steps,
            turns,
            calls,
            calls_of: of_look.map(|number| ("p/look".to_owned(), number)).into_iter().collect(),
            tokens,
            // The clock goes on only where a tool is slow.
            active_ms: is_timed.then_some(100_000),
            failures_in_a_row,
            ..Budget::unbounded()
        },
    )
}

fn any_hook() -> impl Strategy<Value = HookPlan> {
    let points = prop_oneof![
        1 => Just(Points::of(Point::ALL)),
        3 => prop::collection::vec(prop::sample::select(Point::ALL.to_vec()), 1..5).prop_map(Points::of),
    ];
    let powers = prop_oneof![
        2 => Just(Powers::ALL),
        1 => prop::collection::vec(prop::sample::select(Power::ALL.to_vec()), 1..5).prop_map(Powers::of),
    ];
    let on_fault = prop::sample::select(vec![OnFault::Deny, OnFault::Stop]);
    (any::<u64>(), points, powers, on_fault, 0..40_u64).prop_map(|(seed, points, powers, on_fault, talks)| HookPlan {
        seed,
        points,
        powers,
        on_fault,
        talks,
    })
}

fn any_interruption() -> impl Strategy<Value = Interruption> {
    let kind = prop_oneof![
        2 => Just(Kind::Killed),
        2 => any::<u8>().prop_map(Kind::PowerLost),
        1 => Just(Kind::Cancelled),
        1 => Just(Kind::Dropped),
    ];
    (1..20_usize, kind, prop::bool::weighted(0.7), prop::bool::weighted(0.1))
        .prop_map(|(after, kind, retry, speaks)| Interruption { after, kind, retry, speaks })
}

pub(super) fn any_plan() -> impl Strategy<Value = Plan> {
    (
        prop::collection::vec(any_turn(), 1..7),
        any_budget(),
        any::<bool>(),
        prop_oneof![Just(Vec::new()).boxed(), prop::collection::vec(any_hook(), 1..4).boxed()],
        any::<bool>(),
        prop::collection::vec(any_interruption(), 0..5),
        any::<[u8; 2]>(),
    )
        .prop_map(|(turns, budget, done_required, hooks, caller_looks, interruptions, cuts)| Plan {
            turns,
            budget,
            done_required,
            hooks,
            caller_looks,
            interruptions,
            cuts,
        })
}
