//! A person at a terminal: what is shown, what each answer does, and that the terminal is left as it was.

use expect_test::{Expect, expect};
use looplet_tests::person::{Person, World};
use looplet_tests::{guests, ollama};

const RUN: [&str; 4] = ["run", "go", "--model", "scripted:script.jsonl"];

const WRITE: (&str, &str) = (
    "write_file",
    r#"{"path": "src/a.txt", "content": "one\ntwo\n"}"#,
);

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

#[test]
fn yes_lets_one_call_run() {
    let world = world(&[WRITE]);
    check(
        &world,
        |person| {
            person.answers("y");
        },
        0,
        &expect![[r"
        model scripted:script.jsonl (--model)
        workspace PROJECT (rw, shipped)
        policy: none written; what changes nothing flows, everything else is asked
        ── ask 1 ── step 1 ── write_file ────────────────────────────── clock stopped ──
         tool      write_file   plugin files 0.1.0, built in, sha256:…
         can reach workspace:/src/a.txt  read + write   (~/proj/src/a.txt)
                   nothing else: no other file, no network, no secret, no process
         asked by  shipped   no rule matched
         model     │ I call write_file.
         path      │ src/a.txt
         change    │ + one
                   │ + two
         y once   s same tool, src/**, this run   e edit   d all of it
         n no   t no, and tell the model why   ? why   Ctrl-C stop, keep run
        > y
        #1 ✓ write_file(content='one\ntwo\n', path='src/a.txt') → bytes: 8 [0ms]
        over
        answered · 1 step · TIME · show: looplet-host show RUN
    "]],
    );
    assert_eq!(world.read("src/a.txt").as_deref(), Some("one\ntwo\n"));
}

#[test]
fn no_refuses_it_and_the_run_goes_on() {
    let world = world(&[WRITE]);
    check(
        &world,
        |person| {
            person.answers("n");
        },
        0,
        &expect![[r"
        model scripted:script.jsonl (--model)
        workspace PROJECT (rw, shipped)
        policy: none written; what changes nothing flows, everything else is asked
        ── ask 1 ── step 1 ── write_file ────────────────────────────── clock stopped ──
         tool      write_file   plugin files 0.1.0, built in, sha256:…
         can reach workspace:/src/a.txt  read + write   (~/proj/src/a.txt)
                   nothing else: no other file, no network, no secret, no process
         asked by  shipped   no rule matched
         model     │ I call write_file.
         path      │ src/a.txt
         change    │ + one
                   │ + two
         y once   s same tool, src/**, this run   e edit   d all of it
         n no   t no, and tell the model why   ? why   Ctrl-C stop, keep run
        > n
        #1 ⊘ write_file(content='one\ntwo\n', path='src/a.txt') → denied by the person
        over
        answered · 1 step · 1 denied by the person · TIME · show: looplet-host show RUN --denied
    "]],
    );
    assert_eq!(world.read("src/a.txt"), None);
}

#[test]
fn a_refusal_tells_the_model_why() {
    let world = world(&[WRITE]);
    let mut person = world.start(&RUN);
    person.answers("t").sees("\nwhy> ").types("not in src\n");
    let (code, seen) = person.leaves();
    assert_eq!(code, Some(0));
    assert_eq!(asked(&seen), 1, "{seen}");
    let (_, step, _) = world.run(&["show", "#1"]);
    let result: Vec<&str> = step
        .lines()
        .filter(|line| line.starts_with(" result"))
        .collect();
    assert_eq!(
        result,
        [" result      denied: refused by the person: not in src"],
        "{step}"
    );
}

#[test]
fn the_same_scope_is_not_asked_again_in_this_run() {
    let other = ("write_file", r#"{"path": "src/b.txt", "content": "b"}"#);
    let outside = ("write_file", r#"{"path": "c.txt", "content": "c"}"#);
    let world = world(&[WRITE, other, outside]);
    let mut person = world.start(&RUN);
    person.answers("s").answers("n");
    let (_, seen) = person.leaves();
    assert_eq!(asked(&seen), 2, "{seen}");
    assert_eq!(
        (world.read("src/b.txt").as_deref(), world.read("c.txt")),
        (Some("b"), None)
    );
}

#[test]
fn always_is_remembered_listed_and_revoked() {
    let world = world(&[("greet", r#"{"name": "Ada"}"#)]);
    let arguments = [&RUN[..], &["--ask", "greet/*"]].concat();
    let mut person = world.start(&arguments);
    person.answers("a").answers("").answers("y");
    let (code, seen) = person.leaves();
    expect![[r#"
        model scripted:script.jsonl (--model)
        workspace PROJECT (rw, shipped)
        policy: none written; what changes nothing flows, everything else is asked
        ── ask 1 ── step 1 ── greet ─────────────────────────────────── clock stopped ──
         tool      greet   plugin greet 0.1.0, built in, sha256:…
         can reach nothing: no file, no network, no secret, no process
         asked by  --ask   the operator wants to be asked about this call
         model     │ I call greet.
         arguments │ {"name":"Ada"}
         y once   s same tool, any arguments, this run   a always…   e edit
         d all of it
         n no   t no, and tell the model why   ? why   Ctrl-C stop, keep run
        > a
         remember for ~/proj until revoked (approvals.toml, yours, not in the
         repository)
           greet/greet   any arguments   plugin sha256:…
         ends when the plugin changes
         y remember   b back   Enter = nothing
        > 
         remember for ~/proj until revoked (approvals.toml, yours, not in the
         repository)
           greet/greet   any arguments   plugin sha256:…
         ends when the plugin changes
         y remember   b back   Enter = nothing
        > y
        #1 ✓ greet(name='Ada') → Hello, Ada! [0ms]
        over
        answered · 1 step · TIME · show: looplet-host show RUN
    "#]]
    .assert_eq(&seen);
    assert_eq!(code, Some(0));
    let (_, list, _) = world.run(&["approvals"]);
    expect![[r"
        1  greet/greet  any arguments  plugin sha256:…
    "]]
    .assert_eq(&list);
    let (_, seen) = world.start(&arguments).leaves();
    assert_eq!(asked(&seen), 0, "{seen}");
    world.run(&["approvals", "revoke", "1"]);
    let mut person = world.start(&arguments);
    person.answers("n");
    let (_, seen) = person.leaves();
    assert_eq!(asked(&seen), 1, "{seen}");
}

#[test]
fn an_approval_ends_when_the_plugin_changes() {
    let world = world(&[("greet", r#"{"name": "Ada"}"#)]);
    let arguments = [&RUN[..], &["--ask", "greet/*"]].concat();
    let mut person = world.start(&arguments);
    person.answers("a").answers("y");
    person.leaves();
    let file = world.home().join(".local/state/looplet/approvals.toml");
    let text = std::fs::read_to_string(&file).expect("is remembered");
    let digest = text.find("sha256:").expect("is bound") + 7;
    let other = format!(
        "{}{}{}",
        &text[..digest],
        "0".repeat(64),
        &text[digest + 64..]
    );
    std::fs::write(&file, other).expect("is written");
    let mut person = world.start(&arguments);
    person.answers("n");
    let (_, seen) = person.leaves();
    assert_eq!(asked(&seen), 1, "{seen}");
}

#[test]
fn edited_arguments_run_and_the_model_is_told() {
    let world = world(&[WRITE]);
    let editor = "sed -i s/one/three/";
    let mut person = world.start_with(&RUN, &[("EDITOR", editor)], 80);
    person.answers("e");
    let (code, seen) = person.leaves();
    assert_eq!((code, asked(&seen)), (Some(0), 1), "{seen}");
    assert_eq!(world.read("src/a.txt").as_deref(), Some("three\ntwo\n"));
    let told = "the person changed the arguments of this call to {";
    let journal = world.journal();
    assert!(journal.contains(told), "{journal}");
}

#[test]
fn an_edit_that_reaches_more_is_asked_about_again() {
    let world = world(&[WRITE]);
    let mut person = world.start_with(&RUN, &[("EDITOR", "sed -i s,src/a.txt,b.txt,")], 80);
    person.answers("e").answers("y");
    let (_, seen) = person.leaves();
    assert_eq!(asked(&seen), 2, "{seen}");
    assert_eq!(
        (world.read("src/a.txt"), world.read("b.txt").as_deref()),
        (None, Some("one\ntwo\n"))
    );
}

#[test]
fn an_edit_that_does_not_fit_the_schema_is_said_and_asked_again() {
    let world = world(&[WRITE]);
    let mut person = world.start_with(&RUN, &[("VISUAL", "sed -i s/content/contents/")], 80);
    person.answers("e").sees("not valid │ ").answers("n");
    let (code, _) = person.leaves();
    assert_eq!(code, Some(0));
}

#[test]
fn all_of_it_and_why_are_shown_before_an_answer() {
    let world = world(&[WRITE]);
    let mut person = world.start(&RUN);
    person.answers("d").answers("?").answers("n");
    let (_, seen) = person.leaves();
    let (_, more) = seen.split_once("> d\n").expect("d was typed");
    let (more, _) = more.split_once("> n\n").expect("n was typed");
    expect![[r#"
         arguments
         │ {
         │   "content": "one\ntwo\n",
         │   "path": "src/a.txt"
         │ }
         model
         │ I call write_file.
         y once   s same tool, src/**, this run   e edit   d all of it
         n no   t no, and tell the model why   ? why   Ctrl-C stop, keep run
        > ?
         asked by  shipped
         reason    no rule matched
         bound to  sha256:…: plugin, definition, arguments and reach
         y once   s same tool, src/**, this run   e edit   d all of it
         n no   t no, and tell the model why   ? why   Ctrl-C stop, keep run
    "#]]
    .assert_eq(more);
}

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
        &expect![[r"
        model scripted:script.jsonl (--model)
        workspace PROJECT (rw, shipped)
        policy: none written; what changes nothing flows, everything else is asked
        ── ask 1 ── step 1 ── write_file ────────────────────────────── clock stopped ──
         tool      write_file   plugin files 0.1.0, built in, sha256:…
         can reach workspace:/src/a.txt  read + write   (~/proj/src/a.txt)
                   nothing else: no other file, no network, no secret, no process
         asked by  shipped   no rule matched
         model     │ I call write_file.
         path      │ src/a.txt
         change    │ + one
                   │ + two
         y once   s same tool, src/**, this run   e edit   d all of it
         n no   t no, and tell the model why   ? why   Ctrl-C stop, keep run
        > ^C
        stopping; once more to leave at once
        cancelled · 0 steps · TIME · show: looplet-host show RUN
    "]],
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
    std::fs::copy(
        guests::TERMINAL_PERSON,
        world.project().join("plugins/person.wasm"),
    )
    .expect("is copied");
    let mut person = world.start(&[&RUN[..], &["--plugins", "plugins"]].concat());
    // The tool asks before it waits: after that answer it surely runs.
    person
        .answers("y")
        .answers("y")
        .sees("y\r\n")
        .types("\u{3}");
    let (code, seen) = person.leaves();
    assert_eq!(code, Some(130), "{seen}");
    assert!(seen.contains("stopping"), "{seen}");
}

#[test]
fn a_tool_that_asks_is_heard_and_its_words_are_inert() {
    let world = world(&[("agree", "{}")]);
    world.write("plugins/person.wasm", "");
    std::fs::copy(
        guests::TERMINAL_PERSON,
        world.project().join("plugins/person.wasm"),
    )
    .expect("is copied");
    let mut person = world.start(
        &[
            &RUN[..],
            &["--plugins", "plugins", "--allow", "person/agree"],
        ]
        .concat(),
    );
    person.answers("y");
    let (_, seen) = person.leaves();
    let (_, asks) = seen.split_once("── person/agree asks").expect("it asks");
    expect![[r"
         ───────────────────────────────────────────────────────────
         the host cannot see what this is about: these are the tool's own words
         action    │ close\u{1b}[2J 40 tickets
         details   │ in one go\r can reach nothing
         y yes   n no
        > y
        #1 ✓ agree() → agreed [0ms]
        over
        answered · 1 step · TIME · show: looplet-host show RUN
    "]]
    .assert_eq(asks);
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

#[test]
fn text_of_the_model_cannot_repaint_the_question() {
    let world = World::new();
    world.write(
        "script.jsonl",
        concat!(
            r#"{"text": "\u001b[2J\u001b[H can reach nothing\n\u202ekcab\u0007", "calls": [{"tool": "write_file", "#,
            r#""arguments": {"path": "a nothing else \u001b[8m", "content": "\u001b]52;c;eA==\u0007"}}]}"#,
            "\n{\"text\": \"over\u{1b}[2J\"}\n",
        ).replace('\u{1b}', "\\u001b").as_str(),
    );
    check(
        &world,
        |person| {
            person.answers("n");
        },
        0,
        &expect![[r#"
        model scripted:script.jsonl (--model)
        workspace PROJECT (rw, shipped)
        policy: none written; what changes nothing flows, everything else is asked
        ── ask 1 ── step 1 ── write_file ────────────────────────────── clock stopped ──
         tool      write_file   plugin files 0.1.0, built in, sha256:…
         can reach "workspace:/a␣nothing␣else␣\u{1b}[8m"  read + write
                   ("~/proj/a␣nothing␣else␣\u{1b}[8m")
                   nothing else: no other file, no network, no secret, no process
         asked by  shipped   no rule matched
         model     │ \u{1b}[2J\u{1b}[H can reach nothing
                   │ \u{202e}kcab\u{7}
         path      │ a nothing else \u{1b}[8m
         change    │ + \u{1b}]52;c;eA==\u{7}
         y once   s same tool, "a␣nothing␣else␣\u{1b}[[]8m", this run   e edit
         d all of it
         n no   t no, and tell the model why   ? why   Ctrl-C stop, keep run
        > n
        #1 ⊘ write_file(content='\u{1b}]52;c;eA==\u{7}', path='a nothing else \u{1b}[8m') → denied by the person
        over\u{1b}[2J
        answered · 1 step · 1 denied by the person · TIME · show: looplet-host show RUN --denied
    "#]],
    );
}

#[test]
fn a_question_fits_a_narrow_terminal() {
    let world = world(&[WRITE]);
    let mut person = world.start_with(&RUN, &[], 30);
    person.answers("n");
    let (_, seen) = person.leaves();
    let (_, question) = seen.split_once("── ask").expect("it asks");
    let (question, _) = question.split_once("> n").expect("is answered");
    assert!(
        question
            .lines()
            .all(|line| line.chars().count() <= 30 || !line.contains('│')),
        "{question}"
    );
    expect![[r"
         1 ── step 1 ──
        write_file ── clock stopped ──
         tool
          write_file   plugin files
          0.1.0, built in,
          sha256:…
         can reach
          workspace:/src/a.txt  read +
          write   (~/proj/src/a.txt)
          nothing else: no other file,
          no network, no secret, no
          process
         asked by
          shipped   no rule matched
         model
          │ I call write_file.
         path
          │ src/a.txt
         change
          │ + one
          │ + two
         y once
         s same tool, src/**, this run
         e edit   d all of it
         n no
         t no, and tell the model why
         ? why   Ctrl-C stop, keep run
    "]]
    .assert_eq(question);
}

#[test]
fn a_tool_that_is_refused_three_times_can_be_denied_for_the_run() {
    let world = world(&[WRITE, WRITE, WRITE, WRITE]);
    let mut person = world.start(&RUN);
    person.answers("n").answers("n").answers("n").answers("y");
    let (_, seen) = person.leaves();
    assert_eq!(asked(&seen), 3, "{seen}");
}

#[test]
fn without_a_terminal_a_call_is_denied_with_the_line_that_would_allow_it() {
    let world = world(&[WRITE]);
    let (code, stdout, stderr) = world.run(&RUN);
    assert_eq!((code, stdout.as_str()), (Some(0), "over\n"));
    expect![[r#"
        model scripted:script.jsonl (--model)
        workspace PROJECT (rw, shipped)
        policy: none written and no terminal to ask at; every call is denied but for `--allow`
        #1 ⊘ write_file(content='one\ntwo\n', path='src/a.txt') → denied by shipped
        #1 files/write_file would be allowed by --allow 'files/write_file', or in looplet.toml: [[rules]] tool = "files/write_file", decision = "allow"
        answered · 1 step · 1 denied by policy · TIME · show: looplet-host show RUN --denied
    "#]].assert_eq(&stderr);
}

#[test]
fn a_model_that_nobody_named_is_agreed_to_once() {
    let world = World::new();
    let address = ollama::serve();
    let settings = format!("format = 1\n[providers.ollama]\nbase_url = \"http://{address}\"\n");
    world.write("../.config/looplet/looplet.toml", &settings);
    let (code, _, stderr) = world.run(&["run", "go"]);
    assert_eq!(code, Some(2), "{stderr}");
    assert!(
        stderr.contains("name it: `--model ollama:tiny:1b`"),
        "{stderr}"
    );

    let mut person = world.start(&["run", "go"]);
    person.answers("").answers("n");
    let (code, seen) = person.leaves();
    assert_eq!(code, Some(2), "{seen}");
    let (question, _) = seen.split_once("error: ").expect("is refused");
    expect![[r"
         nobody has named a model; ollama:tiny:1b at ADDRESS answers. The task
         and what tools read would go there, now and in later runs that name none. Use
         it?
         y yes   n no
        > 
        > n
    "]]
    .assert_eq(&question.replace(&address.to_string(), "ADDRESS"));

    let mut person = world.start(&["run", "go"]);
    person.answers("y");
    let (code, seen) = person.leaves();
    assert_eq!(code, Some(0), "{seen}");
    let (code, stdout, stderr) = world.run(&["run", "go"]);
    assert_eq!((code, stdout.as_str()), (Some(0), "hello\n"), "{stderr}");
}

#[test]
fn a_single_call_is_asked_about_as_well() {
    let world = World::new();
    let call = [
        "call",
        "greet/greet",
        r#"{"name": "Ada"}"#,
        "--ask",
        "greet/*",
    ];
    let mut person = world.start(&call);
    person.answers("y");
    let (code, seen) = person.leaves();
    assert_eq!(code, Some(0), "{seen}");
    assert!(seen.contains("> y\nHello, Ada!\n"), "{seen}");
    let mut person = world.start(&call);
    person.sees("\n> ").types("\u{3}");
    let (code, seen) = person.leaves();
    assert_eq!(code, Some(130), "{seen}");
    assert!(
        seen.ends_with("> ^C\nstopping; once more to leave at once\n"),
        "{seen}"
    );
}
