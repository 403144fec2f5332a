//! Calls that an allowance by path leaves one file, by the tools that people have.

use std::fs;

use expect_test::expect;
use looplet_tests::guests;

use crate::world::World;

const DONE: &str = r#"{"calls":[{"tool":"done","arguments":{"summary":"ok"}}]}"#;

fn policy(decision: &str, more: &str) -> String {
    format!(
        "format = 1\n{more}[mounts.workspace]\npath = \".\"\nmode = \"rw\"\n[grants]\nfiles = {{ fs = {{ workspace = \"rw\" }} }}\n\
         [[rules]]\ntool = [\"files/write_file\", \"files/edit_file\"]\n\
         path = {{ arg = \"path\", mount = \"workspace\", glob = \"{{notes,alias,new}}.md\" }}\ndecision = \"{decision}\"\n"
    )
}

const RUN: &[&str] = &["run", "--model", "scripted:../model.jsonl", "--policy", "policy.toml", "do it"];

fn write(path: &str) -> String {
    format!(r#"{{"calls":[{{"tool":"write_file","arguments":{{"path":"{path}","content":"mine\n"}}}}]}}"#)
}

#[test]
fn one_file_is_edited_and_written_over_and_its_neighbour_is_not() {
    let edit = r#"{"calls":[{"tool":"edit_file","arguments":{"path":"notes.md","before":"beta","after":"gamma"}}]}"#;
    let world = World::with_notes().file("policy.toml", policy("allow", "")).file("other.md", "theirs\n").model(&[
        edit,
        &write("other.md"),
        &write("./notes.md/../other.md"),
        DONE,
    ]);
    let printed = world.run(RUN);
    assert_eq!(printed.code, Some(0), "{}", printed.stderr);
    assert_eq!(printed.stderr.matches(" ⊘ write_file").count(), 2, "{}", printed.stderr);
    assert_eq!(fs::read_to_string(world.path("notes.md")).unwrap(), "alpha\ngamma\n");

    let world = World::with_notes().file("policy.toml", policy("allow", "")).model(&[&write("notes.md"), DONE]);
    assert_eq!(world.run(RUN).code, Some(0));
    assert_eq!(fs::read_to_string(world.path("notes.md")).unwrap(), "mine\n");
    // What it wrote beside the file on the way is gone.
    assert_eq!(world.tree("project"), ["notes.md", "policy.toml", "src/main.rs"]);
}

#[cfg(unix)]
#[test]
fn what_a_path_means_is_what_counts_and_not_how_it_is_written() {
    let world = World::with_notes().file("policy.toml", policy("allow", "")).file("other.md", "theirs\n").model(&[
        &write("alias.md"),
        &write("new.md"),
        DONE,
    ]);
    std::os::unix::fs::symlink("other.md", world.path("alias.md")).unwrap();
    let printed = world.run(RUN);
    assert!(printed.stderr.contains("#1 ⊘ write_file") && printed.stderr.contains("#2 ✓"), "{}", printed.stderr);
    assert_eq!(fs::read_to_string(world.path("other.md")).unwrap(), "theirs\n");
}

/// A call waits for an answer about `new.md`; then the name leads to a file that nobody spoke of.
#[cfg(unix)]
#[test]
fn a_link_that_is_swapped_in_after_the_answer_reaches_nothing() {
    for swapped_before_the_answer in [false, true] {
        let world = World::with_notes()
            .file("policy.toml", policy("ask", "[policy]\non_ask = \"park\"\n"))
            .file("other.md", "theirs\n")
            .model(&[&write("new.md"), DONE]);
        world.changes();
        assert_eq!(world.run(RUN).code, Some(4));
        let run = world.runs().remove(0);
        let swap = || std::os::unix::fs::symlink("other.md", world.path("new.md")).unwrap();
        let answer = || world.run(&["answer", &run, "yes"]).code;
        if swapped_before_the_answer {
            swap();
            answer();
        } else {
            assert_eq!(answer(), Some(0));
            swap();
        }
        let printed = world.run(&["resume", &run]);
        assert!(!printed.stderr.contains("✓ write_file"), "{}", printed.stderr);
        assert_eq!(fs::read_to_string(world.path("other.md")).unwrap(), "theirs\n");
    }
}

/// What calls with these lists come to that read `one.md`, write `two.md`, read `three.md` and list all there is,
/// under a rule that says this.
fn listed(rule: &str) -> String {
    let policy = format!(
        "format = 1\n[mounts.workspace]\npath = \".\"\nmode = \"rw\"\n[grants]\nprobe = {{ fs = {{ workspace = \"rw\" }} }}\n\
         [[rules]]\ntool = \"probe/probe\"\n{rule}\ndecision = \"allow\"\n"
    );
    let world = World::with_notes()
        .file("one.md", "one\n")
        .file("three.md", "three\n")
        .file("probe.wasm", fs::read(guests::FS_PROBE).unwrap())
        .file("policy.toml", policy);
    let steps = r#"[["read","/workspace/one.md"],["write","/workspace/two.md","2"],["read","/workspace/three.md"],["list","/workspace"]]"#;
    let call = |on: &str| {
        world.write("two.md", "two\n");
        let arguments = format!(r#"{{"on":{on},"steps":{steps}}}"#);
        let call = ["call", "probe/probe", &arguments, "--policy", "policy.toml", "--dev", "probe=probe.wasm"];
        let printed = world.run(&call);
        // The note about `--dev` is the first line, and the hint follows the error.
        let said: Vec<_> = printed.stderr.lines().skip(1).take_while(|line| !line.starts_with("hint")).collect();
        format!("{on}\n{}{}\n", printed.stdout, said.join("\n"))
    };
    [r#"["one.md","./two.md"]"#, r#"["two.md"]"#, "[]", r#"["one.md","three.md"]"#, r#"["one.md","../two.md"]"#]
        .map(call)
        .concat()
}

#[test]
fn a_list_of_paths_that_a_rule_is_about_is_what_the_call_reaches() {
    expect![[r#"
        ["one.md","./two.md"]
        read /workspace/one.md: "one\n"
        write /workspace/two.md 2: ok
        read /workspace/three.md: no-entry
        list /workspace: one.md two.md
        refused inside: open workspace:/three.md: outside this call's reach
        [TIME] · [SIZE] of 64
        ["two.md"]
        read /workspace/one.md: no-entry
        write /workspace/two.md 2: ok
        read /workspace/three.md: no-entry
        list /workspace: two.md
        refused inside: open workspace:/one.md: outside this call's reach
        refused inside: open workspace:/three.md: outside this call's reach
        [TIME] · [SIZE] of 64
        []
        error: `probe/probe` is denied: nothing in the operator's policy allows this call
        ["one.md","three.md"]
        error: `probe/probe` is denied: nothing in the operator's policy allows this call
        ["one.md","../two.md"]
        error: `probe/probe` is denied: nothing in the operator's policy allows this call
    "#]]
    .assert_eq(&listed("path = { arg = \"on\", mount = \"workspace\", glob = \"{one,two}.md\" }"));
}

#[test]
fn a_list_of_paths_that_a_rule_cuts_by_is_what_the_call_reaches() {
    expect![[r#"
        ["one.md","./two.md"]
        read /workspace/one.md: "one\n"
        write /workspace/two.md 2: ok
        read /workspace/three.md: no-entry
        list /workspace: one.md two.md
        refused inside: open workspace:/three.md: outside this call's reach
        [TIME] · [SIZE] of 64
        ["two.md"]
        read /workspace/one.md: no-entry
        write /workspace/two.md 2: ok
        read /workspace/three.md: no-entry
        list /workspace: two.md
        refused inside: open workspace:/one.md: outside this call's reach
        refused inside: open workspace:/three.md: outside this call's reach
        [TIME] · [SIZE] of 64
        []
        error: `probe/probe` is denied: the tool needs `fs workspace rw`, which this call was not given
        ["one.md","three.md"]
        read /workspace/one.md: "one\n"
        write /workspace/two.md 2: no-entry
        read /workspace/three.md: "three\n"
        list /workspace: one.md three.md
        refused inside: open for writing workspace:/two.md: outside this call's reach
        [TIME] · [SIZE] of 64
        ["one.md","../two.md"]
        error: `probe/probe` is denied: nothing in the operator's policy allows this call
    "#]]
    .assert_eq(&listed("narrow = { fs = { workspace = \"{/on}\" } }"));
}

#[test]
fn what_several_rules_leave_is_what_each_of_them_leaves() {
    expect![[r#"
        ["one.md","./two.md"]
        read /workspace/one.md: "one\n"
        write /workspace/two.md 2: access
        read /workspace/three.md: no-entry
        list /workspace: one.md two.md
        refused inside: open for writing workspace:/two.md: read only
        refused inside: open workspace:/three.md: outside this call's reach
        [TIME] · [SIZE] of 64
        ["two.md"]
        read /workspace/one.md: no-entry
        write /workspace/two.md 2: access
        read /workspace/three.md: no-entry
        list /workspace: two.md
        refused inside: open workspace:/one.md: outside this call's reach
        refused inside: open for writing workspace:/two.md: read only
        refused inside: open workspace:/three.md: outside this call's reach
        [TIME] · [SIZE] of 64
        []
        read /workspace/one.md: "one\n"
        write /workspace/two.md 2: access
        read /workspace/three.md: "three\n"
        list /workspace: one.md three.md two.md
        refused inside: open for writing workspace:/two.md: read only
        [TIME] · [SIZE] of 64
        ["one.md","three.md"]
        read /workspace/one.md: "one\n"
        write /workspace/two.md 2: access
        read /workspace/three.md: "three\n"
        list /workspace: one.md three.md two.md
        refused inside: open for writing workspace:/two.md: read only
        [TIME] · [SIZE] of 64
        ["one.md","../two.md"]
        read /workspace/one.md: "one\n"
        write /workspace/two.md 2: access
        read /workspace/three.md: "three\n"
        list /workspace: one.md three.md two.md
        refused inside: open for writing workspace:/two.md: read only
        [TIME] · [SIZE] of 64
    "#]].assert_eq(&listed(
        "path = { arg = \"on\", mount = \"workspace\", glob = \"{one,two}.md\" }\ndecision = \"allow\"\n[[rules]]\ntool = \"probe\"\n\
         narrow = { fs = { workspace = [{ at = \"two.md\", mode = \"ro\" }, { at = \"one.md\" }, { at = \"three.md\" }] } }",
    ));
}

/// By the tools that people have: an allowance for a directory is for what is in it.
#[test]
fn a_directory_is_walked_and_what_lies_beside_it_is_not_there() {
    let rule = "[[rules]]\ntool = \"files\"\npath = { arg = \"path\", mount = \"workspace\", glob = [\"src\", \"src/**\"] }\ndecision = \"allow\"\n";
    let world = World::with_notes()
        .file("policy.toml", format!("format = 1\n[mounts.workspace]\npath = \".\"\n[grants]\nfiles = {{ fs = {{ workspace = \"ro\" }} }}\n{rule}"))
        .file("src/deep/a.md", "alpha inside\n");
    let call = |tool: &str, arguments: &str| {
        let printed = world.run(&["call", tool, arguments, "--policy", "policy.toml"]);
        format!("{tool} {arguments} {:?}\n{}", printed.code, printed.stdout)
    };
    let calls = [
        call("files/list_dir", r#"{"path":"src"}"#),
        call("files/grep", r#"{"path":"src","pattern":"alpha|main"}"#),
        call("files/glob", r#"{"path":"src","pattern":"**/*.md"}"#),
        call("files/read_file", r#"{"path":"src/deep/a.md"}"#),
        call("files/read_file", r#"{"path":"notes.md"}"#),
        call("files/list_dir", r#"{"path":"."}"#),
        call("files/grep", r#"{"path":"src/..","pattern":"alpha"}"#),
        // Without a path these walk all of it: nothing says that it is the directory.
        call("files/grep", r#"{"pattern":"alpha"}"#),
    ];
    expect![[r#"
        files/list_dir {"path":"src"} Some(0)
        {"entries":["deep/","main.rs"]}
        files/grep {"path":"src","pattern":"alpha|main"} Some(0)
        {"matches":["src/main.rs:2: fn main() {}","src/deep/a.md:1: alpha inside"],"total":2}
        files/glob {"path":"src","pattern":"**/*.md"} Some(0)
        {"paths":["src/deep/a.md"]}
        files/read_file {"path":"src/deep/a.md"} Some(0)
        alpha inside
        files/read_file {"path":"notes.md"} Some(3)
        files/list_dir {"path":"."} Some(3)
        files/grep {"path":"src/..","pattern":"alpha"} Some(3)
        files/grep {"pattern":"alpha"} Some(3)
    "#]]
    .assert_eq(&calls.concat());
}
