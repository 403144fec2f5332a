//! Asks without anybody to ask, and the approvals that answer them.

use expect_test::expect;

use crate::world::World;

const ASKING: &str = "[[rules]]\ntool = \"files\"\ndecision = \"ask\"\nreason = \"look first\"\n";
const CALL: [&str; 5] = ["call", "files/read_file", r#"{"path":"notes.md"}"#, "--policy", "policy.toml"];

#[test]
fn an_ask_without_a_terminal_is_a_no() {
    let world = World::with_notes().file("policy.toml", ASKING);
    world.check(
        &CALL,
        &expect![[r#"
            ── stderr
            error: `files/read_file` is denied: look first, and nobody is there to be asked
            hint: --allow 'files/read_file', or `decision = "allow"` in the rule at `policy.toml:1`
            ── exit 3
        "#]],
    );
    world.check(
        &[&CALL[..], &["--workspace", "."]].concat(),
        &expect![[r#"
            ── stderr
            error: `files/read_file` is denied: look first, and nobody is there to be asked
            hint: --allow 'files/read_file', or `decision = "allow"` in the rule at `policy.toml:1`
            ── exit 3
        "#]],
    );
    world.check(
        &[&CALL[..], &["--workspace", ".", "--allow", "files/read_file"]].concat(),
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
fn a_standing_approval_answers_until_it_is_revoked() {
    let world = World::with_notes().file("policy.toml", ASKING);
    let project = std::fs::canonicalize(world.path(".")).unwrap();
    let digest = looplet_host::builtin::get("files").expect("is built in").digest;
    let approval = format!(
        "format = 1\n\n[[approvals]]\nproject = {:?}\ntool = \"files/read_file\"\nplugin = \"{digest}\"\n",
        project.display().to_string()
    );
    let world = world.file("../home/.local/state/looplet/approvals.toml", approval);
    let call = [&CALL[..], &["--workspace", "."]].concat();
    world.check(
        &["approvals"],
        &expect![[r#"
            ── stdout
            1  files/read_file  any arguments  plugin [DIGEST]
            ── exit 0
        "#]],
    );
    world.check(
        &call,
        &expect![[r#"
        ── stdout
        alpha
        beta
        ── stderr
        [TIME] · [SIZE] of 64
        ── exit 0
    "#]],
    );
    let explain = [
        "explain",
        "files/read_file",
        "--args",
        r#"{"path":"notes.md"}"#,
        "--policy",
        "policy.toml",
        "--workspace",
        ".",
    ];
    world.check(
        &explain,
        &expect![[r#"
            ── stdout
             tool      files/read_file
             decision  ask    policy.toml:1 (look first)
             answered  by a standing approval (approvals.toml approval 1)
             works     yes
             could     fs workspace:/ ro  (granted by --workspace)
             within    [TIME], [SIZE] of memory
            ── exit 0
        "#]],
    );
    world.check(
        &["approvals", "revoke", "1"],
        &expect![[r#"
            ── stderr
            approval 1 is revoked
            ── exit 0
        "#]],
    );
    world.check(
        &call,
        &expect![[r#"
            ── stderr
            error: `files/read_file` is denied: look first, and nobody is there to be asked
            hint: --allow 'files/read_file', or `decision = "allow"` in the rule at `policy.toml:1`
            ── exit 3
        "#]],
    );
}

#[test]
fn there_may_be_no_approvals() {
    let world = World::new();
    world.check(
        &["approvals"],
        &expect![[r#"
        ── stderr
        no answers are remembered for this project
        ── exit 0
    "#]],
    );
    world.check(
        &["approvals", "revoke", "1"],
        &expect![[r#"
        ── stderr
        error: there is no approval 1
        hint: `looplet-host approvals` lists them
        ── exit 2
    "#]],
    );
}
