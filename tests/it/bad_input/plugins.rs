//! Plugins that are missing, broken, or not for this host.

use expect_test::{Expect, expect};

use crate::world::World;

fn check(world: &World, expected: &Expect) {
    world.check(&["inspect", "--plugins", "plugins"], expected);
}

fn component(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap()
}

/// A first-party plugin, as it lies in the program.
fn built_in(name: &str) -> &'static [u8] {
    looplet_host::builtin::get(name).expect("is built in").bytes
}

#[test]
fn a_plugin_directory_that_is_not_there() {
    check(&World::new(), &expect![""]);
}

#[test]
fn a_plugin_directory_that_is_a_file() {
    check(&World::new().file("plugins", "x"), &expect![""]);
}

#[test]
fn a_plugin_directory_without_a_plugin() {
    check(&World::new().file("plugins/README.md", "none yet"), &expect![""]);
}

#[test]
fn an_empty_file() {
    check(&World::new().file("plugins/words.wasm", ""), &expect![""]);
}

#[test]
fn a_file_that_is_no_component_at_all() {
    check(&World::new().file("plugins/words.wasm", "#!/bin/sh\necho hello\n"), &expect![""]);
}

#[test]
fn a_core_module_instead_of_a_component() {
    let module = component("(module (func (export \"add\") (param i32 i32) (result i32) local.get 0))");
    check(&World::new().file("plugins/words.wasm", module), &expect![""]);
}

#[test]
fn a_component_that_was_cut_off() {
    let whole = built_in("greet");
    check(&World::new().file("plugins/greet.wasm", &whole[..whole.len() / 2]), &expect![""]);
}

#[test]
fn a_component_with_a_flipped_byte() {
    let mut bytes = built_in("greet").to_vec();
    bytes[9] ^= 0xff;
    check(&World::new().file("plugins/greet.wasm", bytes), &expect![""]);
}

#[test]
fn a_component_of_another_world_says_what_it_exports() {
    let other = component(
        r#"(component
            (core module $m (func (export "count") (result i32) i32.const 1))
            (core instance $i (instantiate $m))
            (func $count (result u32) (canon lift (core func $i "count")))
            (instance $api (export "count" (func $count)))
            (export "acme:words/api@1.0.0" (instance $api)))"#,
    );
    check(&World::new().file("plugins/words.wasm", other), &expect![""]);
}

#[test]
fn a_component_that_imports_what_the_host_does_not_have() {
    let other = component(
        r#"(component
            (import "acme:gpu/render@1.0.0" (instance (export "draw" (func)))))"#,
    );
    check(&World::new().file("plugins/words.wasm", other), &expect![""]);
}

#[test]
fn an_empty_component() {
    check(&World::new().file("plugins/words.wasm", component("(component)")), &expect![""]);
}

#[test]
fn two_plugins_with_a_tool_of_one_name() {
    let world = World::new()
        .file("plugins/greet.wasm", built_in("greet"))
        .file("plugins/hello.wasm", built_in("greet"));
    check(&world, &expect![""]);
}

#[test]
fn a_plugin_that_the_file_names_and_nobody_has() {
    let policy = "[plugins]\njira = { from = \"plugins/jira.wasm\" }\n";
    World::new().file("policy.toml", policy).check(&["check", "--policy", "policy.toml"], &expect![""]);
    let policy = "[plugins]\njira = { from = \"builtin\" }\n";
    World::new().file("policy.toml", policy).check(&["check", "--policy", "policy.toml"], &expect![""]);
}

#[test]
fn a_plugin_that_is_not_the_one_that_is_pinned() {
    let digest = format!("sha256:{}", "0".repeat(64));
    let policy = format!("[plugins.greet]\nfrom = \"builtin\"\ndigest = \"{digest}\"\n");
    World::new().file("policy.toml", policy).check(&["check", "--policy", "policy.toml"], &expect![""]);
}

#[test]
fn settings_for_a_plugin_that_takes_none() {
    let policy = "[plugins.greet]\nfrom = \"builtin\"\nsettings = { loud = true }\n";
    World::new().file("policy.toml", policy).check(&["check", "--policy", "policy.toml"], &expect![""]);
}
