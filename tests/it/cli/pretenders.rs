//! Plugins that would be taken for others, or for less than they are: by a name, by an id, by a claim.

use std::fs;

use expect_test::expect;
use looplet_tests::guests;

use crate::canary::{Canary, answer};
use crate::sandbox::load::bytes_of_liar;
use crate::world::{Printed, World};

const DONE: &str = r#"{"calls":[{"tool":"done","arguments":{"summary":"ok"}}]}"#;
const RUN: [&str; 6] = ["run", "--model", "scripted:../model.jsonl", "--policy", "policy.toml", "go"];
const CHECK: [&str; 3] = ["check", "--policy", "policy.toml"];
const INSPECT: [&str; 3] = ["inspect", "--policy", "policy.toml"];
const USERS_FILE: &str = "../home/.config/looplet/looplet.toml";

/// A writable workspace, a plugin, what it is granted, and a rule that allows.
fn policy(plugin: &str, grant: &str, rule: &str) -> String {
    format!(
        "format = 1\n[mounts.workspace]\npath = \".\"\nmode = \"rw\"\n[plugins]\n{plugin}\n[grants]\n{grant}\n\
         [[rules]]\n{rule}\ndecision = \"allow\"\n"
    )
}

fn explained(world: &World, tool: &str, arguments: &str) -> String {
    world.run(&["explain", tool, "--args", arguments, "--policy", "policy.toml"]).transcript()
}

/// A project whose user grants the workspace to `files`, in a file of their own.
fn of_a_user_of_files(plugin: &str, grant: &str) -> World {
    World::with_notes()
        .file(USERS_FILE, "format = 1\n[grants]\nfiles = { fs = { workspace = \"rw\" } }\n")
        .file("policy.toml", policy(plugin, grant, "tool = \"*\""))
}

#[test]
fn what_a_component_calls_itself_gives_it_nothing() {
    let helper = |grant: &str| {
        of_a_user_of_files("helper = { from = \"plugins/helper.wasm\" }", grant)
            .file("plugins/helper.wasm", bytes_of_liar('s'))
    };
    let stranger = helper("");
    let inspected = stranger.run(&INSPECT);
    assert!(inspected.stdout.starts_with("helper  files 1.0.0  [DIGEST]\n"), "{}", inspected.transcript());
    let added = stranger.run(&["add", "plugins/helper.wasm"]);
    assert!(
        added.stderr.starts_with(
            "helper  [DIGEST]\n  calls itself files 1.0.0   (a shipped plugin has this name, and is another)\n"
        ),
        "{}",
        added.transcript()
    );
    let explained_of = |world: &World| explained(world, "helper/tool", "{}");
    let without = explained_of(&stranger);
    assert!(without.contains(" lacks     fs workspace rw: to lie\n"), "{without}");
    // Its own name is what a grant speaks of.
    let granted = explained_of(&helper("helper = { fs = { workspace = \"rw\" } }"));
    assert!(granted.contains(" works     yes\n") && granted.contains("granted by policy.toml:8"), "{granted}");
}

#[test]
fn the_name_of_a_shipped_plugin_gives_another_one_nothing_of_what_the_user_granted() {
    let files = of_a_user_of_files("files = { from = \"plugins/files.wasm\" }", "");
    files.write("plugins/files.wasm", bytes_of_liar('?'));
    let inspected = files.run(&INSPECT);
    assert!(inspected.stdout.starts_with("files  liar 1.0.0  [DIGEST]\n"), "{}", inspected.transcript());
    let without = explained(&files, "files/tool", "{}");
    assert!(without.contains(" lacks     fs workspace rw: to lie\n"), "{without}");
    // The shipped one is what was meant.
    let shipped = of_a_user_of_files("files = { from = \"builtin\" }", "");
    let inspected = shipped.run(&INSPECT);
    assert!(inspected.stdout.contains("  built in, [DIGEST]\n"), "{}", inspected.transcript());
    let granted = explained(&shipped, "files/write_file", r#"{"path":"a.md","content":""}"#);
    assert!(granted.contains(" works     yes\n") && granted.contains("granted by user/looplet.toml:3"), "{granted}");
}

/// What `check` says of a liar beside the shipped `files`.
fn beside_files(lie: char, prefix: &str, more: &[&str]) -> Printed {
    let plugins = format!(
        "format = 1\n[plugins]\nfiles = {{ from = \"builtin\" }}\n\
         liar = {{ from = \"plugins/liar.wasm\", prefix = \"{prefix}\" }}\n"
    );
    let world = World::new().file("policy.toml", plugins).file("plugins/liar.wasm", bytes_of_liar(lie));
    world.run(&[&CHECK[..], more].concat())
}

#[test]
fn names_that_look_alike_and_words_of_two_scripts_are_told_by_a_check() {
    expect![[r#"
        ── stdout
        note: policy.toml:4: the tools `files/read_file` and `liar/read_fi1e` look alike; give one of the plugins a `prefix`, or leave it out
        note: policy.toml:4: the description of `liar/read_fi1e` has the word `pаypal`, of two scripts; look at it with `looplet-host inspect`
        note: `liar` is not pinned: `looplet-host add` shows what a plugin is and pins it
        in order: 2 plugins, 7 tools, 0 rules
        ── exit 0
    "#]]
    .assert_eq(&beside_files('T', "", &[]).transcript());
    assert_eq!(beside_files('T', "", &["--strict"]).code, Some(2));
    // Under a prefix it looks like no other; its words stay what they are.
    let prefixed = beside_files('T', "their_", &[]).stdout;
    assert!(!prefixed.contains("look alike") && prefixed.contains("of two scripts"), "{prefixed}");
    // A prefix can make it look like another one, too.
    let disguised = prefixes(('?', "line_"), ('?', "l1ne_")).stdout;
    assert!(disguised.contains("the tools `one/tool` and `other/tool` look alike"), "{disguised}");
}

#[test]
fn an_honest_tool_beside_the_shipped_ones_is_told_nothing_of() {
    expect![[r#"
        ── stdout
        note: `liar` is not pinned: `looplet-host add` shows what a plugin is and pins it
        in order: 2 plugins, 7 tools, 0 rules
        ── exit 0
    "#]]
    .assert_eq(&beside_files('?', "", &[]).transcript());
}

/// What `check` says of two liars, each with a prefix.
fn prefixes(one: (char, &str), other: (char, &str)) -> Printed {
    let plugin =
        |name: &str, prefix: &str| format!("{name} = {{ from = \"plugins/{name}.wasm\", prefix = \"{prefix}\" }}\n");
    let plugins = plugin("one", one.1) + &plugin("other", other.1);
    World::new()
        .file("policy.toml", format!("format = 1\n[plugins]\n{plugins}"))
        .file("plugins/one.wasm", bytes_of_liar(one.0))
        .file("plugins/other.wasm", bytes_of_liar(other.0))
        .run(&CHECK)
}

#[test]
fn tools_that_have_one_name_behind_their_prefixes_are_refused() {
    expect![[r#"
        ── stderr
        error: the plugins `one` and `other` both have a tool `x_tool`
        hint: give it a prefix, in looplet.toml:
          [plugins.other]
          from = "plugins/other.wasm"
          prefix = "other_"
        ── exit 2
    "#]]
    .assert_eq(&prefixes(('?', "x_"), ('?', "x_")).transcript());
    // What one has by its prefix, the other one has by itself.
    let by_itself = prefixes(('?', "new_"), ('q', ""));
    let said = "error: the plugins `one` and `other` both have a tool `new_tool`\n";
    assert!(by_itself.code == Some(2) && by_itself.stderr.starts_with(said), "{}", by_itself.transcript());
    for (one, other) in [("one_", "other_"), ("one_", "")] {
        let apart = prefixes(('?', one), ('?', other));
        let is_fine = apart.stdout.contains("in order: 2 plugins, 2 tools, 0 rules\n");
        assert!(is_fine && !apart.stdout.contains("look alike"), "{}", apart.transcript());
    }
}

/// What is said of a liar that lies about, with what is long in it counted.
fn inspected(lie: char) -> String {
    let world = World::new().file("plugins/words.wasm", bytes_of_liar(lie));
    let said = world.run(&["inspect", "--plugins", "plugins"]).transcript();
    said.replace(&"x".repeat(1 << 10), "[1024 x]").replace(&"a".repeat(64), "[64 a]")
}

#[test]
fn a_name_or_an_id_of_more_than_64_letters_does_not_load() {
    expect![[r#"
        ── stderr
        error: plugin `words` calls itself "[64 a]", not lower-case words joined by `-`, at most 64 letters
        ── exit 2
    "#]]
    .assert_eq(&inspected('t'));
    expect![[r#"
        ── stderr
        error: plugin `words` lists a tool named "[64 a]", which is not of the form `[a-z][a-z0-9_]*`, at most 64 letters
        ── exit 2
    "#]]
    .assert_eq(&inspected('u'));
    // As long as may be.
    let (id, name) = (inspected('V'), inspected('W'));
    assert!(id.contains("words  [64 a] 1.0.0  [DIGEST]\n") && id.contains("exit 0"), "{id}");
    assert!(name.contains("\n  [64 a]: Lies.\n") && name.contains("exit 0"), "{name}");
}

#[test]
fn a_reason_of_more_than_a_kib_does_not_load() {
    let said = inspected('w');
    assert!(said.contains("gives a reason of more than 1024 bytes for a need"), "{said}");
}

/// A liar that claims to read alone and writes, where its mount is granted like this and this rule allows: what is
/// decided on its call, and whether its call ran and whether it wrote.
fn claiming(mode: &str, rule: &str) -> (String, bool, bool) {
    let grant = format!("liar = {{ fs = {{ workspace = \"{mode}\" }} }}");
    let world = World::with_notes()
        .file("policy.toml", policy("liar = { from = \"plugins/liar.wasm\" }", &grant, rule))
        .file("plugins/liar.wasm", bytes_of_liar('p'))
        .model(&[r#"{"calls":[{"tool":"tool","arguments":{}}]}"#, DONE]);
    let explained = explained(&world, "liar/tool", "{}");
    let decision = explained.lines().find(|line| line.starts_with(" decision")).unwrap_or(&explained).to_owned();
    let printed = world.run(&RUN);
    let (has_run, was_denied) = (printed.stderr.contains("#1 ✓ tool("), printed.stderr.contains("#1 ⊘ tool("));
    assert!(has_run != was_denied, "{}", printed.transcript());
    (decision, has_run, world.path("lie.txt").exists())
}

#[test]
fn a_claim_to_change_nothing_is_no_word_where_a_call_could() {
    let (decision, has_run, has_written) = claiming("rw", "effects = \"none\"");
    expect![" decision  deny   the shipped default (nothing in the operator's policy allows this call)"]
        .assert_eq(&decision);
    assert_eq!((has_run, has_written), (false, false));
    // It would have written: a rule that does not ask for effects lets it.
    let (decision, has_run, has_written) = claiming("rw", "tool = \"liar\"");
    expect![" decision  allow  policy.toml:9 (the operator's policy allows this call)"].assert_eq(&decision);
    assert_eq!((has_run, has_written), (true, true));
}

#[test]
fn what_can_change_nothing_is_allowed_as_such_and_changes_nothing() {
    let (decision, has_run, has_written) = claiming("ro", "effects = \"none\"");
    expect![" decision  allow  policy.toml:9 (the operator's policy allows this call)"].assert_eq(&decision);
    assert_eq!((has_run, has_written), (true, false));
}

#[test]
fn requests_that_the_users_file_grants_are_for_components_that_it_knows_under_their_names() {
    let canary = Canary::start(|_| answer("200 OK", "", "hello"));
    let probe = fs::read(guests::HTTP_PROBE).unwrap();
    let grant = "http = [\"GET http://127.0.0.1:*/**\"]";
    let send = format!(r#"{{"calls":[{{"tool":"send","arguments":{{"send":["GET {}"]}}}}]}}"#, canary.url("/a"));
    let world = World::with_notes()
        .file(USERS_FILE, format!("format = 1\n[grants]\nprobe = {{ {grant} }}\nother = {{ {grant} }}\n"))
        .file("policy.toml", "format = 1\n[[rules]]\ndecision = \"allow\"\n")
        .file("plugins/probe.wasm", &probe)
        .model(&[&send, DONE]);
    world.changes();
    // Whether a call went through, and how many requests came.
    let run = || {
        let printed = world.run(&[&RUN[..5], &["--plugins", "plugins", "go"]].concat());
        let (ran, denied) = (printed.stderr.contains("#1 ✓ send("), printed.stderr.contains("#1 ⊘ send("));
        assert!(ran != denied, "{}", printed.transcript());
        (ran, canary.seen().len())
    };
    assert_eq!(run(), (false, 0), "the user's grant speaks for a stranger");
    let added = world.run(&["add", "--user", "plugins/probe.wasm", "--yes"]);
    assert!(added.stderr.contains("pinned in "), "{}", added.transcript());
    assert_eq!(run(), (true, 1), "the user's grant speaks for a component that it knows");
    // The same code with a section more, which says nothing to anybody.
    world.write("plugins/probe.wasm", [&probe[..], &[0, 2, 1, b'x']].concat());
    assert_eq!(run(), (false, 1), "the user's grant speaks for another component under its name");
    // The very component, under a name that the user knows no component by.
    fs::remove_file(world.path("plugins/probe.wasm")).unwrap();
    world.write("plugins/other.wasm", &probe);
    assert_eq!(run(), (false, 1), "the user's grant speaks for a known component under another name");
}
