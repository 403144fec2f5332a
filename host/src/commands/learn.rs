//! `learn`: proposes the least policy that covers what runs did.

use std::process::ExitCode;

use looplet_host::error::{Error, Result};
use looplet_host::machine::Machine;
use looplet_host::record::Record;
use serde_json::json;

use super::past::Past;
use super::{print, setup};
use crate::cli::LearnArgs;

pub(crate) async fn run(args: LearnArgs, json: bool) -> Result<ExitCode> {
    let machine = Machine::look()?;
    let names: Vec<Option<&str>> = match args.run.as_slice() {
        [] => vec![None],
        names => names.iter().map(|name| Some(name.as_str())).collect(),
    };
    let find = |name| Past::find(&machine, args.runs.as_deref(), name);
    let pasts = names.into_iter().map(find).collect::<Result<Vec<Past>>>()?;
    let [first, rest @ ..] = pasts.as_slice() else { return Err(Error::usage("no run is named")) };
    let started = first.started()?;
    for other in rest {
        if other.started()?.project != started.project {
            return Err(Error::usage(format!("runs {} and {} are of two projects", first.id, other.id))
                .hint("learn from the runs of one project at a time"));
        }
    }
    let given = args.setup.or_of(started)?;
    let machine = first.machine(machine.clone())?;
    let setup = setup::set_up_on(machine, &given, &given.flags(), Vec::new(), args.runs.as_deref()).await?;
    let runs: Vec<&[Record]> = pasts.iter().map(|past| past.journal.records.as_slice()).collect();
    let policy = setup.host.learn(runs);
    match json {
        true => print::json(&json!({ "runs": pasts.iter().map(|past| past.id).collect::<Vec<_>>(), "policy": policy })),
        false => print::answer(policy.trim_end()),
    }
    let flags: Vec<String> = given.plugins.iter().map(|dir| format!(" --plugins {}", dir.display())).collect();
    print::note(&format!("try it: looplet-host run --policy FILE{} …", flags.concat()));
    Ok(ExitCode::SUCCESS)
}
