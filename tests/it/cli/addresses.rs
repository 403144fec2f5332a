//! An address that is not public is opened by a line that grants it, and by nothing else that names it: no rule, no
//! argument, no person.

use crate::canary::{Canary, Part, answer};
use crate::world::World;

fn page(_: &str) -> Vec<Part> {
    answer("200 OK", "content-type: text/plain\r\n", "inside")
}

/// A policy that grants the open web, and these networks.
fn policy(networks: &str, rule: &str) -> String {
    format!(
        "format = 1\n[policy]\non_ask = \"park\"\n[grants]\n\"http/fetch\" = {{ http = [\"GET http://*:*/**\"], addresses = [{networks}] }}\n\
         [[rules]]\ntool = \"http/fetch\"\n{rule}\n"
    )
}

/// What is told of a fetch from this machine, under a rule.
fn fetched(canary: &Canary, networks: &str, rule: &str) -> String {
    let world = World::new().file("policy.toml", policy(networks, rule));
    let arguments = format!(r#"{{"url":"{}"}}"#, canary.url("/page"));
    world.run(&["call", "http/fetch", &arguments, "--policy", "policy.toml"]).transcript()
}

#[test]
fn a_rule_that_narrows_to_an_address_does_not_open_it() {
    let narrow = "decision = \"allow\"\nnarrow = { http =";
    for rule in [
        "decision = \"allow\"",
        "decision = \"allow\"\nurl = { arg = \"url\", pattern = \"GET http://*:*/**\" }",
        "decision = \"allow\"\nurl = { arg = \"url\", pattern = \"GET http://127.0.0.1:*/**\" }",
        &format!("{narrow} \"{{/url}}\" }}"),
        &format!("{narrow} {{ at = \"{{/url}}\", reach = \"origin\" }} }}"),
    ] {
        let canary = Canary::start(page);
        let refused = fetched(&canary, "", rule);
        assert!(
            refused.contains("not a public address; would be allowed by grants.\"http/fetch\".addresses"),
            "{rule}: {refused}"
        );
        assert!(canary.seen().is_empty(), "{rule}");
        let granted = fetched(&canary, "\"127.0.0.1\"", rule);
        assert!(granted.contains("inside") && canary.seen().len() == 1, "{rule}: {granted}");
    }
}

#[test]
fn a_person_who_agrees_to_a_call_does_not_open_the_address_that_it_names() {
    for (networks, word, asked) in [("", "✗", 0), ("\"127.0.0.0/8\"", "✓", 1)] {
        let canary = Canary::start(page);
        let call = format!(r#"{{"calls":[{{"tool":"fetch","arguments":{{"url":"{}"}}}}]}}"#, canary.url("/page"));
        let world = World::new()
            .file("policy.toml", policy(networks, "decision = \"ask\""))
            .model(&[&call, r#"{"text":"over"}"#]);
        let run = ["run", "--model", "scripted:../model.jsonl", "--policy", "policy.toml", "go"];
        assert_eq!(world.run(&run).code, Some(4));
        let run = world.runs().remove(0);
        assert_eq!(world.run(&["answer", &run, "yes"]).code, Some(0));
        let printed = world.run(&["resume", &run]);
        assert!(printed.stderr.contains(&format!("{word} fetch")), "{}", printed.stderr);
        assert_eq!(canary.seen().len(), asked);
    }
}

#[test]
fn who_asks_what_a_call_could_reach_is_told_that_it_is_no_public_address() {
    let rule = "decision = \"allow\"\nurl = { arg = \"url\", pattern = \"GET http://*:*/**\" }";
    let explained = |networks: &str| {
        let world = World::new().file("policy.toml", policy(networks, rule));
        let arguments = r#"{"url":"http://10.0.0.1/page"}"#;
        world.run(&["explain", "http/fetch", "--args", arguments, "--policy", "policy.toml"]).transcript()
    };
    expect_test::expect![[r#"
        ── stdout
         tool      http/fetch
         decision  allow  policy.toml:6 (the operator's policy allows this call)
         works     no: `http://10.0.0.1/page` leads to 10.0.0.1, which is not public and not granted
         could     http GET http://10.0.0.1/page  (granted by policy.toml:5)  ← narrowed by rules, not a public address: requests will be refused
         without   secret of any name (optional: to be let in where you bind a secret)
         within    [TIME], [SIZE] of memory, 8 requests, [SIZE] of bodies each way, URLs of 8192 bytes
        ── exit 0
    "#]].assert_eq(&explained(""));
    expect_test::expect![[r#"
        ── stdout
         tool      http/fetch
         decision  allow  policy.toml:6 (the operator's policy allows this call)
         works     yes, `http://10.0.0.1/page` by `GET` alone
         could     http GET http://10.0.0.1/page, at 10.0.0.0/8 too  (granted by policy.toml:5)  ← narrowed by rules
         without   secret of any name (optional: to be let in where you bind a secret)
         within    [TIME], [SIZE] of memory, 8 requests, [SIZE] of bodies each way, URLs of 8192 bytes
        ── exit 0
    "#]]
    .assert_eq(&explained("\"10.0.0.0/8\""));
}
