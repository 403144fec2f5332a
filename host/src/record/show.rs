//! What `show` prints: a run in one line and one line a step, and one step in full. Pure.

use super::step::settled;
use super::words::{count, duration, money, thousands};
use super::{Body, CallDecided, CallEnded, Record, Ruling, Step, Steps, Tally, ToolRecord, Used, cut, inert};
use crate::digest::Digest;
use crate::message::{Content, Outcome};
use crate::refusal::Refusal;

/// Width of the column of steps, in characters.
const STEP_WIDTH: usize = 58;

/// A run in one line: how it ended, what it cost, what was denied.
pub fn headline(tally: &Tally) -> String {
    let mut parts = vec![
        tally.stop.as_ref().map_or_else(|| "broke off, or goes on".into(), |stop| stop.in_words().into_owned()),
        count(tally.steps.into(), "step"),
        count(tally.model_calls.into(), "model call"),
    ];
    if tally.usage.tokens() > 0 {
        let cached = match tally.usage.cached {
            0 => String::new(),
            cached => format!(" ({} cached)", thousands(cached)),
        };
        parts.push(format!("{}{cached}", count(tally.usage.tokens(), "token")));
    }
    if tally.usage.cost_micro_usd > 0 {
        parts.push(money(tally.usage.cost_micro_usd));
    }
    parts.push(format!("{} (active {})", duration(tally.elapsed_ms), duration(tally.active_ms)));
    parts.push(format!("{} denied", tally.denied.len()));
    parts.push(format!("{} asked", tally.asked));
    parts.push(format!("{} hidden", tally.hidden));
    let run = tally.run.map(|run| format!("{run} ")).unwrap_or_default();
    format!("{run}{}", parts.join(" · "))
}

/// A step in one line: [`Step::pretty`], then how long it took and who decided.
pub fn line(step: &Step) -> String {
    let head = step.head();
    let took = step.duration_us.map(took).unwrap_or_default();
    let why = step
        .refusals
        .iter()
        .find_map(|refusal| Some(format!("{} by {}", refusal.reason.as_str(), refusal.origin.as_ref()?)))
        .unwrap_or_else(|| settled(&step.decided_by));
    format!(" {head:<STEP_WIDTH$} {took:>7}  {why}").trim_end().to_owned()
}

/// The whole run: the headline and a line for each step.
pub fn run<'r>(records: impl IntoIterator<Item = &'r Record>) -> String {
    let mut tally = Tally::default();
    let steps = Steps::in_order(records.into_iter().inspect(|record| tally.push(record)));
    let lines = std::iter::once(headline(&tally)).chain(steps.iter().map(line));
    lines.collect::<Vec<_>>().join("\n")
}

/// One step in full; none if the run has no such step.
pub fn step<'r>(records: impl IntoIterator<Item = &'r Record>, number: u32) -> Option<String> {
    let (mut decided, mut ended, mut turn, mut decided_in) = (None, None, 0, 0);
    let mut tools: &[ToolRecord] = &[];
    for record in records {
        match &record.body {
            Body::RunStarted(started) => tools = &started.tools,
            Body::ModelAnswered(answer) => turn = answer.turn,
            // A call that was decided again after a resume counts as it was decided last.
            Body::CallDecided(found) if found.step == number => {
                (decided, decided_in) = (Some(&**found), turn);
            }
            Body::CallEnded(found) if found.step == number => ended = Some(&**found),
            _ => {}
        }
    }
    let decided = decided?;
    let tool = tools.iter().find(|tool| tool.full_name() == decided.tool);
    Some(in_full(decided, ended, decided_in, tool.map_or(0, |tool| tool.memory_limit_bytes)))
}

fn in_full(decided: &CallDecided, ended: Option<&CallEnded>, turn: u32, most_memory: u64) -> String {
    let is_walled = decided.kind.is_component();
    let mark = if is_walled { String::new() } else { format!(" [{}]", decided.kind.as_str()) };
    let mut rows = vec![("step", format!("#{} {}{mark}", decided.step, inert(&decided.tool)))];
    if let Some(proposed) = &decided.proposed {
        rows.push(("proposed", inert(proposed.as_str())));
    }
    let digest = Digest::of(decided.arguments.as_str().as_bytes()).to_short();
    rows.push(("arguments", format!("{}  {digest}", inert(decided.arguments.as_str()))));
    rows.push(("decision", ruling(decided)));
    rows.extend(decided.rules.iter().map(|rule| {
        let reason = rule.reason.as_ref().map(|reason| format!(" «{}»", inert(reason))).unwrap_or_default();
        ("rule", format!("{} → {}{reason}", rule.origin, rule.decision.as_str()))
    }));
    let hooks = ended.into_iter().flat_map(|ended| &ended.hooks);
    rows.extend(decided.hooks.iter().chain(hooks).map(|hook| {
        let reason = hook.reason.as_ref().map(|reason| format!(" «{}»", inert(reason))).unwrap_or_default();
        ("hook", format!("{} {}{reason}", inert(&hook.hook), inert(&hook.verdict)))
    }));
    rows.extend(decided.authority.iter().map(|item| ("authority", inert(item))));
    rows.extend(decided.would_allow.iter().flat_map(|toml| toml.lines()).map(|line| ("to allow", inert(line))));
    if let Some(ended) = ended {
        rows.push((
            "touched",
            match is_walled {
                true => touched(&ended.used, &ended.refusals),
                false => "unknown: no wall stands around it".to_owned(),
            },
        ));
        rows.extend(ended.refusals.iter().map(|refusal| ("refused", refused(refusal))));
        rows.push(("used", used(ended, most_memory)));
    }
    if let Some(outcome) = ended.map(|ended| ended.outcome.clone()).or_else(|| decided.outcome()) {
        rows.extend(result(&outcome).into_iter().map(|line| ("result", line)));
    }
    if let Some(stderr) = ended.and_then(|ended| ended.stderr.as_ref()) {
        rows.push(("stderr", count(stderr.total, "line")));
        rows.extend(stderr.lines.iter().map(|line| ("", inert(line))));
    }
    rows.push(("prompt", format!("turn {turn}")));
    columns(&rows)
}

/// A name that repeats is left out, so that a list reads as one.
fn columns(rows: &[(&str, String)]) -> String {
    let mut before = "";
    let mut lines = Vec::with_capacity(rows.len());
    for (name, text) in rows {
        let shown = if *name == before { "" } else { name };
        lines.push(format!(" {shown:<11} {text}").trim_end().to_owned());
        before = name;
    }
    lines.join("\n")
}

fn ruling(decided: &CallDecided) -> String {
    let word = match &decided.ruling {
        Ruling::Allowed => "allowed".into(),
        Ruling::Denied(reason) => format!("denied «{}»", inert(reason)),
        Ruling::Invalid(failure) => format!("no valid call ({})", failure.kind),
        Ruling::Answered { by, .. } => format!("answered by {}", inert(by)),
        Ruling::Withheld => "withheld: the arguments held what is kept out of the run".into(),
        Ruling::Parked => "waits for approval".into(),
    };
    match &decided.approval {
        Some(approval) => {
            let answer = if approval.yes { "yes" } else { "no" };
            let scope = if approval.scope.is_empty() { String::new() } else { format!(" {}", inert(&approval.scope)) };
            let (by, waited) = (inert(&approval.by), duration(approval.waited_ms));
            format!("{word} · asked, {answer}{scope} ({by}, {waited})")
        }
        None => word,
    }
}

fn touched(used: &Used, refusals: &[Refusal]) -> String {
    let refused: u64 = refusals.iter().map(|refusal| u64::from(refusal.count)).sum();
    format!("read {}, wrote {}, {refused} refused inside", bytes(used.bytes_read), bytes(used.bytes_written))
}

fn refused(refusal: &Refusal) -> String {
    format!("{} {} → {}", inert(&refusal.operation), inert(&refusal.target), why_refused(refusal))
}

/// Why something was refused, by which line, how often, and what would allow it.
pub fn why_refused(refusal: &Refusal) -> String {
    let origin = refusal.origin.as_ref().map(|origin| format!(" ({origin})")).unwrap_or_default();
    let times = if refusal.count > 1 { format!(" ×{}", refusal.count) } else { String::new() };
    let line = refusal.would_allow.as_ref().map(|line| format!("; would be allowed by {}", inert(line)));
    format!("{}{origin}{times}{}", refusal.reason.as_str(), line.unwrap_or_default())
}

fn used(ended: &CallEnded, most_memory: u64) -> String {
    let limit = match most_memory {
        0 => String::new(),
        limit => format!(" of {}", bytes(limit)),
    };
    let (memory, requests) = (bytes(ended.used.memory_bytes), count(ended.used.requests, "request"));
    format!("{}, {memory}{limit}, {requests}", took(ended.duration_us))
}

fn result(outcome: &Outcome) -> Vec<String> {
    match outcome {
        Outcome::Ok(output) => match &output.content {
            Content::Text(text) => text.lines().map(inert).collect(),
            Content::Json(value) => vec![inert(&value.to_string())],
        },
        Outcome::Denied(reason) => vec![format!("denied: {}", inert(reason))],
        Outcome::Failed(failure) => vec![format!("failed ({}): {}", failure.kind, inert(&failure.message))],
        Outcome::Aborted(failure) => {
            vec![format!("ended by the host ({}): {}", failure.kind, inert(&failure.message))]
        }
    }
}

/// A time in the unit that reads best, from microseconds.
fn took(duration_us: u64) -> String {
    match duration_us {
        0..10_000 => format!("{}.{} ms", duration_us / 1000, duration_us % 1000 / 100),
        _ => duration(duration_us / 1000),
    }
}

fn bytes(number: u64) -> String {
    match number {
        0..1024 => format!("{number} B"),
        1024..1_048_576 => format!("{}.{} KiB", number / 1024, number % 1024 * 10 / 1024),
        _ => format!("{}.{} MiB", number / 1_048_576, number % 1_048_576 * 10 / 1_048_576),
    }
}

/// The calls that were denied, each with its reason and what would allow it.
pub fn denied(tally: &Tally) -> String {
    let one = |call: &super::DeniedCall| {
        let rule = call.rule.as_ref().map(|rule| format!(" ({})", rule.origin)).unwrap_or_default();
        let mut lines = vec![format!("#{} {} «{}»{rule}", call.step, inert(&call.tool), cut(&call.reason, 200))];
        lines.extend(call.would_allow.iter().flat_map(|toml| toml.lines()).map(|line| format!("    {}", inert(line))));
        lines.join("\n")
    };
    tally.denied.iter().map(one).collect::<Vec<_>>().join("\n")
}
