//! Budgets of what requests carry out: one for all calls of a run, also over a resume, counted before anything leaves.

use expect_test::expect;

use crate::canary::{Canary, answer};
use crate::world::World;

const RUN: &[&str] = &["run", "--model", "scripted:../model.jsonl", "do it"];

/// A fetch whose address carries some 700 bytes.
fn fetch(canary: &Canary, name: &str) -> String {
    let url = canary.url(&format!("/{name}?carries={}", "x".repeat(680)));
    format!(r#"{{"tool":"fetch","arguments":{{"url":"{url}"}}}}"#)
}

/// A run that may send 2 KiB to this server, and whose model makes these calls, a list a turn.
fn world(canary: &Canary, turns: &[&[&str]]) -> World {
    let turn = |names: &&[&str]| {
        let calls: Vec<String> = names.iter().map(|name| fetch(canary, name)).collect();
        format!(r#"{{"calls":[{}]}}"#, calls.join(","))
    };
    let turns: Vec<String> = turns.iter().map(turn).chain([r#"{"text":"fetched"}"#.to_owned()]).collect();
    World::new().model(&turns.iter().map(String::as_str).collect::<Vec<_>>()).file(
        "../home/.config/looplet/looplet.toml",
        format!(
            "[budget]\negress_kib = 2\n\
             [grants.\"http/fetch\"]\nhttp = [\"GET {}\"]\naddresses = [\"127.0.0.1\"]\n\
             [[rules]]\ntool = \"http/fetch\"\ndecision = \"allow\"\n",
            canary.url("/**")
        ),
    )
}

fn page(_: &str) -> Vec<crate::canary::Part> {
    answer("200 OK", "content-type: text/plain\r\n", "hello")
}

#[test]
fn a_run_that_wants_to_carry_out_more_than_its_budget_stops_and_goes_on_with_more() {
    let canary = Canary::start(page);
    let world = world(&canary, &[&["one"], &["two"], &["three"], &["four"]]);
    world.check(RUN, &expect![[r#"
        ── stderr
        model scripted:../model.jsonl (--model)
        workspace [DIR]/project (rw, the shipped default)
        policy user/looplet.toml (1 rule)
        #1 ✓ fetch(url='http://127.0.0.1:[PORT]/one?carries=xxxxxxxxxxxxxx…') → 3 keys [TIME]
        #2 ✓ fetch(url='http://127.0.0.1:[PORT]/two?carries=xxxxxxxxxxxxxx…') → 3 keys [TIME]
        #3 ✗ fetch(url='http://127.0.0.1:[PORT]/three?carries=xxxxxxxxxxxx…') → permission denied: nothing more may be sent: this call, or its run, has sent as… [TIME]
              refused inside: send 720 bytes: more than is left of the run's budget
        stopped: no egress of the budget left · 3 steps · 1 reach refused by the sandbox · [TIME] · show: looplet-host show [RUN]
        ── exit 1
    "#]]);
    let lines = |canary: &Canary| -> Vec<String> {
        canary.seen().iter().map(|request| request.split(['/', '?']).nth(1).unwrap().to_owned()).collect()
    };
    assert_eq!(lines(&canary), ["one", "two"]);
    // What the run has carried out counts on.
    world.check(&["resume"], &expect![[r#"
        ── stderr
        model scripted:../model.jsonl (the run's own)
        workspace [DIR]/project (rw, the shipped default)
        policy user/looplet.toml (1 rule)
        run [RUN] goes on after step 3
        stopped: no egress of the budget left · 3 steps · 1 reach refused by the sandbox · [TIME] · show: looplet-host show [RUN]
        ── exit 1
    "#]]);
    assert_eq!(lines(&canary), ["one", "two"]);
    world.check(
        &["resume", "--max-egress-kib", "3"],
        &expect![[r#"
        ── stdout
        fetched
        ── stderr
        model scripted:../model.jsonl (the run's own)
        workspace [DIR]/project (rw, the shipped default)
        policy user/looplet.toml (1 rule)
        run [RUN] goes on after step 3
        #4 ✓ fetch(url='http://127.0.0.1:[PORT]/four?carries=xxxxxxxxxxxxx…') → 3 keys [TIME]
        answered · 4 steps · 1 reach refused by the sandbox · [TIME] · show: looplet-host show [RUN]
        ── exit 0
    "#]],
    );
    assert_eq!(lines(&canary), ["one", "two", "four"]);
}

#[test]
fn calls_side_by_side_have_one_budget() {
    let canary = Canary::start(page);
    let world = world(&canary, &[&["one", "two", "three", "four"]]);
    let printed = world.run(RUN);
    assert_eq!(printed.code, Some(1), "{}", printed.transcript());
    assert_eq!(
        printed.transcript().matches("more than is left of the run's budget").count(),
        2,
        "{}",
        printed.transcript()
    );
    assert_eq!(canary.seen().len(), 2);
}
