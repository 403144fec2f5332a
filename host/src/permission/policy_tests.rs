//! Tests of the policy: tables of single decisions, and the properties that hold for all policies.

use proptest::prelude::*;
use serde_json::json;

use super::super::matcher::Matcher;
use super::super::path::{LexicalResolver, PathMatcher};
use super::super::rule::{Condition, Example};
use super::super::{Argument, Narrow};
use super::*;

fn at(line: u32) -> Origin {
    Origin::line("looplet.toml", line)
}

fn fallback(unmatched: Unmatched) -> Fallback {
    Fallback {
        unmatched,
        origin: at(1),
    }
}

fn decide(policy: &Policy, tool: &str, arguments: &Value) -> Verdict {
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
    let deciding: Vec<_> = verdict
        .deciding()
        .into_iter()
        .map(ToString::to_string)
        .collect();
    let narrowing = serde_json::to_string(&verdict.narrowing).expect("serialises");
    format!(
        "{} by {} leaves {narrowing}: {}",
        verdict.decision,
        deciding.join(" "),
        verdict.reason
    )
}

fn tool(pattern: &str, decision: Decision, line: u32) -> Rule {
    Rule::for_tool(
        ToolPattern::parse(pattern).expect("is a pattern"),
        decision,
        at(line),
    )
}

fn path(glob: &str) -> Condition {
    let path = json!({"arg": "path", "mount": "workspace", "glob": glob});
    Condition {
        when: Vec::new(),
        path: Some(PathMatcher::from_value(&path).expect("is a matcher")),
    }
}

fn when(argument: &str, matcher: &Value) -> Condition {
    let argument = Argument::parse(argument).expect("is a name");
    Condition {
        when: vec![(
            argument,
            Matcher::from_value(matcher).expect("is a matcher"),
        )],
        path: None,
    }
}

fn narrow(value: &Value) -> Option<Narrow> {
    Some(Narrow::from_value(value).expect("is a narrowing"))
}

#[test]
fn without_a_rule_the_call_is_unmatched() {
    let deny = Policy::new(Vec::new(), fallback(Unmatched::Deny));
    assert_eq!(
        line(&decide(&deny, "x", &json!({}))),
        "deny by looplet.toml:1 leaves {}: nothing in the operator's policy allows this call"
    );
    let ask = deny.clone().fallback_for(
        "files",
        Fallback {
            unmatched: Unmatched::Ask,
            origin: at(9),
        },
    );
    assert_eq!(
        line(&decide(&ask, "x", &json!({}))),
        "ask by looplet.toml:9 leaves {}: the operator wants to be asked about this call"
    );
    let flag = deny.allow_unmatched(
        ToolPattern::parse("files/*").expect("is a pattern"),
        Origin::flag("--allow"),
    );
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
    let policy = Policy::new(
        vec![tool("files/*", Decision::Allow, 3), migrations],
        fallback(Unmatched::Ask),
    );
    let write = |path: &str| line(&decide(&policy, "write_file", &json!({"path": path})));
    assert_eq!(
        write("src/a.rs"),
        "allow by looplet.toml:3 leaves {}: the operator's policy allows this call"
    );
    assert_eq!(
        write("db/Migrations/1.sql"),
        "deny by looplet.toml:4 leaves {}: migrations are written by people"
    );
    assert_eq!(
        write("db/migrations"),
        "deny by looplet.toml:4 leaves {}: migrations are written by people"
    );
    assert_eq!(
        write("db/migrations/drafts/1.sql"),
        "allow by looplet.toml:3 leaves {}: the operator's policy allows this call"
    );
    assert_eq!(
        write("db/migrations/drafts/../1.sql"),
        "deny by looplet.toml:4 leaves {}: migrations are written by people"
    );
    assert_eq!(
        write("../x"),
        "deny by looplet.toml:4 leaves {}: migrations are written by people"
    );
}

#[test]
fn an_allowance_by_path_narrows_by_itself_and_narrowings_intersect() {
    let sources = Rule {
        condition: path("src/**"),
        ..tool("files/*", Decision::Allow, 3)
    };
    let looking = Rule {
        narrow: narrow(&json!({"fs": {"workspace": {"at": ".", "mode": "ro"}}})),
        ..tool("files/*", Decision::Ask, 4)
    };
    let docs = Rule {
        narrow: narrow(&json!({"fs": {"workspace": "docs"}})),
        ..tool("files/*", Decision::Allow, 5)
    };
    let closed = Rule {
        narrow: narrow(&json!({"fs": {"workspace": []}})),
        ..tool("files/*", Decision::Allow, 6)
    };
    let verdict = |rules: &[&Rule]| {
        let policy = Policy::new(
            rules.iter().map(|rule| (*rule).clone()).collect(),
            fallback(Unmatched::Deny),
        );
        line(&decide(
            &policy,
            "write_file",
            &json!({"path": "src/./a.rs"}),
        ))
    };
    assert_eq!(
        verdict(&[&sources]),
        r#"allow by looplet.toml:3 leaves {"workspace":[{"path":"src/a.rs","mode":"rw"}]}: the operator's policy allows this call"#
    );
    assert_eq!(
        verdict(&[&sources, &looking]),
        r#"ask by looplet.toml:4 leaves {"workspace":[{"path":"src/a.rs","mode":"ro"}]}: the operator wants to be asked about this call"#
    );
    let nothing =
        "leaves {\"workspace\":[]}: the operator's rules leave this call nothing to reach";
    assert_eq!(
        verdict(&[&sources, &docs]),
        format!("deny by looplet.toml:3 looplet.toml:5 {nothing}")
    );
    assert_eq!(
        verdict(&[&sources, &docs, &closed]),
        format!("deny by looplet.toml:3 looplet.toml:5 {nothing}")
    );
    assert_eq!(
        verdict(&[&closed, &sources]),
        "allow by looplet.toml:6 looplet.toml:3 leaves {\"workspace\":[]}: the operator's policy allows this call"
    );
}

#[test]
fn places_by_hand_replace_those_by_path_and_must_be_told() {
    let copy = Rule {
        condition: path("src/**"),
        narrow: narrow(&json!({"fs": {"workspace": [{"at": "{/path}", "mode": "ro"}, "{/to}"]}})),
        ..tool("files/copy", Decision::Allow, 3)
    };
    let policy = Policy::new(vec![copy.clone()], fallback(Unmatched::Ask));
    assert_eq!(
        line(&decide(
            &policy,
            "copy",
            &json!({"path": "src/a", "to": "out/a"})
        )),
        r#"allow by looplet.toml:3 leaves {"workspace":[{"path":"out/a","mode":"rw"},{"path":"src/a","mode":"ro"}]}: the operator's policy allows this call"#
    );
    let untold = json!({"path": "src/a", "to": "../a"});
    assert_eq!(
        line(&decide(&policy, "copy", &untold)),
        "ask by looplet.toml:1 leaves {}: the operator wants to be asked about this call"
    );
    let asks = Policy::new(
        vec![Rule {
            decision: Decision::Ask,
            ..copy
        }],
        fallback(Unmatched::Ask),
    );
    assert_eq!(
        decide(&asks, "copy", &untold).reason,
        "these arguments do not say what the call has to reach"
    );
    assert_eq!(decide(&asks, "copy", &untold).decision, Decision::Deny);
}

#[test]
fn the_hosts_finding_and_the_run_so_far_are_conditions_too() {
    let look = Rule {
        effects_none: true,
        ..Rule::new(Decision::Allow, at(2))
    };
    let after = Rule {
        after: vec![ToolPattern::parse("http/*").expect("is a pattern")],
        ..tool("files/*", Decision::Ask, 3)
    };
    let policy = Policy::new(vec![look, after], fallback(Unmatched::Deny));
    let decision = |tool: &str, ran: &[&str]| {
        decide_after(
            &policy,
            tool,
            &json!({}),
            &ran.iter().map(ToString::to_string).collect(),
        )
        .decision
    };
    assert_eq!(decision("read_file", &[]), Decision::Allow);
    assert_eq!(decision("write_file", &[]), Decision::Deny);
    assert_eq!(decision("read_file", &["files/grep"]), Decision::Allow);
    assert_eq!(
        decision("read_file", &["files/grep", "http/fetch"]),
        Decision::Ask
    );
}

#[test]
fn a_rule_of_an_untrusted_file_only_makes_stricter() {
    let ask = Rule {
        narrows_only: true,
        ..tool("files/*", Decision::Ask, 3)
    };
    let denied = Policy::new(vec![ask.clone()], fallback(Unmatched::Deny));
    assert_eq!(
        line(&decide(&denied, "x", &json!({}))),
        "deny by looplet.toml:1 leaves {}: nothing in the operator's policy allows this call"
    );
    let allowed = Policy::new(
        vec![ask, tool("*", Decision::Allow, 4)],
        fallback(Unmatched::Deny),
    );
    assert_eq!(decide(&allowed, "x", &json!({})).decision, Decision::Ask);
}

#[test]
fn examples_prove_a_rule_or_refuse_it() {
    let example = |path: Value, matches: bool| Example {
        arguments: path,
        matches,
        origin: at(8),
    };
    let rule = |examples: Vec<Example>| Rule {
        condition: path("src/**"),
        examples,
        ..tool("files/*", Decision::Allow, 3)
    };
    let good = [
        (json!({"path": "src/a.rs"}), true),
        (json!({"path": "src/../b.rs"}), false),
        (json!({}), false),
    ];
    rule(
        good.into_iter()
            .map(|(arguments, matches)| example(arguments, matches))
            .collect(),
    )
    .check()
    .expect("holds");
    let report = |arguments: Value, matches: bool| {
        rule(vec![example(arguments, matches)])
            .check()
            .expect_err("is refused")
            .report()
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

/// Rules over few tools, arguments and places, so that they meet often.
fn any_rule() -> impl Strategy<Value = Rule> {
    let decision = prop_oneof![
        Just(Decision::Allow),
        Just(Decision::Ask),
        Just(Decision::Deny)
    ];
    let tools = prop_oneof![Just("*"), Just("files/a"), Just("files/b")];
    let condition = || {
        prop_oneof![
            Just(Condition::default()),
            prop_oneof![Just("x/**"), Just("**"), Just("x/y")].prop_map(path),
            prop_oneof![
                Just(json!("x")),
                Just(json!({"absent": true})),
                Just(json!({"not": "x/y"})),
                Just(json!({"range": {"min": 1}}))
            ]
            .prop_map(|matcher| when("path", &matcher)),
        ]
    };
    let narrowing = prop_oneof![
        Just(None),
        Just(Some(json!({"fs": {"workspace": "x"}}))),
        Just(Some(json!({"fs": {"workspace": "{/path}"}}))),
        Just(Some(
            json!({"fs": {"workspace": ["z", {"at": "x", "mode": "ro"}]}})
        )),
        Just(Some(json!({"fs": {"workspace": []}}))),
    ];
    (
        decision,
        tools,
        condition(),
        prop::collection::vec(condition(), 0..2),
        narrowing,
        any::<bool>(),
        1..99_u32,
    )
        .prop_map(
            |(decision, tools, condition, unless, narrowing, effects_none, line)| Rule {
                condition,
                unless,
                effects_none,
                narrow: narrowing.as_ref().and_then(narrow),
                ..tool(tools, decision, line)
            },
        )
}

fn any_arguments() -> impl Strategy<Value = Value> {
    let value = prop_oneof![
        Just(json!("x")),
        Just(json!("x/y")),
        Just(json!("x/y/../../z")),
        Just(json!("../x")),
        Just(json!(2)),
        Just(json!(null)),
        Just(json!(["x", "z"])),
        Just(json!([]))
    ];
    prop::option::of(value)
        .prop_map(|value| value.map_or_else(|| json!({}), |value| json!({"path": value})))
}

fn any_fallback() -> impl Strategy<Value = Fallback> {
    prop_oneof![
        Just(fallback(Unmatched::Deny)),
        Just(fallback(Unmatched::Ask))
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// An allow or ask rule where nothing else matched is what rules are for; all others only restrict.
    #[test]
    fn adding_a_rule_never_widens_a_matched_call(
        rules in prop::collection::vec(any_rule(), 0..5), added in any_rule(), fallback in any_fallback(), arguments in any_arguments(),
    ) {
        let policy = Policy::new(rules, fallback);
        let before = decide(&policy, "a", &arguments);
        let after = decide(&policy.with(added.clone()), "a", &arguments);
        if before.unmatched.is_none() || added.decision == Decision::Deny {
            prop_assert!(after.decision >= before.decision, "{before:?} became {after:?}");
            for path in [".", "x", "x/y", "z", "z/w"] {
                prop_assert!(after.narrowing.mode_at("workspace", path) <= before.narrowing.mode_at("workspace", path));
            }
        }
    }

    #[test]
    fn a_rule_of_an_untrusted_file_never_widens_any_call(
        rules in prop::collection::vec(any_rule(), 0..5), added in any_rule(), fallback in any_fallback(), arguments in any_arguments(),
    ) {
        let policy = Policy::new(rules, fallback);
        let before = decide(&policy, "a", &arguments);
        let after = decide(&policy.with(Rule { narrows_only: true, ..added }), "a", &arguments);
        prop_assert!(after.decision >= before.decision, "{before:?} became {after:?}");
    }

    #[test]
    fn the_order_of_rules_does_not_matter(
        rules in prop::collection::vec(any_rule(), 0..6).prop_flat_map(|rules| (Just(rules.clone()), Just(rules).prop_shuffle())),
        fallback in any_fallback(), arguments in any_arguments(),
    ) {
        let [one, other] = [rules.0, rules.1].map(|rules| decide(&Policy::new(rules, fallback.clone()), "a", &arguments));
        prop_assert_eq!((one.decision, one.narrowing, one.nothing_left), (other.decision, other.narrowing, other.nothing_left));
    }

    #[test]
    fn what_cannot_be_told_never_allows(rules in prop::collection::vec(any_rule(), 0..5), fallback in any_fallback(), arguments in any_arguments()) {
        let verdict = decide(&Policy::new(rules, fallback), "a", &arguments);
        for rule in &verdict.matched {
            prop_assert!(rule.decision != Decision::Allow || rule.answer == Match::Yes, "{rule:?}");
        }
        if verdict.decision == Decision::Allow {
            prop_assert!(verdict.unmatched.is_none(), "there is no unmatched = \"allow\"");
        }
    }

    #[test]
    fn a_call_that_goes_through_has_a_box_that_every_rule_leaves(
        rules in prop::collection::vec(any_rule(), 0..5), fallback in any_fallback(), arguments in any_arguments(),
    ) {
        let verdict = decide(&Policy::new(rules, fallback), "a", &arguments);
        for path in ["x", "x/y", "z"] {
            let left = verdict.narrowing.mode_at("workspace", path);
            for rule in verdict.matched.iter().filter(|rule| rule.decision != Decision::Deny) {
                prop_assert!(left <= rule.narrowing.mode_at("workspace", path));
            }
        }
    }
}
