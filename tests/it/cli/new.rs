//! `new`: a project that builds and answers as it is, and what is refused before anything is written.

use std::path::PathBuf;
use std::process::Command;

use expect_test::expect;

use crate::guest_cargo::GUEST_CARGO;
use crate::world::World;

/// Builds a project of a world, without a network, and returns the component.
fn build(world: &World, name: &str) -> PathBuf {
    let project = world.path(name);
    std::fs::copy(GUEST_CARGO.lock, project.join("Cargo.lock")).unwrap();
    let mut cargo = Command::new(GUEST_CARGO.program);
    for name in GUEST_CARGO.removed {
        cargo.env_remove(name);
    }
    let output = cargo
        .envs(GUEST_CARGO.set.iter().copied())
        .current_dir(project)
        .args(["build", "--quiet", "--offline", "--release", "--target", GUEST_CARGO.target])
        .args(["--target-dir", GUEST_CARGO.target_dir])
        .args(GUEST_CARGO.arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let file = format!("{}.wasm", name.replace('-', "_"));
    let built = PathBuf::from(GUEST_CARGO.target_dir).join(GUEST_CARGO.target).join("release").join(&file);
    std::fs::copy(built, world.path(&file)).unwrap();
    world.path(&file)
}

/// Runs the tests that a project has, with the toolchain of this one.
fn test(world: &World, name: &str) {
    let project = world.path(name);
    std::fs::copy(GUEST_CARGO.lock, project.join("Cargo.lock")).unwrap();
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .current_dir(project)
        .args(["test", "--quiet", "--offline", "--target-dir", concat!(env!("CARGO_TARGET_TMPDIR"), "/new")])
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{printed}{}", String::from_utf8_lossy(&output.stderr));
    assert!(printed.contains("1 passed"), "{printed}");
}

#[test]
fn a_new_tool_builds_and_answers_with_the_commands_that_are_printed() {
    let world = World::new();
    world.check(&["new", "new-tool"], &expect![[r#"
        ── stderr
        wrote a tool to `new-tool`. Next:
          cd new-tool
          cargo test
          cargo build --release --target wasm32-wasip2
          looplet-host inspect target/wasm32-wasip2/release/new_tool.wasm
          looplet-host call target/wasm32-wasip2/release/new_tool.wasm count_words '{"text": "one two"}' --allow new_tool
        ── exit 0
    "#]]);
    test(&world, "new-tool");
    build(&world, "new-tool");
    world.check(
        &["call", "new_tool.wasm", "count_words", r#"{"text": "one two"}"#, "--allow", "new_tool"],
        &expect![[r#"
            ── stdout
            {"words":2}
            ── stderr
            [TIME] · [SIZE] of 64
            ── exit 0
        "#]],
    );
}

#[test]
fn a_new_hook_builds_and_exports_its_point() {
    let world = World::new();
    world.check(
        &["new", "new-hook", "--hook"],
        &expect![[r#"
            ── stderr
            wrote a hook to `new-hook`. Next:
              cd new-hook
              cargo test
              cargo build --release --target wasm32-wasip2
              looplet-host inspect target/wasm32-wasip2/release/new_hook.wasm
              looplet-host run --hook 'target/wasm32-wasip2/release/new_hook.wasm={"refuse":["files/*"]}' --workspace . "what is in this directory?"
            ── exit 0
        "#]],
    );
    test(&world, "new-hook");
    build(&world, "new-hook");
    world.check(
        &["inspect", "new_hook.wasm"],
        &expect![[r#"
            ── stdout
            new_hook  new-hook 0.1.0  [DIGEST]
              Refuses tools that a run is not for
              hook pre-tool
              settings {"additionalProperties":false,"properties":{"refuse":{"default":[],"description":"Tools that are refused, as patterns such as `files/*`.","items":{"type":"string"},"type":"array"}},"type":"object"}
            ── exit 0
        "#]],
    );
}

#[test]
fn what_is_there_is_never_overwritten_and_a_name_has_to_be_one() {
    let world = World::new().file("taken/notes.md", "mine");
    world.check(
        &["new", "taken"],
        &expect![[r#"
        ── stderr
        error: `taken` is there and not empty
        hint: nothing is overwritten; take another name, or move it away
        ── exit 2
    "#]],
    );
    world.check(
        &["new", "../up"],
        &expect![[r#"
        ── stderr
        error: `../up` is no name of a plugin: it begins with a lower-case letter
        hint: a name is lower-case words of letters and digits joined by `-`, such as `word-count`
        ── exit 2
    "#]],
    );
    world.check(
        &["new", "two--words"],
        &expect![[r#"
        ── stderr
        error: `two--words` is no name of a plugin: it has something else in it
        hint: a name is lower-case words of letters and digits joined by `-`, such as `word-count`
        ── exit 2
    "#]],
    );
    world.check(
        &["new", "serde"],
        &expect![[r#"
        ── stderr
        error: `serde` is no name of a plugin: the name is taken by something that the project needs
        hint: a name is lower-case words of letters and digits joined by `-`, such as `word-count`
        ── exit 2
    "#]],
    );
    assert_eq!(world.tree("project"), ["taken/notes.md"]);
}
