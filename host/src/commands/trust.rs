//! `trust`: what the project's file would give, and the word of a person that it may.

use std::process::ExitCode;

use looplet_host::digest::Digest;
use looplet_host::error::{Error, Exit, Result};
use looplet_host::machine::{self, Machine, PROJECT_FILE};
use looplet_host::record::inert;
use looplet_host::settings::{SourceFile, Trust};
use serde_json::json;

use super::agreed::Agreement;
use super::print;
use crate::cli::TrustArgs;

pub(crate) async fn run(args: TrustArgs, json: bool) -> Result<ExitCode> {
    let machine = Machine::look()?;
    let known = machine.project_file().display().to_string();
    let mut store = machine::trust_store(&machine)?;
    if args.revoke {
        let was = store.revoke(&known);
        if was {
            machine::write_own(&machine.trust_file(), store.render())?;
        }
        if json {
            print::json(&json!({ "file": known, "trusted": false, "was_trusted": was }));
        }
        print::note(&match was {
            true => format!("`{PROJECT_FILE}` is no longer trusted"),
            false => format!("`{PROJECT_FILE}` was not trusted"),
        });
        return Ok(ExitCode::SUCCESS);
    }
    let file = machine::source(PROJECT_FILE, &machine.project_file())?.ok_or_else(|| {
        Error::usage(format!("there is no `{PROJECT_FILE}` here")).hint("run it in the directory of the project")
    })?;
    let digest = machine::digest_of(&file)?;
    let state = store.of(&known, &digest);
    let print_json = |trusted: bool| {
        if json {
            let changed = state == Trust::Changed;
            print::json(&json!({ "file": known, "digest": digest, "changed": changed, "trusted": trusted }));
        }
    };
    if state == Trust::Trusted {
        print_json(true);
        print::note(&format!("`{PROJECT_FILE}` is trusted already as it is now"));
        return Ok(ExitCode::SUCCESS);
    }
    show(&file, &digest, state);
    if !agreed(&machine, args.yes.as_deref(), &digest).await? {
        print_json(false);
        print::note("nothing was changed");
        return Ok(super::exit(Some(Exit::Denied)));
    }
    store.trust(&known, digest);
    machine::write_own(&machine.trust_file(), store.render())?;
    print_json(true);
    print::note("trusted as it is now; a change asks again");
    Ok(ExitCode::SUCCESS)
}

fn show(file: &SourceFile, digest: &Digest, state: Trust) {
    let since = if state == Trust::Changed { ", changed since it was trusted" } else { "" };
    print::note(&format!("`{PROJECT_FILE}` and the files it names, {digest}{since}"));
    for (index, line) in file.text.lines().enumerate() {
        print::note(&format!("{:>4} │ {}", index + 1, inert(line)));
    }
}

async fn agreed(machine: &Machine, yes: Option<&str>, digest: &Digest) -> Result<bool> {
    let question = "May this file speak for the project: give tools directories, allow calls, load plugins?";
    let other = |shown: &str| {
        Error::usage(format!("the file is not the one with the digest `{shown}`"))
            .hint(format!("read it again; as it is now: `--yes={digest}`"))
    };
    let nobody = || {
        Error::usage("nobody is there to ask: trust is given at a terminal")
            .hint(format!("once you have read the file: `looplet-host trust --yes={digest}`"))
    };
    Agreement { digest: Some(digest.to_string()), question }.given(machine, yes, other, nobody).await
}
