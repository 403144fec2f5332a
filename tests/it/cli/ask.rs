//! Asks without anybody to ask, and the approvals that answer them.

use expect_test::expect;

use crate::world::World;

const ASKING: &str = "[[rules]]\ntool = \"files\"\ndecision = \"ask\"\nreason = \"look first\"\n";
const CALL: [&str; 5] = ["call", "files/read_file", r#"{"path":"notes.md"}"#, "--policy", "policy.toml"];

#[test]
fn an_ask_without_a_terminal_is_a_no() {
    let world = World::with_notes().file("policy.toml", ASKING);
    world.check(&CALL, &expect![""]);
    world.check(&[&CALL[..], &["--workspace", "."]].concat(), &expect![""]);
    world.check(&[&CALL[..], &["--workspace", ".", "--allow", "files/read_file"]].concat(), &expect![""]);
}

#[test]
fn approvals_are_listed_and_revoked_by_number() {
    let world = World::new();
    world.check(&["approvals"], &expect![""]);
    world.check(&["approvals", "revoke", "1"], &expect![""]);
}
