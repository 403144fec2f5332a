//! How a run is shown while it goes on: what it works with, its steps, how it ended.

use std::collections::BTreeSet;

use looplet_host::agent::{Event, Outcome, Run};
use looplet_host::record::{DeniedBy, Step};

use super::print;
use super::setup::{self, Setup};

/// How many refusals of a step are printed while the run goes on.
const REFUSALS: usize = 4;

/// Takes all steps of a run and shows them as they come.
pub(super) async fn drive(mut run: Run, json: bool) -> Outcome {
    if !json {
        while let Some(step) = run.next().await {
            print_step(&step);
        }
        return run.finish().await;
    }
    while let Some(event) = run.next_event().await {
        if let Event::Step { step } = &event {
            print_step(step);
        }
        print::json(&event);
    }
    run.finish().await
}

pub(super) fn print_header(setup: &Setup, model: &str) {
    setup::print_notes(setup);
    print::note(model);
    for mount in setup.host.mounts() {
        let path = mount.host_path().display();
        print::note(&format!("{} {path} ({}, {})", mount.name(), mount.mode(), mount.origin()));
    }
    print::note(&format!("policy {}", policy(setup)));
}

/// Where the policy comes from, in one line.
fn policy(setup: &Setup) -> String {
    let settings = setup.host.settings();
    if !settings.shipped_policy {
        let rules = settings.policy.rules();
        let places: BTreeSet<String> = rules.iter().map(|rule| rule.origin.place()).collect();
        let places = places.into_iter().collect::<Vec<_>>().join(", ");
        return match rules.len() {
            0 => "without a rule".to_owned(),
            1 => format!("{places} (1 rule)"),
            rules => format!("{places} ({rules} rules)"),
        };
    }
    match setup.machine.surroundings.terminal {
        true => "none written: what changes nothing flows, everything else is asked".to_owned(),
        false => "none written and no terminal to ask at: every call is denied but for `--allow`".to_owned(),
    }
}

fn print_step(step: &Step) {
    print::note(&step.pretty());
    for refusal in step.refusals.iter().take(REFUSALS) {
        print::note(&format!("      {}", print::refused(refusal)));
    }
    if let Some(more) = step.refusals.len().checked_sub(REFUSALS).filter(|more| *more > 0) {
        print::note(&format!("      and {more} more: `looplet-host show '#{}'`", step.number));
    }
}

pub(super) fn print_outcome(outcome: &Outcome, json: bool) {
    if json {
        print::json(&Event::Outcome { outcome: Box::new(outcome.clone()) });
    } else if let Some(text) = outcome.text() {
        print::foreign(&text);
    }
    let mut said: Vec<&str> = Vec::new();
    for denied in &outcome.denied {
        // Who was asked knows how to say yes.
        if !matches!(denied.by, DeniedBy::Person | DeniedBy::Host)
            && let Some(would_allow) = denied.would_allow.as_deref()
            && !said.contains(&would_allow)
        {
            let lines = would_allow.replace('\n', "\n  ");
            print::note(&format!("#{} {} would be allowed by {lines}", denied.step, denied.tool));
            said.push(would_allow);
        }
    }
    print::note(&outcome.to_string());
}
