//! Budgets of money: counted by the operator's prices, refused where nobody says any.

use expect_test::expect;

use crate::world::World;

const THINKS: &str = r#"{"calls":[{"tool":"think","arguments":{"thought":"hm"}}],"usage":{"input":200000,"cached":100000,"output":10000}}"#;
const DONE: &str = r#"{"text":"thought enough"}"#;

const PRICES: &str = r#"
[providers.scripted.prices]
"../model.jsonl" = { input = 2.0, cached = 0.5, output = 10.0 }
"#;

fn world(prices: &str) -> World {
    World::new().model(&[THINKS, THINKS, THINKS, DONE]).file("../home/.config/looplet/looplet.toml", prices)
}

const RUN: &[&str] = &["run", "--model", "scripted:../model.jsonl", "--allow", "think"];

#[test]
fn a_run_stops_when_its_money_is_spent_and_goes_on_with_more() {
    let world = world(PRICES);
    world.check(
        &[RUN, &["--max-money", "0.5", "do it"]].concat(),
        &expect![[r#"
            ── stderr
            model scripted:../model.jsonl (--model)
            workspace [DIR]/project (rw, the shipped default)
            policy none written and no terminal to ask at: every call is denied but for `--allow`
            #1 ✓ think(thought='hm') → ok: true [TIME]
            #2 ✓ think(thought='hm') → ok: true [TIME]
            stopped: no money of the budget left · 2 steps · 420,000 tokens · $0.70 · [TIME] · show: looplet-host show [RUN]
            ── exit 1
        "#]],
    );
    world.check(
        &["resume", "--max-money", "5"],
        &expect![[r#"
        ── stdout
        thought enough
        ── stderr
        model scripted:../model.jsonl (the run's own)
        workspace [DIR]/project (rw, the shipped default)
        policy none written and no terminal to ask at: every call is denied but for `--allow`
        run [RUN] goes on after step 2
        #3 ✓ think(thought='hm') → ok: true [TIME]
        answered · 3 steps · 630,000 tokens · $1.05 · [TIME] · show: looplet-host show [RUN]
        ── exit 0
    "#]],
    );
}

#[test]
fn without_a_price_a_bound_on_money_refuses_to_start() {
    world("").check(
        &[RUN, &["--max-money", "0.5", "do it"]].concat(),
        &expect![[r#"
        ── stderr
        model scripted:../model.jsonl (--model)
        workspace [DIR]/project (rw, the shipped default)
        policy none written and no terminal to ask at: every call is denied but for `--allow`
        error: the run has a budget of money, and nobody says what `scripted:../model.jsonl` costs
        hint: in your own looplet.toml, in US dollars for a million tokens:
          [providers.scripted.prices]
          "../model.jsonl" = { input = …, cached = …, output = … }
        ── exit 2
    "#]],
    );
}

#[test]
fn the_bound_of_a_project_is_brought_down_to_the_ceiling() {
    let ceiling = format!("{PRICES}[ceiling.budget]\nmoney_usd = 0.25\n");
    let world = world(&ceiling).file("looplet.toml", "format = 1\n[budget]\nmoney_usd = 9\n");
    assert_eq!(world.run(&["trust", "--yes"]).code, Some(0));
    world.check(
        &[RUN, &["do it"]].concat(),
        &expect![[r#"
        ── stderr
        note: looplet.toml:3: `budget.money_usd` is above the ceiling in user/looplet.toml:5 and brought down to it
        model scripted:../model.jsonl (--model)
        workspace [DIR]/project (rw, the shipped default)
        policy none written and no terminal to ask at: every call is denied but for `--allow`
        #1 ✓ think(thought='hm') → ok: true [TIME]
        stopped: no money of the budget left · 1 step · 210,000 tokens · $0.35 · [TIME] · show: looplet-host show [RUN]
        ── exit 1
    "#]],
    );
}

#[test]
fn what_is_no_amount_is_refused_with_its_line() {
    let wrong = PRICES.replace("input = 2.0", "input = -2.0");
    world(&wrong).check(
        &[RUN, &["do it"]].concat(),
        &expect![[r#"
        ── stderr
        error: user/looplet.toml:3: `input` is no amount of money
        hint: US dollars, as `2.5`
        ── exit 2
    "#]],
    );
    world(PRICES).check(
        &[RUN, &["--max-money=-1", "do it"]].concat(),
        &expect![[r#"
        ── stderr
        error: `--max-money` is no amount of money
        hint: US dollars, as `--max-money 2.5`
        ── exit 2
    "#]],
    );
}

#[test]
fn a_project_cannot_say_what_a_model_costs() {
    let world = world("").file("looplet.toml", format!("format = 1\n{PRICES}"));
    world.check(
        &[RUN, &["do it"]].concat(),
        &expect![[r#"
        ── stderr
        error: looplet.toml:3: a project file cannot set `providers.scripted.prices`
        hint: only the operator can: move it to your own looplet.toml, or use the file with `--policy`
        ── exit 2
    "#]],
    );
}
