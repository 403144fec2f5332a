//! The line that would let a call through: for the operator, never for the model.

use super::judge::{Judgement, Obstacle};
use super::tool::GatedTool;
use crate::capability::Unfilled;
use crate::need::Capability;
use crate::permission::Decision;

impl Judgement {
    /// What to write or type so that such a call is let through next time. None where nothing stands in
    /// its way.
    pub fn remedy(&self, tool: &GatedTool) -> Option<String> {
        match self.obstacle()? {
            Obstacle::Unfilled(unfilled) => Some(grant(tool, unfilled)),
            Obstacle::Denied if self.verdict.nothing_left.is_some() => Some(lift(self)),
            Obstacle::Denied if self.verdict.matched.iter().any(|rule| rule.decision == Decision::Deny) => {
                Some(lift(self))
            }
            Obstacle::Denied if self.verdict.unmatched.is_none() => Some(say(self)),
            Obstacle::Denied => Some(allow(tool)),
            Obstacle::Ask => Some(answer(self, tool)),
        }
    }
}

fn allow(tool: &GatedTool) -> String {
    let name = tool.full_name();
    format!("--allow '{name}', or in looplet.toml:\n  [[rules]]\n  tool = \"{name}\"\n  decision = \"allow\"")
}

/// A flag answers every ask. A rule that allows does not, where another rule, a hook or a mount that was
/// given to nobody by name asks.
fn answer(judgement: &Judgement, tool: &GatedTool) -> String {
    let name = tool.full_name();
    let verdict = &judgement.verdict;
    let given = tool.granted().mounts.iter().find(|(_, given)| given.ask_first);
    if verdict.matched.iter().any(|rule| rule.decision == Decision::Ask) {
        return format!("--allow '{name}', or `decision = \"allow\"` in the rule at {}", lines(judgement));
    }
    if judgement.hook_asks.is_some() {
        return format!("--allow '{name}'");
    }
    match given {
        Some((mount, given)) => format!("--allow '{name}', or {}", grant_of(&name, mount, &given.mode.to_string())),
        None => allow(tool),
    }
}

fn lift(judgement: &Judgement) -> String {
    format!("an `unless` in the rule at {}, or taking that rule out", lines(judgement))
}

/// A rule narrows to what an argument names, and these arguments do not name it: no allowance helps.
fn say(judgement: &Judgement) -> String {
    format!("arguments that name what the rule at {} narrows to, or a default in its template", lines(judgement))
}

fn lines(judgement: &Judgement) -> String {
    let lines: Vec<String> = judgement.verdict.deciding().iter().map(|origin| format!("`{origin}`")).collect();
    lines.join(", ")
}

fn grant(tool: &GatedTool, unfilled: &Unfilled) -> String {
    let name = tool.full_name();
    if unfilled.cut_by_rules {
        return format!("rules that leave `{name}` a place for its need `{}`", unfilled.need.capability);
    }
    match &unfilled.need.capability {
        Capability::Fs { mount, mode } => grant_of(&name, mount, &mode.to_string()),
        Capability::Env(names) => format!("in looplet.toml:\n  [grants.\"{name}\"]\n  env = {names:?}"),
        Capability::Http(patterns) => {
            let first = patterns.first().map_or("", String::as_str);
            let first = first.replace('\'', r"'\''");
            format!("--grant '{name}:http={first}', or in looplet.toml:\n  [grants.\"{name}\"]\n  http = {patterns:?}")
        }
        Capability::Secret { name: secret, .. } => bind(&name, secret),
        other => format!("a host that can grant `{}`", other.kind()),
    }
}

/// What a secret is, only the operator's own file says.
fn bind(name: &str, secret: &str) -> String {
    let secret = if secret == "*" { "NAME" } else { secret };
    format!(
        "--grant '{name}:secret.{secret}', or in looplet.toml:\n  [grants.\"{name}\"]\n  secrets = [\"{secret}\"]\nwhere `[secrets.{secret}]` in your own file defines it"
    )
}

fn grant_of(name: &str, mount: &str, mode: &str) -> String {
    format!(
        "--grant '{name}:fs.{mount}={mode}', or in looplet.toml:\n  [grants.\"{name}\"]\n  fs = {{ {mount} = \"{mode}\" }}"
    )
}
