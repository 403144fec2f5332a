//! `trust`: what the project's file would give, and the word of a person that it may.

use std::io::{BufRead as _, IsTerminal as _};
use std::process::ExitCode;

use looplet_host::error::{Error, Exit, Result};
use looplet_host::record::inert;
use looplet_host::settings::Trust;
use serde_json::json;

use super::machine::{self, Machine, PROJECT_FILE};
use super::{print, setup};
use crate::cli::TrustArgs;

pub(crate) fn run(args: &TrustArgs, json: bool) -> Result<ExitCode> {
    let machine = Machine::look()?;
    let path = machine.project_file();
    let known = path.display().to_string();
    let mut store = setup::trust_store(&machine)?;
    if args.revoke {
        let was = store.revoke(&known);
        machine::write_own(&machine.trust_file(), store.render())?;
        print::note(if was { "trust is taken back" } else { "it was not trusted" });
        return Ok(ExitCode::SUCCESS);
    }
    let file = setup::source(PROJECT_FILE, &path)?.ok_or_else(|| {
        Error::usage(format!("there is no `{PROJECT_FILE}` here")).hint("run it in the directory of the project")
    })?;
    let digest = setup::digest_of(&file)?;
    let state = store.of(&known, &digest);
    if state == Trust::Trusted {
        print::note("this content is trusted already");
        return Ok(ExitCode::SUCCESS);
    }
    for (index, line) in file.text.lines().enumerate() {
        print::note(&format!("{:>4} │ {}", index + 1, inert(line)));
    }
    if json {
        print::json(&json!({ "file": known, "digest": digest, "changed": state == Trust::Changed }));
    }
    if !args.yes && !agreed()? {
        print::note("nothing was changed");
        return Ok(super::exit(Some(Exit::Denied)));
    }
    store.trust(&known, digest);
    machine::write_own(&machine.trust_file(), store.render())?;
    print::note(&format!("trusted as it is now ({}); a change asks again", digest.to_short()));
    Ok(ExitCode::SUCCESS)
}

/// Enter alone is no answer, and the end of input is no.
fn agreed() -> Result<bool> {
    if !std::io::stdin().is_terminal() {
        return Err(Error::usage("nobody is there to ask").hint("`looplet-host trust --yes` trusts it without asking"));
    }
    loop {
        print::note(
            "May this file speak for the project: give tools directories, allow calls, load plugins? yes or no",
        );
        let mut line = String::new();
        let read = std::io::stdin().lock().read_line(&mut line);
        match (read, line.trim()) {
            (Ok(0) | Err(_), _) | (_, "no" | "n") => return Ok(false),
            (_, "yes" | "y") => return Ok(true),
            _ => {}
        }
    }
}
