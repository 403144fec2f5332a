//! Rules that allow more than they look like.

use std::collections::BTreeSet;

use super::check::{Finding, Severity};
use super::decision::Decision;
use super::policy::Policy;
use super::rule::Rule;
use super::url::UrlMatcher;

impl Policy {
    /// Allow rules that are as wide as they can be, or wider than the words in them.
    pub fn wide(&self) -> Vec<Finding> {
        self.rules().iter().filter(|rule| rule.decision == Decision::Allow).flat_map(wide).collect()
    }

    /// Mounts of a tool that its calls keep whole where they are allowed by a path in another one.
    pub fn kept_whole(&self, plugin: &str, tool: &str, mounts: &BTreeSet<&str>) -> Vec<Finding> {
        let speaks = |rule: &&Rule| rule.decision != Decision::Deny && rule.is_of(plugin, tool);
        let spoken: BTreeSet<&str> = self.rules().iter().filter(speaks).flat_map(Rule::mounts).collect();
        let allows = |rule: &&Rule| {
            let path = rule.condition.path.as_ref().filter(|path| mounts.contains(path.mount()));
            rule.decision == Decision::Allow && path.is_some()
        };
        let rules = self.rules().iter().filter(speaks).filter(allows);
        rules.flat_map(|rule| mounts.difference(&spoken).map(|mount| kept(rule, plugin, tool, mount))).collect()
    }
}

fn kept(rule: &Rule, plugin: &str, tool: &str, mount: &str) -> Finding {
    Finding {
        severity: Severity::Note,
        message: format!("the rule allows calls of `{plugin}/{tool}` by one path, and leaves them all of `{mount}`"),
        hint: format!("close it with `narrow = {{ fs = {{ {mount} = [] }} }}`, or say which of it"),
        origin: rule.origin.clone(),
    }
}

fn wide(rule: &Rule) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut note = |message: String, hint: &str| {
        let (severity, origin) = (Severity::Note, rule.origin.clone());
        findings.push(Finding { severity, message, hint: hint.to_owned(), origin });
    };
    let is_of_all = rule.tools.iter().all(|pattern| matches!(pattern.as_str(), "*" | "*/*"));
    if is_of_all && rule.is_unconditional() {
        let message = "the rule allows every call of every tool, those of plugins that come later too".to_owned();
        note(message, "name the tools, or write `effects = \"none\"`");
    }
    for (argument, matcher) in &rule.condition.when {
        for text in matcher.found_anywhere() {
            let message = format!(
                "the rule allows every `{}` in which `{text}` matches somewhere, whatever stands around it",
                argument.as_str()
            );
            note(message, "say what all of it has to be: `^…$`");
        }
    }
    let open = rule.condition.url.iter().flat_map(UrlMatcher::patterns).filter(|pattern| pattern.lets_all_be_sent_to());
    for pattern in open {
        note(format!("the rule lets every host be sent to, by `{pattern}`"), "name the hosts, or the method `GET`");
    }
    findings
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::policy::Fallback;
    use super::super::{Argument, Condition, Matcher, ToolPattern, Unmatched};
    use super::*;
    use crate::origin::Origin;

    fn found(tools: &[&str], decision: Decision, condition: Condition) -> Vec<String> {
        let tools = tools.iter().map(|tool| ToolPattern::parse(tool).expect("is a pattern")).collect();
        let rule = Rule { tools, condition, ..Rule::new(decision, Origin::line("a.toml", 1)) };
        let policy = Policy::new(vec![rule], Fallback { unmatched: Unmatched::Deny, origin: Origin::Shipped });
        policy.wide().into_iter().map(|finding| finding.message).collect()
    }

    fn when(matcher: &serde_json::Value) -> Condition {
        let matcher = Matcher::from_value(matcher).expect("is a matcher");
        Condition { when: vec![(Argument::parse("sql").expect("is a name"), matcher)], ..Condition::default() }
    }

    #[test]
    fn a_rule_for_all_tools_is_as_wide_as_it_can_be() {
        let all = "the rule allows every call of every tool, those of plugins that come later too";
        for tools in [&[][..], &["*"], &["*/*"]] {
            assert_eq!(found(tools, Decision::Allow, Condition::default()), [all]);
        }
        assert!(found(&["*", "files"], Decision::Deny, Condition::default()).is_empty());
        assert!(found(&["files/*"], Decision::Allow, Condition::default()).is_empty());
        assert!(found(&["*/read_file"], Decision::Allow, Condition::default()).is_empty());
        assert!(found(&[], Decision::Allow, when(&json!("x"))).is_empty());
    }

    #[test]
    fn an_expression_has_to_say_all_of_what_it_allows() {
        let about = |regex: &str| found(&["sql"], Decision::Allow, when(&json!({ "regex": regex })));
        for open in ["^select", "select$", "^a|b$", "(?m)^select$", r"\bselect\b"] {
            assert_eq!(
                about(open),
                [format!("the rule allows every `sql` in which `{open}` matches somewhere, whatever stands around it")]
            );
        }
        for whole in [r"(?is)^\s*select\b[^;]*$", "^(a|b)$", r"\Aselect\z"] {
            assert_eq!(about(whole), Vec::<String>::new());
        }
        // What restricts, or is left out, is as wide as it means to be.
        assert!(found(&["sql"], Decision::Ask, when(&json!({ "regex": "drop" }))).is_empty());
        assert!(found(&["sql"], Decision::Allow, when(&json!({ "not": { "regex": "drop" } }))).is_empty());
    }

    #[test]
    fn who_may_send_to_every_host_is_named() {
        let url = |pattern: &str| {
            let url = UrlMatcher::from_value(&json!({ "arg": "url", "pattern": pattern })).expect("is a matcher");
            found(&["http"], Decision::Allow, Condition { url: Some(url), ..Condition::default() })
        };
        assert_eq!(url("* https://*/**"), ["the rule lets every host be sent to, by `* https://*/**`"]);
        assert_eq!(url("GET,POST https://*/api"), ["the rule lets every host be sent to, by `GET,POST https://*/api`"]);
        assert!(url("GET,HEAD https://*/**").is_empty());
        assert!(url("* https://*.example.com/**").is_empty());
    }
}
