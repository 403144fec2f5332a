//! Directories that cannot be given, and files of the host's own that are broken.

use expect_test::{Expect, expect};

use crate::world::World;

fn check(world: &World, workspace: &str, expected: &Expect) {
    world.check(&["check", "--workspace", workspace], expected);
}

#[test]
fn a_workspace_that_is_not_there() {
    check(
        &World::new(),
        "no-such",
        &expect![[r#"
        ── stderr
        error: --workspace: mount `workspace`: there is no directory `[DIR]/project/no-such`
        hint: create it, or name another one
        ── exit 2
    "#]],
    );
}

#[test]
fn a_workspace_that_is_a_file() {
    check(
        &World::with_notes(),
        "notes.md",
        &expect![[r#"
        ── stderr
        error: --workspace: mount `workspace`: `[DIR]/project/notes.md` is not a directory
        hint: a mount is a directory; name the one that holds the file
        ── exit 2
    "#]],
    );
}

#[test]
fn a_workspace_with_a_mode_that_there_is_not() {
    check(
        &World::new(),
        ".:rx",
        &expect![[r#"
            ── stderr
            error: --workspace: `rx` is no mode
            hint: it is `ro` or `rw`; a directory that is called so needs one too: `.:rx:ro`
            ── exit 2
        "#]],
    );
}

#[test]
fn a_directory_with_a_colon_in_its_name_needs_a_mode() {
    let world = World::new().file("a:b/notes.md", "");
    check(
        &world,
        "a:b",
        &expect![[r#"
        ── stderr
        error: --workspace: `b` is no mode
        hint: it is `ro` or `rw`; a directory that is called so needs one too: `a:b:ro`
        ── exit 2
    "#]],
    );
    check(
        &world,
        "a:b:ro",
        &expect![[r#"
        ── stdout
        in order: 4 plugins, 9 tools, 0 rules
        ── exit 0
    "#]],
    );
}

#[test]
fn a_mount_without_a_name() {
    World::new().check(
        &["check", "--mount", "data"],
        &expect![[r#"
        ── stderr
        error: --mount: `data` is not what the flag takes
        hint: write `--mount NAME=PATH:ro`
        ── exit 2
    "#]],
    );
}

#[test]
fn a_writable_workspace_that_holds_the_hosts_own_files() {
    let world = World::new();
    expect![[r#"
        ── stderr
        error: --workspace: the mount `workspace` is your home directory, or lies above it
        hint: mount a directory below it, or say that it is meant: `--wide-mount workspace`
        ── exit 2
    "#]]
    .assert_eq(&world.run_at("home", &["check", "--workspace", ".:rw"]).transcript());
    // Meant or not, nobody writes there.
    let meant = world.run_at("home", &["check", "--workspace", ".:rw", "--wide-mount", "workspace"]);
    expect![[r#"
        ── stderr
        error: --workspace: mount `workspace` is writable and holds the host's own `[DIR]/home/.config/looplet/looplet.toml`
        hint: mount a directory below it, or give it read-only: `--mount workspace=PATH:ro`
        ── exit 2
    "#]]
    .assert_eq(&meant.transcript());
}

#[test]
fn a_grant_that_says_nothing() {
    World::new().check(
        &["check", "--grant", "files"],
        &expect![[r#"
            ── stderr
            error: --grant: `files` is no grant
            hint: write `PLUGIN/TOOL:fs.NAME=ro`, `PLUGIN/TOOL:env.NAME`, `PLUGIN/TOOL:secret.NAME` or `PLUGIN/TOOL:http=GET https://…`
            ── exit 2
        "#]],
    );
}

#[test]
fn a_pattern_that_is_none() {
    World::new().check(
        &["check", "--allow", "files/[a"],
        &expect![[r#"
        ── stderr
        error: --allow: `[a` is no glob: unclosed character class; missing ']'
        hint: `\` before a character takes it as it is
        ── exit 2
    "#]],
    );
}

#[test]
fn a_flag_that_allows_what_no_plugin_has() {
    let check = |pattern, expected: &Expect| World::new().check(&["check", "--allow", pattern], expected);
    check(
        "read_file",
        &expect![[r#"
        ── stderr
        error: --allow: `read_file` is a tool, not a plugin
        hint: write `files/read_file`: a name without `/` is a plugin
        ── exit 2
    "#]],
    );
    check(
        "files/reed_file",
        &expect![[r#"
        ── stderr
        error: --allow: the rule can never match: `files/reed_file` names no tool of `files`
        hint: did you mean `files/read_file`?
        ── exit 2
    "#]],
    );
    check(
        "jira",
        &expect![[r#"
        ── stdout
        note: --allow: no plugin that is loaded matches `jira`; it holds once such a plugin is loaded
        in order: 4 plugins, 9 tools, 0 rules
        ── exit 0
    "#]],
    );
}

#[test]
fn a_task_without_a_word() {
    World::new().check(
        &["run", " "],
        &expect![[r#"
        ── stderr
        error: the task is empty
        hint: `looplet-host run "what is this project about?"`
        ── exit 2
    "#]],
    );
    World::new().check(
        &["run", "-"],
        &expect![[r#"
        ── stderr
        error: the task is empty
        hint: `looplet-host run "what is this project about?"`
        ── exit 2
    "#]],
    );
}

#[test]
fn approvals_that_cannot_be_read() {
    let world = World::with_notes().file("../home/.local/state/looplet/approvals.toml", "[[approvals]\n");
    world.check(
        &["call", "greet/greet", r#"{"name":"Ada"}"#],
        &expect![[r#"
        ── stderr
        error: approvals.toml:1: the list of approvals cannot be read: unclosed array table, expected `]`
        hint: mend the line, or remove the file: approvals are then asked for again
        ── exit 2
    "#]],
    );
}
