//! `call`: one tool, once, through the same gate as a run.

use std::process::ExitCode;
use std::sync::Arc;

use looplet_host::agent::machine::CallRequest;
use looplet_host::agent::{CallReport, Dispatch as _, Prepared};

use looplet_host::budget::Budget;
use looplet_host::error::{Error, Exit, Result};
use looplet_host::hook::RunView;
use looplet_host::machine::{self, PluginFile};
use looplet_host::message::Outcome;
use looplet_host::record::{Ruling, RunId};
use serde_json::json;

use super::setup::{self, set_up};
use super::{explain, interrupts, print};
use crate::cli::CallArgs;

pub(crate) async fn run(args: CallArgs, json: bool) -> Result<ExitCode> {
    let Target { file, full_name, arguments } = target(&args)?;
    let setup = set_up(&args.setup, &args.setup.flags(), file.into_iter().collect(), None).await?;
    setup::print_notes(&setup);
    let cancel = interrupts::watch();
    let gate = setup::gate(&setup, &cancel)?;
    let tool = explain::find(&setup.host, &full_name)?;
    let request = CallRequest {
        left: Budget::default(),
        id: RunId::generate().to_string(),
        step: 1,
        turn: 1,
        tool: Arc::new(tool.to_record()),
        arguments: explain::arguments(&arguments, &setup.host.settings().redaction)?,
    };
    // A call by hand is no run: hooks have no say in it.
    let view = RunView::of_beginning(RunId::generate());
    let prepared = gate.prepare(&request, &view, &cancel).await;
    if cancel.is_cancelled() {
        return Ok(super::exit(Some(Exit::Interrupted)));
    }
    let ready = match prepared {
        Prepared::Ready(_, ready) => ready,
        Prepared::Settled(verdict, ruling) => {
            return Ok(refused(&full_name, &ruling, verdict.would_allow.as_deref(), json));
        }
    };
    let report = ready.perform(cancel.clone()).await;
    let code = print_report(&report, request.tool.memory_limit_bytes, json);
    Ok(if cancel.is_cancelled() { super::exit(Some(Exit::Interrupted)) } else { code })
}

/// What is to be called.
struct Target {
    /// A component that was named by its file.
    file: Option<PluginFile>,
    full_name: String,
    arguments: String,
}

/// `PLUGIN/TOOL [ARGUMENTS]`, `PLUGIN TOOL [ARGUMENTS]` or `FILE.wasm TOOL [ARGUMENTS]`.
fn target(args: &CallArgs) -> Result<Target> {
    let file = machine::named_component(&args.plugin)?;
    let plugin = file.as_ref().map_or(args.plugin.as_str(), |file| &file.name);
    let missing =
        || Error::usage("no tool is named").hint("`looplet-host call PLUGIN TOOL '{…}'`, or `PLUGIN/TOOL '{…}'`");
    let (full_name, arguments) = match (args.tool.as_deref(), args.arguments.as_deref()) {
        (tool, None) if file.is_none() && plugin.contains('/') => (plugin.to_owned(), tool),
        (Some(tool), arguments) => (format!("{plugin}/{tool}"), arguments),
        (None, _) => return Err(missing()),
    };
    let arguments = arguments.unwrap_or("{}").to_owned();
    Ok(Target { file, full_name, arguments })
}

fn refused(full_name: &str, ruling: &Ruling, would_allow: Option<&str>, json: bool) -> ExitCode {
    let (what, exit) = match ruling {
        Ruling::Denied(reason) => (format!("`{full_name}` is denied: {reason}"), Exit::Denied),
        Ruling::Invalid(failure) => (failure.message.clone(), Exit::Usage),
        Ruling::Withheld => {
            (format!("`{full_name}` is not run: its arguments hold what `redact` keeps out of runs"), Exit::Denied)
        }
        Ruling::Parked => (format!("`{full_name}` waits for an answer"), Exit::Parked),
        Ruling::Allowed | Ruling::Answered { .. } => (format!("`{full_name}` was not run"), Exit::Failed),
    };
    if json {
        let outcome = match ruling {
            Ruling::Denied(reason) => json!({ "denied": reason }),
            Ruling::Invalid(failure) => json!({ "failed": failure }),
            Ruling::Withheld | Ruling::Parked | Ruling::Allowed | Ruling::Answered { .. } => json!({ "not_run": what }),
        };
        print::json(&json!({ "outcome": outcome, "would_allow": would_allow }));
    }
    let takes = || format!("`looplet-host inspect {} --json` shows what it takes", plugin_of(full_name));
    let hint = match (would_allow, ruling) {
        (Some(would_allow), _) => format!("\nhint: {would_allow}"),
        (None, Ruling::Invalid(_)) => format!("\nhint: {}", takes()),
        (None, _) => String::new(),
    };
    print::note(&format!("error: {what}{hint}"));
    super::exit(Some(exit))
}

/// The name before the slash.
fn plugin_of(full_name: &str) -> &str {
    full_name.split('/').next().unwrap_or(full_name)
}

fn print_report(report: &CallReport, most_memory: u64, json: bool) -> ExitCode {
    if json {
        print::json(&json!({
            "outcome": report.outcome,
            "duration_us": report.duration_us,
            "used": report.used,
            "refusals": report.refusals,
            "stderr": report.stderr,
        }));
    }
    if let Some(stderr) = &report.stderr {
        for line in &stderr.lines {
            print::note(&format!("  │ {}", looplet_host::record::inert(line)));
        }
    }
    for refusal in &report.refusals {
        print::note(&print::refused(refusal));
    }
    let exit = match &report.outcome {
        Outcome::Ok(output) => {
            if !json {
                print::foreign(&output.content.to_text());
            }
            for warning in &output.warnings {
                print::note(&format!("warning: {}", looplet_host::record::inert(warning)));
            }
            None
        }
        Outcome::Failed(failure) | Outcome::Aborted(failure) => {
            let hint = failure.hint.as_ref().map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
            let kind = failure.kind.as_str().replace('_', " ");
            print::note(&format!("error: {kind}: {}{hint}", looplet_host::record::inert(&failure.message)));
            Some(Exit::Failed)
        }
        Outcome::Denied(reason) => {
            print::note(&format!("error: denied: {reason}"));
            Some(Exit::Denied)
        }
    };
    let memory = report.used.memory_bytes.div_ceil(1 << 20);
    let limit = most_memory >> 20;
    print::note(&format!(
        "{}.{:03} ms · {memory} MiB of {limit}",
        report.duration_us / 1_000,
        report.duration_us % 1_000
    ));
    super::exit(exit)
}
