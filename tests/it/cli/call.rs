//! `call` and `explain`: one call, and what would become of it.

use expect_test::expect;

use crate::world::World;

#[test]
fn a_call_prints_what_the_tool_answers() {
    let world = World::with_notes();
    let arguments = ["call", "files/list_dir", "{}", "--allow", "files/list_dir"];
    world.check(&arguments, &expect![""]);
    world.check(&["call", "files", "read_file", r#"{"path":"notes.md"}"#, "--allow", "files"], &expect![""]);
}

#[test]
fn a_call_as_json_says_what_it_used() {
    let world = World::with_notes();
    let arguments = ["call", "files/read_file", r#"{"path":"notes.md"}"#, "--allow", "files", "--json"];
    world.check(&arguments, &expect![""]);
}

#[test]
fn a_denied_call_says_what_would_allow_it() {
    World::with_notes().check(&["call", "files/read_file", r#"{"path":"notes.md"}"#], &expect![""]);
}

#[test]
fn a_failed_call_keeps_the_words_of_the_tool() {
    let world = World::with_notes();
    world.check(&["call", "files/read_file", r#"{"path":"note.md"}"#, "--allow", "files"], &expect![""]);
}

#[test]
fn arguments_are_checked_before_anything_runs() {
    let world = World::with_notes();
    world.check(&["call", "files/read_file", r#"{"file":"notes.md"}"#, "--allow", "files"], &expect![""]);
    world.check(&["call", "files/read_file", "notes.md", "--allow", "files"], &expect![""]);
    world.check(&["call", "files/read_fil", "{}", "--allow", "files"], &expect![""]);
}

#[test]
fn what_lies_outside_the_workspace_is_refused_and_reported() {
    let world = World::with_notes().file("../secret.txt", "OUTSIDE");
    world.check(&["call", "files/read_file", r#"{"path":"../secret.txt"}"#, "--allow", "files"], &expect![""]);
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("../secret.txt", world.path("link.txt")).unwrap();
        world.check(&["call", "files/read_file", r#"{"path":"link.txt"}"#, "--allow", "files"], &expect![""]);
    }
}

#[test]
fn a_hidden_file_is_not_there_and_the_operator_is_told_why() {
    let world = World::with_notes().file(".env", "TOKEN=1");
    world.check(&["call", "files/read_file", r#"{"path":".env"}"#, "--allow", "files"], &expect![""]);
}

#[test]
fn explain_says_what_an_allowed_call_could_reach() {
    let world = World::with_notes().file("policy.toml", POLICY);
    let arguments = ["explain", "files/write_file", "--args", r#"{"path":"src/a.rs","content":""}"#, "--policy", "policy.toml"];
    world.check(&arguments, &expect![""]);
}

#[test]
fn explain_says_which_rule_denies() {
    let world = World::with_notes().file("policy.toml", POLICY);
    let arguments = ["explain", "files/write_file", "--args", r#"{"path":"src/gen/a.rs","content":""}"#, "--policy", "policy.toml"];
    world.check(&arguments, &expect![""]);
    let arguments = ["explain", "files/write_file", "--args", r#"{"path":"a.rs","content":""}"#, "--policy", "policy.toml"];
    world.check(&arguments, &expect![""]);
}

#[test]
fn explain_names_a_grant_that_is_missing() {
    let policy = POLICY.replace("[grants]\nfiles = { fs = { workspace = \"rw\" } }\n", "");
    let world = World::with_notes().file("policy.toml", policy);
    let arguments = ["explain", "files/write_file", "--args", r#"{"path":"src/a.rs","content":""}"#, "--policy", "policy.toml"];
    world.check(&arguments, &expect![""]);
}

#[test]
fn explain_says_that_a_write_to_a_read_only_mount_will_fail() {
    let world = World::with_notes();
    let arguments = [
        "explain", "files/write_file", "--args", r#"{"path":"src/a.rs","content":""}"#, "--allow", "files", "--workspace", ".:ro",
    ];
    world.check(&arguments, &expect![""]);
}

const POLICY: &str = r#"[mounts.workspace]
path = "."
mode = "rw"

[grants]
files = { fs = { workspace = "rw" } }

[[rules]]
tool = "files/write_file"
path = { arg = "path", mount = "workspace", glob = "src/**" }
decision = "allow"

[[rules]]
tool = "files/write_file"
path = { arg = "path", mount = "workspace", glob = "src/gen/**" }
decision = "deny"
reason = "is generated"
"#;
