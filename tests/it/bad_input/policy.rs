//! Configuration files that cannot mean what they say: each refuses to start, with its line.

use expect_test::{Expect, expect};

use crate::world::World;

fn check(policy: &str, expected: &Expect) {
    World::new().file("policy.toml", policy).check(&["check", "--policy", "policy.toml"], expected);
}

#[test]
fn a_file_that_is_not_there() {
    World::new().check(&["check", "--policy", "policy.toml"], &expect![""]);
}

#[test]
fn a_file_that_is_no_toml() {
    check("format = 1\n[rules\n", &expect![""]);
}

#[test]
fn a_file_that_is_no_text() {
    let world = World::new().file("policy.toml", [0xff, 0xfe, 0x00]);
    world.check(&["check", "--policy", "policy.toml"], &expect![""]);
}

#[test]
fn a_format_of_the_future() {
    check("format = 2\n", &expect![""]);
}

#[test]
fn an_unknown_key() {
    check("[policy]\nunmatchd = \"ask\"\n", &expect![""]);
}

#[test]
fn a_value_of_another_type() {
    check("[budget]\nsteps = \"many\"\n", &expect![""]);
}

#[test]
fn a_word_that_is_not_one_of_the_choices() {
    check("[policy]\nunmatched = \"allow\"\n", &expect![""]);
}

#[test]
fn a_key_that_this_version_cannot_do() {
    check("[[hooks]]\nuse = \"builtin:redact\"\n", &expect![""]);
}

#[test]
fn a_glob_that_is_none() {
    let path = "{ arg = \"path\", mount = \"workspace\", glob = \"src/[a-\" }";
    check(&format!("[[rules]]\ntool = \"files/read_file\"\npath = {path}\ndecision = \"allow\"\n"), &expect![""]);
}

#[test]
fn a_regex_that_is_none() {
    check("[[rules]]\ntool = \"greet\"\nwhen = { name = { regex = \"(\" } }\ndecision = \"deny\"\n", &expect![""]);
}

#[test]
fn a_rule_for_a_tool_that_a_loaded_plugin_does_not_have() {
    check("[[rules]]\ntool = \"files/reed_file\"\ndecision = \"allow\"\n", &expect![""]);
}

#[test]
fn a_rule_for_an_argument_that_the_tool_does_not_have() {
    check("[[rules]]\ntool = \"greet/greet\"\nwhen = { nam = \"x\" }\ndecision = \"deny\"\n", &expect![""]);
}

#[test]
fn an_example_that_the_rule_does_not_match() {
    let rule = "[[rules]]\ntool = \"greet/greet\"\nwhen = { name = \"Ada\" }\ndecision = \"allow\"\n";
    check(&format!("{rule}match = [{{ name = \"Eve\" }}]\n"), &expect![""]);
    check(&format!("{rule}not_match = [{{ name = \"Ada\" }}]\n"), &expect![""]);
}

#[test]
fn a_rule_without_a_decision() {
    check("[[rules]]\ntool = \"files\"\n", &expect![""]);
}

#[test]
fn a_grant_for_a_mount_that_is_not_there() {
    check("[grants]\nfiles = { fs = { wrkspace = \"ro\" } }\n", &expect![""]);
}
