//! Rules that change nothing: another one says as much for every call that they are about.

use super::check::{Finding, KnownTool, Severity};
use super::decision::Decision;
use super::policy::Policy;
use super::rule::{Rule, Voice};

impl Policy {
    /// Rules without effect, as far as the tools that are there tell: those of a stricter rule that holds for all of
    /// their calls, and those of one that decides the same and says no less.
    pub fn shadowed(&self, tools: &[KnownTool<'_>]) -> Vec<Finding> {
        let rules = self.rules();
        let finding = |index: usize| {
            let (rule, others) = (&rules[index], rules.iter().enumerate().filter(move |(other, _)| *other != index));
            // What the user's file says counts where a rule of this project is not.
            let mut others = others.filter(|(_, by)| rule.voice != Voice::User || by.voice == Voice::User);
            let by = others.find(|(other, by)| covers(by, rule, tools) && hides(by, rule, *other < index))?.1;
            let (message, hint) = match by.decision > rule.decision {
                true => (
                    format!("the rule changes nothing: `{}` {} all that it is about", by.origin, verb(by.decision)),
                    "take one of them out, or give the other an `unless`",
                ),
                false => (
                    format!("the rule changes nothing: `{}` {} all of it already", by.origin, verb(by.decision)),
                    "take it out",
                ),
            };
            Some(Finding { severity: Severity::Note, message, hint: hint.to_owned(), origin: rule.origin.clone() })
        };
        (0..rules.len()).filter_map(finding).collect()
    }
}

/// Whether a rule holds for every call of the tools that another one is about.
fn covers(by: &Rule, rule: &Rule, tools: &[KnownTool<'_>]) -> bool {
    let mut about = tools.iter().filter(|tool| rule.is_of(tool.plugin, tool.tool)).peekable();
    by.is_unconditional() && about.peek().is_some() && about.all(|tool| by.is_of(tool.plugin, tool.tool))
}

/// Whether what a rule says is lost beside one that holds for all its calls.
fn hides(by: &Rule, rule: &Rule, stands_before: bool) -> bool {
    if by.decision != rule.decision {
        return by.decision > rule.decision && by.decision == Decision::Deny;
    }
    // An allow or an ask may leave a call less than another one; two that are alike hide one another once.
    let narrows = rule.narrow.is_some() || (rule.decision != Decision::Deny && !rule.condition.is_empty());
    let is_same = rule.condition.is_empty() && rule.unless.is_empty() && rule.after.is_empty() && !rule.effects_none;
    !narrows && by.narrow.is_none() && (!is_same || stands_before) && rule.reason.is_none()
}

fn verb(decision: Decision) -> &'static str {
    match decision {
        Decision::Allow => "allows",
        Decision::Ask => "asks about",
        Decision::Deny => "denies",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::policy::Fallback;
    use super::super::{Condition, ToolPattern, Unmatched};
    use super::*;
    use crate::origin::Origin;

    fn rule(line: u32, tool: &str, decision: Decision) -> Rule {
        let tools = vec![ToolPattern::parse(tool).expect("is a pattern")];
        Rule { tools, ..Rule::new(decision, Origin::line("a.toml", line)) }
    }

    fn found(rules: Vec<Rule>) -> Vec<String> {
        let schema = json!({});
        let known = |(plugin, tool)| KnownTool { plugin, tool, input_schema: &schema };
        let tools = [("files", "read_file"), ("files", "write_file"), ("http", "fetch")].map(known);
        let policy = Policy::new(rules, Fallback { unmatched: Unmatched::Deny, origin: Origin::Shipped });
        policy.shadowed(&tools).into_iter().map(|finding| format!("{}: {}", finding.origin, finding.message)).collect()
    }

    #[test]
    fn what_a_stricter_rule_takes_away_whole_is_found() {
        assert_eq!(
            found(vec![rule(1, "files/read_file", Decision::Allow), rule(2, "files/*", Decision::Deny)]),
            ["a.toml:1: the rule changes nothing: `a.toml:2` denies all that it is about"]
        );
        assert_eq!(
            found(vec![rule(1, "files/*", Decision::Allow), rule(2, "files/*", Decision::Allow)]),
            ["a.toml:2: the rule changes nothing: `a.toml:1` allows all of it already"]
        );
    }

    #[test]
    fn a_rule_of_the_users_file_is_hidden_by_another_one_of_it_alone() {
        let users = |rule: Rule| Rule { voice: Voice::User, ..rule };
        let allow = || users(rule(1, "files/read_file", Decision::Allow));
        assert!(found(vec![allow(), rule(2, "files/*", Decision::Deny)]).is_empty());
        assert_eq!(
            found(vec![allow(), rule(2, "files/*", Decision::Deny), users(rule(3, "files/*", Decision::Deny))]),
            ["a.toml:1: the rule changes nothing: `a.toml:3` denies all that it is about"]
        );
    }

    #[test]
    fn what_leaves_something_is_not() {
        // Some of its calls, some of its tools, an ask that a person may answer.
        assert!(
            found(vec![rule(1, "files/*", Decision::Allow), rule(2, "files/write_file", Decision::Deny)]).is_empty()
        );
        assert!(found(vec![rule(1, "files/*", Decision::Allow), rule(2, "files/*", Decision::Ask)]).is_empty());
        let later =
            Rule { after: vec![ToolPattern::parse("http").expect("is a pattern")], ..rule(2, "files", Decision::Deny) };
        assert!(found(vec![rule(1, "files/*", Decision::Allow), later]).is_empty());
        let excepted = Rule { unless: vec![Condition::default()], ..rule(2, "files", Decision::Deny) };
        assert!(found(vec![rule(1, "files/*", Decision::Allow), excepted]).is_empty());
        assert!(found(vec![rule(1, "none/*", Decision::Allow), rule(2, "*", Decision::Deny)]).is_empty());
    }
}
