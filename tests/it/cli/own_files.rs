//! What says how a run goes is not the run's to change: the files that speak, and the components and texts that they
//! name, wherever in a writable mount they lie and whatever they are called.

use std::fs;

use looplet_tests::guests;

use crate::world::World;

const POLICY: &str = r#"format = 1
[agent]
system = { file = "prompts/system.md" }
done = { schema = { file = "done.json" } }
[mounts.workspace]
path = "."
mode = "rw"
[plugins]
files = { from = "builtin" }
search = { from = "parts/search.wasm" }
[grants]
files = { fs = { workspace = "rw" } }
[[hooks]]
use = "parts/gate.wasm"
powers = ["observe", "gate", "edit-arguments", "answer", "edit-results", "add-context"]
[[rules]]
tool = "files"
decision = "allow"
"#;

#[test]
fn no_tool_changes_the_files_that_a_run_rests_on() {
    let part = |guest: &str| fs::read(guest).unwrap();
    let world = World::with_notes()
        .file("mine/agent.toml", POLICY)
        .file("mine/prompts/system.md", "Be brief.\n")
        .file("mine/done.json", r#"{"type":"object"}"#)
        .file("mine/parts/search.wasm", part(guests::WEB_SEARCH))
        .file("mine/parts/gate.wasm", part(guests::HOOK_GATE))
        .file("mine/tried.wasm", part(guests::LIMITS_BURN))
        .file("mine/flag.wasm", part(guests::HOOK_GATE))
        .file("mine/other.toml", "format = 1\n");
    let write = |path: &str| {
        let arguments = format!(r#"{{"path":"{path}","content":"mine now\n"}}"#);
        world.run(&[
            "call",
            "files/write_file",
            &arguments,
            "--policy",
            "mine/agent.toml",
            "--dev",
            "tried=mine/tried.wasm",
            "--hook",
            "mine/flag.wasm",
        ])
    };
    for path in [
        "agent.toml",
        "prompts/system.md",
        "done.json",
        "parts/search.wasm",
        "parts/gate.wasm",
        "tried.wasm",
        "flag.wasm",
        "looplet.toml",
        "looplet.lock",
    ] {
        let before = fs::read(world.path("mine").join(path)).ok();
        let printed = write(path);
        assert_ne!(printed.code, Some(0), "{path}: {}", printed.transcript());
        assert!(printed.stderr.contains("read only"), "{path}: {}", printed.stderr);
        assert_eq!(fs::read(world.path("mine").join(path)).ok(), before, "{path}");
    }
    // What it names by no line is a file like others.
    for path in ["other.toml", "prompts/other.md", "parts/other.wasm"] {
        let printed = write(path);
        assert_eq!(printed.code, Some(0), "{path}: {}", printed.transcript());
    }
}
