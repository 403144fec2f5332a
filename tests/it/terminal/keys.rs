//! Keys that are no answer: Enter, the end of input, Ctrl-C, and what was typed too early.

use expect_test::expect;
use looplet_tests::guests;
use looplet_tests::person::{Person, World};

use super::{RUN, WRITE, asked, check, world};

#[test]
fn enter_alone_answers_nothing_and_the_end_of_input_is_no() {
    let world = world(&[WRITE]);
    let mut person = world.start(&RUN);
    person.answers("").answers("").sees("\n> ").types("\u{4}");
    let (code, seen) = person.leaves();
    assert_eq!((code, asked(&seen)), (Some(0), 1), "{seen}");
    assert_eq!(world.read("src/a.txt"), None);
}

#[test]
fn ctrl_c_at_the_prompt_stops_the_run_and_keeps_it() {
    let world = world(&[WRITE]);
    check(
        &world,
        |person| {
            person.sees("\n> ").types("\u{3}");
        },
        130,
        &expect![[r#"
            model scripted:script.jsonl (--model)
            workspace PROJECT (rw, the shipped default)
            policy none written: what changes nothing flows, everything else is asked
            ── ask 1 ── step 1 ── write_file ────────────────────────────── clock stopped ──
             tool      write_file   plugin files 0.1.0, built in, sha256:…
             can reach workspace:/src/a.txt  read + write   (~/proj/src/a.txt)
                       nothing else: no other file, no network, no secret, no process
             asked by  the shipped default   no rule matched
             model     │ I call write_file.
             path      │ src/a.txt
             change    │ + one
                       │ + two
             y once   s same tool, src/**, this run   e edit   d all of it
             n no   t no, and tell the model why   ? why   Ctrl-C stop, keep run
            > ^C
            stopping after this call; once more to stop now
            cancelled · 0 steps · TIME · show: looplet-host show RUN
        "#]],
    );
    let (code, shown, _) = world.run(&["show"]);
    assert_eq!(code, Some(0), "the journal is kept");
    assert!(shown.contains("cancelled"), "{shown}");
}

#[test]
fn the_terminal_is_left_as_it_was_found() {
    let world = world(&[WRITE]);
    let mut person = world.start_without_echo(&RUN);
    person.sees("\n> ");
    assert!(person.has_echo(), "the person sees what is typed");
    person.types("\u{3}");
    assert_eq!((person.waits(), person.has_echo()), (Some(130), false));
    let mut person = world.start_without_echo(&RUN);
    person.answers("y");
    assert_eq!((person.waits(), person.has_echo()), (Some(0), false));
}

/// A person whose run has called a tool of the guest, which surely runs: it asks before it waits.
fn calling(world: &World) -> Person {
    world.write("plugins/person.wasm", "");
    std::fs::copy(guests::TERMINAL_PERSON, world.project().join("plugins/person.wasm")).expect("is copied");
    let mut person = world.start(&[&RUN[..], &["--plugins", "plugins"]].concat());
    person.answers("y").answers("y").sees("y\r\n");
    person
}

/// What is shown from the second answer on.
fn afterwards(seen: &str) -> &str {
    seen.rsplit_once("> y\n").expect("was answered").1
}

#[test]
fn ctrl_c_once_lets_the_call_come_to_its_end_and_keeps_the_run() {
    let world = world(&[("nap", "{}"), ("agree", "{}")]);
    let mut person = calling(&world);
    person.types("\u{3}");
    let (code, seen) = person.leaves();
    assert_eq!(code, Some(130), "{seen}");
    expect![[r#"
        ^C
        stopping after this call; once more to stop now
        #1 ✓ nap() → rested [0ms]
        cancelled · 1 step · TIME · show: looplet-host show RUN
    "#]]
    .assert_eq(afterwards(&seen));
    let mut person = world.start(&["resume", "--plugins", "plugins"]);
    person.answers("n");
    let (code, seen) = person.leaves();
    assert_eq!(code, Some(0), "{seen}");
    assert!(seen.contains("#2 ⊘ agree"), "{seen}");
}

#[test]
fn ctrl_c_twice_ends_the_call_too() {
    let world = world(&[("wait", "{}")]);
    let mut person = calling(&world);
    person.types("\u{3}").sees("to stop now\r\n").types("\u{3}");
    let (code, seen) = person.leaves();
    assert_eq!(code, Some(130), "{seen}");
    expect![[r#"
        ^C
        stopping after this call; once more to stop now
        ^C
        stopping now
        #1 ✗ wait() → ended by the host: cancelled: the call was cancelled [0ms]
        cancelled · 1 step · TIME · show: looplet-host show RUN
    "#]]
    .assert_eq(afterwards(&seen));
}

#[test]
fn a_line_typed_while_a_tool_runs_is_a_word_to_the_model() {
    let world = world(&[("nap", "{}")]);
    let mut person = calling(&world);
    person.types("be brief\u{1b}[2J\n");
    let (code, seen) = person.leaves_as_written();
    assert_eq!(code, Some(0), "{seen}");
    let (_, seen) = seen.rsplit_once("> y\r\n").expect("was answered");
    let (told, _) = seen.split_once(" [").expect("has a time");
    let expected = "be brief^[[2J\r\nthe model hears before its next turn: be brief\\u{1b}[2J\r\n#1 ✓ nap() → rested";
    assert_eq!(told, expected);
    assert!(world.journal().contains(r#""notice":{"steered":"be brief"#), "{}", world.journal());
}

#[test]
fn what_was_typed_before_the_prompt_does_not_answer_it() {
    let world = world(&[WRITE]);
    let mut person = world.start(&RUN);
    // The echo says that the keys have arrived.
    person.types("y\ny\n").sees("y\r\ny\r\n");
    person.answers("n");
    let (_, seen) = person.leaves();
    assert_eq!(asked(&seen), 1, "{seen}");
    assert_eq!(world.read("src/a.txt"), None);
    assert!(!world.journal().contains("steered"), "nor is it a word to the model");
}
