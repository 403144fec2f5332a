//! A replay without tools writes the journal again: hooks, people, answers that came later, resumes and all.

use std::fs;

use looplet_tests::guests;
use looplet_tests::requests::ALIKE;

use crate::world::World;

const POLICY: &str = r#"format = 1
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
decision = "ask"
"#;

const READS: &str =
    r#"{"calls":[{"tool":"read_file","arguments":{"path":"notes.md"}},{"tool":"list_dir","arguments":{"path":"."}}]}"#;
const READ: &str = r#"{"calls":[{"tool":"read_file","arguments":{"path":"notes.md"}}]}"#;
const WRITES: &str = r#"{"calls":[{"tool":"read_file","arguments":{"path":"notes.md"}},{"tool":"write_file","arguments":{"path":"a.md","content":"a"}},{"tool":"write_file","arguments":{"path":"b.md","content":"b"}}]}"#;
const DONE: &str = r#"{"calls":[{"tool":"done","arguments":{"summary":"ok"}}]}"#;

const RUN: &[&str] = &["run", "--model", "scripted:../model.jsonl", "--policy", "policy.toml"];

fn world(turns: &[&str]) -> World {
    let probe = fs::read(guests::HOOK_PROBE).unwrap();
    World::with_notes().file("policy.toml", POLICY).file("../probe.wasm", probe).model(turns)
}

/// Repeats the latest run; gives what is said where its journal is not the same.
fn otherwise(world: &World, what: &str) -> Option<String> {
    let before = world.tree("project");
    let printed = world.run(&["replay", "--offline"]);
    assert_eq!(world.tree("project"), before, "{what}");
    let is_alike = printed.stdout.ends_with(ALIKE);
    (!is_alike || printed.code != Some(0)).then(|| format!("{what}: {}{}", printed.stdout, printed.stderr))
}

fn check_alike(world: &World, what: &str) {
    assert_eq!(otherwise(world, what), None);
}

#[test]
fn wherever_a_run_was_broken_off_it_is_repeated_up_to_there() {
    let reads = [r#"{"tool":"read_file","arguments":{"path":"notes.md"}}"#; 5].join(",");
    let world = world(&[&format!("{{\"calls\":[{reads}]}}"), WRITES, READS, DONE]);
    let hook =
        r#"../probe.wasm+add-context={"at":"pre-tool","do":"narrow","tool":"read_file","text":"workspace:.:ro"}"#;
    for hooks in [&[][..], &["--hook", hook]] {
        assert_eq!(world.run(&[RUN, hooks, &["--allow", "files/*", "do it"]].concat()).code, Some(0));
    }
    for journal in world.journals() {
        let whole = fs::read_to_string(&journal).unwrap();
        let run = journal.parent().unwrap().file_name().unwrap().to_str().unwrap();
        let lines: Vec<&str> = whole.split_inclusive('\n').collect();
        for records in 1..lines.len() {
            fs::write(&journal, lines[..records].concat()).unwrap();
            let printed = world.run(&["replay", "--offline", run]);
            let is_alike = printed.stdout.ends_with(ALIKE);
            assert!(is_alike, "{records} records of {whole}: {}", printed.transcript());
        }
        fs::write(&journal, whole).unwrap();
    }
}

#[test]
fn whatever_a_hook_says_is_said_again() {
    let sayings = [
        r#"{}"#,
        r#"{"at":"pre-tool","do":"deny","tool":"read_file","text":"not today"}"#,
        r#"{"at":"pre-tool","do":"ask","tool":"read_file","text":"sure?"}"#,
        r#"{"at":"pre-tool","do":"rewrite","tool":"read_file","text":"{\"path\":\"src/main.rs\"}"}"#,
        r#"{"at":"pre-tool","do":"rewrite","tool":"read_file","text":"{\"pfad\":1}"}"#,
        r#"{"at":"pre-tool","do":"answer","tool":"read_file","text":"from a cache"}"#,
        r#"{"at":"pre-tool","do":"narrow","tool":"read_file","text":"workspace:src:ro"}"#,
        r#"{"at":"pre-tool","do":"trap","tool":"read_file"}"#,
        r#"{"at":"post-tool","do":"replace","tool":"read_file","text":"[redacted]"}"#,
        r#"{"at":"post-tool","do":"trap"}"#,
        r#"{"at":"post-step","do":"trap"}"#,
        r#"{"at":"check-done","do":"reject","text":"name your sources"}"#,
        r#"{"at":"pre-model","do":"stop","text":"enough"}"#,
        r#"{"at":"post-model","do":"stop","text":"enough"}"#,
        r#"{"at":"pre-prompt","do":"add-context","text":"be brief"}"#,
        r#"{"at":"pre-model","do":"offer-only","text":"read_file list_dir"}"#,
        r#"{"at":"post-tool","do":"add-context","text":"mind the lock"}"#,
        r#"{"at":"should-stop","do":"stop","text":"enough"}"#,
    ];
    let differs = sayings.iter().filter_map(|says| {
        let world = world(&[READ, READS, DONE]);
        let hook = format!("../probe.wasm+add-context+edit-arguments+answer+edit-results={says}");
        world.run(&[RUN, &["--hook", &hook, "do it"]].concat());
        otherwise(&world, says)
    });
    assert_eq!(differs.collect::<Vec<_>>(), Vec::<String>::new());
}

#[test]
fn a_run_that_waited_and_was_answered_is_repeated_with_its_answers() {
    let policy = POLICY.replace("[[rules]]\ntool = [", "[policy]\non_ask = \"park\"\n[[rules]]\ntool = [");
    let world = world(&[WRITES, DONE]).file("policy.toml", policy);
    assert_eq!(world.run(&[RUN, &["do it"]].concat()).code, Some(4));
    check_alike(&world, "waiting");
    let run = world.runs().remove(0);
    assert_eq!(world.run(&["answer", &run, "2", "yes"]).code, Some(0));
    assert_eq!(world.run(&["answer", &run, "3", "no"]).code, Some(0));
    check_alike(&world, "answered");
    assert_eq!(world.run(&["resume"]).code, Some(0));
    check_alike(&world, "resumed");
}

#[test]
fn a_run_that_stopped_and_went_on_is_repeated_over_its_resume() {
    let hook = r#"../probe.wasm+add-context={"at":"pre-prompt","do":"add-context","text":"be brief"}"#;
    let world = world(&[READ, READS, READ, DONE]);
    assert_eq!(world.run(&[RUN, &["--hook", hook, "--max-steps", "2", "do it"]].concat()).code, Some(1));
    check_alike(&world, "stopped");
    assert_eq!(world.run(&["resume", "--max-steps", "9", "--message", "be quick"]).code, Some(0));
    check_alike(&world, "resumed");
}
