//! `--json` on every command: one document on standard output and nothing else there, the same exit code,
//! errors on standard error as without it. `run` and `call` have theirs beside their texts.

use expect_test::expect;
use serde_json::Value;

use crate::world::{Printed, World};

const ASKING: &str = "[[rules]]\ntool = \"files\"\ndecision = \"ask\"\n";

/// The one document of a command.
fn document(printed: &Printed) -> Value {
    assert_eq!(printed.stdout.lines().count(), 1, "{}", printed.stdout);
    serde_json::from_str(&printed.stdout).expect("is JSON")
}

#[test]
fn an_error_is_a_document_too() {
    let world = World::new().file("policy.toml", "[policy]\nunmatchd = \"ask\"\n");
    world.check(&["check", "--policy", "policy.toml", "--json"], &expect![[r#"
        ── stdout
        {"error":{"message":"unknown key `unmatchd` in `policy`","hint":"did you mean `unmatched`?","place":"policy.toml:2","exit":2}}
        ── stderr
        error: policy.toml:2: unknown key `unmatchd` in `policy`
        hint: did you mean `unmatched`?
        ── exit 2
    "#]]);
    world.check(&["--json", "call", "files/reed_file", "{}"], &expect![[r#"
        ── stdout
        {"error":{"message":"there is no tool `files/reed_file`","hint":"do you mean `files/read_file`?","place":null,"exit":2}}
        ── stderr
        error: there is no tool `files/reed_file`
        hint: do you mean `files/read_file`?
        ── exit 2
    "#]]);
}

#[test]
fn a_call_that_does_not_come_to_pass_says_why() {
    let world = World::with_notes();
    world.check(&["call", "files/read_file", r#"{"path":"notes.md"}"#, "--json"], &expect![[r#"
        ── stdout
        {"outcome":{"denied":"nothing in the operator's policy allows this call"},"would_allow":"--allow 'files/read_file', or in looplet.toml:\n  [[rules]]\n  tool = \"files/read_file\"\n  decision = \"allow\""}
        ── stderr
        error: `files/read_file` is denied: nothing in the operator's policy allows this call
        hint: --allow 'files/read_file', or in looplet.toml:
          [[rules]]
          tool = "files/read_file"
          decision = "allow"
        ── exit 3
    "#]]);
    world.check(&["call", "files/read_file", r#"{"file":"notes.md"}"#, "--json"], &expect![[r#"
        ── stdout
        {"outcome":{"failed":{"kind":"validation","message":"the arguments do not fit the schema of `read_file`: `file` is not known; `path` is missing; it takes `path` (string), `first_line` (integer, optional), `lines` (integer, optional), `numbered` (boolean, optional)"}},"would_allow":null}
        ── stderr
        error: the arguments do not fit the schema of `read_file`: `file` is not known; `path` is missing; it takes `path` (string), `first_line` (integer, optional), `lines` (integer, optional), `numbered` (boolean, optional)
        hint: `looplet-host inspect files --json` shows what it takes
        ── exit 2
    "#]]);
}

#[test]
fn all_plugins_are_one_list() {
    let listed = document(&World::new().run(&["inspect", "--json"]));
    let names: Vec<_> = listed.as_array().expect("is a list").iter().map(|plugin| &plugin["name"]).collect();
    assert_eq!(names, ["files", "greet", "think", "todo"]);
}

#[test]
fn a_strict_check_is_not_ok_with_a_note() {
    let world = World::new().file("policy.toml", "[[rules]]\ntool = \"jira/*\"\ndecision = \"allow\"\n");
    world.check(&["check", "--policy", "policy.toml", "--strict", "--json"], &expect![[r#"
        ── stdout
        {"ok":false,"plugins":4,"tools":9,"rules":1,"notes":["note: policy.toml:1: no plugin that is loaded matches `jira/*`; it holds once such a plugin is loaded"],"advice":[],"withheld":[],"against":[]}
        ── stderr
        error: 1 note, and `--strict` lets none pass
        ── exit 2
    "#]]);
}

#[test]
fn trust_says_what_became_of_it() {
    let world = World::new().file("looplet.toml", "[budget]\nsteps = 5\n");
    world.check(&["trust", "--json"], &expect![[r#"
        ── stdout
        {"error":{"message":"nobody is there to ask: trust is given at a terminal","hint":"once you have read the file: `looplet-host trust --yes=[DIGEST]`","place":null,"exit":2}}
        ── stderr
        `looplet.toml` and the files it names, [DIGEST]
           1 │ [budget]
           2 │ steps = 5
        error: nobody is there to ask: trust is given at a terminal
        hint: once you have read the file: `looplet-host trust --yes=[DIGEST]`
        ── exit 2
    "#]]);
    world.check(
        &["trust", "--yes", "--json"],
        &expect![[r#"
        ── stdout
        {"file":"[DIR]/project/looplet.toml","digest":"[DIGEST]","changed":false,"trusted":true}
        ── stderr
        `looplet.toml` and the files it names, [DIGEST]
           1 │ [budget]
           2 │ steps = 5
        trusted as it is now; a change asks again
        ── exit 0
    "#]],
    );
    world.check(
        &["trust", "--json"],
        &expect![[r#"
        ── stdout
        {"file":"[DIR]/project/looplet.toml","digest":"[DIGEST]","changed":false,"trusted":true}
        ── stderr
        `looplet.toml` is trusted already as it is now
        ── exit 0
    "#]],
    );
    world.check(
        &["trust", "--revoke", "--json"],
        &expect![[r#"
        ── stdout
        {"file":"[DIR]/project/looplet.toml","trusted":false,"was_trusted":true}
        ── stderr
        `looplet.toml` is no longer trusted
        ── exit 0
    "#]],
    );
}

#[test]
fn approvals_are_one_list() {
    let world = World::with_notes().file("policy.toml", ASKING);
    world.check(
        &["approvals", "--json"],
        &expect![[r#"
        ── stdout
        []
        ── exit 0
    "#]],
    );
    let project = std::fs::canonicalize(world.path(".")).unwrap();
    let digest = looplet_host::builtin::get("files").expect("is built in").digest;
    let approval = format!(
        "format = 1\n\n[[approvals]]\nproject = {:?}\ntool = \"files/read_file\"\nplugin = \"{digest}\"\n",
        project.display().to_string()
    );
    let world = world.file("../home/.local/state/looplet/approvals.toml", approval);
    world.check(
        &["approvals", "--json"],
        &expect![[r#"
        ── stdout
        [{"number":1,"scope":{"tool":"files/read_file"},"plugin":"[DIGEST]"}]
        ── exit 0
    "#]],
    );
    world.check(&["approvals", "revoke", "2", "--json"], &expect![[r#"
        ── stdout
        {"error":{"message":"there is no approval 2","hint":"`looplet-host approvals` lists them","place":null,"exit":2}}
        ── stderr
        error: there is no approval 2
        hint: `looplet-host approvals` lists them
        ── exit 2
    "#]]);
    world.check(
        &["approvals", "revoke", "1", "--json"],
        &expect![[r#"
        ── stdout
        {"revoked":1}
        ── stderr
        approval 1 is revoked
        ── exit 0
    "#]],
    );
}

#[test]
fn show_is_the_run_its_denials_or_one_step() {
    let world = World::with_notes().model(&[
        r#"{"calls":[{"tool":"read_file","arguments":{"path":"notes.md"}}]}"#,
        r#"{"calls":[{"tool":"write_file","arguments":{"path":"a","content":"b"}}]}"#,
        r#"{"text":"That is all."}"#,
    ]);
    world.check(&["show", "--json"], &expect![[r#"
        ── stdout
        {"error":{"message":"there is no run in `[DIR]/home/.local/state/looplet/runs`","hint":"`looplet-host run` makes one","place":null,"exit":2}}
        ── stderr
        error: there is no run in `[DIR]/home/.local/state/looplet/runs`
        hint: `looplet-host run` makes one
        ── exit 2
    "#]]);
    let run = ["run", "--model", "scripted:../model.jsonl", "--allow", "files/read_file", "look"];
    assert_eq!(world.run(&run).code, Some(0));
    world.check(&["show", "--json"], &expect![[r#"
        ── stdout
        {"run":"[RUN]","stop_reason":"text","detail":null,"output":"That is all.","model_calls":3,"usage":{"input":0,"output":0},"denied":[{"step":2,"tool":"files/write_file","by":"policy","reason":"nothing in the operator's policy allows this call","rule":{"decision":"deny","origin":"the shipped default"},"would_allow":"--allow 'files/write_file', or in looplet.toml:\n  [[rules]]\n  tool = \"files/write_file\"\n  decision = \"allow\""}],"asked":0,"hidden":0,"elapsed_ms":0,"active_ms":0,"steps":[{"number":1,"turn":1,"plugin":"files","tool":"read_file","arguments":{"path":"notes.md"},"outcome":{"ok":{"content":{"text":"alpha\nbeta\n"}}},"duration_us":0,"decided_by":{"rule":{"decision":"allow","origin":"--allow"}},"used":{"memory_bytes":0,"bytes_read":11}},{"number":2,"turn":2,"plugin":"files","tool":"write_file","arguments":{"content":"b","path":"a"},"outcome":{"denied":"nothing in the operator's policy allows this call"},"decided_by":{"rule":{"decision":"deny","origin":"the shipped default"},"denied":"policy"},"used":{}}]}
        ── exit 0
    "#]]);
    world.check(&["show", "--denied", "--json"], &expect![[r#"
        ── stdout
        {"run":"[RUN]","denied":[{"step":2,"tool":"files/write_file","by":"policy","reason":"nothing in the operator's policy allows this call","rule":{"decision":"deny","origin":"the shipped default"},"would_allow":"--allow 'files/write_file', or in looplet.toml:\n  [[rules]]\n  tool = \"files/write_file\"\n  decision = \"allow\""}]}
        ── exit 0
    "#]]);
    world.check(&["show", "#1", "--json"], &expect![[r#"
        ── stdout
        {"decided":{"step":1,"tool":"files/read_file","arguments":{"path":"notes.md"},"ruling":"allowed","rules":[{"decision":"allow","origin":"--allow"}],"authority":["fs workspace:/ ro (granted by the shipped default)"]},"ended":{"step":1,"outcome":{"ok":{"content":{"text":"alpha\nbeta\n"}}},"duration_us":0,"used":{"memory_bytes":0,"bytes_read":11},"active_ms":0}}
        ── exit 0
    "#]]);
    world.check(&["show", "#7", "--json"], &expect![[r#"
        ── stdout
        {"error":{"message":"run [RUN] has no step 7","hint":"`looplet-host show [RUN]` lists them","place":null,"exit":2}}
        ── stderr
        error: run [RUN] has no step 7
        hint: `looplet-host show [RUN]` lists them
        ── exit 2
    "#]]);
}

#[test]
fn the_contract_is_one_table_of_files() {
    let world = World::new();
    let files = document(&world.run(&["wit", "--json"]));
    assert_eq!(files.as_object().map(serde_json::Map::len), Some(7));
    assert_eq!(files["tool.wit"], include_str!("../../../wit/tool.wit"));
    world.check(
        &["wit", "contract", "--json"],
        &expect![[r#"
        ── stdout
        {"dir":"contract","files":["about.wit","common.wit","hook.wit","host.wit","needs.wit","tool.wit","world.wit"]}
        ── exit 0
    "#]],
    );
}

#[test]
fn the_doctor_lists_what_was_tried() {
    World::new().check(&["doctor", "--json"], &expect![[r#"
        ── stdout
        {"ok":true,"findings":[{"what":"host","ok":true,"says":"looplet-host 0.1.0 on [MACHINE]","hint":null},{"what":"places","ok":true,"says":"user file [DIR]/home/.config/looplet/looplet.toml, state in [DIR]/home/.local/state/looplet","hint":null},{"what":"settings","ok":true,"says":"the user file","hint":null},{"what":"sandbox","ok":true,"says":"4 built-in plugins load, 9 tools","hint":null},{"what":"model","ok":false,"says":"no model is set up","hint":"one of these sets one up:\n  OpenAI-compatible  export OPENAI_API_KEY=… OPENAI_MODEL=…  (another server: OPENAI_BASE_URL=…)\n  Anthropic          known, not yet supported by this version\n  Ollama             ollama serve; ollama pull qwen3:8b\n  without a network  --model scripted:FILE\n`looplet-host doctor` tests what is set up"}]}
        ── exit 0
    "#]]);
}

#[test]
fn completions_are_a_text_in_a_document() {
    let script = document(&World::new().run(&["completions", "bash", "--json"]));
    assert_eq!(script["shell"], "bash");
    assert!(script["script"].as_str().is_some_and(|script| script.contains("complete -F _looplet__host")));
}
