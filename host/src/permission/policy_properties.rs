//! Properties that hold for all policies, tried on thousands of small ones.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::answer::Match;
use super::super::rule::{Condition, Rule, Voice};
use super::super::{Decision, Unmatched};
use super::tests::{decide, fallback, narrow, path, tool, when};
use super::{Fallback, Policy};

/// Rules over few tools, arguments and places, so that they meet often.
fn any_rule() -> impl Strategy<Value = Rule> {
    let decision = prop_oneof![Just(Decision::Allow), Just(Decision::Ask), Just(Decision::Deny)];
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
        Just(Some(json!({"fs": {"workspace": ["z", {"at": "x", "mode": "ro"}]}}))),
        Just(Some(json!({"fs": {"workspace": []}}))),
    ];
    (decision, tools, condition(), prop::collection::vec(condition(), 0..2), narrowing, any::<bool>(), 1..99_u32)
        .prop_map(|(decision, tools, condition, unless, narrowing, effects_none, line)| Rule {
            condition,
            unless,
            effects_none,
            narrow: narrowing.as_ref().map(narrow),
            ..tool(tools, decision, line)
        })
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
    prop::option::of(value).prop_map(|value| value.map_or_else(|| json!({}), |value| json!({"path": value})))
}

fn any_fallback() -> impl Strategy<Value = Fallback> {
    prop_oneof![Just(fallback(Unmatched::Deny)), Just(fallback(Unmatched::Ask))]
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
        let after = decide(&policy.with(Rule { voice: Voice::Untrusted, ..added }), "a", &arguments);
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
