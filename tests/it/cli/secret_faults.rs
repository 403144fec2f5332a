//! Secrets that cannot be had: the host does not start, and says which one and why, never what it found.

use expect_test::{Expect, expect};

use super::secrets::policy;
use crate::world::World;

/// What is said at the start about these secrets and grants.
fn check(secrets: &str, grants: &str, expected: &Expect) {
    let world = World::with_notes()
        .variable("SHORT", "hunter2")
        .variable("FINE", "long-enough-1")
        .variable("SAME", "long-enough-2")
        .variable("WORD", "redacted")
        .file("../keys/empty", "\n")
        .file("policy.toml", policy(secrets, grants));
    let printed = world.run(&["check", "--policy", "policy.toml"]);
    let transcript = printed.transcript();
    assert!(!transcript.contains("hunter2") && !transcript.contains("long-enough"), "{transcript}");
    expected.assert_eq(&transcript);
}

/// One secret, granted to `fetch`.
fn check_one(from: &str, expected: &Expect) {
    let secrets = format!("[secrets.api]\nfrom = {from}\nto = \"https://a.example\"");
    check(&secrets, "\"http/fetch\" = { http = [\"GET https://a.example/**\"], secrets = [\"api\"] }", expected);
}

#[test]
fn a_secret_that_cannot_be_had_refuses_to_start_and_is_named() {
    check_one(
        "{ env = \"NOT_THERE\" }",
        &expect![[r#"
        ── stderr
        error: policy.toml:2: the secret `api` is taken from the variable `NOT_THERE`, which is not set
        ── exit 2
    "#]],
    );
    check_one(
        "{ env = \"SHORT\" }",
        &expect![[r#"
        ── stderr
        error: policy.toml:2: the secret `api` cannot be used: it has 7 bytes, and a secret has 8 to 4096
        hint: look at what the variable `SHORT` gives
        ── exit 2
    "#]],
    );
    check_one(
        "{ env = \"WORD\" }",
        &expect![[r#"
        ── stderr
        error: the secret `api` is a part of what is put in its place
        hint: a word of a few letters is no secret: choose another
        ── exit 2
    "#]],
    );
    check_one(
        "{ file = \"../keys/none\" }",
        &expect![[r#"
            ── stderr
            error: policy.toml:2: the secret `api` cannot be read: there is no file `[DIR]/project/../keys/none`
            ── exit 2
        "#]],
    );
    check_one(
        "{ file = \"../keys\" }",
        &expect![[r#"
            ── stderr
            error: policy.toml:2: the secret `api` cannot be read: `[DIR]/project/../keys` is no regular file
            hint: what is no file is read by a command: `from = { command = ["cat", "PATH"] }`
            ── exit 2
        "#]],
    );
    check_one(
        "{ file = \"../keys/empty\" }",
        &expect![[r#"
            ── stderr
            error: policy.toml:2: the secret `api` cannot be used: it is empty
            hint: look at what the file `[DIR]/project/../keys/empty` gives
            ── exit 2
        "#]],
    );
    check_one(
        "{ command = [\"no-such-program-here\"] }",
        &expect![[r#"
        ── stderr
        error: policy.toml:2: the secret `api` cannot be had: the command `no-such-program-here` cannot be run: No such file or directory (os error 2)
        ── exit 2
    "#]],
    );
    check_one(
        "{ command = [\"sh\", \"-c\", \"exit 3\"] }",
        &expect![[r#"
        ── stderr
        error: policy.toml:2: the secret `api` cannot be had: the command `sh` failed: exit status: 3
        ── exit 2
    "#]],
    );
    check_one(
        "{ command = [\"sh\", \"-c\", \"head -c 70000 /dev/zero\"] }",
        &expect![[r#"
            ── stderr
            error: policy.toml:2: the secret `api` cannot be used: there is more than one could be
            ── exit 2
        "#]],
    );
    check(
        "",
        "\"http/fetch\" = { http = [\"GET https://a.example/**\"], secrets = [\"api\"] }",
        &expect![[r#"
            ── stderr
            error: policy.toml:4: the grant for `http/fetch` names the secret `api`, which is not defined
            hint: define `[secrets.api]` in your own looplet.toml, or in a file that you give with `--policy`
            ── exit 2
        "#]],
    );
    check(
        "[secrets.one]\nfrom = { env = \"FINE\" }\nto = \"https://a.example\"\n[secrets.two]\nfrom = { env = \"SAME\" }\nto = \"https://A.example:443\"",
        "\"http/fetch\" = { http = [\"GET https://a.example/**\"], secrets = [\"one\", \"two\"] }",
        &expect![[r#"
            ── stderr
            error: policy.toml:9: `http/fetch` is granted the secrets `one` and `two`, which both go to `https://a.example` as `authorization`
            hint: grant it one of them
            ── exit 2
        "#]],
    );
}

#[test]
fn a_command_that_leaves_its_output_open_is_not_waited_for() {
    check_one(
        "{ command = [\"sh\", \"-c\", \"echo value-12345; sleep 30 &\"] }",
        &expect![[r#"
        ── stderr
        error: policy.toml:2: the secret `api` cannot be had: the command `sh` leaves its output open
        ── exit 2
    "#]],
    );
}

#[test]
fn a_keyring_is_named_whole_and_asked_where_the_host_is_built_with_it() {
    check_one(
        "{ keyring = { service = \"github\" } }",
        &expect![[r#"
        ── stderr
        error: policy.toml:3: the secret `api` is taken from a keyring without a `service` or a `user`
        hint: write `from = { env = "NAME" }`, `{ file = "PATH" }`, `{ command = ["PROGRAM", "ARGUMENT"] }` or `{ keyring = { service = "SERVICE", user = "USER" } }`
        ── exit 2
    "#]],
    );
    check_one(
        "{ keyring = { service = \"github\", user = \"ada\" } }",
        &expect![[r#"
        ── stderr
        error: policy.toml:2: the secret `api` cannot be had: this host is built without keyrings
        hint: build it with `--features keyring`, or write `from = { command = ["secret-tool", "lookup", "service", "github", "username", "ada"] }`
        ── exit 2
    "#]],
    );
}

#[test]
fn a_secret_that_nothing_loaded_may_have_is_not_looked_for() {
    let secrets = "[secrets.api]\nfrom = { env = \"NOT_THERE\" }\nto = \"https://a.example\"";
    check(
        secrets,
        "other = { secrets = [\"api\"] }",
        &expect![[r#"
            ── stdout
            note: policy.toml:6: the grant for `other` gives nothing: no such tool is loaded; `looplet-host inspect` lists them
            advice: policy.toml:7: the rule allows every call of every tool, those of plugins that come later too; name the tools, or write `effects = "none"`
            in order: 4 plugins, 9 tools, 1 rule
            ── exit 0
        "#]],
    );
}
