//! Steps and what `show` prints, on records that are written out.

use serde_json::{Value, json};

use super::*;
use crate::canonical::CanonicalJson;
use crate::message::{Content, Failure, FailureKind, Outcome, ProposedCall, ToolOutput};
use crate::origin::Origin;
use crate::permission::Decision;
use crate::refusal::{Refusal, RefusalReason};

fn record(body: Body) -> Record {
    Record { seq: 0, at_ms: 1_000, prev: None, body }
}

fn canonical(value: &Value) -> CanonicalJson {
    CanonicalJson::from_value(value).expect("has a form")
}

fn allowed(step: u32, tool: &str, arguments: &Value) -> CallDecided {
    let mut decided = CallDecided::new(step, tool, canonical(arguments), Ruling::Allowed);
    decided.rules =
        vec![MatchedRule { decision: Decision::Allow, origin: Origin::line("looplet.toml", 34), reason: None }];
    decided
}

fn ended(step: u32, outcome: &Outcome) -> CallEnded {
    let line = json!({ "step": step, "outcome": outcome, "duration_us": 3_100, "active_ms": 41_000 });
    serde_json::from_value(line).expect("is a record")
}

fn step_of(decided: CallDecided, ended: Option<CallEnded>) -> Step {
    let mut steps = Steps::default();
    let first = steps.push(&record(Body::CallDecided(Box::new(decided))));
    first.or_else(|| steps.push(&record(Body::CallEnded(Box::new(ended?))))).expect("is a step")
}

fn pretty(content: Content) -> String {
    let mut output = ToolOutput::text("");
    output.content = content;
    step_of(allowed(1, "p/t", &json!({})), Some(ended(1, &Outcome::Ok(output)))).pretty()
}

#[test]
fn results_are_told_in_a_few_words() {
    let long = "x".repeat(80);
    let cases = [
        (json!([1, 2, 3]), "3 items"),
        (json!({ "entries": [1, 2, 3], "more": false }), "3 entries"),
        (json!({ "a": [1], "b": [2] }), "2 keys"),
        (json!({ "bytes": 312 }), "bytes: 312"),
        (json!({ "text": long }), &format!("text: {}…", "x".repeat(59))),
        (json!({}), "0 keys"),
        (json!(312), "312"),
        (json!({ "needs_approval": true, "approval_description": "delete it" }), "⏸ awaiting approval: delete it"),
        (json!({ "needs_approval": 1 }), "⏸ awaiting approval"),
    ];
    for (value, tail) in cases {
        assert_eq!(pretty(Content::Json(value)), format!("#1 ✓ t() → {tail} [3ms]"));
    }
    let texts = [("312 bytes", "312 bytes"), ("a\nb\nc\n", "3 lines"), (&long, &format!("{}…", "x".repeat(59)))];
    for (text, tail) in texts {
        assert_eq!(pretty(Content::Text(text.into())), format!("#1 ✓ t() → {tail} [3ms]"));
    }
    assert_eq!(pretty(Content::Json(Value::Null)), "#1 ✓ t() [3ms]");
}

#[test]
fn arguments_are_cut_and_cannot_paint() {
    let arguments = json!({ "a": "x".repeat(60), "b": "\u{1b}[2J\u{202e}", "c": { "d": 1 } });
    let step = step_of(allowed(1, "p/t", &arguments), Some(ended(1, &Outcome::Ok(ToolOutput::text("ok")))));
    let cut = "x".repeat(49);
    assert_eq!(step.pretty(), format!("#1 ✓ t(b='\\u{{1b}}[2J\\u{{202e}}', c={{\"d\":1}}, a='{cut}…') → ok [3ms]"));
}

#[test]
fn failures_say_what_kind_they_are_once() {
    let failed = |kind, message: &str| {
        let outcome = Outcome::Failed(Failure::new(kind, message));
        step_of(allowed(1, "p/t", &json!({})), Some(ended(1, &outcome))).pretty()
    };
    assert_eq!(failed(FailureKind::NotFound, "not found"), "#1 ✗ t() → not found [3ms]");
    assert_eq!(failed(FailureKind::NotFound, "no `a`"), "#1 ✗ t() → not found: no `a` [3ms]");
    assert_eq!(failed(FailureKind::Execution, "exit 101"), "#1 ✗ t() → exit 101 [3ms]");
    assert_eq!(failed(FailureKind::Timeout, "é"), "#1 ✗ t() → timeout: é [3ms]");
}

#[test]
fn denials_say_who_denied() {
    let denied = |change: fn(&mut CallDecided)| {
        let mut decided = CallDecided::new(1, "p/t", canonical(&json!({})), Ruling::Denied("no".into()));
        change(&mut decided);
        step_of(decided, None).pretty()
    };
    let no = |by: &str| Some(Approval::new(false, by));
    assert_eq!(denied(|_| {}), "#1 ⊘ t() → denied «no»");
    assert_eq!(
        denied(|decided| decided.rules = vec![
            MatchedRule { decision: Decision::Allow, origin: Origin::Shipped, reason: None },
            MatchedRule { decision: Decision::Deny, origin: Origin::line("a.toml", 4), reason: Some("drafts".into()) },
            MatchedRule { decision: Decision::Deny, origin: Origin::line("a.toml", 9), reason: None },
        ]),
        "#1 ⊘ t() → denied by a.toml:4 «drafts»"
    );
    let mut by_person = CallDecided::new(1, "p/t", canonical(&json!({})), Ruling::Denied("no".into()));
    by_person.approval = no("person");
    assert_eq!(step_of(by_person, None).pretty(), "#1 ⊘ t() → denied by the person");
    let by_hook = |decided: &mut CallDecided| {
        decided.hooks = vec![HookVerdict {
            hook: "redact".into(),
            verdict: "deny".into(),
            reason: None,
            narrow: None,
            rewritten: None,
            state: std::collections::BTreeMap::new(),
            sent_bytes: 0,
            log: Vec::new(),
        }];
    };
    assert_eq!(denied(by_hook), "#1 ⊘ t() → denied by a hook «no»");
}

/// The run of four steps that the tests of `show` look at.
fn a_run() -> Vec<Record> {
    let mut started = RunStarted::new(RunId::from_parts(1_763_700_000_000, 7), "mend it");
    started.model = "scripted:x".into();
    let hidden = Refusal {
        would_allow: None,
        capability: "fs".into(),
        operation: "open".into(),
        target: "workspace:/.env".into(),
        reason: RefusalReason::Hidden,
        origin: Some(Origin::line("looplet.toml", 27)),
        count: 1,
    };
    let mut not_found = ended(2, &Outcome::Failed(Failure::new(FailureKind::NotFound, "not found")));
    not_found.refusals = vec![hidden];
    let mut asked = allowed(3, "files/edit_file", &json!({ "path": "src/a.rs" }));
    asked.rules[0].decision = Decision::Ask;
    asked.proposed = Some(canonical(&json!({ "path": "./src/a.rs" })));
    let approval = Approval { scope: "once".into(), waited_ms: 14_000, ..Approval::new(true, "person") };
    asked.approval = Some(approval);
    asked.authority = vec!["fs workspace:/src/a.rs rw (grant looplet.toml:33)".into()];
    let calls = ["grep", "read_file", "edit_file", "done"].map(|name| ProposedCall::new(name, name, ""));
    let answer = ModelAnswered {
        turn: 1,
        text: String::new(),
        calls: calls.into(),
        usage: Usage { input: 8_000, output: 412, cached: 6_900, cost_micro_usd: 30_000 },
        finish: None,
        model: None,
        duration_ms: 900,
        active_ms: 900,
    };
    let done = Ruling::Answered { by: "host".into(), outcome: Outcome::Ok(ToolOutput::text("")) };
    let matches = Outcome::Ok(ToolOutput::json(json!({ "matches": [1, 2, 3, 4] })));
    let bodies = [
        Body::RunStarted(Box::new(started)),
        Body::ModelAsked(ModelAsked {
            turn: 1,
            request: Digest::of(b""),
            model: None,
            parameters: None,
            offered: None,
            wire: None,
        }),
        Body::ModelAnswered(Box::new(answer)),
        Body::CallDecided(Box::new(allowed(1, "files/grep", &json!({ "pattern": "TODO" })))),
        Body::CallEnded(Box::new(ended(1, &matches))),
        Body::CallDecided(Box::new(allowed(2, "files/read_file", &json!({ "path": ".env" })))),
        Body::CallEnded(Box::new(not_found)),
        Body::CallDecided(Box::new(asked)),
        Body::CallStarted(CallStarted { step: 3 }),
        Body::CallEnded(Box::new(ended(3, &Outcome::Ok(ToolOutput::json(json!({ "changes": 1 })))))),
        Body::CallDecided(Box::new(CallDecided::new(4, "done", canonical(&json!({ "summary": "ok" })), done))),
        Body::Stopped(StopReason::Done),
    ];
    let mut records: Vec<Record> = bodies.into_iter().map(record).collect();
    if let Some(last) = records.last_mut() {
        last.at_ms = 56_000;
    }
    records
}

#[test]
fn a_run_is_shown_as_a_headline_and_a_line_for_each_step() {
    expect_test::expect![[r"
        01KAJBCH800000000000000007 done · 4 steps · 1 model call · 8,412 tokens (6,900 cached) · $0.03 · 55 s (active 41 s) · 0 denied · 1 asked · 1 hidden
         #1 ✓ grep(pattern='TODO') → 4 matches                       3.1 ms  allow looplet.toml:34
         #2 ✗ read_file(path='.env') → not found                     3.1 ms  hidden by looplet.toml:27
         #3 ✓ edit_file(path='src/a.rs') → changes: 1                3.1 ms  asked, yes once (person, 14 s)
         #4 ✓ done(summary='ok')"]]
    .assert_eq(&show::run(&a_run()));
}

#[test]
fn a_step_is_shown_in_full() {
    expect_test::expect![[r#"
        show RUN#3
         step        #3 files/edit_file
         proposed    {"path":"./src/a.rs"}
         arguments   {"path":"src/a.rs"}  sha256:eda3…8b5e
         decision    allowed · asked, yes once (person, 14 s)
         rule        looplet.toml:34 → ask
         authority   fs workspace:/src/a.rs rw (grant looplet.toml:33)
         touched     read 0 B, wrote 0 B, 0 refused inside
         used        3.1 ms, 0 B, 0 requests
         result      {"changes":1}
         prompt      turn 1"#]]
    .assert_eq(&format!("show RUN#3\n{}", show::step(&a_run(), 3).expect("is there")));
    assert!(show::step(&a_run(), 2).expect("is there").contains("open workspace:/.env"));
    assert_eq!(show::step(&a_run(), 9), None);
}

#[test]
fn denied_calls_are_listed_with_what_would_allow_them() {
    let mut decided = allowed(1, "files/write_file", &json!({}));
    decided.ruling = Ruling::Denied("drafts only".into());
    decided.rules[0].decision = Decision::Deny;
    decided.would_allow = Some("[[rules]]\ntool = \"files/write_file\"".into());
    let mut tally = Tally::default();
    tally.push(&record(Body::CallDecided(Box::new(decided))));
    assert_eq!(
        show::denied(&tally),
        "#1 files/write_file «drafts only» (looplet.toml:34)\n    [[rules]]\n    tool = \"files/write_file\""
    );
}
