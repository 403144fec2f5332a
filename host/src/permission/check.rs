//! What only shows once the plugins are loaded: rules that speak of tools and arguments that are not there.

use std::collections::BTreeSet;

use serde_json::Value;

use super::argument::Argument;
use super::nearest::nearest;
use super::path::PathMatcher;
use super::policy::Policy;
use super::rule::{Rule, Voice};
use super::tool_pattern::ToolPattern;
use crate::error::Error;
use crate::origin::Origin;

/// A tool of a loaded plugin.
#[derive(Clone, Copy, Debug)]
pub struct KnownTool<'a> {
    /// The operator's name of the plugin.
    pub plugin: &'a str,
    /// The tool's own name.
    pub tool: &'a str,
    /// The JSON Schema of its arguments.
    pub input_schema: &'a Value,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth a line wherever it holds.
    Note,
    /// Refuses to start.
    Error,
}

/// Something about a rule that is probably not meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What it is.
    pub message: String,
    /// What to do about it.
    pub hint: String,
    /// The rule.
    pub origin: Origin,
}

impl Finding {
    /// The error that refuses to start.
    pub fn into_error(self) -> Error {
        Error::usage(self.message).hint(self.hint).at(self.origin)
    }
}

impl Policy {
    /// Compares the rules with the tools that are there. A rule about a plugin that is not loaded is a
    /// note, unless the user's own file says it; one that can never match a plugin that is, an error.
    pub fn check_against(&self, tools: &[KnownTool<'_>]) -> Vec<Finding> {
        let found = |rule| check_rule(rule, tools).into_iter().filter(|found| counts(found, rule)).collect::<Vec<_>>();
        self.rules().iter().flat_map(found).collect()
    }

    /// What rules say of mounts that nobody defines: an allowance never holds there, a denial always.
    pub fn check_mounts(&self, known: &[&str]) -> Vec<Finding> {
        // A project that nobody trusts defines mounts that nobody makes; what the user's file names is elsewhere.
        let rules = self.rules().iter().filter(|rule| rule.voice == Voice::Operator);
        rules.flat_map(|rule| check_mounts(rule, known)).collect()
    }
}

/// Whether a finding is one about this project.
fn counts(finding: &Finding, rule: &Rule) -> bool {
    finding.severity == Severity::Error || rule.voice != Voice::User
}

fn check_mounts(rule: &Rule, known: &[&str]) -> Vec<Finding> {
    let excepted = rule.unless.iter().filter_map(|condition| condition.path.as_ref()).map(PathMatcher::mount);
    let named: BTreeSet<&str> = rule.mounts().chain(excepted).collect();
    let unknown = named.into_iter().filter(|mount| !known.contains(mount));
    let finding = |mount| Finding {
        severity: Severity::Note,
        message: format!("the rule is about the mount `{mount}`, and there is none"),
        hint: match nearest(mount, known.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("define it as `[mounts.{mount}]`"),
        },
        origin: rule.origin.clone(),
    };
    unknown.map(finding).collect()
}

/// The same for a bound on the calls of some tools, which bounds nothing where its name is a slip.
pub fn check_bound(pattern: &ToolPattern, origin: &Origin, tools: &[KnownTool<'_>]) -> Option<Finding> {
    check_pattern("the bound", pattern, origin, tools)
}

fn check_rule(rule: &Rule, tools: &[KnownTool<'_>]) -> Vec<Finding> {
    let patterns = rule.tools.iter().chain(&rule.after);
    let mut findings: Vec<Finding> =
        patterns.filter_map(|pattern| check_pattern("the rule", pattern, &rule.origin, tools)).collect();
    let about: Vec<_> =
        tools.iter().filter(|tool| rule.tools.iter().any(|pattern| pattern.matches(tool.plugin, tool.tool))).collect();
    if !about.is_empty() {
        findings.extend(rule.condition.arguments().filter_map(|argument| check_argument(rule, argument, &about)));
    }
    findings
}

fn check_pattern(what: &str, pattern: &ToolPattern, origin: &Origin, tools: &[KnownTool<'_>]) -> Option<Finding> {
    if tools.iter().any(|tool| pattern.matches(tool.plugin, tool.tool)) {
        return None;
    }
    let finding = |severity, message, hint| Some(Finding { severity, message, hint, origin: origin.clone() });
    let loaded: Vec<_> = tools.iter().filter(|tool| pattern.matches_plugin(tool.plugin)).collect();
    if let Some(plugin) = loaded.first().map(|tool| tool.plugin) {
        let wanted = pattern.as_str().split_once('/').map_or("", |(_, tool)| tool);
        let names: Vec<_> = loaded.iter().map(|tool| tool.tool).collect();
        let hint = match nearest(wanted, names.iter().copied()) {
            Some(meant) => format!("did you mean `{plugin}/{meant}`?"),
            None => format!("its tools are {}", names.join(", ")),
        };
        return finding(
            Severity::Error,
            format!("{what} can never match: `{pattern}` names no tool of `{plugin}`"),
            hint,
        );
    }
    if let Some(tool) = tools.iter().find(|tool| tool.tool == pattern.as_str()) {
        let hint = format!("write `{}/{pattern}`: a name without `/` is a plugin", tool.plugin);
        return finding(Severity::Error, format!("`{pattern}` is a tool, not a plugin"), hint);
    }
    let plugins: BTreeSet<_> = tools.iter().map(|tool| tool.plugin).collect();
    let written = pattern.as_str().split('/').next().unwrap_or_default();
    let hint = match nearest(written, plugins.iter().copied()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => "it holds once such a plugin is loaded".to_owned(),
    };
    finding(Severity::Note, format!("no plugin that is loaded matches `{pattern}`"), hint)
}

/// An argument that none of the tools can be given: such a rule allows nothing, or denies everything.
fn check_argument(rule: &Rule, argument: &Argument, tools: &[&KnownTool<'_>]) -> Option<Finding> {
    let known: Vec<Vec<&str>> = tools.iter().map(|tool| closed_arguments(tool.input_schema)).collect::<Option<_>>()?;
    if known.iter().flatten().any(|name| *name == argument.top()) {
        return None;
    }
    let hint = match nearest(argument.top(), known.iter().flatten().copied()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => "see `inspect` for the arguments of a tool".to_owned(),
    };
    let message = format!("no tool of this rule takes an argument `{}`", argument.top());
    Some(Finding { severity: Severity::Error, message, hint, origin: rule.origin.clone() })
}

/// The names of all arguments, if the schema allows no others.
fn closed_arguments(schema: &Value) -> Option<Vec<&str>> {
    if schema.get("additionalProperties") != Some(&Value::Bool(false)) || schema.get("patternProperties").is_some() {
        return None;
    }
    Some(schema.get("properties")?.as_object()?.keys().map(String::as_str).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::decision::Decision;
    use super::super::matcher::Matcher;
    use super::super::policy::Fallback;
    use super::*;

    fn findings(rules: Vec<Rule>) -> String {
        let closed = json!({"properties": {"path": {}}, "additionalProperties": false});
        let open = json!({"properties": {"text": {}}});
        let tools = [
            KnownTool { plugin: "files", tool: "read_file", input_schema: &closed },
            KnownTool { plugin: "files", tool: "grep", input_schema: &closed },
            KnownTool { plugin: "think", tool: "think", input_schema: &open },
        ];
        let fallback = Fallback { unmatched: super::super::Unmatched::Deny, origin: Origin::Shipped };
        let lines = Policy::new(rules, fallback).check_against(&tools);
        lines
            .into_iter()
            .map(|finding| (finding.severity, finding.into_error()))
            .map(|(severity, error)| format!("{severity:?} {}", error.report()))
            .collect::<Vec<_>>()
            .join("\n")
    }

    fn rule(tool: &str, argument: Option<&str>) -> Rule {
        let mut rule = Rule::for_tool(
            ToolPattern::parse(tool).expect("is a pattern"),
            Decision::Deny,
            Origin::line("looplet.toml", 3),
        );
        let matcher = Matcher::from_value(&json!("x")).expect("is a matcher");
        rule.condition.when =
            argument.map(|name| (Argument::parse(name).expect("is a name"), matcher)).into_iter().collect();
        rule
    }

    #[test]
    fn rules_about_tools_and_arguments_that_are_not_there_are_found() {
        let rules = vec![
            rule("files/raed_file", None),
            rule("files/*", Some("paht")),
            rule("think", Some("anything")),
            rule("read_file", None),
            rule("flies/*", None),
            rule("jira/*", None),
            rule("*", None),
            rule("files/{read_file,gone}", Some("/path/0")),
        ];
        expect_test::expect![[r"
            Error error: looplet.toml:3: the rule can never match: `files/raed_file` names no tool of `files`
            hint: did you mean `files/read_file`?
            Error error: looplet.toml:3: no tool of this rule takes an argument `paht`
            hint: did you mean `path`?
            Error error: looplet.toml:3: `read_file` is a tool, not a plugin
            hint: write `files/read_file`: a name without `/` is a plugin
            Note error: looplet.toml:3: no plugin that is loaded matches `flies/*`
            hint: did you mean `files`?
            Note error: looplet.toml:3: no plugin that is loaded matches `jira/*`
            hint: it holds once such a plugin is loaded"]]
        .assert_eq(&findings(rules));
    }
}
