//! `check`: whether files, plugins, rules and their examples are in order.

use std::path::Path;
use std::process::ExitCode;

use looplet_host::error::{Error, Exit, Result};
use looplet_host::host::Difference;
use looplet_host::record::{Body, Record, RunId};
use serde_json::json;

use super::past::Past;
use super::print;
use super::setup::{self, Setup, set_up};
use crate::cli::CheckArgs;

pub(crate) async fn run(args: CheckArgs, json: bool) -> Result<ExitCode> {
    let setup = set_up(&args.setup, &args.setup.flags(), Vec::new(), None).await?;
    let settings = setup.host.settings();
    let withheld: Vec<String> = settings.withheld.iter().map(|key| format!("{}: `{}`", key.origin, key.key)).collect();
    let rules = settings.policy.rules().len();
    // What may be meant fails nothing, not even under `--strict`.
    let advice: Vec<String> = setup
        .host
        .advice()
        .iter()
        .map(|finding| format!("advice: {}: {}; {}", finding.origin, finding.message, finding.hint))
        .collect();
    let (plugins, tools) = (setup.host.plugins().len(), setup.host.tools().len());
    let mut others = Vec::new();
    for run in &args.against {
        others.push(against(&setup, args.runs.as_deref(), run).await?);
    }
    let is_alike = others.iter().all(|other| other.differences.is_empty());
    let is_fine = !args.strict || (setup.host.notes().is_empty() && is_alike);
    if json {
        print::json(&json!({
            "ok": is_fine,
            "plugins": plugins,
            "tools": tools,
            "rules": rules,
            "notes": setup.host.notes(),
            "advice": advice,
            "withheld": withheld,
            "against": others.iter().map(Against::to_json).collect::<Vec<_>>(),
        }));
    } else {
        for note in setup.host.notes() {
            print::answer(note);
        }
        for line in &advice {
            print::answer(line);
        }
        for key in &withheld {
            print::answer(&format!("not used, the file is not trusted: {key}"));
        }
        let (plugins, tools, rules) = (count(plugins, "plugin"), count(tools, "tool"), count(rules, "rule"));
        others.iter().for_each(Against::print);
        print::answer(&format!("in order: {plugins}, {tools}, {rules}"));
    }
    if !is_fine {
        let notes = setup.host.notes().len();
        let calls = count(others.iter().map(|other| other.differences.len()).sum(), "call");
        let notes = (notes > 0).then(|| count(notes, "note"));
        let calls = (!is_alike).then(|| format!("{calls} decided otherwise"));
        let what = notes.into_iter().chain(calls).collect::<Vec<_>>().join(" and ");
        print::note(&Error::usage(format!("{what}, and `--strict` lets none pass")).report());
    }
    Ok(super::exit((!is_fine).then_some(Exit::Usage)))
}

/// A run, held against what holds now.
struct Against {
    run: RunId,
    steps: usize,
    differences: Vec<Difference>,
}

/// Repeats the decisions of a run with its recorded answers and results: nothing runs.
async fn against(setup: &Setup, runs: Option<&Path>, run: &str) -> Result<Against> {
    let past = Past::find(&setup.machine, runs, Some(run))?;
    let started = past.started()?;
    let launch = setup.host.run(&started.task).approvals(setup::approvals(setup)?);
    let replayed = launch.replay_offline(&past.journal, true).await?;
    let is_step = |record: &&Record| matches!(record.body, Body::CallEnded(_));
    let steps = past.journal.records.iter().filter(is_step).count();
    Ok(Against { run: past.id, steps, differences: replayed.differences })
}

impl Against {
    fn print(&self) {
        for difference in &self.differences {
            print::answer(&format!("{}#{} {}", self.run, difference.step, difference.clause));
        }
        let (steps, others) = (count(self.steps, "step"), self.differences.len());
        let said = if others == 0 { "decided as they were".to_owned() } else { format!("{others} decided otherwise") };
        print::answer(&format!("{}: {steps}, {said}", self.run));
    }

    fn to_json(&self) -> serde_json::Value {
        let of = |difference: &Difference| json!({ "step": difference.step, "difference": difference.clause });
        let differences: Vec<_> = self.differences.iter().map(of).collect();
        json!({ "run": self.run, "steps": self.steps, "differences": differences })
    }
}

/// `1 rule`, `2 rules`.
fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}
