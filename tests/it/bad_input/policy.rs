//! Configuration files that cannot mean what they say: each refuses to start, with its line.

use expect_test::{Expect, expect};

use crate::world::World;

fn check(policy: &str, expected: &Expect) {
    World::new().file("policy.toml", policy).check(&["check", "--policy", "policy.toml"], expected);
}

#[test]
fn a_file_that_is_not_there() {
    World::new().check(
        &["check", "--policy", "policy.toml"],
        &expect![[r#"
        ── stderr
        error: there is no file `policy.toml`
        hint: `--policy` names a configuration file
        ── exit 2
    "#]],
    );
}

#[test]
fn a_file_that_is_no_toml() {
    check(
        "format = 1\n[rules\n",
        &expect![[r#"
        ── stderr
        error: policy.toml:2: no valid TOML: unclosed table, expected `]`
        hint: mend the line
        ── exit 2
    "#]],
    );
}

#[test]
fn a_file_that_is_no_text() {
    let world = World::new().file("policy.toml", [0xff, 0xfe, 0x00]);
    world.check(
        &["check", "--policy", "policy.toml"],
        &expect![[r#"
        ── stderr
        error: `[DIR]/project/policy.toml` is no text in UTF-8
        ── exit 2
    "#]],
    );
}

#[test]
fn a_format_of_the_future() {
    check(
        "format = 2\n",
        &expect![[r#"
        ── stderr
        error: policy.toml:1: this host reads format 1 only
        hint: use a newer looplet-host, or write the file anew
        ── exit 2
    "#]],
    );
}

#[test]
fn an_unknown_key() {
    check(
        "[policy]\nunmatchd = \"ask\"\n",
        &expect![[r#"
        ── stderr
        error: policy.toml:2: unknown key `unmatchd` in `policy`
        hint: did you mean `unmatched`?
        ── exit 2
    "#]],
    );
}

#[test]
fn a_value_of_another_type() {
    check(
        "[budget]\nsteps = \"many\"\n",
        &expect![[r#"
        ── stderr
        error: policy.toml:2: `budget.steps` is a text
        hint: it takes a whole number from 0
        ── exit 2
    "#]],
    );
}

#[test]
fn a_word_that_is_not_one_of_the_choices() {
    check(
        "[policy]\nunmatched = \"allow\"\n",
        &expect![[r#"
        ── stderr
        error: policy.toml:2: `policy.unmatched` is "allow"
        hint: it takes `ask` or `deny`
        ── exit 2
    "#]],
    );
}

#[test]
fn a_key_that_this_version_cannot_do() {
    check(
        "[[hooks]]\nuse = \"builtin:redact\"\n",
        &expect![[r#"
            ── stdout
            in order: 4 plugins, 9 tools, 0 rules
            ── exit 0
        "#]],
    );
}

#[test]
fn a_glob_that_is_none() {
    let path = "{ arg = \"path\", mount = \"workspace\", glob = \"src/[a-\" }";
    check(
        &format!("[[rules]]\ntool = \"files/read_file\"\npath = {path}\ndecision = \"allow\"\n"),
        &expect![[r#"
        ── stderr
        error: policy.toml:3: `src/[a-` is no glob: unclosed character class; missing ']'
        hint: `\` before a character takes it as it is
        ── exit 2
    "#]],
    );
}

#[test]
fn a_regex_that_is_none() {
    check(
        "[[rules]]\ntool = \"greet\"\nwhen = { name = { regex = \"(\" } }\ndecision = \"deny\"\n",
        &expect![[r#"
        ── stderr
        error: policy.toml:3: `(` is no regular expression: unclosed group
        hint: look-around and back-references do not exist: matching is linear
        ── exit 2
    "#]],
    );
}

#[test]
fn a_rule_for_a_tool_that_a_loaded_plugin_does_not_have() {
    check(
        "[[rules]]\ntool = \"files/reed_file\"\ndecision = \"allow\"\n",
        &expect![[r#"
        ── stderr
        error: policy.toml:1: the rule can never match: `files/reed_file` names no tool of `files`
        hint: did you mean `files/read_file`?
        ── exit 2
    "#]],
    );
}

#[test]
fn a_rule_for_an_argument_that_the_tool_does_not_have() {
    check(
        "[[rules]]\ntool = \"greet/greet\"\nwhen = { nam = \"x\" }\ndecision = \"deny\"\n",
        &expect![[r#"
        ── stderr
        error: policy.toml:1: no tool of this rule takes an argument `nam`
        hint: did you mean `name`?
        ── exit 2
    "#]],
    );
}

#[test]
fn an_example_that_the_rule_does_not_match() {
    let rule = "[[rules]]\ntool = \"greet/greet\"\nwhen = { name = \"Ada\" }\ndecision = \"allow\"\n";
    check(
        &format!("{rule}match = [{{ name = \"Eve\" }}]\n"),
        &expect![[r#"
        ── stderr
        error: policy.toml:5: example `{"name":"Eve"}` of `match` fails: the answer is `no`
        hint: change the rule until it matches this, or the example
        ── exit 2
    "#]],
    );
    check(
        &format!("{rule}not_match = [{{ name = \"Ada\" }}]\n"),
        &expect![[r#"
        ── stderr
        error: policy.toml:5: example `{"name":"Ada"}` of `not_match` fails: the answer is `yes`
        hint: change the rule until it does not match this, or the example
        ── exit 2
    "#]],
    );
}

#[test]
fn a_rule_without_a_decision() {
    check(
        "[[rules]]\ntool = \"files\"\n",
        &expect![[r#"
        ── stderr
        error: policy.toml:1: the rule has no `decision`
        hint: write `decision = "allow"`, `"ask"` or `"deny"`
        ── exit 2
    "#]],
    );
}

#[test]
fn a_grant_for_a_mount_that_is_not_there() {
    check(
        "[grants]\nfiles = { fs = { wrkspace = \"ro\" } }\n",
        &expect![[r#"
            ── stdout
            note: policy.toml:2: the grant for `files` names the mount `wrkspace`, which is not defined; define it: `[mounts.wrkspace]`, or `--mount wrkspace=PATH`
            advice: policy.toml:2: the grant for `files` is in vain: no rule lets a call through that it is about; add a rule that allows or asks, or take the grant out
            in order: 4 plugins, 9 tools, 0 rules
            ── exit 0
        "#]],
    );
}
