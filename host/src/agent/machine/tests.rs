//! The machine alone: what is next, without a driver.

use super::*;
use crate::budget::Budget;
use crate::message::{Outcome, ToolOutput};
use crate::record::{
    Body, CallEnded, CallStarted, ModelAnswered, Notice, OnUnknown, Record, Ruling, RunResumed, Usage,
};

fn state() -> State {
    let mut started = RunStarted::new(RunId::from_parts(1, 1), "greet");
    started.budget = Budget::unbounded();
    started.tools = vec![ToolRecord {
        plugin: "p".into(),
        tool: "write".into(),
        name: "write".into(),
        description: String::new(),
        input_schema: CanonicalJson::empty_object(),
        kind: crate::permission::ToolKind::Component,
        facts: CallFacts::default(),
        memory_limit_bytes: 0,
    }];
    State::new(&started)
}

fn apply(state: &mut State, body: Body) {
    state.apply(&Record { seq: 0, at_ms: 0, prev: None, body });
}

fn answer(calls: usize) -> Body {
    let call = |index: usize| ProposedCall::new(format!("c{index}"), "write", "{}");
    Body::ModelAnswered(Box::new(ModelAnswered {
        turn: 1,
        text: String::new(),
        calls: (0..calls).map(call).collect(),
        usage: Usage::default(),
        finish: None,
        model: None,
        duration_ms: 0,
        active_ms: 0,
    }))
}

fn allowed(step: u32) -> Body {
    let arguments = CanonicalJson::empty_object();
    Body::CallDecided(Box::new(CallDecided::new(step, "p/write", arguments, Ruling::Allowed)))
}

fn ended(step: u32) -> Body {
    let outcome = Outcome::Ok(ToolOutput::text("ok"));
    let record = serde_json::json!({ "step": step, "outcome": outcome, "duration_us": 0, "active_ms": 0 });
    Body::CallEnded(Box::new(serde_json::from_value::<CallEnded>(record).expect("is a record")))
}

/// The kinds of actions, with their steps.
fn next(state: &State) -> Vec<String> {
    let word = |action: Action| match action {
        Action::Ask { turn } => format!("ask {turn}"),
        Action::Say(_) => "say".into(),
        Action::Judge(request) => format!("judge {}", request.id),
        Action::CheckDone { step, .. } => format!("check {step}"),
        Action::Refuse(decided) => format!("refuse {}", decided.step),
        Action::Perform { step, .. } => format!("perform {step}"),
        Action::Lose { step } => format!("lose {step}"),
        Action::Stop(reason) => format!("stop {reason}"),
    };
    state.next().into_iter().map(word).collect()
}

#[test]
fn one_thing_follows_from_the_other() {
    let mut state = state();
    let run = state.run();
    let records = [answer(2), allowed(1), Body::CallStarted(CallStarted { step: 1 }), ended(1), allowed(2)];
    let wanted = [
        vec![format!("judge {run}-1")],
        vec!["perform 1".to_owned()],
        vec![],
        vec![format!("judge {run}-2")],
        vec!["perform 2".to_owned()],
    ];
    assert_eq!(next(&state), ["ask 1"]);
    for (record, wanted) in records.into_iter().zip(wanted) {
        apply(&mut state, record);
        assert_eq!(next(&state), wanted);
        assert_eq!(next(&state), wanted, "looking changes nothing");
    }
    apply(&mut state, ended(2));
    assert_eq!(next(&state), ["ask 2"]);
}

#[test]
fn the_first_word_from_outside_counts_and_nothing_follows_a_stop() {
    let mut state = state();
    apply(&mut state, answer(1));
    apply(&mut state, Body::Notice(Notice::Cancelled));
    apply(&mut state, Body::Notice(Notice::HookStop("enough".into())));
    assert_eq!(next(&state), ["stop cancelled"]);
    apply(&mut state, Body::Stopped(StopReason::Cancelled));
    assert_eq!(next(&state), Vec::<String>::new());
}

#[test]
fn records_that_fit_nowhere_change_nothing() {
    let mut state = state();
    apply(&mut state, answer(1));
    let before = state.clone();
    for body in [ended(0), ended(7), allowed(9), Body::CallStarted(CallStarted { step: u32::MAX })] {
        apply(&mut state, body);
        assert_eq!(state, before);
    }
}

#[test]
fn a_call_that_ended_twice_counts_once() {
    let mut state = state();
    for body in [answer(2), allowed(1), ended(1), ended(1)] {
        apply(&mut state, body);
    }
    assert_eq!((state.steps(), state.meter().calls()), (1, 1));
}

#[test]
fn a_call_that_was_begun_is_lost_or_decided_anew_as_the_operator_says() {
    for (on_unknown, wanted) in [(OnUnknown::Skip, "lose 1"), (OnUnknown::Retry, "judge")] {
        let mut state = state();
        for body in [answer(1), allowed(1), Body::CallStarted(CallStarted { step: 1 })] {
            apply(&mut state, body);
        }
        assert_eq!(state.begun(), [1]);
        apply(&mut state, Body::RunResumed(Box::new(RunResumed { on_unknown, ..RunResumed::default() })));
        assert!(next(&state)[0].starts_with(wanted), "{:?}", next(&state));
    }
}

#[test]
fn the_history_that_is_handed_on_has_an_answer_for_every_call() {
    let mut state = state();
    for body in [answer(3), allowed(1), ended(1), allowed(2), Body::CallStarted(CallStarted { step: 2 })] {
        apply(&mut state, body);
    }
    let told: Vec<String> = state
        .closed_history()
        .into_iter()
        .filter_map(|message| match message {
            Message::Tool { text, .. } => Some(text),
            _ => None,
        })
        .collect();
    assert_eq!(told, ["ok", "its outcome is unknown: the run broke off", "not run: the run stopped before it"]);
}
