//! The line that says what is compiled: it is written over, and nothing of it stays.

use expect_test::expect;
use looplet_tests::guests;
use looplet_tests::person::{CLEAR, World};
use regex::Regex;

fn world() -> World {
    let world = World::without_cache();
    world.write("plugins/one.wasm", "");
    std::fs::copy(guests::TERMINAL_PERSON, world.project().join("plugins/one.wasm")).expect("is copied");
    world
}

const INSPECT: [&str; 4] = ["inspect", "one", "--plugins", "plugins"];

/// Seconds and repetitions depend on the machine.
fn steady(text: &str) -> String {
    let text = Regex::new(r"… \d+ s").expect("is valid").replace_all(text, "… 0 s").into_owned();
    let mut parts: Vec<&str> = text.split(CLEAR).collect();
    parts.dedup();
    parts.join("[CLEAR]")
}

#[test]
fn a_terminal_shows_one_line_while_plugins_are_compiled_and_then_none() {
    let world = world();
    let (code, seen) = world.start(&INSPECT).leaves_as_written();
    assert_eq!(code, Some(0));
    let (line, _) = seen.split_once("note: `one` is not pinned").expect("is inspected");
    expect!["[CLEAR]compiling 1 of 1: one … 0 s[CLEAR]"].assert_eq(&steady(line));
    // The second start has nothing to compile.
    let (_, again) = world.start(&INSPECT).leaves_as_written();
    assert!(again.starts_with("note: `one` is not pinned"), "{again:?}");
}

#[test]
fn an_error_takes_the_place_of_the_line() {
    let world = world();
    let broken = wat::parse_str("(component (core module (func (result i32) i64.const 1)))").ok();
    std::fs::write(world.project().join("plugins/two.wasm"), broken.expect("is WAT")).expect("a file");
    let (code, seen) = world.start(&INSPECT).leaves_as_written();
    assert_eq!(code, Some(2));
    let last = seen.rsplit(CLEAR).next().expect("there is one");
    assert!(last.starts_with("error: plugin `two` does not compile: "), "{seen:?}");
}

#[test]
fn elsewhere_there_is_a_line_for_what_takes_long_and_nothing_to_write_over() {
    let (code, _, said) = world().run(&INSPECT);
    let note = "note: `one` is not pinned: `looplet-host add` shows what a plugin is and pins it\n";
    assert_eq!((code, said.as_str()), (Some(0), note));
}
