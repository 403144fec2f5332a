//! What holds for every run, whatever happened to it.

use std::collections::{BTreeMap, BTreeSet};

use super::super::check_answers;
use super::life::Life;
use super::plan::Plan;
use crate::agent::Fold;
use crate::hook::Point;
use crate::record::{Body, CallDecided, HookVerdict, Record, Ruling, StopReason, ToolRecord};

/// Holds a run that has ended to all of them.
pub(super) fn check(plan: &Plan, life: &Life) {
    let records = life.records();
    let fold = Fold::from_records(&records).expect("is a run");
    assert_eq!(fold.state, life.state, "the records tell another state than the run had");
    assert!(matches!(records.last().map(|record| &record.body), Some(Body::Stopped(_))), "the run has no end");
    check_answers(&life.state.closed_history());
    each_step_ends_once(life, &records);
    nothing_ran_that_was_not_allowed(life, &records);
    nothing_ran_twice_that_cannot_be_repeated(life, &records);
    the_same_turn_is_asked_the_same(life, &records);
    who_failed_keeps_denying(plan, &records);
    hooks_are_told_of_each_step_once(plan, &fold, &records);
}

/// Steps that these records end, in their order.
pub(super) fn ended(records: &[Record]) -> Vec<u32> {
    let ends = |record: &Record| match &record.body {
        Body::CallEnded(ended) => Some(ended.step),
        Body::CallDecided(decided) if decided.outcome().is_some() => Some(decided.step),
        _ => None,
    };
    records.iter().filter_map(ends).collect()
}

fn each_step_ends_once(life: &Life, records: &[Record]) {
    let mut numbers = ended(records);
    assert_eq!(life.state.steps() as usize, numbers.len(), "steps were counted twice or not at all");
    numbers.sort_unstable();
    assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]), "a step ended twice: {numbers:?}");
    let handed_out: BTreeSet<u32> = life.steps.iter().copied().collect();
    if life.lost_power {
        // What was handed out and lost with the power is handed out again.
        return;
    }
    assert_eq!(handed_out.len(), life.steps.len(), "a step was handed out twice: {:?}", life.steps);
    assert!(handed_out.iter().all(|step| numbers.contains(step)), "a step was handed out that is not on record");
}

fn decisions(records: &[Record]) -> impl Iterator<Item = &CallDecided> {
    records.iter().filter_map(|record| match &record.body {
        Body::CallDecided(decided) => Some(&**decided),
        _ => None,
    })
}

fn tools(records: &[Record]) -> &[ToolRecord] {
    let started = records.iter().find_map(|record| match &record.body {
        Body::RunStarted(started) => Some(&*started.tools),
        _ => None,
    });
    started.unwrap_or_default()
}

fn nothing_ran_that_was_not_allowed(life: &Life, records: &[Record]) {
    let allowed: BTreeSet<u32> =
        decisions(records).filter(|decided| decided.ruling == Ruling::Allowed).map(|decided| decided.step).collect();
    let world = life.world.lock().expect("is whole");
    assert!(world.ran_though_denied.is_empty(), "ran though denied: {:?}", world.ran_though_denied);
    // What was allowed and ran, and whose records the power took, was repeatable.
    let unsynced = |step: &u32| !is_intended(records, *step) && life.lost_power;
    let wrong: Vec<&u32> = world.ran.keys().filter(|step| !allowed.contains(step) && !unsynced(step)).collect();
    assert!(wrong.is_empty(), "ran without having been allowed: {wrong:?}");
}

fn is_intended(records: &[Record], step: u32) -> bool {
    records.iter().any(|record| matches!(&record.body, Body::CallStarted(started) if started.step == step))
}

fn nothing_ran_twice_that_cannot_be_repeated(life: &Life, records: &[Record]) {
    let world = life.world.lock().expect("is whole");
    let is_repeatable = |decided: &CallDecided| {
        let of_tool = || tools(records).iter().find(|tool| tool.full_name() == decided.tool).map(|tool| tool.facts);
        decided.facts.or_else(of_tool).is_some_and(|facts| facts.repeatable)
    };
    for decided in decisions(records).filter(|decided| decided.ruling == Ruling::Allowed && !is_repeatable(decided)) {
        let ran = world.ran.get(&decided.step).copied().unwrap_or(0) as usize;
        let wanted = 1 + life.retried.iter().filter(|step| **step == decided.step).count();
        assert!(ran <= wanted, "step {} ran {ran} times and may run {wanted} times", decided.step);
    }
}

/// A turn that is asked again after a crash is asked with the same bytes.
fn the_same_turn_is_asked_the_same(life: &Life, records: &[Record]) {
    if life.is_otherwise {
        return;
    }
    let mut requests = BTreeMap::new();
    for record in records {
        if let Body::ModelAsked(asked) = &record.body {
            let first = *requests.entry(asked.turn).or_insert(asked.request);
            assert_eq!(first, asked.request, "turn {} was asked otherwise after a resume", asked.turn);
        }
    }
}

/// From its first fault on, nothing that a gate watches is let through; over resumes too.
fn who_failed_keeps_denying(plan: &Plan, records: &[Record]) {
    let mut faulted = false;
    for record in records {
        match &record.body {
            Body::CallDecided(decided) if faulted => {
                let is_refused = match &decided.ruling {
                    Ruling::Allowed | Ruling::Parked => false,
                    Ruling::Answered { by, .. } => by == "host",
                    Ruling::Denied(_) | Ruling::Invalid(_) | Ruling::Withheld => true,
                };
                assert!(is_refused, "step {} passed a gate that had failed", decided.step);
            }
            _ => {}
        }
        faulted |= record.hooks().iter().any(|verdict| verdict.verdict == HookVerdict::FAULT && is_gate(plan, verdict));
    }
}

fn is_gate(plan: &Plan, verdict: &HookVerdict) -> bool {
    plan.hooks.iter().enumerate().any(|(index, hook)| {
        verdict.hook == format!("hook{index}")
            && hook.points.contains(Point::PreTool)
            && hook.powers.allow(Point::PreTool)
    })
}

/// A hook that keeps what it was told of has kept each step once, as far as it did not fail.
fn hooks_are_told_of_each_step_once(plan: &Plan, fold: &Fold, records: &[Record]) {
    let all = ended(records);
    for (index, hook) in plan.hooks.iter().enumerate() {
        let name = format!("hook{index}");
        let is_told =
            hook.points.contains(Point::PostStep) && hook.powers.allow(Point::PostStep) && hook.seed.is_multiple_of(2);
        if !is_told || fold.hooks().faults.contains_key(&name) {
            continue;
        }
        let kept = fold.hooks().state.get(&name).and_then(|state| state.get("told"));
        let told = kept.map(String::as_str).unwrap_or_default().split_whitespace();
        let told: Vec<u32> = told.map(|step| step.parse().expect("is a number")).collect();
        assert_eq!(told, all, "hook {name} was told of other steps than those on record");
    }
}

/// Whether a run that was broken off has to end as the whole run did: at each place where it was.
pub(super) fn must_end_alike_over(plan: &Plan, broken: &Life) -> bool {
    broken.cut_at.iter().all(|records| must_end_alike(plan, records))
}

/// Whether a run that goes on from these records has to end as the whole run did.
pub(super) fn must_end_alike(plan: &Plan, records: &[Record]) -> bool {
    let mut open: BTreeSet<u32> = BTreeSet::new();
    let (mut last_ended, mut is_beside) = (0, false);
    for record in records {
        match &record.body {
            // The operator wants a run that came to an end to go on.
            Body::Stopped(reason) if !is_interruption(reason) => return false,
            // What was paid for no answer is paid again.
            Body::ModelFailed(_) => return false,
            Body::CallDecided(decided) if decided.ruling == Ruling::Allowed => {
                open.insert(decided.step);
            }
            Body::CallDecided(decided) if decided.outcome().is_some() => last_ended = last_ended.max(decided.step),
            Body::CallEnded(ended) => {
                open.remove(&ended.step);
                if ended.stop.is_some() && !open.is_empty() {
                    // What was under way beside it is not begun anew.
                    return false;
                }
                last_ended = last_ended.max(ended.step);
            }
            Body::ModelAnswered(_) => open.clear(),
            _ => {}
        }
        is_beside = open.len() > 1 || is_beside && !open.is_empty();
    }
    // Hooks that fail while calls run side by side have a say in those that run anew.
    plan.hooks.is_empty() || !is_beside && open.iter().all(|step| *step > last_ended)
}

fn is_interruption(reason: &StopReason) -> bool {
    matches!(reason, StopReason::Cancelled | StopReason::StreamClosed | StopReason::WaitingForApproval)
}
