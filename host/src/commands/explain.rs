//! `explain`: what would become of a call, what it could reach, and whether it would work.

use std::process::ExitCode;

use looplet_host::canonical::CanonicalJson;
use looplet_host::capability::http::HttpLimits;
use looplet_host::capability::{Cut, Resolved};
use looplet_host::error::{Error, Exit, Result};
use looplet_host::gate::{GatedTool, Judgement, Obstacle, Outlook};
use looplet_host::host::Host;
use looplet_host::need::Place;
use looplet_host::permission::nearest;
use looplet_host::redaction::Redaction;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::print;
use super::setup::{self, set_up};
use crate::cli::ExplainArgs;

pub(crate) async fn run(args: ExplainArgs, json: bool) -> Result<ExitCode> {
    let setup = set_up(&args.setup, &args.setup.flags(), Vec::new(), None).await?;
    setup::print_notes(&setup);
    let tool = find(&setup.host, &args.tool)?;
    let arguments = arguments(&args.args, &setup.host.settings().redaction)?;
    let gate = setup::gate(&setup, &CancellationToken::new())?;
    let arguments = arguments.to_value();
    if setup.host.settings().redaction.holds(&arguments) {
        // Whatever is said of it may say them again.
        return Err(Error::usage(format!(
            "`{}` would not run: its arguments hold what `redact` keeps out of runs",
            args.tool
        )));
    }
    let judgement = gate.judge(tool, &arguments);
    let explained = Explained {
        tool,
        outlook: gate.outlook(tool, &arguments, &judgement),
        judgement,
        faults: tool.faults(&arguments),
        hooks: setup.host.hooks_before_tools(),
    };
    match json {
        true => explained.print_json(),
        false => explained.print_text(),
    }
    Ok(super::exit(explained.is_denied().then_some(Exit::Denied)))
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
///
/// # Errors
/// They are no JSON object. Of what `redact` keeps out the error says nothing.
pub(super) fn arguments(text: &str, redaction: &Redaction) -> Result<CanonicalJson> {
    let wrong = |what: String| Error::usage(what).hint("write them as a JSON object: '{\"path\": \"a.txt\"}'");
    let arguments = CanonicalJson::from_text(text).map_err(|fault| {
        let fault = format!("the arguments are no JSON: {fault}");
        wrong(if redaction.holds(&fault) { "the arguments are no JSON".to_owned() } else { fault })
    })?;
    match arguments.as_str().starts_with('{') {
        true => Ok(arguments),
        false => Err(wrong("the arguments are no JSON object".to_owned())),
    }
}

/// Behind what they belong to.
fn clauses(bounds: &[String]) -> String {
    bounds.iter().fold(String::new(), |text, bound| text + ", " + bound)
}

/// All that is said of a call.
struct Explained<'a> {
    tool: &'a GatedTool,
    judgement: Judgement,
    outlook: Outlook,
    /// What is wrong with the arguments.
    faults: Vec<String>,
    /// The hooks that have a say before it runs.
    hooks: Vec<&'a str>,
}

impl Explained<'_> {
    fn is_denied(&self) -> bool {
        matches!(self.judgement.obstacle(), Some(Obstacle::Denied | Obstacle::Unfilled(_)))
    }

    fn print_text(&self) {
        let Self { tool, judgement, faults, .. } = self;
        row("tool", &format!("{}{}", tool.full_name(), marked(tool)));
        if !faults.is_empty() {
            row("arguments", &format!("do not fit its schema: {}", faults.join("; ")));
        }
        self.print_decision();
        self.print_outlook();
        self.print_reach();
        if let Some(remedy) = judgement.remedy(tool) {
            row("to allow", &remedy);
        }
    }

    fn print_decision(&self) {
        let verdict = &self.judgement.verdict;
        let deciding = verdict.deciding();
        let lines: Vec<String> = deciding.iter().map(ToString::to_string).collect();
        let decision = verdict.decision.as_str();
        row("decision", &format!("{decision:<6} {} ({})", lines.join(", "), verdict.reason));
        for rule in verdict.matched.iter().filter(|rule| !deciding.contains(&&rule.origin)) {
            let reason = rule.reason.as_deref().map(|reason| format!(" «{reason}»")).unwrap_or_default();
            row("", &format!("{:<6} {}{reason}", rule.decision.as_str(), rule.origin));
        }
        if let Some(origin) = &self.judgement.approved_by {
            row("answered", &format!("by a standing approval ({origin})"));
        }
    }

    fn print_outlook(&self) {
        let hooks = match &self.hooks[..] {
            [] => String::new(),
            names => format!(", unless a hook refuses it: `{}`", names.join("`, `")),
        };
        match &self.outlook {
            Outlook::Works(bounds) => row("works", &format!("yes{}{hooks}", clauses(bounds))),
            Outlook::Asks(bounds) => row("works", &format!("once somebody agrees{}{hooks}", clauses(bounds))),
            Outlook::Fails(reasons) => row("works", &format!("no: {}", reasons.join("; "))),
        }
    }

    /// What it could reach; of a call that is denied, what it is granted.
    fn print_reach(&self) {
        let head = if self.is_denied() { "granted" } else { "could" };
        let resolved = match &self.judgement.authority {
            Ok(resolved) => resolved,
            Err(unfilled) => return row("lacks", &format!("{}: {}", unfilled.need.capability, unfilled.need.why)),
        };
        for reached in &resolved.reached {
            let cuts: Vec<&str> = reached.cuts.iter().map(|cut| words(*cut)).collect();
            let cuts = if cuts.is_empty() { String::new() } else { format!("  ← {}", cuts.join(", ")) };
            row(head, &format!("{reached}  (granted by {}){cuts}", reached.granted_by));
        }
        for missing in &resolved.missing {
            row("without", &format!("{} (optional: {})", missing.need.capability, missing.need.why));
        }
        if !self.tool.is_walled() {
            row("could", "reach whatever the program can: there is no wall around it");
        } else if resolved.reached.is_empty() {
            let nothing = "nothing: no file, no network, no secret, no process";
            row(head, &if self.is_denied() { nothing.to_owned() } else { format!("reach {nothing}") });
        }
        if self.tool.is_walled() {
            row("within", &within(self.tool, resolved));
        }
    }

    fn print_json(&self) {
        let Self { tool, judgement, outlook, faults, hooks } = self;
        let reach: Vec<_> =
            judgement.authority.iter().flat_map(|resolved| &resolved.reached).map(|reached| &reached.place).collect();
        let lacks = judgement.authority.as_ref().err().map(|unfilled| &unfilled.need);
        let none = &[][..];
        let (works, bounds, why_not) = match outlook {
            Outlook::Works(bounds) => ("yes", bounds.as_slice(), none),
            Outlook::Asks(bounds) => ("asks", bounds.as_slice(), none),
            Outlook::Fails(reasons) => ("no", none, reasons.as_slice()),
        };
        print::json(&json!({
            "tool": tool.full_name(),
            "kind": tool.kind(),
            "faults": faults,
            "verdict": judgement.verdict,
            "approved_by": judgement.approved_by,
            "works": works,
            "bounds": bounds,
            "why_not": why_not,
            "reach": reach,
            "lacks": lacks,
            "hooks": hooks,
            "to_allow": judgement.remedy(tool),
        }));
    }
}

fn row(head: &str, text: &str) {
    print::answer(&format!(" {head:<10}{}", text.replace('\n', "\n           ")));
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
        Cut::Address => "not a public address: requests will be refused",
    }
}

/// The limits that matter to what it reaches.
fn within(tool: &GatedTool, resolved: &Resolved) -> String {
    let limits = tool.limits();
    let mut parts =
        vec![format!("{} s", limits.wall.as_secs_f64()), format!("{} MiB of memory", limits.memory_bytes >> 20)];
    if resolved.reached.iter().any(|reached| matches!(reached.place, Place::Http(_))) {
        let (requests, body) = (HttpLimits::REQUESTS, limits.http.body_bytes >> 20);
        parts.push(format!(
            "{requests} requests, {body} MiB of bodies each way, URLs of {} bytes",
            limits.http.url_bytes
        ));
    }
    parts.join(", ")
}
