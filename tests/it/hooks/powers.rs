//! A hook has the powers that the operator lists, and runs only if the operator names it.

use expect_test::expect;

use super::{probed, world};
use crate::world::World;

#[test]
fn a_hook_that_subscribes_to_more_than_it_may_do_refuses_to_start() {
    expect![[r#"
        ── stderr
        error: --hook: the hook `probe` subscribes to `pre-prompt`, which takes the power `add-context`
        hint: if it is to have that: powers = ["observe", "gate", "add-context"]
        ── exit 2
    "#]]
    .assert_eq(&probed("", "{}"));
}

#[test]
fn a_result_is_not_replaced_without_the_power() {
    expect![[r#"
        ── stdout
        All is read.
        ── stderr
        model scripted:../model.jsonl (--model)
        workspace [DIR]/project (rw, the shipped default)
        policy none written and no terminal to ask at: every call is denied but for `--allow`
        hook `probe` wanted `replace`, which was left out: not in its powers
        #1 ✓ read_file(path='notes.md') → 2 lines [TIME]
        #2 ✓ list_dir(path='.') → 2 entries [TIME]
        #3 ✓ done(summary='All is read.')
        done · 3 steps · [TIME] · show: looplet-host show [RUN]
        ── exit 0
    "#]]
    .assert_eq(&probed("+add-context", r#"{"at":"post-tool","do":"replace","text":"[redacted]"}"#));
}

#[test]
fn what_a_file_names_is_called_and_what_lies_about_is_not() {
    let file = "[[hooks]]\nuse = \"builtin:step-budget\"\npowers = [\"observe\", \"gate\", \"add-context\"]\nsettings = { steps = 1 }\n";
    let world = world().file("policy.toml", file);
    world.check(
        &["run", "--model", "scripted:../model.jsonl", "--policy", "policy.toml", "--allow", "files/*", "do it"],
        &expect![[r#"
            ── stdout
            All is read.
            ── stderr
            model scripted:../model.jsonl (--model)
            workspace [DIR]/project (rw, the shipped default)
            policy none written and no terminal to ask at: every call is denied but for `--allow`
            #1 ✓ read_file(path='notes.md') → 2 lines [TIME]
            #2 ⊘ list_dir(path='.') → denied by a hook «all 1 steps of this run are used up: answer without a tool»
            #3 ✓ done(summary='All is read.')
            done · 3 steps · 1 denied by a hook · [TIME] · show: looplet-host show [RUN] --denied
            ── exit 0
        "#]],
    );
}

#[test]
fn a_hook_that_does_not_exist_a_power_that_is_none_and_a_tool_are_refused() {
    let refused = |hook: &str| World::with_notes().model(&[]).run(&super::run(hook)).transcript();
    expect![[r#"
        ── stderr
        error: --hook: no hook `nothing` is built in
        hint: built in are: files, greet, http, per-tool-limit, redact, stagnation, step-budget, think, todo
        ── exit 2
    "#]]
    .assert_eq(&refused("builtin:nothing"));
    expect![[r#"
        ── stderr
        error: --hook: "everything" is no power of a hook
        hint: powers are observe, gate, edit-arguments, answer, edit-results, add-context
        ── exit 2
    "#]]
    .assert_eq(&refused("builtin:redact+everything"));
    expect![[r#"
        ── stderr
        error: --hook: `greet` is no hook: it subscribes to no point
        hint: a plugin with tools belongs in `[plugins]`
        ── exit 2
    "#]]
    .assert_eq(&refused("builtin:greet"));
    expect![[r#"
        ── stderr
        error: --hook: the settings of plugin `step-budget` do not fit: `/steps`: "many" is not of type "integer"
        hint: the hook `step-budget` takes {"additionalProperties":false,"description":"How many steps a run has.","properties":{"grace":{"default":3,"description":"Calls that are refused before the run is ended.","minimum":0,"type":"integer"},"steps":{"default":30,"description":"Steps of a run. Calls beyond are refused, so that the model can still answer with what it has.","minimum":0,"type":"integer"},"warn_at":{"default":5,"description…
        ── exit 2
    "#]].assert_eq(&refused("builtin:step-budget+add-context={\"steps\":\"many\"}"));
    expect![[r#"
        ── stderr
        error: --hook: there is no file `[DIR]/project/nowhere.wasm`
        ── exit 2
    "#]]
    .assert_eq(&refused("nowhere.wasm"));
}
