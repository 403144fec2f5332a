//! The commands that look and change nothing: `inspect`, `check`, `show`, `wit`, `doctor`, `completions`.

use expect_test::expect;

use crate::world::World;

#[test]
fn inspect_shows_what_a_plugin_says_of_itself() {
    let world = World::new();
    world.check(&["inspect", "files"], &expect![""]);
    world.check(&["inspect", "greet", "--json"], &expect![""]);
    world.check(&["inspect", "jira"], &expect![""]);
}

#[test]
fn check_counts_what_is_in_order() {
    let world = World::new().file("policy.toml", "[[rules]]\ntool = \"files\"\ndecision = \"allow\"\n");
    world.check(&["check", "--policy", "policy.toml"], &expect![""]);
    world.check(&["check", "--policy", "policy.toml", "--json"], &expect![""]);
}

#[test]
fn check_notes_a_rule_for_a_plugin_that_is_not_loaded() {
    let world = World::new().file("policy.toml", "[[rules]]\ntool = \"jira/*\"\ndecision = \"allow\"\n");
    world.check(&["check", "--policy", "policy.toml"], &expect![""]);
    world.check(&["check", "--policy", "policy.toml", "--strict"], &expect![""]);
}

#[test]
fn show_looks_back_at_the_latest_run() {
    let world = World::with_notes().file(".env", "TOKEN=1").model(&[
        r#"{"calls":[{"tool":"read_file","arguments":{"path":"notes.md"}}]}"#,
        r#"{"calls":[{"tool":"read_file","arguments":{"path":".env"}}]}"#,
        r#"{"calls":[{"tool":"write_file","arguments":{"path":"a","content":"b"}}]}"#,
        r#"{"text":"That is all."}"#,
    ]);
    world.check(&["show"], &expect![""]);
    let run = ["run", "--model", "scripted:../model.jsonl", "--allow", "files/read_file", "look"];
    assert_eq!(world.run(&run).code, Some(0));
    world.check(&["show"], &expect![""]);
    world.check(&["show", "#1"], &expect![""]);
    world.check(&["show", "#2"], &expect![""]);
    world.check(&["show", "#3"], &expect![""]);
    world.check(&["show", "#4"], &expect![""]);
    world.check(&["show", "--denied"], &expect![""]);
    world.check(&["show", "01ZZ"], &expect![""]);
    world.check(&["show", "#x"], &expect![""]);
}

#[test]
fn wit_writes_the_contract() {
    let world = World::new();
    world.check(&["wit", "contract"], &expect![""]);
    assert_eq!(
        world.tree("project/contract"),
        ["about.wit", "common.wit", "hook.wit", "host.wit", "needs.wit", "tool.wit", "world.wit"]
    );
    let written = std::fs::read_to_string(world.path("contract/tool.wit")).unwrap();
    assert_eq!(written, include_str!("../../../wit/tool.wit"));
}

#[test]
fn doctor_tries_the_sandbox_and_names_the_model() {
    let world = World::new();
    world.check(&["doctor"], &expect![[r#"
        ── stdout
        ✓ host         looplet-host 0.1.0 on [MACHINE]
        ✓ places       user file [DIR]/home/.config/looplet/looplet.toml, state in [DIR]/home/.local/state/looplet
        ✓ sandbox      4 built-in plugins load, 9 tools
        ✗ model        none is named: set OPENAI_API_KEY and OPENAI_MODEL, or start Ollama
        ── stderr
        compiling plugin files, once
        compiling plugin greet, once
        compiling plugin think, once
        compiling plugin todo, once
        ── exit 0
    "#]]);
    world.check(&["doctor", "--model", "openai:x"], &expect![[r#"
        ── stdout
        ✓ host         looplet-host 0.1.0 on [MACHINE]
        ✓ places       user file [DIR]/home/.config/looplet/looplet.toml, state in [DIR]/home/.local/state/looplet
        ✓ sandbox      4 built-in plugins load, 9 tools
        ✗ model        model `openai:x` needs a key
        ── exit 0
    "#]]);
    let world = world.variable("OPENAI_API_KEY", "sk-1").variable("OPENAI_MODEL", "small");
    world.check(&["doctor"], &expect![[r#"
        ── stdout
        ✓ host         looplet-host 0.1.0 on [MACHINE]
        ✓ places       user file [DIR]/home/.config/looplet/looplet.toml, state in [DIR]/home/.local/state/looplet
        ✓ sandbox      4 built-in plugins load, 9 tools
        ✓ model        model openai:small at api.openai.com (OPENAI_MODEL)
        ── exit 0
    "#]]);
}

#[test]
fn completions_are_for_the_shell_that_is_named() {
    let world = World::new();
    assert!(world.run(&["completions", "bash"]).stdout.contains("complete -F _looplet-host"));
    assert!(world.run(&["completions", "fish"]).stdout.contains("complete -c looplet-host"));
    world.check(&["completions", "tcsh"], &expect![""]);
}

#[test]
fn a_command_that_does_not_exist_is_a_usage_error() {
    World::new().check(&["rnu", "x"], &expect![""]);
}
