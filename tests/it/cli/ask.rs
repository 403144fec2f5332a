//! Asks without anybody to ask, and the approvals that answer them.

use expect_test::expect;

use crate::world::World;

const ASKING: &str = "[[rules]]\ntool = \"files\"\ndecision = \"ask\"\nreason = \"look first\"\n";
const CALL: [&str; 5] = ["call", "files/read_file", r#"{"path":"notes.md"}"#, "--policy", "policy.toml"];

#[test]
fn an_ask_without_a_terminal_is_a_no() {
    let world = World::with_notes().file("policy.toml", ASKING);
    world.check(&CALL, &expect![[r#"
        ── stderr
        error: `files/read_file` is denied: look first
        hint: --allow 'files/read_file', or in looplet.toml: [[rules]] tool = "files/read_file", decision = "allow"
        ── exit 3
    "#]]);
    world.check(&[&CALL[..], &["--workspace", "."]].concat(), &expect![[r#"
        ── stderr
        error: `files/read_file` is denied: look first
        hint: --allow 'files/read_file', or in looplet.toml: [[rules]] tool = "files/read_file", decision = "allow"
        ── exit 3
    "#]]);
    world.check(&[&CALL[..], &["--workspace", ".", "--allow", "files/read_file"]].concat(), &expect![[r#"
        ── stdout
        alpha
        beta
        ── stderr
        [TIME] · [SIZE] of 64
        ── exit 0
    "#]]);
}

#[test]
fn approvals_are_listed_and_revoked_by_number() {
    let world = World::new();
    world.check(&["approvals"], &expect![[r#"
        ── stderr
        no answers are remembered for this project
        ── exit 0
    "#]]);
    world.check(&["approvals", "revoke", "1"], &expect![[r#"
        ── stderr
        error: there is no approval 1
        hint: `looplet-host approvals` lists them
        ── exit 2
    "#]]);
}
