//! Which model is asked, and whole runs against real servers on loopback.

use expect_test::expect;

use crate::server::{Answer, Server};
use crate::world::World;

const READ: Answer = Answer::Call("read_file", r#"{"path":"notes.md"}"#);
const GREP: Answer = Answer::Call("grep", r#"{"pattern":"LATER"}"#);
const END: Answer = Answer::Text("There is one.");

fn chat_completions(server: &Server) -> World {
    World::with_notes()
        .variable("OPENAI_BASE_URL", &format!("http://{}/v1", server.address()))
        .variable("OPENAI_API_KEY", "sk-canary-1")
        .variable("OPENAI_MODEL", "mock")
}

#[test]
fn nothing_is_set_up() {
    World::new().check(&["run", "x"], &expect![""]);
}

#[test]
fn a_key_without_a_model_is_not_enough() {
    World::new().variable("OPENAI_API_KEY", "sk-1").check(&["run", "x"], &expect![""]);
}

#[test]
fn a_run_against_chat_completions() {
    let server = Server::start(&[READ, GREP, END]);
    let world = chat_completions(&server);
    world.check(&["run", "--workspace", ".", "--allow", "files", "find what is for later"], &expect![""]);
    let seen = server.seen();
    assert_eq!(seen.len(), 3);
    assert!(seen[1].contains("alpha"), "the file went to the model");
    assert!(seen[2].contains("say it"), "the line went to the model");
    assert!(!seen.concat().contains("sk-canary-1"), "the key is in no body");
}

#[test]
fn a_run_against_ollama() {
    let server = Server::start(&[READ, GREP, END]);
    let world = World::with_notes().variable("OLLAMA_HOST", server.address());
    world.check(&["run", "--model", "ollama:tiny:1b", "--workspace", ".", "--allow", "files", "find what is for later"], &expect![""]);
    assert_eq!(server.seen().len(), 3);
}

#[test]
fn a_model_that_happens_to_answer_is_not_taken_without_a_word() {
    let server = Server::start(&[END]);
    let world = World::with_notes().variable("OLLAMA_HOST", server.address());
    world.check(&["run", "x"], &expect![""]);
    assert_eq!(server.seen().len(), 0);
}

#[test]
fn a_model_without_tools_is_named_with_one_that_has_them() {
    let server = Server::start(&[END]);
    let world = World::with_notes().variable("OLLAMA_HOST", server.address());
    world.check(&["run", "--model", "ollama:mute:1b", "x"], &expect![""]);
    world.check(&["run", "--model", "ollama:other", "x"], &expect![""]);
}

#[test]
fn a_provider_that_does_not_exist_is_refused() {
    World::new().check(&["run", "--model", "opnai:gpt", "x"], &expect![""]);
    World::new().check(&["run", "--model", "gpt", "x"], &expect![""]);
}
