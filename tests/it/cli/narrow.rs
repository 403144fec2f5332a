//! Calls that an allowance by path leaves one file, by the tools that people have.

use std::fs;

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
