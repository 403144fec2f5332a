//! `doctor`: what this machine and the model can do, each by trying it.

use std::process::ExitCode;

use looplet_host::error::{Exit, Result};
use looplet_host::host::{Host, PluginFile};
use looplet_host::sandbox::Sandbox;
use looplet_host::settings::{Flags, Layers, Settings};
use serde_json::json;

use super::machine::Machine;
use super::{compile, print};
use crate::cli::DoctorArgs;

/// One thing that was tried.
struct Finding {
    what: &'static str,
    fine: bool,
    says: String,
}

pub(crate) async fn run(args: DoctorArgs, json: bool) -> Result<ExitCode> {
    let machine = Machine::look()?;
    let mut findings = vec![system(), directories(&machine)];
    findings.push(sandbox(&machine).await);
    findings.push(model(&machine, args.model.as_deref()));
    for finding in &findings {
        match json {
            true => print::json(&json!({ "what": finding.what, "ok": finding.fine, "says": finding.says })),
            false => print::answer(&format!(
                "{} {:<12} {}",
                if finding.fine { "✓" } else { "✗" },
                finding.what,
                finding.says
            )),
        }
    }
    let broken = findings.iter().any(|finding| !finding.fine && finding.what != "model");
    Ok(super::exit(broken.then_some(Exit::Failed)))
}

fn system() -> Finding {
    let says =
        format!("looplet-host {} on {} {}", env!("CARGO_PKG_VERSION"), std::env::consts::OS, std::env::consts::ARCH);
    Finding { what: "host", fine: true, says }
}

fn directories(machine: &Machine) -> Finding {
    let says = format!("user file {}, state in {}", machine.user_file().display(), machine.state_dir().display());
    Finding { what: "places", fine: true, says }
}

/// Loads every built-in plugin in a real sandbox.
async fn sandbox(machine: &Machine) -> Finding {
    let tried = async {
        let settings = Settings::load(&Layers::default(), &Flags::default(), &machine.surroundings)?;
        let sandbox = Sandbox::with_compilation(compile::compilation(machine))?;
        let host = Host::assemble(&sandbox, settings, PluginFile::built_in(), &[], &machine.variables).await?;
        Ok::<_, looplet_host::error::Error>((host.plugins().len(), host.tools().len()))
    };
    match tried.await {
        Ok((plugins, tools)) => {
            Finding { what: "sandbox", fine: true, says: format!("{plugins} built-in plugins load, {tools} tools") }
        }
        Err(error) => Finding { what: "sandbox", fine: false, says: error.to_string() },
    }
}

fn model(machine: &Machine, flag: Option<&str>) -> Finding {
    use looplet_host::model::select::{Wishes, select};
    let wishes = Wishes { flag, environment: machine.variables.clone(), ..Wishes::default() };
    let (fine, says) = match select(&wishes) {
        Ok(Some(selection)) => (true, selection.header()),
        Ok(None) => (false, "none is named: set OPENAI_API_KEY and OPENAI_MODEL, or start Ollama".to_owned()),
        Err(error) => match error.hint_text() {
            Some(hint) => (false, format!("{error}: {hint}")),
            None => (false, error.to_string()),
        },
    };
    Finding { what: "model", fine, says }
}
