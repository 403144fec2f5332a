//! Tests of the policy: single decisions, with the lines that made them.

use serde_json::json;

use super::super::matcher::Matcher;
use super::super::path::{LexicalResolver, PathMatcher};
use super::super::rule::{Condition, Example, Voice};
use super::super::{Argument, Narrow};
use super::*;

pub(super) fn at(line: u32) -> Origin {
    Origin::line("looplet.toml", line)
}

pub(super) fn fallback(unmatched: Unmatched) -> Fallback {
    Fallback { unmatched, origin: at(1) }
}

pub(super) fn decide(policy: &Policy, tool: &str, arguments: &Value) -> Verdict {
    decide_after(policy, tool, arguments, &BTreeSet::new())
}

fn decide_after(policy: &Policy, tool: &str, arguments: &Value, ran: &BTreeSet<String>) -> Verdict {
    let changes_nothing = tool == "read_file";
    policy.decide(&Facts {
        plugin: "files",
        tool,
        arguments,
        changes_nothing,
        built_in: false,
        ran,
        resolver: &LexicalResolver,
    })
}

/// The decision, the deciding lines, and what is left.
fn line(verdict: &Verdict) -> String {
    let deciding: Vec<_> = verdict.deciding().into_iter().map(ToString::to_string).collect();
    let narrowing = serde_json::to_string(&verdict.narrowing).expect("serialises");
    format!("{} by {} leaves {narrowing}: {}", verdict.decision, deciding.join(" "), verdict.reason)
}

pub(super) fn tool(pattern: &str, decision: Decision, line: u32) -> Rule {
    Rule::for_tool(ToolPattern::parse(pattern).expect("is a pattern"), decision, at(line))
}

pub(super) fn path(glob: &str) -> Condition {
    let path = json!({"arg": "path", "mount": "workspace", "glob": glob});
    Condition { when: Vec::new(), path: Some(PathMatcher::from_value(&path).expect("is a matcher")), url: None }
}

pub(super) fn when(argument: &str, matcher: &Value) -> Condition {
    let argument = Argument::parse(argument).expect("is a name");
    Condition { when: vec![(argument, Matcher::from_value(matcher).expect("is a matcher"))], path: None, url: None }
}

pub(super) fn narrow(value: &Value) -> Narrow {
    Narrow::from_value(value).expect("is a narrowing")
}

#[test]
fn without_a_rule_the_call_is_unmatched() {
    let deny = Policy::new(Vec::new(), fallback(Unmatched::Deny));
    assert_eq!(
        line(&decide(&deny, "x", &json!({}))),
        "deny by looplet.toml:1 leaves {}: nothing in the operator's policy allows this call"
    );
    let ask = deny.clone().fallback_for("files", Fallback { unmatched: Unmatched::Ask, origin: at(9) });
    assert_eq!(
        line(&decide(&ask, "x", &json!({}))),
        "ask by looplet.toml:9 leaves {}: the operator wants to be asked about this call"
    );
    let flag = deny.allow_unmatched(ToolPattern::parse("files/*").expect("is a pattern"), Origin::flag("--allow"));
    assert_eq!(
        line(&decide(&flag, "x", &json!({}))),
        "allow by --allow leaves {}: the operator's policy allows this call"
    );
    let denied = flag.with(tool("files/x", Decision::Deny, 5));
    assert_eq!(
        line(&decide(&denied, "x", &json!({}))),
        "deny by looplet.toml:5 leaves {}: the operator's policy denies this call"
    );
}

#[test]
fn the_strictest_rule_wins_and_says_why() {
    let migrations = Rule {
        condition: path("**/migrations/**"),
        unless: vec![path("**/migrations/drafts/**")],
        reason: Some("migrations are written by people".to_owned()),
        ..tool("files/write_file", Decision::Deny, 4)
    };
    let policy = Policy::new(vec![tool("files/*", Decision::Allow, 3), migrations], fallback(Unmatched::Ask));
    let write = |path: &str| line(&decide(&policy, "write_file", &json!({"path": path})));
    assert_eq!(write("src/a.rs"), "allow by looplet.toml:3 leaves {}: the operator's policy allows this call");
    assert_eq!(write("db/Migrations/1.sql"), "deny by looplet.toml:4 leaves {}: migrations are written by people");
    assert_eq!(write("db/migrations"), "deny by looplet.toml:4 leaves {}: migrations are written by people");
    assert_eq!(
        write("db/migrations/drafts/1.sql"),
        "allow by looplet.toml:3 leaves {}: the operator's policy allows this call"
    );
    assert_eq!(
        write("db/migrations/drafts/../1.sql"),
        "deny by looplet.toml:4 leaves {}: migrations are written by people"
    );
    assert_eq!(write("../x"), "deny by looplet.toml:4 leaves {}: migrations are written by people");
}

#[test]
fn an_allowance_by_path_narrows_by_itself_and_narrowings_intersect() {
    let sources = Rule { condition: path("src/**"), ..tool("files/*", Decision::Allow, 3) };
    let looking = Rule {
        narrow: Some(narrow(&json!({"fs": {"workspace": {"at": ".", "mode": "ro"}}}))),
        ..tool("files/*", Decision::Ask, 4)
    };
    let docs =
        Rule { narrow: Some(narrow(&json!({"fs": {"workspace": "docs"}}))), ..tool("files/*", Decision::Allow, 5) };
    let closed =
        Rule { narrow: Some(narrow(&json!({"fs": {"workspace": []}}))), ..tool("files/*", Decision::Allow, 6) };
    let verdict = |rules: &[&Rule]| {
        let policy = Policy::new(rules.iter().map(|rule| (*rule).clone()).collect(), fallback(Unmatched::Deny));
        line(&decide(&policy, "write_file", &json!({"path": "src/./a.rs"})))
    };
    assert_eq!(
        verdict(&[&sources]),
        r#"allow by looplet.toml:3 leaves {"fs":{"workspace":[{"path":"src/a.rs","mode":"rw"}]}}: the operator's policy allows this call"#
    );
    assert_eq!(
        verdict(&[&sources, &looking]),
        r#"ask by looplet.toml:4 leaves {"fs":{"workspace":[{"path":"src/a.rs","mode":"ro"}]}}: the operator wants to be asked about this call"#
    );
    let nothing = "leaves {\"fs\":{\"workspace\":[]}}: the operator's rules leave this call nothing to reach";
    assert_eq!(verdict(&[&sources, &docs]), format!("deny by looplet.toml:3 looplet.toml:5 {nothing}"));
    assert_eq!(verdict(&[&sources, &docs, &closed]), format!("deny by looplet.toml:3 looplet.toml:5 {nothing}"));
    assert_eq!(
        verdict(&[&closed, &sources]),
        "allow by looplet.toml:6 looplet.toml:3 leaves {\"fs\":{\"workspace\":[]}}: the operator's policy allows this call"
    );
}

#[test]
fn places_by_hand_replace_those_by_path_and_must_be_told() {
    let copy = Rule {
        condition: path("src/**"),
        narrow: Some(narrow(&json!({"fs": {"workspace": [{"at": "{/path}", "mode": "ro"}, "{/to}"]}}))),
        ..tool("files/copy", Decision::Allow, 3)
    };
    let policy = Policy::new(vec![copy.clone()], fallback(Unmatched::Ask));
    assert_eq!(
        line(&decide(&policy, "copy", &json!({"path": "src/a", "to": "out/a"}))),
        r#"allow by looplet.toml:3 leaves {"fs":{"workspace":[{"path":"out/a","mode":"rw"},{"path":"src/a","mode":"ro"}]}}: the operator's policy allows this call"#
    );
    let untold = json!({"path": "src/a", "to": "../a"});
    assert_eq!(
        line(&decide(&policy, "copy", &untold)),
        "ask by looplet.toml:1 leaves {}: the operator wants to be asked about this call"
    );
    let asks = Policy::new(vec![Rule { decision: Decision::Ask, ..copy }], fallback(Unmatched::Ask));
    assert_eq!(decide(&asks, "copy", &untold).reason, "these arguments do not say what the call has to reach");
    assert_eq!(decide(&asks, "copy", &untold).decision, Decision::Deny);
}

#[test]
fn the_hosts_finding_and_the_run_so_far_are_conditions_too() {
    let look = Rule { effects_none: true, ..Rule::new(Decision::Allow, at(2)) };
    let after =
        Rule { after: vec![ToolPattern::parse("http/*").expect("is a pattern")], ..tool("files/*", Decision::Ask, 3) };
    let policy = Policy::new(vec![look, after], fallback(Unmatched::Deny));
    let decision = |tool: &str, ran: &[&str]| {
        decide_after(&policy, tool, &json!({}), &ran.iter().map(ToString::to_string).collect()).decision
    };
    assert_eq!(decision("read_file", &[]), Decision::Allow);
    assert_eq!(decision("write_file", &[]), Decision::Deny);
    assert_eq!(decision("read_file", &["files/grep"]), Decision::Allow);
    assert_eq!(decision("read_file", &["files/grep", "http/fetch"]), Decision::Ask);
}

#[test]
fn a_rule_of_an_untrusted_file_only_makes_stricter() {
    let ask = Rule { voice: Voice::Untrusted, ..tool("files/*", Decision::Ask, 3) };
    let denied = Policy::new(vec![ask.clone()], fallback(Unmatched::Deny));
    assert_eq!(
        line(&decide(&denied, "x", &json!({}))),
        "deny by looplet.toml:1 leaves {}: nothing in the operator's policy allows this call"
    );
    let allowed = Policy::new(vec![ask, tool("*", Decision::Allow, 4)], fallback(Unmatched::Deny));
    assert_eq!(decide(&allowed, "x", &json!({})).decision, Decision::Ask);
}

#[test]
fn examples_prove_a_rule_or_refuse_it() {
    let example = |path: Value, matches: bool| Example { arguments: path, matches, origin: at(8) };
    let rule =
        |examples: Vec<Example>| Rule { condition: path("src/**"), examples, ..tool("files/*", Decision::Allow, 3) };
    let good = [(json!({"path": "src/a.rs"}), true), (json!({"path": "src/../b.rs"}), false), (json!({}), false)];
    rule(good.into_iter().map(|(arguments, matches)| example(arguments, matches)).collect()).check().expect("holds");
    let report = |arguments: Value, matches: bool| {
        rule(vec![example(arguments, matches)]).check().expect_err("is refused").report()
    };
    assert_eq!(
        report(json!({"path": "b.rs"}), true),
        "error: looplet.toml:8: example `{\"path\":\"b.rs\"}` of `match` fails: the answer is `no`\nhint: change the rule until it matches this, or the example"
    );
    assert_eq!(
        report(json!({"path": "src/a"}), false),
        "error: looplet.toml:8: example `{\"path\":\"src/a\"}` of `not_match` fails: the answer is `yes`\nhint: change the rule until it does not match this, or the example"
    );
}
