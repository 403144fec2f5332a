//! `approvals`: answers that stand until they are revoked.

use std::process::ExitCode;

use looplet_host::error::{Error, Result};
use looplet_host::machine::{self, Machine};
use serde_json::json;

use super::print;
use super::terminal::words;
use crate::cli::{ApprovalsArgs, ApprovalsCommand};

pub(crate) fn run(args: ApprovalsArgs, json: bool) -> Result<ExitCode> {
    let machine = Machine::look()?;
    let mut approvals = machine::standing(&machine)?;
    let project = machine.project();
    match args.command.unwrap_or(ApprovalsCommand::List) {
        ApprovalsCommand::List => {
            let listed: Vec<_> = approvals.list().filter(|(_, of, ..)| *of == project).collect();
            if json {
                let one =
                    |(number, _, scope, plugin): &_| json!({ "number": number, "scope": scope, "plugin": plugin });
                print::json(&listed.iter().map(one).collect::<Vec<_>>());
                return Ok(ExitCode::SUCCESS);
            }
            if listed.is_empty() {
                print::note("no answers are remembered for this project");
            }
            for (number, _, scope, plugin) in listed {
                let (tool, scope) = (&scope.tool, words::scope(scope));
                print::answer(&format!("{number}  {tool}  {scope}  plugin {}", plugin.to_short()));
            }
        }
        ApprovalsCommand::Revoke { number } => {
            let is_ours = approvals.list().any(|(known, of, ..)| known == number && of == project);
            if !is_ours || !approvals.revoke(number) {
                return Err(
                    Error::usage(format!("there is no approval {number}")).hint("`looplet-host approvals` lists them")
                );
            }
            machine::write_own(&machine.approvals_file(), approvals.render())?;
            if json {
                print::json(&json!({ "revoked": number }));
            }
            print::note(&format!("approval {number} is revoked"));
        }
    }
    Ok(ExitCode::SUCCESS)
}
