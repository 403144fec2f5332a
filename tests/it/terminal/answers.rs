//! What each answer does to the call, to the run and to later runs.

use expect_test::expect;

use super::{RUN, WRITE, asked, check, world};

#[test]
fn yes_lets_one_call_run() {
    let world = world(&[WRITE]);
    check(
        &world,
        |person| {
            person.answers("y");
        },
        0,
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
            > y
            #1 ✓ write_file(path='src/a.txt', content='one\ntwo\n') → bytes: 8 [0ms]
            over
            answered · 1 step · TIME · show: looplet-host show RUN
        "#]],
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
            > n
            #1 ⊘ write_file(path='src/a.txt', content='one\ntwo\n') → denied by the person
            over
            answered · 1 step · 1 denied by the person · TIME · show: looplet-host show RUN --denied
        "#]],
    );
    assert_eq!(world.read("src/a.txt"), None);
}

/// Between the question and the answer the name of the file, or of its directory, comes to lead elsewhere.
#[test]
fn a_link_that_is_swapped_in_while_a_person_thinks_reaches_nothing() {
    for (path, was, link, to) in [
        ("src/new.txt", None, "src/new.txt", "../theirs/new.txt"),
        ("src/old.txt", Some("old\n"), "src/old.txt", "../theirs/old.txt"),
        ("src/old.txt", Some("old\n"), "src", "theirs"),
    ] {
        let arguments = format!(r#"{{"path": "{path}", "content": "mine\n"}}"#);
        let world = world(&[("write_file", &arguments)]);
        world.changes();
        world.write("theirs/new.txt", "theirs\n").write("theirs/old.txt", "theirs\n");
        let mut person = world.start(&RUN);
        person.sees("\n> ");
        let link = world.project().join(link);
        if was.is_some() {
            std::fs::rename(&link, world.project().join("aside")).expect("is moved");
        }
        std::os::unix::fs::symlink(to, link).expect("is linked");
        person.types("y\n");
        let (code, seen) = person.leaves();
        let denied = "⊘ write_file(path='";
        let why = "→ denied «what was approved has changed meanwhile»\n";
        assert!(code == Some(0) && seen.contains(denied) && seen.contains(why), "{seen}");
        assert!(seen.contains(" · 1 denied by the host · "), "{seen}");
        for theirs in ["theirs/new.txt", "theirs/old.txt"] {
            assert_eq!(world.read(theirs).as_deref(), Some("theirs\n"), "{seen}");
        }
    }
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
    let result: Vec<&str> = step.lines().filter(|line| line.starts_with(" result")).collect();
    assert_eq!(result, [" result      denied: refused by the person: not in src"], "{step}");
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
    assert_eq!((world.read("src/b.txt").as_deref(), world.read("c.txt")), (Some("b"), None));
}

#[test]
fn always_is_remembered_listed_and_revoked() {
    let world = world(&[("greet", r#"{"name": "Ada"}"#)]);
    world.changes();
    let arguments = [&RUN[..], &["--ask", "greet/*"]].concat();
    let mut person = world.start(&arguments);
    person.answers("a").answers("").answers("y");
    let (code, seen) = person.leaves();
    expect![[r#"
        model scripted:script.jsonl (--model)
        workspace PROJECT (rw, the shipped default)
        policy none written: what changes nothing flows, everything else is asked
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
    let other = format!("{}{}{}", &text[..digest], "0".repeat(64), &text[digest + 64..]);
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
fn hooks_look_at_edited_arguments_again_and_a_replay_repeats_both_looks() {
    let world = world(&[WRITE]);
    let says = r#"={"at":"pre-tool","do":"narrow","tool":"write_file","text":"workspace:src:rw"}"#;
    let hook = format!("{}+add-context{says}", looplet_tests::guests::HOOK_PROBE);
    let arguments = [&RUN[..], &["--hook", &hook]].concat();
    let mut person = world.start_with(&arguments, &[("EDITOR", "sed -i s,src/a.txt,b.txt,")], 80);
    person.answers("e");
    let (code, seen) = person.leaves();
    // What the hook leaves is less than what the edited call wants, and no more than what was agreed to.
    assert_eq!((code, asked(&seen)), (Some(0), 1), "{seen}");
    assert_eq!((world.read("src/a.txt"), world.read("b.txt")), (None, None));
    let narrowed =
        r#"{"hook":"hook_probe","verdict":"narrow","narrow":[{"fs":{"mount":"workspace","path":"src","mode":"rw"}}]"#;
    let journal = world.journal();
    assert_eq!(journal.matches(narrowed).count(), 2, "{journal}");
    let (code, told, seen) = world.run(&["replay", "--offline"]);
    assert!(told.ends_with(looplet_tests::requests::ALIKE), "{told}{seen}");
    assert_eq!(code, Some(0));
}

#[test]
fn an_edit_that_reaches_more_is_asked_about_again() {
    let world = world(&[WRITE]);
    let mut person = world.start_with(&RUN, &[("EDITOR", "sed -i s,src/a.txt,b.txt,")], 80);
    person.answers("e").answers("y");
    let (_, seen) = person.leaves();
    assert_eq!(asked(&seen), 2, "{seen}");
    assert_eq!((world.read("src/a.txt"), world.read("b.txt").as_deref()), (None, Some("one\ntwo\n")));
}

#[test]
fn an_edit_that_is_refused_when_it_is_asked_about_again_does_not_run() {
    let world = world(&[WRITE]);
    let mut person = world.start_with(&RUN, &[("EDITOR", "sed -i s,src/a.txt,b.txt,")], 80);
    person.answers("e").answers("n");
    let (_, seen) = person.leaves();
    assert_eq!(asked(&seen), 2, "{seen}");
    assert_eq!((world.read("src/a.txt"), world.read("b.txt")), (None, None));
}

#[test]
fn a_hook_rewrites_what_a_person_wrote_too() {
    let world = world(&[WRITE]);
    let says = r#"={"at":"pre-tool","do":"rewrite","tool":"write_file","text":"{\"path\":\"src/c.txt\",\"content\":\"by the hook\"}"}"#;
    let hook = format!("{}+add-context+edit-arguments{says}", looplet_tests::guests::HOOK_PROBE);
    let arguments = [&RUN[..], &["--hook", &hook]].concat();
    let mut person = world.start_with(&arguments, &[("EDITOR", "sed -i s/hook/person/")], 80);
    person.answers("e");
    let (code, seen) = person.leaves();
    assert_eq!((code, asked(&seen)), (Some(0), 1), "{seen}");
    assert_eq!(world.read("src/c.txt").as_deref(), Some("by the hook"));
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
fn a_tool_that_is_refused_three_times_can_be_denied_for_the_run() {
    let world = world(&[WRITE, WRITE, WRITE, WRITE]);
    let mut person = world.start(&RUN);
    person.answers("n").answers("n").answers("n").answers("y");
    let (_, seen) = person.leaves();
    assert_eq!(asked(&seen), 3, "{seen}");
}

#[test]
fn an_answer_for_the_run_holds_in_a_resume_and_not_in_a_fork() {
    let other = ("write_file", r#"{"path": "src/b.txt", "content": "b"}"#);
    let world = world(&[WRITE, other]);
    let mut person = world.start(&[&RUN[..], &["--max-steps", "1"]].concat());
    person.answers("s");
    let (code, seen) = person.leaves();
    assert_eq!((code, asked(&seen)), (Some(1), 1), "{seen}");
    let mut person = world.start(&["fork", "@1", "--max-steps", "9"]);
    person.answers("n");
    let (code, seen) = person.leaves();
    assert_eq!((code, asked(&seen), world.read("src/b.txt")), (Some(0), 1, None), "{seen}");
    let runs = world.home().join(".local/state/looplet/runs");
    let mut names: Vec<_> = std::fs::read_dir(runs).unwrap().map(|run| run.unwrap().file_name()).collect();
    names.sort();
    let person = world.start(&["resume", names[0].to_str().unwrap(), "--max-steps", "9"]);
    let (code, seen) = person.leaves();
    assert_eq!((code, asked(&seen)), (Some(0), 0), "{seen}");
    assert_eq!(world.read("src/b.txt").as_deref(), Some("b"));
}
