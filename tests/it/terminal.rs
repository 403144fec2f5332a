//! A person at a terminal: what is shown, what each answer does, and that the terminal is left as it was.

mod answers;
mod compiling;
mod keys;
mod shown;
mod trust;

use expect_test::Expect;
use looplet_tests::person::{Person, World};

const RUN: [&str; 4] = ["run", "go", "--model", "scripted:script.jsonl"];

const WRITE: (&str, &str) = ("write_file", r#"{"path": "src/a.txt", "content": "one\ntwo\n"}"#);

fn world(calls: &[(&str, &str)]) -> World {
    let world = World::new();
    world.script(calls).write("src/old.txt", "old\n");
    world
}

/// Everything the terminal shows, and the exit code, for a person who acts like this.
fn check(world: &World, act: impl FnOnce(&mut Person), code: i32, shown: &Expect) {
    let mut person = world.start(&RUN);
    act(&mut person);
    let (exit, seen) = person.leaves();
    shown.assert_eq(&seen);
    assert_eq!(exit, Some(code));
}

/// How many questions there were.
fn asked(seen: &str) -> usize {
    seen.matches("clock stopped ──").count()
}
