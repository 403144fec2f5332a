//! `explain`: what would become of a call, what it could reach, and whether it would work.

use std::process::ExitCode;

use looplet_host::canonical::CanonicalJson;
use looplet_host::capability::Cut;
use looplet_host::error::{Error, Exit, Result};
use looplet_host::gate::{GatedTool, Judgement, Obstacle};
use looplet_host::host::Host;
use looplet_host::need::{FsMode, Place};
use looplet_host::permission::{MaskKind, nearest};
use looplet_host::plugin::ArgumentRole;
use looplet_host::record::inert;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::print;
use super::setup::{self, set_up};
use crate::cli::ExplainArgs;

pub(crate) async fn run(args: ExplainArgs, json: bool) -> Result<ExitCode> {
    let setup = set_up(&args.setup, &args.setup.flags(), Vec::new(), None).await?;
    setup::print_notes(&setup);
    let tool = find(&setup.host, &args.tool)?;
    let arguments = arguments(&args.args)?;
    let gate = setup::gate(&setup, &CancellationToken::new())?;
    let arguments = arguments.to_value();
    let judgement = gate.judge(tool, &arguments);
    let faults = match setup.host.settings().redaction.holds(&arguments) {
        true => vec!["they hold what `redact` keeps out of runs: the call would be withheld".to_owned()],
        false => tool.faults(&arguments),
    };
    let masked = masked(&setup.host, tool, &arguments, &judgement);
    match json {
        true => print_json(tool, &judgement, &faults, &masked),
        false => print_text(tool, &judgement, &faults, &masked),
    }
    let denied = matches!(judgement.obstacle(), Some(Obstacle::Denied | Obstacle::Unfilled(_)));
    Ok(super::exit(denied.then_some(Exit::Denied)))
}

/// The tool of that name, or the nearest ones.
pub(super) fn find<'h>(host: &'h Host, full_name: &str) -> Result<&'h GatedTool> {
    let tools = host.tools();
    if let Some(tool) = tools.iter().find(|tool| tool.full_name() == full_name || tool.shown_name() == full_name) {
        return Ok(tool);
    }
    let names: Vec<String> = tools.iter().map(GatedTool::full_name).collect();
    let hint = match nearest(full_name, names.iter().map(String::as_str)) {
        Some(name) => format!("do you mean `{name}`?"),
        None => format!("there are: {}", names.join(", ")),
    };
    Err(Error::usage(format!("there is no tool `{full_name}`")).hint(hint))
}

/// Arguments as they were typed.
pub(super) fn arguments(text: &str) -> Result<CanonicalJson> {
    let wrong = |what: String| Error::usage(what).hint("write them as a JSON object: '{\"path\": \"a.txt\"}'");
    let arguments =
        CanonicalJson::from_text(text).map_err(|fault| wrong(format!("the arguments are no JSON: {fault}")))?;
    match arguments.as_str().starts_with('{') {
        true => Ok(arguments),
        false => Err(wrong("the arguments are no JSON object".to_owned())),
    }
}

/// What the masks say of the paths that the plugin names in the arguments; nothing where several mounts
/// could be meant.
fn masked(host: &Host, tool: &GatedTool, arguments: &Value, judgement: &Judgement) -> Vec<String> {
    let reached = judgement.authority.iter().flat_map(|resolved| &resolved.reached);
    let places: Vec<_> = reached
        .filter_map(|reached| match &reached.place {
            Place::Fs { mount, mode, .. } => Some((host.mounts().iter().find(|known| known.name() == mount)?, *mode)),
            _ => None,
        })
        .collect();
    let [(mount, mode)] = places[..] else {
        return Vec::new();
    };
    let named = tool.spec().show.iter().filter(|shown| shown.role == ArgumentRole::Path);
    let paths = named.filter_map(|shown| arguments.pointer(&shown.pointer)?.as_str());
    let says = |path: &str| {
        let hit = mount.masks().of(path.strip_prefix("./").unwrap_or(path))?;
        let (path, by) = (inert(path), hit.origin);
        match hit.kind {
            MaskKind::Hidden => Some(format!("`{path}` is hidden ({by}): it will not be found")),
            MaskKind::ReadOnly if mode == FsMode::ReadWrite => {
                Some(format!("`{path}` is read-only ({by}): writes will fail"))
            }
            MaskKind::ReadOnly => None,
        }
    };
    paths.filter_map(says).collect()
}

fn print_text(tool: &GatedTool, judgement: &Judgement, faults: &[String], masked: &[String]) {
    let row = |head: &str, text: &str| print::answer(&format!(" {head:<10}{}", text.replace('\n', "\n           ")));
    row("tool", &format!("{}{}", tool.full_name(), marked(tool)));
    if !faults.is_empty() {
        row("arguments", &format!("do not fit its schema: {}", faults.join("; ")));
    }
    let deciding = judgement.verdict.deciding();
    let lines: Vec<String> = deciding.iter().map(ToString::to_string).collect();
    row(
        "decision",
        &format!("{:<6} {} ({})", judgement.verdict.decision.as_str(), lines.join(", "), judgement.verdict.reason),
    );
    for rule in judgement.verdict.matched.iter().filter(|rule| !deciding.contains(&&rule.origin)) {
        let reason = rule.reason.as_deref().map(|reason| format!(" «{reason}»")).unwrap_or_default();
        row("", &format!("{:<6} {}{reason}", rule.decision.as_str(), rule.origin));
    }
    if let Some(origin) = &judgement.approved_by {
        row("answered", &format!("by a standing approval ({origin})"));
    }
    match &judgement.authority {
        Ok(resolved) => {
            for reached in &resolved.reached {
                let cuts: Vec<&str> = reached.cuts.iter().map(|cut| words(*cut)).collect();
                let cuts = if cuts.is_empty() { String::new() } else { format!("  ← {}", cuts.join(", ")) };
                row("could", &format!("{reached}  (granted by {}){cuts}", reached.granted_by));
            }
            for missing in &resolved.missing {
                row("without", &format!("{} (optional: {})", missing.need.capability, missing.need.why));
            }
            if !tool.is_walled() {
                row("could", "reach whatever the program can: there is no wall around it");
            } else if resolved.reached.is_empty() {
                row("could", "reach nothing: no file, no network, no secret, no process");
            }
        }
        Err(unfilled) => row("lacks", &format!("{}: {}", unfilled.need.capability, unfilled.need.why)),
    }
    for says in masked {
        row("but", says);
    }
    if let Some(remedy) = judgement.remedy(tool) {
        row("to allow", &remedy);
    }
}

/// The one word for what is no component.
fn marked(tool: &GatedTool) -> String {
    if tool.is_walled() { String::new() } else { format!("   {}", tool.kind().as_str()) }
}

fn words(cut: Cut) -> &'static str {
    match cut {
        Cut::Grant => "the grant is read-only: writes will fail",
        Cut::Mount => "the mount is read-only: writes will fail",
        Cut::Rules => "narrowed by rules",
    }
}

fn print_json(tool: &GatedTool, judgement: &Judgement, faults: &[String], masked: &[String]) {
    let reach: Vec<_> =
        judgement.authority.iter().flat_map(|resolved| &resolved.reached).map(|reached| &reached.place).collect();
    let lacks = judgement.authority.as_ref().err().map(|unfilled| &unfilled.need);
    print::json(&json!({
        "tool": tool.full_name(),
        "kind": tool.kind(),
        "faults": faults,
        "verdict": judgement.verdict,
        "approved_by": judgement.approved_by,
        "reach": reach,
        "lacks": lacks,
        "masked": masked,
        "to_allow": judgement.remedy(tool),
    }));
}
