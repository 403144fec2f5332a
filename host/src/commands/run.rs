//! `run`: an agent on a task. Steps as they happen on stderr, the answer on stdout.

mod consent;
mod faults;
pub(super) mod model;
mod texts;

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::sync::Arc;

use looplet_host::agent::{ExitRules, Outcome};
use looplet_host::error::{Error, Result};
use looplet_host::journal::Runs;
use looplet_host::record::{DeniedBy, Step};
use looplet_host::settings::Flags;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::setup::{self, Setup, set_up};
use super::{interrupts, machine, print};
use crate::cli::RunArgs;

/// How many refusals of a step are printed while the run goes on.
const REFUSALS: usize = 4;

pub(crate) async fn run(args: RunArgs, json: bool) -> Result<ExitCode> {
    let task = task(&args.task)?;
    if task.trim().is_empty() {
        return Err(Error::usage("the task is empty").hint("`looplet-host run \"what is this project about?\"`"));
    }
    let flags = flags(&args);
    let setup = set_up(&args.setup, &flags, Vec::new(), args.runs.as_deref()).await?;
    let (model, header) = model::connect(&setup, args.model.as_deref()).await?;
    print_header(&setup, &header);
    let settings = setup.host.settings();
    let rules = ExitRules {
        require_done: settings.agent.done_required.as_ref().is_some_and(|required| required.value),
        fail_on_denied: settings.run.denied_is_failure.value,
    };
    let cancel = interrupts::watch();
    let outcome = drive(&setup, &args, task, model, &cancel, json).await?;
    print_outcome(&outcome, json);
    Ok(super::exit(outcome.exit(rules)))
}

async fn drive(
    setup: &Setup,
    args: &RunArgs,
    task: String,
    model: Arc<dyn looplet_host::model::Model>,
    cancel: &CancellationToken,
    json: bool,
) -> Result<Outcome> {
    let runs = Runs::at(args.runs.clone().unwrap_or_else(|| setup.machine.runs_dir()));
    let launch = texts::add(setup.host.run(task), setup)?.project(setup.machine.project());
    let launch = setup::answering(launch, setup, cancel)?.model(model).keep_in(runs).cancel(cancel.clone());
    let launch = launch.watch(Arc::new(faults::Faults::default()));
    let mut run = launch.start()?;
    while let Some(step) = run.next().await {
        print_step(&step, json);
    }
    Ok(run.finish().await)
}

fn flags(args: &RunArgs) -> Flags {
    Flags {
        model: args.model.clone(),
        max_steps: args.max_steps,
        max_turns: args.max_turns,
        max_tokens: args.max_tokens,
        max_seconds: args.max_seconds,
        require_done: args.require_done,
        fail_on_denied: args.fail_on_denied,
        ..args.setup.flags()
    }
}

fn task(text: &str) -> Result<String> {
    match text.strip_prefix('@') {
        _ if text == "-" => machine::read_stdin(),
        Some(file) => {
            let hint = "`@FILE` reads the task from a file; `-` reads it from standard input, whatever it begins with";
            let bytes = machine::read_bytes(file.as_ref()).map_err(|error| error.hint(hint))?;
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        }
        None => Ok(text.to_owned()),
    }
}

fn print_header(setup: &Setup, model: &str) {
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

fn print_step(step: &Step, json: bool) {
    print::note(&step.pretty());
    for refusal in step.refusals.iter().take(REFUSALS) {
        print::note(&format!("      {}", print::refused(refusal)));
    }
    if let Some(more) = step.refusals.len().checked_sub(REFUSALS).filter(|more| *more > 0) {
        print::note(&format!("      and {more} more: `looplet-host show '#{}'`", step.number));
    }
    if json {
        print::json(&json!({ "type": "step", "step": step }));
    }
}

fn print_outcome(outcome: &Outcome, json: bool) {
    if json {
        print::json(&json!({ "type": "outcome", "outcome": outcome }));
    } else if let Some(text) = outcome.text() {
        print::foreign(&text);
    }
    let mut said: Vec<&str> = Vec::new();
    for denied in &outcome.denied {
        // Who was asked and said no knows how to say yes.
        if denied.by != DeniedBy::Person
            && let Some(would_allow) = denied.would_allow.as_deref()
            && !said.contains(&would_allow)
        {
            print::note(&format!(
                "#{} {} would be allowed by {}",
                denied.step,
                denied.tool,
                would_allow.replace('\n', "\n  ")
            ));
            said.push(would_allow);
        }
    }
    print::note(&outcome.to_string());
}
