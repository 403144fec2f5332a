//! `trust`: a project's file narrows at once, and gives only after a person said so.

use expect_test::expect;

use crate::world::World;

const ALLOWING: &str = "[[rules]]\ntool = \"files\"\ndecision = \"allow\"\n";
const DENYING: &str = "[[rules]]\ntool = \"files\"\ndecision = \"deny\"\nreason = \"not here\"\n";
const CALL: [&str; 3] = ["call", "files/read_file", r#"{"path":"notes.md"}"#];

#[test]
fn an_untrusted_file_gives_nothing() {
    let world = World::with_notes().file("looplet.toml", ALLOWING);
    world.check(&CALL, &expect![""]);
    world.check(&["check"], &expect![""]);
}

#[test]
fn an_untrusted_file_narrows_what_a_flag_allows() {
    let world = World::with_notes().file("looplet.toml", DENYING);
    world.check(&[&CALL[..], &["--allow", "files"]].concat(), &expect![""]);
}

#[test]
fn a_trusted_file_gives_until_it_changes() {
    let world = World::with_notes().file(
        "looplet.toml",
        format!("[mounts.workspace]\npath = \".\"\n\n[grants]\nfiles = {{ fs = {{ workspace = \"ro\" }} }}\n\n{ALLOWING}"),
    );
    world.check(&["trust"], &expect![""]);
    world.check(&["trust", "--yes"], &expect![""]);
    world.check(&["trust", "--yes"], &expect![""]);
    world.check(&CALL, &expect![""]);
    world.write("looplet.toml", ALLOWING);
    world.check(&CALL, &expect![""]);
    world.check(&["trust", "--revoke"], &expect![""]);
    world.check(&["trust", "--revoke"], &expect![""]);
}

#[test]
fn there_is_nothing_to_trust_without_a_file() {
    World::new().check(&["trust"], &expect![""]);
}

#[test]
fn a_policy_file_needs_no_trust_and_takes_the_place_of_the_projects() {
    let world = World::with_notes().file("looplet.toml", DENYING).file("policy.toml", ALLOWING);
    world.check(&[&CALL[..], &["--policy", "policy.toml", "--workspace", "."]].concat(), &expect![""]);
}
