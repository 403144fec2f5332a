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
    World::new().check(
        &["run", "x"],
        &expect![[r#"
        ── stderr
        error: no model is set up
        hint: one of these sets one up:
          OpenAI-compatible  export OPENAI_API_KEY=… OPENAI_MODEL=…  (another server: OPENAI_BASE_URL=…)
          Anthropic          known, not yet supported by this version
          Ollama             ollama serve; ollama pull qwen3:8b
          without a network  --model scripted:FILE
        `looplet-host doctor` tests what is set up
        ── exit 2
    "#]],
    );
}

#[test]
fn a_key_without_a_model_is_not_enough() {
    World::new().variable("OPENAI_API_KEY", "sk-1").check(
        &["run", "x"],
        &expect![[r#"
        ── stderr
        error: `OPENAI_API_KEY` is set, but no model is named
        hint: add `export OPENAI_MODEL=NAME`, or `--model openai:NAME`
        ── exit 2
    "#]],
    );
}

#[test]
fn a_run_against_chat_completions() {
    let server = Server::start(&[READ, GREP, END]);
    let world = chat_completions(&server);
    world.check(
        &["run", "--workspace", ".", "--allow", "files", "find what is for later"],
        &expect![[r#"
            ── stdout
            There is one.
            ── stderr
            model openai:mock at 127.0.0.1:[PORT] (OPENAI_MODEL)
            workspace [DIR]/project (ro, --workspace)
            policy none written and no terminal to ask at: every call is denied but for `--allow`
            #1 ✓ read_file(path='notes.md') → 2 lines [TIME]
            #2 ✓ grep(pattern='LATER') → 1 match [TIME]
            answered · 2 steps · 360 tokens · [TIME] · show: looplet-host show [RUN]
            ── exit 0
        "#]],
    );
    let seen = server.seen();
    assert_eq!(seen.len(), 3);
    assert!(seen[1].contains("alpha"), "the file went to the model");
    assert!(seen[2].contains("say it"), "the line went to the model");
    assert!(!seen.concat().contains("sk-canary-1"), "the key is in no body");
}

#[test]
fn a_run_against_ollama() {
    let server = Server::start(&[READ, GREP, END]);
    let world = World::with_notes().ollama(server.address());
    world.check(
        &["run", "--model", "ollama:tiny:1b", "--workspace", ".", "--allow", "files", "find what is for later"],
        &expect![[r#"
            ── stdout
            There is one.
            ── stderr
            model ollama:tiny:1b at 127.0.0.1:[PORT] (window 8192, tools yes, --model)
            workspace [DIR]/project (ro, --workspace)
            policy none written and no terminal to ask at: every call is denied but for `--allow`
            #1 ✓ read_file(path='notes.md') → 2 lines [TIME]
            #2 ✓ grep(pattern='LATER') → 1 match [TIME]
            answered · 2 steps · 360 tokens · [TIME] · show: looplet-host show [RUN]
            ── exit 0
        "#]],
    );
    assert_eq!(server.seen().len(), 3);
}

#[test]
fn a_model_that_happens_to_answer_is_not_taken_without_a_word() {
    let server = Server::start(&[END]);
    let world = World::with_notes().ollama(server.address());
    world.check(&["run", "x"], &expect![[r#"
        ── stderr
        error: a model answers and nobody has named it: model ollama:tiny:1b at 127.0.0.1:[PORT] (window 8192, tools yes, the only installed model that can call tools)
        hint: the task and what tools read would go there; name it: `--model ollama:tiny:1b`
        ── exit 2
    "#]]);
    assert_eq!(server.seen().len(), 0);
}

#[test]
fn a_model_without_tools_is_named_with_one_that_has_them() {
    let server = Server::start(&[END]);
    let world = World::with_notes().ollama(server.address());
    world.check(
        &["run", "--model", "ollama:mute:1b", "x"],
        &expect![[r#"
        ── stderr
        error: model `mute:1b` of Ollama cannot call tools
        hint: `--model ollama:tiny:1b` is installed and can
        ── exit 2
    "#]],
    );
    world.check(
        &["run", "--model", "ollama:other", "x"],
        &expect![[r#"
        ── stderr
        error: Ollama at 127.0.0.1:[PORT] has no model `other`
        hint: installed: `mute:1b`, `tiny:1b`; `ollama pull other` installs it
        ── exit 2
    "#]],
    );
}

#[test]
fn a_provider_that_does_not_exist_is_refused() {
    World::new().check(
        &["run", "--model", "opnai:gpt", "x"],
        &expect![[r#"
        ── stderr
        error: --model: model `opnai:gpt`: no provider `opnai`
        hint: there are `openai`, `ollama` and `scripted`; a model with a tag is `ollama:opnai:gpt`
        ── exit 2
    "#]],
    );
    World::new().check(
        &["run", "--model", "gpt", "x"],
        &expect![[r#"
        ── stderr
        error: --model: model `gpt` names no provider
        hint: write `openai:gpt` or `ollama:gpt`
        ── exit 2
    "#]],
    );
}

/// A world whose user's file does not say where Ollama is.
fn told_by_variable(address: &str) -> World {
    World::with_notes().file("../home/.config/looplet/looplet.toml", "").variable("OLLAMA_HOST", address)
}

#[test]
fn ollama_is_where_its_variable_says() {
    let server = Server::start(&[END]);
    let world = told_by_variable(server.address());
    world.check(
        &["run", "--model", "ollama:tiny:1b", "x"],
        &expect![[r#"
        ── stdout
        There is one.
        ── stderr
        model ollama:tiny:1b at 127.0.0.1:[PORT] (window 8192, tools yes, --model)
        workspace [DIR]/project (rw, the shipped default)
        policy none written and no terminal to ask at: every call is denied but for `--allow`
        answered · 0 steps · 120 tokens · [TIME] · show: looplet-host show [RUN]
        ── exit 0
    "#]],
    );
    world.check(&["doctor"], &expect![[r#"
        ── stdout
        ✓ host         looplet-host 0.1.0 on [MACHINE]
        ✓ places       user file [DIR]/home/.config/looplet/looplet.toml, state in [DIR]/home/.local/state/looplet
        ✓ settings     the user file
        ✓ sandbox      4 built-in plugins load, 9 tools
        ✓ model        ollama:tiny:1b at 127.0.0.1:[PORT] (window 8192, tools yes, the only installed model that can call tools)
        ── exit 0
    "#]]);
    told_by_variable("gpu box").check(
        &["run", "x"],
        &expect![[r#"
        ── stderr
        error: `OLLAMA_HOST` is no URL
        hint: write a host, `HOST:PORT`, or a URL such as `http://127.0.0.1:[PORT]`
        ── exit 2
    "#]],
    );
    // Port 9 is where nobody listens.
    told_by_variable("127.0.0.1:9").check(
        &["run", "x"],
        &expect![[r#"
        ── stderr
        error: cannot reach `ollama` at 127.0.0.1:9: connection refused
        hint: start it with `ollama serve`
        ── exit 1
    "#]],
    );
}
