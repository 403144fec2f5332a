//! Keys that are no answer: Enter, the end of input, Ctrl-C, and what was typed too early.

use expect_test::expect;
use looplet_tests::guests;

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
            stopping; once more to leave at once
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

#[test]
fn ctrl_c_while_a_tool_runs_stops_the_run() {
    let world = world(&[("wait", "{}")]);
    world.write("plugins/person.wasm", "");
    std::fs::copy(guests::TERMINAL_PERSON, world.project().join("plugins/person.wasm")).expect("is copied");
    let mut person = world.start(&[&RUN[..], &["--plugins", "plugins"]].concat());
    // The tool asks before it waits: after that answer it surely runs.
    person.answers("y").answers("y").sees("y\r\n").types("\u{3}");
    let (code, seen) = person.leaves();
    assert_eq!(code, Some(130), "{seen}");
    assert!(seen.contains("stopping"), "{seen}");
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
}
