//! Directories that cannot be given, and files of the host's own that are broken.

use expect_test::{Expect, expect};

use crate::world::World;

fn check(world: &World, workspace: &str, expected: &Expect) {
    world.check(&["check", "--workspace", workspace], expected);
}

#[test]
fn a_workspace_that_is_not_there() {
    check(&World::new(), "no-such", &expect![""]);
}

#[test]
fn a_workspace_that_is_a_file() {
    check(&World::with_notes(), "notes.md", &expect![""]);
}

#[test]
fn a_workspace_with_a_mode_that_there_is_not() {
    check(&World::new(), ".:rx", &expect![""]);
}

#[test]
fn a_mount_without_a_name() {
    World::new().check(&["check", "--mount", "data"], &expect![""]);
}

#[test]
fn a_writable_workspace_that_holds_the_hosts_own_files() {
    let world = World::new();
    expect![""].assert_eq(&world.run_at("home", &["check", "--workspace", ".:rw"]).transcript());
}

#[test]
fn a_grant_that_says_nothing() {
    World::new().check(&["check", "--grant", "files"], &expect![""]);
}

#[test]
fn a_pattern_that_is_none() {
    World::new().check(&["check", "--allow", "files/[a"], &expect![""]);
}

#[test]
fn approvals_that_cannot_be_read() {
    let world = World::with_notes().file("../home/.local/state/looplet/approvals.toml", "[[approvals]\n");
    world.check(&["call", "greet/greet", r#"{"name":"Ada"}"#], &expect![""]);
}
