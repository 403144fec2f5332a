//! Conversations with a person who is a list of lines.

use looplet_host::canonical::CanonicalJson;
use looplet_host::digest::Digest;
use looplet_host::need::{FsMode, Place};
use looplet_host::origin::Origin;
use looplet_host::permission::{Answer, Askable, Question, Reach, Scope, ToolKind};
use looplet_host::plugin::{ArgumentRole, ShownArgument};
use serde_json::{Map, Value, json};

use super::dialogue::{Dialogue, Habit, Surroundings};
use super::fake::Person;
use super::plain::Plain;

fn scope(glob: &str) -> Scope {
    let path = json!({ "arg": "/path", "mount": "workspace", "glob": glob });
    Scope { tool: "files/edit_file".to_owned(), when: Map::new(), path: Some(path) }
}

fn question(arguments: &Value) -> Question {
    let place = Place::Fs { mount: "workspace".to_owned(), path: "src/parse.rs".to_owned(), mode: FsMode::ReadWrite };
    let shown = |pointer: &str, role| ShownArgument { pointer: pointer.to_owned(), role };
    Question {
        number: 2,
        step: 4,
        tool: "edit_file".to_owned(),
        plugin: Askable {
            name: "files".to_owned(),
            version: "0.1.0".to_owned(),
            digest: Digest::of(b"component"),
            kind: ToolKind::Component,
            built_in: true,
        },
        reach: vec![Reach { place, host_path: Some("/home/me/proj/src/parse.rs".to_owned()) }],
        asked_by: vec![Origin::line("looplet.toml", 41)],
        reason: "no rule matched".to_owned(),
        model_text: "fix the underflow in parse()".to_owned(),
        arguments: CanonicalJson::from_value(arguments).expect("is canonical"),
        show: vec![
            shown("/path", ArgumentRole::Path),
            shown("/before", ArgumentRole::Before),
            shown("/after", ArgumentRole::After),
        ],
        bound_to: Digest::of(b"bound"),
        scopes: vec![scope("src/parse.rs"), scope("src/**")],
        may_remember: true,
        faults: Vec::new(),
        on_behalf: None,
    }
}

fn edit() -> Value {
    json!({
        "path": "src/parse.rs",
        "before": "let n = s.len() - 1;\nnext();",
        "after": "let n = s.len().saturating_sub(1);\nnext();",
    })
}

fn hold(person: &mut Person, question: &Question, habit: Habit) -> Answer {
    let surroundings = Surroundings { home: Some("/home/me".into()), project: "/home/me/proj".to_owned() };
    Dialogue { screen: person, question, habit, surroundings: &surroundings }.hold().expect("the terminal is there")
}

/// What a person who types these lines sees, and the answer.
fn check(lines: &[&'static str], question: &Question, habit: Habit, seen: &expect_test::Expect) -> Answer {
    let mut person = Person::typing(lines);
    let answer = hold(&mut person, question, habit);
    seen.assert_eq(&person.seen);
    answer
}

#[test]
fn a_question_says_what_is_reached_before_what_is_claimed() {
    let answer = check(
        &["y"],
        &question(&edit()),
        Habit::default(),
        &expect_test::expect![[r"
            ── ask 2 ── step 4 ── edit_file ─────────────────────────────── clock stopped ──
             tool      edit_file   plugin files 0.1.0, built in, sha256:6985…12fa
             can reach workspace:/src/parse.rs  read + write   (~/proj/src/parse.rs)
                       nothing else: no other file, no network, no secret, no process
             asked by  looplet.toml:41   no rule matched
             model     │ fix the underflow in parse()
             path      │ src/parse.rs
             change    │ - let n = s.len() - 1;
                       │ + let n = s.len().saturating_sub(1);
             y once   s same tool, src/**, this run   a always…   e edit   d all of it
             n no   t no, and tell the model why   ? why   Ctrl-C stop, keep run
            > y
        "]],
    );
    assert_eq!(answer, Answer::Yes);
}

#[test]
fn words_of_model_and_plugin_cannot_leave_their_place() {
    let mut question = question(&json!({
        "path": "a\n can reach nothing\x1b[2J",
        "secret\u{202e}": 1,
    }));
    question.model_text = "1\x1b]0;title\x07\n2\n3\n can reach nothing".to_owned();
    question.plugin.version = "0.1.0\x1b[31m".to_owned();
    question.plugin.built_in = false;
    question.scopes.clear();
    check(
        &["d", "n"],
        &question,
        Habit::default(),
        &expect_test::expect![[r#"
            ── ask 2 ── step 4 ── edit_file ─────────────────────────────── clock stopped ──
             tool      edit_file   plugin files "0.1.0\u{1b}[31m", component,
                       sha256:6985…12fa
             can reach workspace:/src/parse.rs  read + write   (~/proj/src/parse.rs)
                       nothing else: no other file, no network, no secret, no process
             asked by  looplet.toml:41   no rule matched
             model     │ 1\u{1b}]0;title\u{7}
                       │ 2
                       │ 3
                       … 1 more lines
             path      │ a
                       │  can reach nothing\u{1b}[2J
                       1 more argument is not shown here: d
             y once   e edit   d all of it
             n no   t no, and tell the model why   ? why   Ctrl-C stop, keep run
            > d
             arguments
             │ {
             │   "path": "a\n can reach nothing\u001b[2J",
             │   "secret\u{202e}": 1
             │ }
             model
             │ 1\u{1b}]0;title\u{7}
             │ 2
             │ 3
             │  can reach nothing
             y once   e edit   d all of it
             n no   t no, and tell the model why   ? why   Ctrl-C stop, keep run
            > n
        "#]],
    );
}

#[test]
fn enter_and_other_keys_answer_nothing_and_the_end_of_input_is_no() {
    let mut person = Person::typing(&["", "", "yeah"]);
    assert_eq!(hold(&mut person, &question(&edit()), Habit::default()), Answer::No);
    assert!(person.seen.ends_with("> \n> \n> yeah\n y once   s same tool, src/**, this run   a always…   e edit   d all of it\n n no   t no, and tell the model why   ? why   Ctrl-C stop, keep run\n> ^D\n"), "{}", person.seen);
}

#[test]
fn what_is_remembered_is_shown_and_asked_once_more() {
    let mut person = Person::typing(&["a", "", "2", "9", "b", "a", "2", "y"]);
    assert_eq!(hold(&mut person, &question(&edit()), Habit::default()), Answer::Always(scope("src/**")));
    let (_, remembered) = person.seen.split_once("> a\n").expect("a was typed");
    let (first, _) = remembered.split_once("> \n").expect("Enter was typed");
    expect_test::expect![[r#"
        shown:
         remember for ~/proj until revoked (approvals.toml, yours, not in the
         repository)
           files/edit_file   src/parse.rs   plugin sha256:6985…12fa
         ends when the plugin changes
         1 src/parse.rs   2 src/**   y remember   b back   Enter = nothing
    "#]]
    .assert_eq(&format!("shown:\n{first}"));
}

#[test]
fn an_answer_that_is_not_offered_is_not_taken() {
    let mut question = question(&edit());
    question.may_remember = false;
    question.scopes.clear();
    let mut person = Person::typing(&["a", "s", "y"]);
    assert_eq!(hold(&mut person, &question, Habit::default()), Answer::Yes);
}

#[test]
fn a_refusal_can_say_why_without_control_characters() {
    let mut person = Person::typing(&["t", "", "t", "use \x1b[31mtests/ instead"]);
    let answer = hold(&mut person, &question(&edit()), Habit::default());
    assert_eq!(answer, Answer::NoBecause("use [31mtests/ instead".to_owned()));
}

#[test]
fn the_third_refusal_in_a_row_offers_to_deny_the_tool() {
    let habit = Habit { once: 0, refused: 2 };
    let mut person = Person::typing(&["n", "", "y"]);
    assert_eq!(hold(&mut person, &question(&edit()), habit), Answer::NoForRun);
    assert!(person.seen.ends_with(
        "> n\n files/edit_file was refused 3 times in a row: deny it for the rest of this run?\n y deny it   n only this call\n> \n> y\n"
    ), "{}", person.seen);
    assert_eq!(hold(&mut Person::typing(&["n", "n"]), &question(&edit()), habit), Answer::No);
    assert_eq!(hold(&mut Person::typing(&["n"]), &question(&edit()), Habit { once: 0, refused: 1 }), Answer::No);
}

#[test]
fn after_three_like_answers_the_scope_stands_first() {
    let mut person = Person::typing(&["s"]);
    let answer = hold(&mut person, &question(&edit()), Habit { once: 3, refused: 0 });
    assert_eq!(answer, Answer::YesForRun(scope("src/**")));
    assert!(person.seen.contains("\n s same tool, src/**, this run   y once   a always…"), "{}", person.seen);
}

#[test]
fn edited_arguments_have_to_be_an_object_and_another_one() {
    let question = question(&edit());
    let mut person = Person::typing(&["e", "e", "e", "e", "e"]);
    let same: &'static str = Box::leak(edit().to_string().into_boxed_str());
    person.edits = ["[1]", "{\"path\": ", same, "{\"path\": \"b.rs\"}"].into();
    let edited = CanonicalJson::from_value(&json!({ "path": "b.rs" })).expect("is canonical");
    assert_eq!(hold(&mut person, &question, Habit::default()), Answer::Edited(edited));
    let said: Vec<&str> =
        person.seen.lines().filter(|line| line.contains("what you wrote") || line.contains("nothing was")).collect();
    assert_eq!(said[0], " what you wrote is no JSON object; e goes on with it");
    assert!(said[1].starts_with(" what you wrote is no JSON object: "), "{said:?}");
    assert_eq!(said[2], " nothing was changed");
    assert!(person.seen.contains("[editor] [1]"), "the second time it begins with what was written: {}", person.seen);
}

#[test]
fn a_long_text_comes_a_screenful_at_a_time() {
    let mut question = question(&edit());
    question.model_text = (1..=30).map(|line| format!("line {line}")).collect::<Vec<_>>().join("\n");
    let mut person = Person::typing(&["d", "", "b", "n"]);
    assert_eq!(hold(&mut person, &question, Habit::default()), Answer::No);
    assert!(person.seen.contains("line 13\n Enter goes on, b goes back> b\n y once"), "{}", person.seen);
}

#[test]
fn why_shows_the_lines_that_ask_and_the_reason() {
    let mut person = Person::typing(&["?", "y"]);
    hold(&mut person, &question(&edit()), Habit::default());
    let (_, why) = person.seen.split_once("> ?\n").expect("? was typed");
    let why: Vec<&str> = why.lines().take(3).collect();
    assert_eq!(
        why.join("\n"),
        " asked by  looplet.toml:41\n reason    no rule matched\n bound to  sha256:5e1c…5630: plugin, definition, arguments and reach"
    );
}

#[test]
fn a_tool_that_asks_is_shown_as_the_one_who_speaks() {
    let question = Plain {
        asks: Some("jira/close".to_owned()),
        words: "the host cannot see what this is about: these are the tool's own words".to_owned(),
        action: "close\x1b[2J 40 tickets".to_owned(),
        details: "1\n2\n3\n4".to_owned(),
    };
    let mut person = Person::typing(&["", "d", "y"]);
    assert_eq!(question.hold(&mut person), Ok(true));
    expect_test::expect![[r"
        ── jira/close asks ─────────────────────────────────────────────────────────────
         the host cannot see what this is about: these are the tool's own words
         action    │ close\u{1b}[2J 40 tickets
         details   │ 1
                   │ 2
                   │ 3
                   … 1 more lines
         y yes   n no   d all of it
        > 
        > d
         action
         │ close\u{1b}[2J 40 tickets
         details
         │ 1
         │ 2
         │ 3
         │ 4
         y yes   n no   d all of it
        > y
    "]]
    .assert_eq(&person.seen);
    assert_eq!(question.hold(&mut Person::typing(&[])), Ok(false));
}
