//! What a question looks like: first what the call can reach, in the host's words, then the words of
//! model and plugin. Pure.

use std::path::Path;

use looplet_host::permission::{Question, ToolKind};
use looplet_host::plugin::{ArgumentRole, ShownArgument};
use serde_json::Value;

use super::change;
use super::layout::Layout;
use super::words;

/// How many lines of another's text are shown before somebody asks for all of it.
const LINES: usize = 3;

/// The question, without the line of answers.
pub(super) fn question(question: &Question, home: Option<&Path>, columns: usize) -> String {
    let mut page = Layout::new(columns);
    let parts = [format!("ask {}", question.number), format!("step {}", question.step), question.tool.clone()];
    page.header(&parts, "clock stopped");
    page.host("tool", &plugin(question));
    let mut label = "can reach";
    for line in words::reach(question, home) {
        page.host(std::mem::take(&mut label), &line);
    }
    if let Some(child) = &question.on_behalf {
        page.host("for", &format!("a sub-agent that step {} began, with the task", child.step));
        page.foreign("", child.task.trim(), 1);
    }
    let asked_by: Vec<String> = question.asked_by.iter().map(ToString::to_string).collect();
    page.host("asked by", &format!("{}   {}", asked_by.join(", "), question.reason));
    if !question.model_text.trim().is_empty() {
        page.foreign("model", question.model_text.trim(), LINES);
    }
    let left = arguments(&mut page, question);
    if left > 0 {
        let noun = if left == 1 { "argument is" } else { "arguments are" };
        page.host("", &format!("{left} more {noun} not shown here: d"));
    }
    for fault in &question.faults {
        page.foreign("not valid", fault, 1);
    }
    page.into_text()
}

/// Why it is asked: the lines that ask, and the operator's reason.
pub(super) fn why(question: &Question, columns: usize) -> String {
    let mut page = Layout::new(columns);
    for origin in &question.asked_by {
        page.host("asked by", &origin.to_string());
    }
    page.host("reason", &question.reason);
    page.host("bound to", &format!("{}: plugin, definition, arguments and reach", question.bound_to.to_short()));
    page.into_text()
}

/// Everything that was cut from the question, in lines that fit.
pub(super) fn in_full(question: &Question, columns: usize) -> Vec<String> {
    let mut page = Layout::new(columns);
    page.foreign_in_full("arguments", &pretty(question.arguments.as_str()));
    if !question.model_text.trim().is_empty() {
        page.foreign_in_full("model", question.model_text.trim());
    }
    page.into_text().lines().map(str::to_owned).collect()
}

/// The arguments as people read them; text stays as it is if it has no other form.
pub(super) fn pretty(arguments: &str) -> String {
    let value: Option<Value> = serde_json::from_str(arguments).ok();
    value.and_then(|value| serde_json::to_string_pretty(&value).ok()).unwrap_or_else(|| arguments.to_owned())
}

fn plugin(question: &Question) -> String {
    let plugin = &question.plugin;
    if plugin.kind == ToolKind::Native {
        return format!("{}   {}, a function of the program that runs this", question.tool, plugin.kind.as_str());
    }
    let kind = match (plugin.built_in, plugin.kind) {
        (true, _) => "built in",
        (false, ToolKind::Component) => "component",
        (false, ToolKind::Process) => "process",
        (false, ToolKind::Native) => "native",
        (false, ToolKind::Server) => "server",
    };
    let version = words::quoted(&plugin.version);
    format!("{}   plugin {} {version}, {kind}, {}", question.tool, plugin.name, plugin.digest.to_short())
}

/// The arguments as the plugin wants them shown. Says how many it does not mention.
fn arguments(page: &mut Layout, question: &Question) -> usize {
    let value = question.arguments.to_value();
    let shown: Vec<(&ShownArgument, &Value)> =
        question.show.iter().filter_map(|shown| Some((shown, value.pointer(&shown.pointer)?))).collect();
    if shown.is_empty() {
        page.foreign("arguments", question.arguments.as_str(), LINES);
        return 0;
    }
    for (argument, value) in &shown {
        let label = match argument.role {
            ArgumentRole::Path => "path",
            ArgumentRole::Command => "command",
            ArgumentRole::Url => "link",
            ArgumentRole::Text => "text",
            // Shown together, below.
            ArgumentRole::Before | ArgumentRole::After => continue,
        };
        page.foreign(label, &text(value), LINES);
    }
    let of = |role| shown.iter().find(|(shown, _)| shown.role == role).map(|(_, value)| text(value));
    let (before, after) = (of(ArgumentRole::Before), of(ArgumentRole::After));
    if before.is_some() || after.is_some() {
        let lines = change::lines(before.as_deref().unwrap_or_default(), after.as_deref().unwrap_or_default());
        page.foreign("change", &change::few(lines, LINES).join("\n"), usize::MAX);
    }
    not_mentioned(&value, &shown)
}

fn not_mentioned(arguments: &Value, shown: &[(&ShownArgument, &Value)]) -> usize {
    let top = |pointer: &str| {
        pointer.trim_start_matches('/').split('/').next().unwrap_or_default().replace("~1", "/").replace("~0", "~")
    };
    let mentioned: Vec<String> = shown.iter().map(|(shown, _)| top(&shown.pointer)).collect();
    let names = arguments.as_object().map(|object| object.keys().filter(|name| !mentioned.contains(name)).count());
    names.unwrap_or_default()
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
