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
    check_at("http://127.0.0.1:9/v1", &expect![""]);
}

#[test]
fn an_address_that_is_none() {
    check_at("localhost:8080", &expect![""]);
}

#[test]
fn a_key_that_is_refused() {
    check(&[Answer::Raw(401, r#"{"error":{"message":"Incorrect API key provided"}}"#)], &expect![""]);
}

#[test]
fn a_server_that_has_enough() {
    check(&[Answer::Raw(429, r#"{"error":{"message":"slow down"}}"#)], &expect![""]);
}

#[test]
fn a_server_that_broke() {
    check(&[Answer::Raw(500, "oops")], &expect![""]);
}

#[test]
fn a_server_that_comes_back_is_asked_again() {
    check(&[Answer::Raw(500, "oops"), END], &expect![""]);
}

#[test]
fn a_page_instead_of_an_answer() {
    check(&[Answer::Raw(200, "<html><body>Welcome to the proxy</body></html>")], &expect![""]);
}

#[test]
fn half_a_body() {
    check(&[Answer::Half(r#"{"choices":[{"message":{"content":"#)], &expect![""]);
}

#[test]
fn arguments_that_are_no_json() {
    check(&[Answer::Call("read_file", r#"{"path": "#), END], &expect![""]);
}

#[test]
fn a_tool_that_does_not_exist() {
    check(&[Answer::Call("reed_file", r#"{"path":"notes.md"}"#), END], &expect![""]);
}

#[test]
fn arguments_that_do_not_fit() {
    check(&[Answer::Call("read_file", r#"{"path":7}"#), END], &expect![""]);
}

#[test]
fn neither_text_nor_calls() {
    check(&[Answer::Text("")], &expect![""]);
}

#[test]
fn a_recorded_model_that_ends_too_early_or_is_no_recording() {
    let turn = r#"{"calls":[{"tool":"read_file","arguments":{"path":"notes.md"}}]}"#;
    let run = ["run", "--model", "scripted:../model.jsonl", "--workspace", ".", "--allow", "files", "x"];
    World::with_notes().model(&[turn]).check(&run, &expect![""]);
    World::with_notes().model(&[turn, "{\"txt\":\"a\"}"]).check(&run, &expect![""]);
    World::with_notes().model(&[]).check(&run, &expect![""]);
    World::with_notes().check(&run, &expect![""]);
}
