//! The policy: all rules, and what they decide together about one call.
//!
//! Of all rules that match, the strictest wins, whatever their order. What they leave of the mounts
//! intersects. Pure: the same facts give the same verdict.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

use super::answer::Match;
use super::decision::{Decision, Unmatched};
use super::path::PathResolver;
use super::place::Narrowing;
use super::rule::Rule;
use super::tool_pattern::ToolPattern;
use crate::origin::Origin;

/// What the policy is told of a call.
#[derive(Clone, Copy)]
pub struct Facts<'a> {
    /// The operator's name of the plugin.
    pub plugin: &'a str,
    /// The tool's own name.
    pub tool: &'a str,
    /// The canonical arguments, an object.
    pub arguments: &'a Value,
    /// The host's finding from needs and grants: no writable mount, network, process or secret.
    pub changes_nothing: bool,
    /// Whether the plugin is one of those that are shipped, known by its digest.
    pub built_in: bool,
    /// The tools that this run has called so far, as `plugin/tool`.
    pub ran: &'a BTreeSet<String>,
    /// Finds out where paths in the arguments lead.
    pub resolver: &'a dyn PathResolver,
}

/// A rule, or what stands in for one, that counted for a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Matched {
    /// What it decides.
    pub decision: Decision,
    /// Whether the arguments matched, or could not be told.
    pub answer: Match,
    /// Why, if it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What it leaves of the mounts.
    #[serde(skip_serializing_if = "Narrowing::is_none")]
    pub narrowing: Narrowing,
    /// Where it stands.
    pub origin: Origin,
}

/// What the policy says about a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// The decision.
    pub decision: Decision,
    /// Why, for the model. Says nothing of files, flags or how to allow it.
    pub reason: String,
    /// Every rule that counted, in the order of the policy.
    pub matched: Vec<Matched>,
    /// Set where no rule decides: the line that says what happens then, or the flag that allows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unmatched: Option<Origin>,
    /// What is left of the mounts, over all allow and ask rules that counted.
    #[serde(skip_serializing_if = "Narrowing::is_none")]
    pub narrowing: Narrowing,
    /// Of what those rules leave nothing together; the reason for the denial.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nothing_left: Option<Nothing>,
}

/// What nothing is left of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Nothing {
    /// This mount.
    Mount(String),
    /// Requests.
    Requests,
}

impl Nothing {
    /// Whether a rule leaves something of it.
    fn is_left_by(&self, narrowing: &Narrowing) -> bool {
        match self {
            Self::Mount(mount) => narrowing.places(mount).is_some_and(|places| !places.is_empty()),
            Self::Requests => narrowing.requests().is_some_and(|requests| !requests.is_empty()),
        }
    }
}

impl Verdict {
    /// The lines that made the decision what it is: the strictest rules, or what happens without one.
    pub fn deciding(&self) -> Vec<&Origin> {
        if let Some(nothing) = &self.nothing_left {
            let speaks = |rule: &&Matched| nothing.is_left_by(&rule.narrowing);
            return self.matched.iter().filter(speaks).map(|rule| &rule.origin).collect();
        }
        let of = |decision| self.matched.iter().filter(move |rule| rule.decision == decision).map(|rule| &rule.origin);
        let strictest: Vec<_> = of(self.decision).collect();
        match &self.unmatched {
            _ if !strictest.is_empty() => strictest,
            Some(line) => vec![line],
            // Denied because an ask rule narrows to what the arguments do not say.
            None => of(Decision::Ask).collect(),
        }
    }
}

/// What happens where no rule matches, and who says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fallback {
    /// What happens.
    pub unmatched: Unmatched,
    /// Where that stands.
    pub origin: Origin,
}

/// All rules.
#[derive(Clone, Debug)]
pub struct Policy {
    rules: Vec<Rule>,
    fallback: Fallback,
    per_plugin: BTreeMap<String, Fallback>,
    allowed: Vec<(ToolPattern, Origin)>,
}

impl Policy {
    /// The policy of these rules. What no rule matches goes to `fallback`.
    pub fn new(rules: Vec<Rule>, fallback: Fallback) -> Self {
        Self { rules, fallback, per_plugin: BTreeMap::new(), allowed: Vec::new() }
    }

    /// The policy without a rule: everything is denied.
    pub fn deny_all() -> Self {
        Self::new(Vec::new(), Fallback { unmatched: Unmatched::Deny, origin: Origin::Shipped })
    }

    /// Says what happens where no rule matches a call of one plugin.
    pub fn fallback_for(mut self, plugin: impl Into<String>, fallback: Fallback) -> Self {
        self.per_plugin.insert(plugin.into(), fallback);
        self
    }

    /// Allows calls that no rule matches; what `--allow` means beside the standing approval.
    pub fn allow_unmatched(mut self, tools: ToolPattern, origin: Origin) -> Self {
        self.allowed.push((tools, origin));
        self
    }

    /// Adds a rule.
    pub fn with(mut self, rule: Rule) -> Self {
        self.rules.push(rule);
        self
    }

    /// The rules.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// All of it as a text that two policies have in common if and only if they decide alike by their
    /// words: without the lines where things stand, and without examples.
    pub fn meaning(&self) -> String {
        let per_plugin = self.per_plugin.iter().map(|(plugin, fallback)| (plugin, fallback.unmatched));
        let unmatched = (self.fallback.unmatched, per_plugin.collect::<Vec<_>>());
        let allowed: Vec<_> = self.allowed.iter().map(|(tools, _)| tools).collect();
        let mut text = format!("unmatched {unmatched:?}\nallowed {allowed:?}\n");
        // Their order decides nothing.
        let mut rules: Vec<String> = self.rules.iter().map(Rule::meaning).collect();
        rules.sort_unstable();
        text.push_str(&rules.concat());
        text
    }

    /// Decides about one call.
    pub fn decide(&self, facts: &Facts<'_>) -> Verdict {
        let mut found = Found::default();
        for rule in &self.rules {
            found.add(rule, facts);
        }
        let unmatched = if found.decided { None } else { Some(self.without_rule(facts)) };
        found.into_verdict(unmatched)
    }

    /// Whether some call of a tool may go through: where a rule allows or asks about some of them and none denies all.
    pub fn may_let(&self, plugin: &str, tool: &str) -> bool {
        let mut rules = self.rules.iter().filter(|rule| rule.is_of(plugin, tool));
        if rules.clone().any(|rule| rule.decision == Decision::Deny && rule.is_unconditional()) {
            return false;
        }
        let fallback = self.per_plugin.get(plugin).unwrap_or(&self.fallback);
        rules.any(|rule| rule.decision < Decision::Deny && !rule.narrows_only())
            || fallback.unmatched.decision() < Decision::Deny
            || self.allowed.iter().any(|(tools, _)| tools.matches(plugin, tool))
    }

    fn without_rule(&self, facts: &Facts<'_>) -> (Decision, Origin) {
        if let Some((_, origin)) = self.allowed.iter().find(|(tools, _)| tools.matches(facts.plugin, facts.tool)) {
            return (Decision::Allow, origin.clone());
        }
        let fallback = self.per_plugin.get(facts.plugin).unwrap_or(&self.fallback);
        (fallback.unmatched.decision(), fallback.origin.clone())
    }
}

/// The rules that counted so far.
#[derive(Default)]
struct Found {
    matched: Vec<Matched>,
    /// Whether one of them is more than a mere restriction.
    decided: bool,
    /// An ask rule wants a box that the arguments do not describe.
    untold: bool,
}

impl Found {
    fn add(&mut self, rule: &Rule, facts: &Facts<'_>) {
        let found = rule.evaluate(facts);
        if !found.answer.counts(rule.decision.into()) {
            return;
        }
        self.decided |= !rule.narrows_only();
        self.untold |= found.narrowing.is_none() && rule.decision == Decision::Ask;
        self.matched.push(Matched {
            decision: rule.decision,
            answer: found.answer,
            reason: rule.reason.clone(),
            narrowing: found.narrowing.unwrap_or_default(),
            origin: rule.origin.clone(),
        });
    }

    fn into_verdict(self, unmatched: Option<(Decision, Origin)>) -> Verdict {
        let fallback = unmatched.as_ref().map(|(decision, _)| *decision);
        let mut decision =
            self.matched.iter().map(|rule| rule.decision).chain(fallback).max().unwrap_or(Decision::Deny);
        let (narrowing, nothing_left) = left_by(&self.matched);
        let spoiled = decision != Decision::Deny && (nothing_left.is_some() || self.untold);
        let reason = if spoiled {
            decision = Decision::Deny;
            let why = if self.untold {
                "these arguments do not say what the call has to reach"
            } else {
                "the operator's rules leave this call nothing to reach"
            };
            why.to_owned()
        } else {
            reason(decision, &self.matched)
        };
        let nothing_left = nothing_left.filter(|_| spoiled && !self.untold);
        Verdict {
            decision,
            reason,
            matched: self.matched,
            unmatched: unmatched.map(|(_, origin)| origin),
            narrowing,
            nothing_left,
        }
    }
}

/// What all of them leave, and what nothing is left of although each leaves something. A rule that closes a mount on
/// purpose is no contradiction, and does not hide one.
fn left_by(matched: &[Matched]) -> (Narrowing, Option<Nothing>) {
    let mut left = Narrowing::none();
    let mut meant = Narrowing::none();
    for rule in matched.iter().filter(|rule| rule.decision != Decision::Deny) {
        left = left.intersect(&rule.narrowing);
        meant = meant.intersect(&rule.narrowing.without_closed());
    }
    let mount = meant.mounts().find(|(_, places)| places.is_empty()).map(|(mount, _)| Nothing::Mount(mount.to_owned()));
    let no_requests = meant.requests().is_some_and(<[_]>::is_empty);
    (left, mount.or(no_requests.then_some(Nothing::Requests)))
}

fn reason(decision: Decision, matched: &[Matched]) -> String {
    let mut given: Vec<&str> =
        matched.iter().filter(|rule| rule.decision == decision).filter_map(|rule| rule.reason.as_deref()).collect();
    given.dedup();
    if !given.is_empty() {
        return given.join("; ");
    }
    match decision {
        Decision::Allow => "the operator's policy allows this call",
        Decision::Ask => "the operator wants to be asked about this call",
        Decision::Deny if matched.iter().any(|rule| rule.decision == Decision::Deny) => {
            "the operator's policy denies this call"
        }
        Decision::Deny => "nothing in the operator's policy allows this call",
    }
    .to_owned()
}

#[cfg(test)]
#[path = "policy_properties.rs"]
mod properties;
#[cfg(test)]
#[path = "policy_tests.rs"]
mod tests;
