//! `call` and `explain`: one call, and what would become of it.

use expect_test::expect;

use crate::world::World;

#[test]
fn a_call_prints_what_the_tool_answers() {
    let world = World::with_notes();
    let arguments = ["call", "files/list_dir", "{}", "--allow", "files/list_dir"];
    world.check(
        &arguments,
        &expect![[r#"
        ── stdout
        {"entries":["notes.md","src/"]}
        ── stderr
        [TIME] · [SIZE] of 64
        ── exit 0
    "#]],
    );
    world.check(
        &["call", "files", "read_file", r#"{"path":"notes.md"}"#, "--allow", "files"],
        &expect![[r#"
        ── stdout
        alpha
        beta
        ── stderr
        [TIME] · [SIZE] of 64
        ── exit 0
    "#]],
    );
}

#[test]
fn a_call_as_json_says_what_it_used() {
    let world = World::with_notes();
    let arguments = ["call", "files/read_file", r#"{"path":"notes.md"}"#, "--allow", "files", "--json"];
    world.check(&arguments, &expect![[r#"
        ── stdout
        {"outcome":{"ok":{"content":{"text":"alpha\nbeta\n"}}},"duration_us":0,"used":{"memory_bytes":0,"bytes_read":11},"refusals":[],"stderr":null}
        ── stderr
        [TIME] · [SIZE] of 64
        ── exit 0
    "#]]);
}

#[test]
fn a_denied_call_says_what_would_allow_it() {
    World::with_notes().check(
        &["call", "files/read_file", r#"{"path":"notes.md"}"#],
        &expect![[r#"
            ── stderr
            error: `files/read_file` is denied: nothing in the operator's policy allows this call
            hint: --allow 'files/read_file', or in looplet.toml:
              [[rules]]
              tool = "files/read_file"
              decision = "allow"
            ── exit 3
        "#]],
    );
}

#[test]
fn a_failed_call_keeps_the_words_of_the_tool() {
    let world = World::with_notes();
    world.check(
        &["call", "files/read_file", r#"{"path":"note.md"}"#, "--allow", "files"],
        &expect![[r#"
        ── stderr
        error: not found: `note.md` does not exist
        hint: did you mean `notes.md`?
        [TIME] · [SIZE] of 64
        ── exit 1
    "#]],
    );
}

#[test]
fn arguments_are_checked_before_anything_runs() {
    let world = World::with_notes();
    world.check(&["call", "files/read_file", r#"{"file":"notes.md"}"#, "--allow", "files"], &expect![[r#"
        ── stderr
        error: the arguments do not fit the schema of `read_file`: `file` is not known; `path` is missing; it takes `path` (string), `first_line` (integer, optional), `lines` (integer, optional), `numbered` (boolean, optional)
        hint: `looplet-host inspect files --json` shows what it takes
        ── exit 2
    "#]]);
    world.check(
        &["call", "files/read_file", "notes.md", "--allow", "files"],
        &expect![[r#"
        ── stderr
        error: the arguments are no JSON: expected ident at line 1 column 2
        hint: write them as a JSON object: '{"path": "a.txt"}'
        ── exit 2
    "#]],
    );
    world.check(
        &["call", "files/read_fil", "{}", "--allow", "files"],
        &expect![[r#"
        ── stderr
        error: there is no tool `files/read_fil`
        hint: do you mean `files/read_file`?
        ── exit 2
    "#]],
    );
}

#[test]
fn what_lies_outside_the_workspace_is_refused_and_reported() {
    let world = World::with_notes().file("../secret.txt", "OUTSIDE");
    world.check(
        &["call", "files/read_file", r#"{"path":"../secret.txt"}"#, "--allow", "files"],
        &expect![[r#"
        ── stderr
        error: validation: `../secret.txt` has `..` in it
        hint: name the path from the top of the workspace, such as `src/main.rs`
        [TIME] · [SIZE] of 64
        ── exit 1
    "#]],
    );
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("../secret.txt", world.path("link.txt")).unwrap();
        world.check(
            &["call", "files/read_file", r#"{"path":"link.txt"}"#, "--allow", "files"],
            &expect![[r#"
                ── stderr
                refused inside: open workspace:/: leads out of the mount
                error: permission denied: `link.txt` is not open to this call
                [TIME] · [SIZE] of 64
                ── exit 1
            "#]],
        );
    }
}

#[test]
fn a_hidden_file_is_not_there_and_the_operator_is_told_why() {
    let world = World::with_notes().file(".env", "TOKEN=1");
    world.check(
        &["call", "files/read_file", r#"{"path":".env"}"#, "--allow", "files"],
        &expect![[r#"
            ── stderr
            refused inside: open workspace:/.env: hidden (the shipped list of masks)
            refused inside: stat workspace:/.env: hidden (the shipped list of masks)
            error: not found: `.env` does not exist
            [TIME] · [SIZE] of 64
            ── exit 1
        "#]],
    );
}

#[test]
fn explain_says_what_an_allowed_call_could_reach() {
    let world = World::with_notes().file("policy.toml", POLICY);
    let arguments =
        ["explain", "files/write_file", "--args", r#"{"path":"src/a.rs","content":""}"#, "--policy", "policy.toml"];
    world.check(
        &arguments,
        &expect![[r#"
        ── stdout
         tool      files/write_file
         decision  allow  policy.toml:8 (the operator's policy allows this call)
         could     fs workspace:/src/a.rs rw  (granted by policy.toml:6)  ← narrowed by rules
        ── exit 0
    "#]],
    );
}

#[test]
fn explain_says_which_rule_denies() {
    let world = World::with_notes().file("policy.toml", POLICY);
    let arguments =
        ["explain", "files/write_file", "--args", r#"{"path":"src/gen/a.rs","content":""}"#, "--policy", "policy.toml"];
    world.check(
        &arguments,
        &expect![[r#"
        ── stdout
         tool      files/write_file
         decision  deny   policy.toml:13 (is generated)
                   allow  policy.toml:8
         could     fs workspace:/src/gen/a.rs rw  (granted by policy.toml:6)  ← narrowed by rules
         to allow  an `unless` in the rule at `policy.toml:13`, or taking that rule out
        ── exit 3
    "#]],
    );
    let arguments =
        ["explain", "files/write_file", "--args", r#"{"path":"a.rs","content":""}"#, "--policy", "policy.toml"];
    world.check(
        &arguments,
        &expect![[r#"
        ── stdout
         tool      files/write_file
         decision  deny   the shipped default (nothing in the operator's policy allows this call)
         could     fs workspace:/ rw  (granted by policy.toml:6)
         to allow  --allow 'files/write_file', or in looplet.toml:
                     [[rules]]
                     tool = "files/write_file"
                     decision = "allow"
        ── exit 3
    "#]],
    );
}

#[test]
fn explain_names_a_grant_that_is_missing() {
    let policy = POLICY.replace("[grants]\nfiles = { fs = { workspace = \"rw\" } }\n", "");
    let world = World::with_notes().file("policy.toml", policy);
    let arguments =
        ["explain", "files/write_file", "--args", r#"{"path":"src/a.rs","content":""}"#, "--policy", "policy.toml"];
    world.check(
        &arguments,
        &expect![[r#"
        ── stdout
         tool      files/write_file
         decision  allow  policy.toml:6 (the operator's policy allows this call)
         lacks     fs workspace rw: the file to write
         to allow  --grant 'files/write_file:fs.workspace=rw', or in looplet.toml:
                     [grants."files/write_file"]
                     fs = { workspace = "rw" }
        ── exit 3
    "#]],
    );
}

#[test]
fn explain_says_that_a_write_to_a_read_only_mount_will_fail() {
    let world = World::with_notes();
    let arguments = [
        "explain",
        "files/write_file",
        "--args",
        r#"{"path":"src/a.rs","content":""}"#,
        "--allow",
        "files",
        "--workspace",
        ".:ro",
    ];
    world.check(
        &arguments,
        &expect![[r#"
        ── stdout
         tool      files/write_file
         decision  allow  --allow (the operator's policy allows this call)
         could     fs workspace:/ ro  (granted by --workspace)  ← the grant is read-only: writes will fail
        ── exit 0
    "#]],
    );
}

#[test]
fn explain_says_what_masks_will_do_to_a_call() {
    let world = World::with_notes();
    let explain = |tool, arguments, expected: &expect_test::Expect| {
        world.check(&["explain", tool, "--args", arguments, "--allow", "files", "--workspace", ".:rw"], expected);
    };
    explain(
        "files/read_file",
        r#"{"path":".env"}"#,
        &expect![[r#"
        ── stdout
         tool      files/read_file
         decision  allow  --allow (the operator's policy allows this call)
         could     fs workspace:/ ro  (granted by --workspace)
         but       `.env` is hidden (the shipped list of masks): it will not be found
        ── exit 0
    "#]],
    );
    explain(
        "files/write_file",
        r#"{"path":".git/config","content":""}"#,
        &expect![[r#"
        ── stdout
         tool      files/write_file
         decision  allow  --allow (the operator's policy allows this call)
         could     fs workspace:/ rw  (granted by --workspace)
         but       `.git/config` is read-only (the shipped list of masks): writes will fail
        ── exit 0
    "#]],
    );
}

#[test]
fn explain_as_json_is_one_value() {
    let world = World::with_notes().file("policy.toml", POLICY);
    let arguments = [
        "explain",
        "files/write_file",
        "--args",
        r#"{"path":"src/a.rs","content":""}"#,
        "--policy",
        "policy.toml",
        "--json",
    ];
    world.check(&arguments, &expect![[r#"
        ── stdout
        {"tool":"files/write_file","kind":"component","faults":[],"verdict":{"decision":"allow","reason":"the operator's policy allows this call","matched":[{"decision":"allow","answer":"yes","narrowing":{"fs":{"workspace":[{"path":"src/a.rs","mode":"rw"}]}},"origin":"policy.toml:8"}],"narrowing":{"fs":{"workspace":[{"path":"src/a.rs","mode":"rw"}]}}},"approved_by":null,"reach":[{"fs":{"mount":"workspace","path":"src/a.rs","mode":"rw"}}],"lacks":null,"masked":[],"to_allow":null}
        ── exit 0
    "#]]);
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
