//! `trust`: a project's file narrows at once, and gives only after a person said so.

use expect_test::expect;

use crate::world::World;

const ALLOWING: &str = "[[rules]]\ntool = \"files\"\ndecision = \"allow\"\n";
const DENYING: &str = "[[rules]]\ntool = \"files\"\ndecision = \"deny\"\nreason = \"not here\"\n";
const CALL: [&str; 3] = ["call", "files/read_file", r#"{"path":"notes.md"}"#];

#[test]
fn an_untrusted_file_gives_nothing() {
    let world = World::with_notes().file("looplet.toml", ALLOWING);
    world.check(&CALL, &expect![[r#"
        ── stderr
        note: `looplet.toml` came with the project and nobody has trusted it: only what narrows is used; `looplet-host trust` shows what it would give
        error: `files/read_file` is denied: nothing in the operator's policy allows this call
        hint: --allow 'files/read_file', or in looplet.toml:
          [[rules]]
          tool = "files/read_file"
          decision = "allow"
        ── exit 3
    "#]]);
    world.check(&["check"], &expect![[r#"
        ── stdout
        note: `looplet.toml` came with the project and nobody has trusted it: only what narrows is used; `looplet-host trust` shows what it would give
        not used, the file is not trusted: looplet.toml:1: `rules`
        in order: 4 plugins, 9 tools, 0 rules
        ── exit 0
    "#]]);
}

#[test]
fn an_untrusted_file_narrows_what_a_flag_allows() {
    let world = World::with_notes().file("looplet.toml", DENYING);
    world.check(&[&CALL[..], &["--allow", "files"]].concat(), &expect![[r#"
        ── stderr
        note: `looplet.toml` came with the project and nobody has trusted it: only what narrows is used; `looplet-host trust` shows what it would give
        error: `files/read_file` is denied: not here
        hint: an `unless` in the rule at `looplet.toml:1`, or taking that rule out
        ── exit 3
    "#]]);
}

#[test]
fn a_trusted_file_gives_until_it_changes() {
    let world = World::with_notes().file(
        "looplet.toml",
        format!(
            "[mounts.workspace]\npath = \".\"\n\n[grants]\nfiles = {{ fs = {{ workspace = \"ro\" }} }}\n\n{ALLOWING}"
        ),
    );
    world.check(
        &["trust"],
        &expect![[r#"
            ── stderr
            `looplet.toml` and the files it names, [DIGEST]
               1 │ [mounts.workspace]
               2 │ path = "."
               3 │ 
               4 │ [grants]
               5 │ files = { fs = { workspace = "ro" } }
               6 │ 
               7 │ [[rules]]
               8 │ tool = "files"
               9 │ decision = "allow"
            error: nobody is there to ask: trust is given at a terminal
            hint: once you have read the file: `looplet-host trust --yes=[DIGEST]`
            ── exit 2
        "#]],
    );
    world.check(
        &["trust", "--yes"],
        &expect![[r#"
            ── stderr
            `looplet.toml` and the files it names, [DIGEST]
               1 │ [mounts.workspace]
               2 │ path = "."
               3 │ 
               4 │ [grants]
               5 │ files = { fs = { workspace = "ro" } }
               6 │ 
               7 │ [[rules]]
               8 │ tool = "files"
               9 │ decision = "allow"
            trusted as it is now; a change asks again
            ── exit 0
        "#]],
    );
    world.check(
        &["trust", "--yes"],
        &expect![[r#"
            ── stderr
            `looplet.toml` is trusted already as it is now
            ── exit 0
        "#]],
    );
    world.check(
        &CALL,
        &expect![[r#"
        ── stdout
        alpha
        beta
        ── stderr
        [TIME] · [SIZE] of 64
        ── exit 0
    "#]],
    );
    world.write("looplet.toml", ALLOWING);
    world.check(&CALL, &expect![[r#"
        ── stderr
        note: `looplet.toml` has changed since you trusted it: only what narrows is used; `looplet-host trust` shows what it would give
        error: `files/read_file` is denied: nothing in the operator's policy allows this call
        hint: --allow 'files/read_file', or in looplet.toml:
          [[rules]]
          tool = "files/read_file"
          decision = "allow"
        ── exit 3
    "#]]);
    world.check(
        &["trust", "--revoke"],
        &expect![[r#"
            ── stderr
            `looplet.toml` is no longer trusted
            ── exit 0
        "#]],
    );
    world.check(
        &["trust", "--revoke"],
        &expect![[r#"
            ── stderr
            `looplet.toml` was not trusted
            ── exit 0
        "#]],
    );
}

#[test]
fn there_is_nothing_to_trust_without_a_file() {
    World::new().check(
        &["trust"],
        &expect![[r#"
        ── stderr
        error: there is no `looplet.toml` here
        hint: run it in the directory of the project
        ── exit 2
    "#]],
    );
}

#[test]
fn a_policy_file_needs_no_trust_and_takes_the_place_of_the_projects() {
    let world = World::with_notes().file("looplet.toml", DENYING).file("policy.toml", ALLOWING);
    world.check(
        &[&CALL[..], &["--policy", "policy.toml", "--workspace", "."]].concat(),
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
