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
    check(
        &World::new(),
        &expect![[r#"
        ── stderr
        error: there is no plugin directory `[DIR]/project/plugins`
        hint: `cargo xtask plugins` builds the first-party ones into `plugins/`; without `--plugins` the built-in ones are used
        ── exit 2
    "#]],
    );
}

#[test]
fn a_plugin_directory_that_is_a_file() {
    check(
        &World::new().file("plugins", "x"),
        &expect![[r#"
        ── stderr
        error: `[DIR]/project/plugins` is a file, not a plugin directory
        hint: `--plugins` takes the directory that holds the components
        ── exit 2
    "#]],
    );
}

#[test]
fn a_plugin_directory_without_a_plugin() {
    check(
        &World::new().file("plugins/README.md", "none yet"),
        &expect![[r#"
        ── stderr
        error: the plugin directory `[DIR]/project/plugins` holds no `.wasm` file
        hint: `cargo xtask plugins` builds the first-party ones into `plugins/`; without `--plugins` the built-in ones are used
        ── exit 2
    "#]],
    );
}

#[test]
fn an_empty_file() {
    check(
        &World::new().file("plugins/words.wasm", ""),
        &expect![[r#"
        ── stderr
        error: plugin `words` is an empty file
        ── exit 2
    "#]],
    );
}

#[test]
fn a_file_that_is_no_component_at_all() {
    check(
        &World::new().file("plugins/words.wasm", "#!/bin/sh\necho hello\n"),
        &expect![[r#"
        ── stderr
        error: plugin `words` is no WebAssembly
        hint: a plugin is a component, built for the target `wasm32-wasip2`
        ── exit 2
    "#]],
    );
}

#[test]
fn a_core_module_instead_of_a_component() {
    let module = component("(module (func (export \"add\") (param i32 i32) (result i32) local.get 0))");
    check(
        &World::new().file("plugins/words.wasm", module),
        &expect![[r#"
        ── stderr
        error: plugin `words` is a core module, not a component
        hint: build it for the target `wasm32-wasip2`
        ── exit 2
    "#]],
    );
}

#[test]
fn a_component_that_was_cut_off() {
    let whole = component("(component (core module (memory 1) (data (i32.const 0) \"0123456789\")))");
    let half = &whole[..whole.len() - 12];
    check(
        &World::new().file("plugins/words.wasm", half),
        &expect![[r#"
        ── stderr
        error: plugin `words` does not compile: failed to parse WebAssembly module: wasm component contains an invalid module section: section range 10..41 is out of bounds (bound = 29)
        hint: the file looks cut short; fetch or build it again
        ── exit 2
    "#]],
    );
}

#[test]
fn a_component_with_a_flipped_byte() {
    let mut bytes = component("(component (core module))");
    bytes[8] ^= 0xff;
    check(
        &World::new().file("plugins/words.wasm", bytes),
        &expect![[r#"
        ── stderr
        error: plugin `words` does not compile: failed to parse WebAssembly module: malformed section id (at offset 0x8)
        ── exit 2
    "#]],
    );
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
    check(
        &World::new().file("plugins/words.wasm", other),
        &expect![[r#"
        ── stderr
        error: `words` is no looplet plugin: it exports `acme:words/api@1.0.0`, not `looplet:plugin/about@0.1`
        hint: `looplet-host wit` writes out the contract that a plugin exports
        ── exit 2
    "#]],
    );
}

#[test]
fn an_empty_component() {
    check(
        &World::new().file("plugins/words.wasm", component("(component)")),
        &expect![[r#"
        ── stderr
        error: `words` is no looplet plugin: it exports nothing, not `looplet:plugin/about@0.1`
        hint: `looplet-host wit` writes out the contract that a plugin exports
        ── exit 2
    "#]],
    );
}

#[test]
fn two_plugins_with_a_tool_of_one_name() {
    let world =
        World::new().file("plugins/greet.wasm", built_in("greet")).file("plugins/hello.wasm", built_in("greet"));
    check(
        &world,
        &expect![[r#"
            ── stderr
            error: the plugins `greet` and `hello` both have a tool `greet`
            hint: give it a prefix, in looplet.toml:
              [plugins.hello]
              from = "plugins/hello.wasm"
              prefix = "hello_"
            ── exit 2
        "#]],
    );
}

#[test]
fn a_plugin_that_the_file_names_and_nobody_has() {
    let policy = "[plugins]\njira = { from = \"plugins/jira.wasm\" }\n";
    World::new().file("policy.toml", policy).check(
        &["check", "--policy", "policy.toml"],
        &expect![[r#"
        ── stderr
        error: policy.toml:2: there is no file `[DIR]/project/plugins/jira.wasm`
        ── exit 2
    "#]],
    );
    let policy = "[plugins]\njira = { from = \"builtin\" }\n";
    World::new().file("policy.toml", policy).check(
        &["check", "--policy", "policy.toml"],
        &expect![[r#"
            ── stderr
            error: policy.toml:2: no plugin `jira` is built in
            hint: built in are: files, greet, http, per-tool-limit, redact, stagnation, step-budget, think, todo
            ── exit 2
        "#]],
    );
}

#[test]
fn a_plugin_that_is_not_the_one_that_is_pinned() {
    let digest = format!("sha256:{}", "0".repeat(64));
    let policy = format!("[plugins.greet]\nfrom = \"builtin\"\ndigest = \"{digest}\"\n");
    World::new().file("policy.toml", policy).check(
        &["check", "--policy", "policy.toml"],
        &expect![[r#"
        ── stderr
        error: policy.toml:3: plugin `greet` is not the one that is pinned: it is [DIGEST]
        hint: fetch the pinned one, or look at the new one with `looplet-host inspect` and change the digest
        ── exit 2
    "#]],
    );
}

#[test]
fn settings_for_a_plugin_that_takes_none() {
    let policy = "[plugins.greet]\nfrom = \"builtin\"\nsettings = { loud = true }\n";
    World::new().file("policy.toml", policy).check(
        &["check", "--policy", "policy.toml"],
        &expect![[r#"
        ── stderr
        error: policy.toml:3: plugin `greet` takes no settings
        hint: take the line out
        ── exit 2
    "#]],
    );
}

/// The guest that describes itself in one of several ways.
fn liar(lie: u8) -> Vec<u8> {
    let mut bytes = std::fs::read(looplet_tests::guests::DESCRIBE_LIAR).unwrap();
    let marker = b"which lie: ";
    let at = bytes.windows(marker.len()).position(|window| window == marker).expect("has the marker");
    bytes[at + marker.len()] = lie;
    bytes
}

#[test]
fn a_tool_whose_schema_is_no_schema() {
    check(
        &World::new().file("plugins/words.wasm", liar(b'C')),
        &expect![[r#"
        ── stderr
        error: plugin `words` gives the input schema of the tool `tool` that is no JSON Schema: "strin" is not valid under any of the schemas listed in the 'anyOf' keyword
        ── exit 2
    "#]],
    );
    check(
        &World::new().file("plugins/words.wasm", liar(b'D')),
        &expect![[r#"
        ── stderr
        error: plugin `words` gives the input schema of the tool `tool` that is no JSON: recursion limit exceeded at line 1 column 128
        ── exit 2
    "#]],
    );
}

#[test]
fn a_plugin_whose_settings_schema_leads_elsewhere() {
    check(
        &World::new().file("plugins/words.wasm", liar(b'f')),
        &expect![[r#"
        ── stderr
        error: plugin `words` gives the settings schema that has `$ref` that leaves the document: `file:///etc/passwd`
        ── exit 2
    "#]],
    );
}

#[test]
fn settings_that_do_not_fit_the_plugin() {
    let with = |settings: &str| {
        let policy = format!("[plugins.words]\nfrom = \"words.wasm\"\n{settings}");
        World::new().file("words.wasm", liar(b'j')).file("policy.toml", policy)
    };
    let arguments = ["check", "--policy", "policy.toml"];
    with("settings = { language = \"fr\", loud = true }\n").check(&arguments, &expect![[r#"
        ── stderr
        error: policy.toml:3: the settings of plugin `words` do not fit: `/language`: "fr" is not one of "de" or "en"; `loud` is not known
        hint: `[plugins.words] settings` takes {"additionalProperties":false,"properties":{"language":{"enum":["de","en"]}},"required":["language"],"type":"object"}
        ── exit 2
    "#]]);
    with("").check(
        &arguments,
        &expect![[r#"
            ── stderr
            error: policy.toml:1: the settings of plugin `words` do not fit: `language` is missing
            hint: `[plugins.words] settings` takes {"additionalProperties":false,"properties":{"language":{"enum":["de","en"]}},"required":["language"],"type":"object"}
            ── exit 2
        "#]],
    );
    with("settings = { language = \"de\" }\n").check(
        &arguments,
        &expect![[r#"
            ── stdout
            note: `words` is not pinned: `looplet-host add` shows what a plugin is and pins it
            in order: 1 plugin, 1 tool, 0 rules
            ── exit 0
        "#]],
    );
}
