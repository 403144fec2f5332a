//! What was sent is rebuilt, and what was decided is decided again.

use std::fs;

use expect_test::expect;

use crate::server::{Answer, Server};
use crate::world::World;

const POLICY: &str = r#"format = 1
agent.system = "Be brief."
[model]
temperature = 0.3
max_output_tokens = 900
[mounts.workspace]
path = "."
mode = "rw"
[grants]
files = { fs = { workspace = "rw" } }
[[rules]]
tool = ["files/read_file", "files/list_dir", "todo"]
decision = "allow"
[[rules]]
tool = "files/write_file"
path = { arg = "path", mount = "workspace", glob = "drafts/**" }
decision = "allow"
"#;

const READ: &str =
    r#"{"calls":[{"tool":"read_file","arguments":{"path":"notes.md"}},{"tool":"list_dir","arguments":{}}]}"#;
const DRAFT: &str = r#"{"calls":[{"tool":"write_file","arguments":{"path":"drafts/plan.md","content":"plan\n"}}]}"#;
const DENIED: &str = r#"{"calls":[{"tool":"write_file","arguments":{"path":"plan.md","content":"plan\n"}},{"tool":"no_such","arguments":{}}]}"#;
const DONE: &str = r#"{"calls":[{"tool":"done","arguments":{"summary":"ok"}}]}"#;

const RUN: &[&str] = &["run", "--policy", "policy.toml", "do it"];

fn scripted() -> World {
    let world =
        World::with_notes().file("policy.toml", POLICY).file("drafts/x", "").model(&[READ, DRAFT, DENIED, DONE]);
    let printed = world.run(&[RUN, &["--model", "scripted:../model.jsonl"]].concat());
    assert_eq!(printed.code, Some(0), "{}", printed.stderr);
    world
}

/// Every request of the latest run, rebuilt: the program compares each with the digest of what was sent.
fn rebuilt(world: &World, turns: u32) -> Vec<String> {
    let rebuild = |turn: u32| {
        let printed = world.run(&["show", "--prompt", &turn.to_string()]);
        assert_eq!(printed.code, Some(0), "{}", printed.stderr);
        assert!(printed.stderr.starts_with(&format!("request {turn}: rebuilt = sent")), "{}", printed.stderr);
        printed.stdout
    };
    (1..=turns).map(rebuild).collect()
}

#[test]
fn what_a_scripted_model_was_asked_is_rebuilt() {
    let world = scripted();
    let prompts = rebuilt(&world, 4);
    assert!(prompts[0].starts_with(r#"{"temperature":0.3,"max_output_tokens":900,"tools":["#), "{}", prompts[0]);
    assert!(prompts[3].contains("Be brief."));
    world.check(
        &["show", "--prompt", "9"],
        &expect![[r#"
        ── stderr
        error: the run has no request 9
        hint: it sent 4
        ── exit 2
    "#]],
    );
    let journal = &world.journals()[0];
    assert!(fs::read_to_string(journal).unwrap().contains(r#""wire":{"id":"plain"}"#));
}

#[test]
fn what_real_providers_were_sent_is_rebuilt_byte_for_byte() {
    let answers = [
        Answer::Call("read_file", r#"{"path":"notes.md"}"#),
        Answer::Call("write_file", r#"{"path":"plan.md","content":"é \" \\ 🦀"}"#),
        Answer::Text("That is all."),
    ];
    for provider in ["openai:mock", "ollama:tiny:1b"] {
        let server = Server::start(&answers);
        let world = World::with_notes()
            .file("policy.toml", POLICY)
            .variable("OPENAI_BASE_URL", &format!("http://{}/v1", server.address()))
            .variable("OPENAI_API_KEY", "sk-canary-1")
            .ollama(server.address());
        let printed = world.run(&[RUN, &["--model", provider]].concat());
        assert_eq!(printed.code, Some(0), "{}", printed.stderr);
        let sent = server.seen();
        assert_eq!(rebuilt(&world, 3), sent, "{provider}");
    }
}

#[test]
fn a_replay_without_tools_is_alike_but_for_times_and_names() {
    let world = scripted();
    let before = world.tree("project");
    world.check(
        &["replay", "--offline"],
        &expect![[r#"
        ── stdout
        6 of 6 steps alike · decisions alike · journal alike but times and ids
        ── exit 0
    "#]],
    );
    assert_eq!(world.tree("project"), before);
    assert_eq!(world.runs().len(), 1, "a replay without tools leaves nothing behind");
    assert!(world.run(&["replay", "--offline", "--json"]).stdout.contains(r#""journal_alike":true"#));
}

#[test]
fn another_policy_says_what_it_would_have_decided() {
    let world = scripted().file("new.toml", POLICY.replace("drafts/**", "final/**"));
    world.check(
        &["replay", "--policy", "new.toml"],
        &expect![[r#"
            ── stdout
            #3 would be denied (the shipped default) — recorded: allowed · replay stops there; --follow goes on with the recorded result
            ── exit 1
        "#]],
    );
    let world = world.file("new.toml", POLICY.replace("\"files/read_file\", ", ""));
    world.check(
        &["replay", "--policy", "new.toml", "--follow"],
        &expect![[r#"
            ── stdout
            #1 would be denied (the shipped default) — recorded: allowed · goes on as recorded
            ── exit 1
        "#]],
    );
}

#[test]
fn a_replay_with_live_tools_runs_them_through_the_gate_as_a_run_of_its_own() {
    let world = scripted();
    world.write("notes.md", "other\n");
    fs::remove_file(world.path("drafts/plan.md")).unwrap();
    let printed = world.run(&["replay"]);
    assert_eq!(printed.code, Some(1), "{}", printed.stderr);
    assert!(printed.stdout.contains("≠ #1 files/read_file: result"), "{}", printed.stdout);
    assert!(printed.stdout.contains("steps alike · decisions alike"), "{}", printed.stdout);
    assert!(world.path("drafts/plan.md").exists());
    assert_eq!(world.runs().len(), 2);
}

#[test]
fn recorded_answers_are_a_model_too() {
    let world = scripted();
    let run = world.runs().remove(0);
    let printed = world.run(&[RUN, &["--model", &format!("replay:{}", &run)]].concat());
    assert!(printed.stderr.starts_with("model replay:[RUN] (recorded answers)\n"), "{}", printed.stderr);
    assert_eq!(printed.code, Some(0));
}

#[test]
fn a_learned_policy_covers_the_run_and_no_more() {
    let world = scripted();
    let learned = world.run(&["learn"]);
    assert_eq!(learned.code, Some(0), "{}", learned.stderr);
    expect![[r#"
        # The least that covers what a run did: 3 calls of 3 tools. Read it before you use it.
        format = 1

        [mounts."workspace"]
        path = "[DIR]/project"
        mode = "rw"

        [grants]
        "files/list_dir" = { fs = { "workspace" = "ro" } }
        "files/read_file" = { fs = { "workspace" = "ro" } }
        "files/write_file" = { fs = { "workspace" = "rw" } }

        [policy]
        unmatched = "deny"

        [[rules]]
        # calls of it named no path below the mount: it may use all of it
        tool = "files/list_dir"
        effects = "none"
        decision = "allow"

        [[rules]]
        tool = "files/read_file"
        path = { arg = "path", mount = "workspace", glob = ["notes.md"] }
        decision = "allow"

        [[rules]]
        tool = "files/write_file"
        path = { arg = "path", mount = "workspace", glob = ["drafts/**"] }
        decision = "allow"
    "#]]
    .assert_eq(&learned.stdout);
    let policy = learned.stdout.replace("[DIR]", fs::canonicalize(world.path("..")).unwrap().to_str().unwrap());
    world.write("learned.toml", policy);
    world.check(
        &["replay", "--policy", "learned.toml"],
        &expect![[r#"
        ── stdout
        6 of 6 steps alike · decisions alike
        ── exit 0
    "#]],
    );
    let printed =
        world.run(&["explain", "files/read_file", "--args", r#"{"path":"src/main.rs"}"#, "--policy", "learned.toml"]);
    assert_eq!(printed.code, Some(3), "{}", printed.stdout);
}
