//! Models that do not answer, or answer what is no answer.

use expect_test::{Expect, expect};

use crate::server::{Answer, Server};
use crate::world::World;

const END: Answer = Answer::Text("over");

fn check(answers: &[Answer], expected: &Expect) {
    let server = Server::start(answers);
    check_at(&format!("http://{}/v1", server.address()), expected);
}

fn check_at(base_url: &str, expected: &Expect) {
    World::with_notes()
        .variable("OPENAI_BASE_URL", base_url)
        .variable("OPENAI_API_KEY", "sk-canary-1")
        .variable("OPENAI_MODEL", "mock")
        .check(&["run", "--workspace", ".", "--allow", "files", "do it"], expected);
}

#[test]
fn a_server_that_is_down() {
    check_at(
        "http://127.0.0.1:9/v1",
        &expect![[r#"
        ── stderr
        model openai:mock at 127.0.0.1:9 (OPENAI_MODEL)
        workspace [DIR]/project (ro, --workspace)
        policy none written and no terminal to ask at: every call is denied but for `--allow`
        stopped: the model gave no answer (cannot reach `openai` at 127.0.0.1:9: connection refused (3 attempts)) · 0 steps · [TIME] · show: looplet-host show [RUN]
        ── exit 1
    "#]],
    );
}

#[test]
fn an_address_that_is_none() {
    check_at(
        "localhost:8080",
        &expect![[r#"
        ── stderr
        error: the base URL `OPENAI_BASE_URL` starts with neither `http://` nor `https://`
        hint: write it like `https://api.example/v1`
        ── exit 2
    "#]],
    );
}

#[test]
fn a_key_that_is_refused() {
    check(
        &[Answer::Raw(401, r#"{"error":{"message":"Incorrect API key provided"}}"#)],
        &expect![[r#"
        ── stderr
        model openai:mock at 127.0.0.1:[PORT] (OPENAI_MODEL)
        workspace [DIR]/project (ro, --workspace)
        policy none written and no terminal to ask at: every call is denied but for `--allow`
        stopped: the model gave no answer (`openai` at 127.0.0.1:[PORT] refused the key (status 401): Incorrect API key provided; set another key, or check that it is meant for this server) · 0 steps · [TIME] · show: looplet-host show [RUN]
        ── exit 1
    "#]],
    );
}

#[test]
fn a_server_that_has_enough() {
    check(
        &[Answer::Raw(429, r#"{"error":{"message":"slow down"}}"#)],
        &expect![[r#"
        ── stderr
        model openai:mock at 127.0.0.1:[PORT] (OPENAI_MODEL)
        workspace [DIR]/project (ro, --workspace)
        policy none written and no terminal to ask at: every call is denied but for `--allow`
        stopped: the model gave no answer (`openai` at 127.0.0.1:[PORT] takes no more requests for now (status 429): slow down (3 attempts); wait a while, or use another model) · 0 steps · [TIME] · show: looplet-host show [RUN]
        ── exit 1
    "#]],
    );
}

#[test]
fn a_server_that_broke() {
    check(
        &[Answer::Raw(500, "oops")],
        &expect![[r#"
        ── stderr
        model openai:mock at 127.0.0.1:[PORT] (OPENAI_MODEL)
        workspace [DIR]/project (ro, --workspace)
        policy none written and no terminal to ask at: every call is denied but for `--allow`
        stopped: the model gave no answer (`openai` at 127.0.0.1:[PORT] has a fault of its own (status 500): oops (3 attempts)) · 0 steps · [TIME] · show: looplet-host show [RUN]
        ── exit 1
    "#]],
    );
}

#[test]
fn a_server_that_comes_back_is_asked_again() {
    check(
        &[Answer::Raw(500, "oops"), END],
        &expect![[r#"
        ── stdout
        over
        ── stderr
        model openai:mock at 127.0.0.1:[PORT] (OPENAI_MODEL)
        workspace [DIR]/project (ro, --workspace)
        policy none written and no terminal to ask at: every call is denied but for `--allow`
        answered · 0 steps · 120 tokens · [TIME] · show: looplet-host show [RUN]
        ── exit 0
    "#]],
    );
}

#[test]
fn a_page_instead_of_an_answer() {
    check(
        &[Answer::Raw(200, "<html><body>Welcome to the proxy</body></html>")],
        &expect![[r#"
        ── stderr
        model openai:mock at 127.0.0.1:[PORT] (OPENAI_MODEL)
        workspace [DIR]/project (ro, --workspace)
        policy none written and no terminal to ask at: every call is denied but for `--allow`
        stopped: the model gave no answer (`openai` at 127.0.0.1:[PORT] answered with a web page instead of JSON (status 200); check the base URL: it usually ends in `/v1`) · 0 steps · [TIME] · show: looplet-host show [RUN]
        ── exit 1
    "#]],
    );
}

#[test]
fn half_a_body() {
    check(
        &[Answer::Half(r#"{"choices":[{"message":{"content":"#)],
        &expect![[r#"
        ── stderr
        model openai:mock at 127.0.0.1:[PORT] (OPENAI_MODEL)
        workspace [DIR]/project (ro, --workspace)
        policy none written and no terminal to ask at: every call is denied but for `--allow`
        stopped: the model gave no answer (`openai` at 127.0.0.1:[PORT] broke off its answer after 34 of 134 bytes (3 attempts)) · 0 steps · [TIME] · show: looplet-host show [RUN]
        ── exit 1
    "#]],
    );
}

#[test]
fn arguments_that_are_no_json() {
    check(
        &[Answer::Call("read_file", r#"{"path": "#), END],
        &expect![[r#"
        ── stdout
        over
        ── stderr
        model openai:mock at 127.0.0.1:[PORT] (OPENAI_MODEL)
        workspace [DIR]/project (ro, --workspace)
        policy none written and no terminal to ask at: every call is denied but for `--allow`
        #1 ✗ read_file() → validation: the arguments are no valid JSON: EOF while parsing a value at line …
        answered · 1 step · 240 tokens · [TIME] · show: looplet-host show [RUN]
        ── exit 0
    "#]],
    );
}

/// Two readers of them could see two calls.
#[test]
fn arguments_that_say_the_same_name_twice() {
    check(
        &[Answer::Call("read_file", r#"{"path":"notes.md","path":"other.md"}"#), END],
        &expect![[r#"
        ── stdout
        over
        ── stderr
        model openai:mock at 127.0.0.1:[PORT] (OPENAI_MODEL)
        workspace [DIR]/project (ro, --workspace)
        policy none written and no terminal to ask at: every call is denied but for `--allow`
        #1 ✗ read_file() → validation: the arguments are no valid JSON: key "path" stands twice at line 1 …
        answered · 1 step · 240 tokens · [TIME] · show: looplet-host show [RUN]
        ── exit 0
    "#]],
    );
}

#[test]
fn a_tool_that_does_not_exist() {
    check(
        &[Answer::Call("reed_file", r#"{"path":"notes.md"}"#), END],
        &expect![[r#"
        ── stdout
        over
        ── stderr
        model openai:mock at 127.0.0.1:[PORT] (OPENAI_MODEL)
        workspace [DIR]/project (ro, --workspace)
        policy none written and no terminal to ask at: every call is denied but for `--allow`
        #1 ✗ reed_file() → validation: there is no tool `reed_file`
        answered · 1 step · 240 tokens · [TIME] · show: looplet-host show [RUN]
        ── exit 0
    "#]],
    );
}

#[test]
fn arguments_that_do_not_fit() {
    check(
        &[Answer::Call("read_file", r#"{"path":7}"#), END],
        &expect![[r#"
        ── stdout
        over
        ── stderr
        model openai:mock at 127.0.0.1:[PORT] (OPENAI_MODEL)
        workspace [DIR]/project (ro, --workspace)
        policy none written and no terminal to ask at: every call is denied but for `--allow`
        #1 ✗ read_file(path=7) → validation: the arguments do not fit the schema of `read_file`: `/path`: 7 is n…
        answered · 1 step · 240 tokens · [TIME] · show: looplet-host show [RUN]
        ── exit 0
    "#]],
    );
}

#[test]
fn a_misspelt_argument_is_told_with_the_one_that_is_meant_and_the_form() {
    check_told(
        r#"{"calls":[{"tool":"read_file","arguments":{"paht":"notes.md"}}]}"#,
        &expect![
            "failed (validation): the arguments do not fit the schema of `read_file`: `paht` is not known; `path` is missing; did you mean `path` by `paht`?; it takes `path` (string), `first_line` (integer, optional), `lines` (integer, optional), `numbered` (boolean, optional)"
        ],
    );
}

#[test]
fn nothing_in_place_of_a_text_is_refused_and_an_empty_text_and_an_optional_nothing_are_not() {
    let nothing = r#"{"tool":"read_file","arguments":{"path":null}}"#;
    let empty = r#"{"tool":"read_file","arguments":{"path":""}}"#;
    let optional = r#"{"tool":"grep","arguments":{"pattern":"alpha","glob":null}}"#;
    check_told(
        &format!(r#"{{"calls":[{nothing},{empty},{optional}]}}"#),
        &expect![[r#"
            failed (validation): the arguments do not fit the schema of `read_file`: `/path`: null is not of type "string"; it takes `path` (string), `first_line` (integer, optional), `lines` (integer, optional), `numbered` (boolean, optional)
            failed (validation): the path is empty or has a NUL in it
            {"matches":["notes.md:1: alpha"],"total":1}"#]],
    );
}

/// What the model is told of the calls of one answer.
fn check_told(turn: &str, expected: &Expect) {
    let world = World::with_notes().model(&[turn, r#"{"text":"over"}"#]);
    let run = ["run", "--model", "scripted:../model.jsonl", "--workspace", ".", "--allow", "files", "do it"];
    assert_eq!(world.run(&run).code, Some(0));
    let sent = world.run(&["show", "--prompt", "2"]).stdout;
    let sent: serde_json::Value = serde_json::from_str(&sent).unwrap();
    let told = sent["messages"].as_array().unwrap().iter().filter(|message| message["role"] == "tool");
    let told: Vec<&str> = told.map(|message| message["text"].as_str().unwrap()).collect();
    expected.assert_eq(&told.join("\n"));
}

#[test]
fn neither_text_nor_calls() {
    check(
        &[Answer::Text("")],
        &expect![[r#"
        ── stderr
        model openai:mock at 127.0.0.1:[PORT] (OPENAI_MODEL)
        workspace [DIR]/project (ro, --workspace)
        policy none written and no terminal to ask at: every call is denied but for `--allow`
        stopped: the model answered nothing · 0 steps · 240 tokens · [TIME] · show: looplet-host show [RUN]
        ── exit 1
    "#]],
    );
}

#[test]
fn a_recorded_model_that_ends_too_early_or_is_no_recording() {
    let turn = r#"{"calls":[{"tool":"read_file","arguments":{"path":"notes.md"}}]}"#;
    let run = ["run", "--model", "scripted:../model.jsonl", "--workspace", ".", "--allow", "files", "x"];
    World::with_notes().model(&[turn]).check(&run, &expect![[r#"
        ── stderr
        model scripted:../model.jsonl (--model)
        workspace [DIR]/project (ro, --workspace)
        policy none written and no terminal to ask at: every call is denied but for `--allow`
        #1 ✓ read_file(path='notes.md') → 2 lines [TIME]
        stopped: the model gave no answer (`scripted:../model.jsonl` has no answer left after 1 turn; end the script with a turn that calls `done`, or with a text alone) · 1 step · [TIME] · show: looplet-host show [RUN]
        ── exit 1
    "#]]);
    World::with_notes().model(&[turn, "{\"txt\":\"a\"}"]).check(
        &run,
        &expect![[r#"
        ── stderr
        error: ../model.jsonl:2: not a scripted turn: unknown field `txt`, expected one of `text`, `calls`, `usage`
        hint: a turn is {"text": "…", "calls": [{"tool": "…", "arguments": {}}]}, all parts optional
        ── exit 2
    "#]],
    );
    World::with_notes().model(&[]).check(
        &run,
        &expect![[r#"
        ── stderr
        error: `../model.jsonl` holds no turns
        hint: write one a line: {"text": "…", "calls": [{"tool": "…", "arguments": {}}]}
        ── exit 2
    "#]],
    );
    World::with_notes().check(
        &run,
        &expect![[r#"
            ── stderr
            error: there is no file `../model.jsonl`
            hint: `scripted:FILE` answers from a file with one turn a line
            ── exit 2
        "#]],
    );
}
