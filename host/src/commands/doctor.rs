//! `doctor`: what this machine and the model can do, each by trying it.

use std::process::ExitCode;

use looplet_host::error::{Error, Exit, Result};
use looplet_host::host::Host;
use looplet_host::machine::{self, Files, Machine, PROJECT_FILE, PluginFile};
use looplet_host::model::HttpClient;
use looplet_host::sandbox::Sandbox;
use looplet_host::settings::{Flags, Layers, ProjectFile, Settings};
use serde_json::{Value, json};

use super::{compile, print};
use crate::cli::DoctorArgs;

/// One thing that was tried.
struct Finding {
    what: &'static str,
    fine: bool,
    says: String,
    hint: Option<String>,
}

pub(crate) async fn run(args: DoctorArgs, json: bool) -> Result<ExitCode> {
    let machine = Machine::look()?;
    let (files, settings) = settings(&machine);
    let findings = [
        system(),
        directories(&machine),
        files,
        sandbox(&machine).await,
        model(&machine, settings.as_ref(), args.model.as_deref()).await,
    ];
    // Without a model much can be done: `call`, `inspect`, `check`.
    let fine = findings.iter().all(|finding| finding.fine || finding.what == "model");
    if json {
        let findings: Vec<_> = findings.iter().map(Finding::to_json).collect();
        print::json(&json!({ "ok": fine, "findings": findings }));
    } else {
        findings.iter().for_each(Finding::print);
    }
    Ok(super::exit((!fine).then_some(Exit::Failed)))
}

impl Finding {
    fn fine(what: &'static str, says: String) -> Self {
        Self { what, fine: true, says, hint: None }
    }

    fn broken(what: &'static str, error: &Error) -> Self {
        Self { what, fine: false, says: error.to_string(), hint: error.hint_text().map(str::to_owned) }
    }

    fn to_json(&self) -> Value {
        json!({ "what": self.what, "ok": self.fine, "says": self.says, "hint": self.hint })
    }

    fn print(&self) {
        let mark = if self.fine { '✓' } else { '✗' };
        print::answer(&format!("{mark} {:<12} {}", self.what, self.says));
        // Who reads this is at the doctor's already.
        let hint = self.hint.iter().flat_map(|hint| hint.lines()).filter(|line| !line.contains("looplet-host doctor"));
        hint.for_each(|line| print::answer(&format!("{:<15}{line}", "")));
    }
}

fn system() -> Finding {
    let (version, system, cpu) = (env!("CARGO_PKG_VERSION"), std::env::consts::OS, std::env::consts::ARCH);
    Finding::fine("host", format!("looplet-host {version} on {system} {cpu}"))
}

fn directories(machine: &Machine) -> Finding {
    let says = format!("user file {}, state in {}", machine.user_file().display(), machine.state_dir().display());
    Finding::fine("places", says)
}

/// Which configuration files hold here, as `run` would read them.
fn settings(machine: &Machine) -> (Finding, Option<Settings>) {
    let read = || {
        let layers = machine::layers(machine, &Files::usual(), &mut Vec::new())?;
        let user = layers.user.as_ref().map(|_| "the user file".to_owned());
        let project = layers.project.as_ref().map(|file| match file {
            ProjectFile::Untrusted(_) => format!("`{PROJECT_FILE}` (not trusted: only what narrows)"),
            ProjectFile::Trusted(_) | ProjectFile::Policy(_) => format!("`{PROJECT_FILE}`"),
        });
        let files: Vec<_> = [user, project].into_iter().flatten().collect();
        let says = if files.is_empty() { "no configuration file".to_owned() } else { files.join(" and ") };
        Ok((says, Settings::load(&layers, &Flags::default(), &machine.surroundings)?))
    };
    match read() {
        Ok((says, settings)) => (Finding::fine("settings", says), Some(settings)),
        Err(error) => (Finding::broken("settings", &error), None),
    }
}

/// Loads every built-in plugin in a real sandbox.
async fn sandbox(machine: &Machine) -> Finding {
    let tried = async {
        let settings = Settings::load(&Layers::default(), &Flags::default(), &machine.surroundings)?;
        let sandbox = Sandbox::with_compilation(compile::compilation(machine))?;
        let host =
            Host::assemble(&sandbox, settings, PluginFile::built_in(), Vec::new(), &[], &machine.variables).await?;
        Ok::<_, Error>((host.plugins().len(), host.tools().len()))
    };
    match tried.await {
        Ok((plugins, tools)) => Finding::fine("sandbox", format!("{plugins} built-in plugins load, {tools} tools")),
        Err(error) => Finding::broken("sandbox", &error),
    }
}

/// The model that `run` would ask. An Ollama is asked what it has; a paid service is not asked anything.
async fn model(machine: &Machine, settings: Option<&Settings>, flag: Option<&str>) -> Finding {
    let Some(settings) = settings else {
        return Finding { fine: false, ..Finding::fine("model", "not looked for: the settings come first".to_owned()) };
    };
    let wishes = machine::wishes(settings, &machine.variables, flag);
    match machine::choose(&wishes, &HttpClient::default()).await {
        Ok(selection) => {
            let header = selection.header();
            Finding::fine("model", header.strip_prefix("model ").unwrap_or(&header).to_owned())
        }
        Err(error) => Finding::broken("model", &error),
    }
}
