//! The worked files of `docs/permissions.md`, run as they stand there: only the model is a recorded one, and servers on
//! loopback stand where the files name others.

use std::fs;

use expect_test::expect;
use looplet_tests::guests;

use crate::canary::{Canary, Part, answer};
use crate::world::{Printed, World};

/// The file under this heading, with another model.
pub(crate) fn file(heading: &str) -> String {
    let document = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/permissions.md")).unwrap();
    let (_, rest) = document.split_once(&format!("### {heading}\n")).expect("is a heading");
    let block = rest.split("```toml\n").nth(1).and_then(|block| block.split("```").next()).expect("has a file");
    let model = block.lines().find(|line| line.starts_with("use = \"openai:")).expect("names a model");
    block.replace(model, "use = \"scripted:../model.jsonl\"")
}

/// With a server on loopback in the place of one on the web.
pub(crate) fn instead(file: &str, origin: &str, canary: &Canary) -> String {
    assert!(file.contains(origin), "the file does not name {origin}");
    file.replace(origin, &canary.url(""))
}

fn turns(calls: &[String]) -> Vec<String> {
    calls.iter().map(|call| format!(r#"{{"calls":[{call}]}}"#)).collect()
}

fn call(tool: &str, arguments: &str) -> String {
    format!(r#"{{"tool":"{tool}","arguments":{arguments}}}"#)
}

fn shown(printed: &Printed, canaries: &[(&Canary, &str)]) -> String {
    canaries.iter().fold(printed.transcript(), |text, (canary, name)| text.replace(&canary.port().to_string(), name))
}

fn service(line: &str) -> Vec<Part> {
    match line {
        line if line.contains("/repos/") => {
            answer("200 OK", "content-type: text/plain\r\n", "issue: sk-0123456789abcdefghijkl leaks")
        }
        line if line.starts_with("POST") => answer("200 OK", "", "3 orders"),
        _ => answer("200 OK", "content-type: text/plain\r\n", "how to"),
    }
}

#[test]
fn the_coding_agent_works_in_its_directories_and_asks_about_all_else() {
    let (docs, api) = (Canary::start(service), Canary::start(service));
    let policy = instead(&instead(&file("A coding agent"), "https://docs.rs", &docs), "https://api.github.com", &api);
    let write = |path: &str| call("write_file", &format!(r#"{{"path":"{path}","content":"x"}}"#));
    let fetch = |url: String| call("fetch", &format!(r#"{{"url":"{url}"}}"#));
    let calls = [
        call("read_file", r#"{"path":"notes.md"}"#),
        write("src/new.rs"),
        write("Cargo.toml"),
        write("src/migrations/1.sql"),
        write("src/migrations/drafts/1.sql"),
        call("grep", r#"{"pattern":"KEY"}"#),
        fetch(docs.url("/serde")),
        fetch(api.url("/repos/acme/site/issues/1")),
        fetch(api.url("/user")),
    ];
    let turns: Vec<String> = turns(&calls).into_iter().chain([r#"{"text":"done with it"}"#.to_owned()]).collect();
    let world = World::with_notes()
        .variable("GITHUB_TOKEN", "github-token-4711")
        .file("AGENTS.md", "Be brief.\n")
        .file(".env", "KEY=1\n")
        .file("private/key", "KEY=2\n")
        .file("src/migrations/drafts/.keep", "")
        .file("coder.toml", policy)
        .model(&turns.iter().map(String::as_str).collect::<Vec<_>>());
    expect![[r#"
        ── stdout
        in order: 2 plugins, 7 tools, 4 rules
        ── exit 0
    "#]]
    .assert_eq(&world.run(&["check", "--policy", "coder.toml"]).transcript());
    let printed = world.run(&["run", "--policy", "coder.toml", "mend it"]);
    expect![[r#"
        ── stdout
        done with it
        ── stderr
        model scripted:../model.jsonl (coder.toml:9)
        workspace [DIR]/project (rw, coder.toml:20)
        policy coder.toml (4 rules)
        #1 ✓ read_file(path='notes.md') → 2 lines [TIME]
        #2 ✓ write_file(content='x', path='src/new.rs') → bytes: 1 [TIME]
        #3 ⊘ write_file(content='x', path='Cargo.toml') → denied by coder.toml:39
        #4 ⊘ write_file(content='x', path='src/migrations/1.sql') → denied by coder.toml:57 «migrations are written by people»
        #5 ✓ write_file(content='x', path='src/migrations/drafts/1.sql') → bytes: 1 [TIME]
        #6 ✓ grep(pattern='KEY') → 0 matches [TIME]
        #7 ✓ fetch(url='http://127.0.0.1:[PORT]/serde') → 3 keys [TIME]
        #8 ✓ fetch(url='http://127.0.0.1:[PORT]/repos/acme/site/issues/1') → 3 keys [TIME]
        #9 ✗ fetch(url='http://127.0.0.1:[PORT]/user') → permission denied: `GET http://127.0.0.1:[PORT]/user` is not granted to this tool [TIME]
              refused inside: GET http://127.0.0.1:[PORT]/user: not granted; would be allowed by grants."http/fetch".http = ["GET http://127.0.0.1:[PORT]/**"]
        #3 files/write_file would be allowed by --allow 'files/write_file', or in looplet.toml:
            [[rules]]
            tool = "files/write_file"
            decision = "allow"
        #4 files/write_file would be allowed by an `unless` in the rule at `coder.toml:57`, or taking that rule out
        answered · 9 steps · 1 reach refused by the sandbox · 2 denied by policy · [TIME] · show: looplet-host show [RUN] --denied
        ── exit 0
    "#]].assert_eq(&shown(&printed, &[(&docs, "[DOCS]"), (&api, "[API]")]));
    assert!(docs.seen().iter().all(|request| !request.contains("github-token")), "{:?}", docs.seen());
    assert!(api.seen().iter().all(|request| request.contains("authorization: Bearer github-token-4711\r\n")));
    assert_eq!((docs.seen().len(), api.seen().len()), (1, 1));
    // The hook of the file looks through what came.
    let step = format!("{}#8", world.runs()[0]);
    let issue = world.run(&["show", &step]).stdout;
    assert!(issue.contains("issue: [redacted] leaks"), "{issue}");
}

#[test]
fn the_nightly_job_looks_and_leaves_what_changes_something_for_an_answer() {
    let database = Canary::start(service);
    let policy = instead(&file("An unattended nightly job"), "https://db.internal.example:8443", &database)
        .replace("addresses = [\"10.20.0.0/16\"]", "addresses = [\"127.0.0.0/8\"]");
    let query = |sql: &str| call("query", &format!(r#"{{"sql":"{sql}"}}"#));
    let calls = [
        call("read_file", r#"{"path":"orders.csv"}"#),
        query("SELECT * FROM orders"),
        call("report_write_file", r#"{"path":"today.md","content":"3 orders\n"}"#),
        call("write_file", r#"{"path":"orders.csv","content":""}"#),
        query("DELETE FROM orders"),
        call("done", r#"{"orders":3}"#),
    ];
    let turns = turns(&calls);
    let world = World::with_notes()
        .file("nightly.toml", policy)
        .file(
            "report.schema.json",
            r#"{"type":"object","properties":{"orders":{"type":"integer"}},"required":["orders"]}"#,
        )
        .file("plugins/sql.wasm", fs::read(guests::SQL_QUERY).unwrap())
        .file("../run/db-token", "db-token-0815\n")
        .file("data/orders.csv", "1\n2\n3\n")
        .file("reports/.keep", "")
        .model(&turns.iter().map(String::as_str).collect::<Vec<_>>());
    let run = ["run", "--policy", "nightly.toml", "report"];
    // Nobody has looked at the component yet.
    expect![[r#"
        ── stderr
        error: nightly.toml:54: plugin `sql` is not pinned: there is no `looplet.lock`
        hint: `looplet-host add FILE --name sql` shows what it is and pins it
        ── exit 2
    "#]]
    .assert_eq(&world.run(&run).transcript());
    assert_eq!(world.run(&["add", "plugins/sql.wasm", "--policy", "nightly.toml", "--yes"]).code, Some(0));
    let printed = world.run(&run);
    expect![[r#"
        ── stdout
        {"type":"step","step":{"number":1,"turn":1,"plugin":"files","tool":"read_file","arguments":{"path":"orders.csv"},"outcome":{"ok":{"content":{"text":"1\n2\n3\n"}}},"duration_us":0,"decided_by":{"rule":{"decision":"allow","origin":"nightly.toml:41"}},"used":{"memory_bytes":0,"bytes_read":6}}}
        {"type":"step","step":{"number":2,"turn":2,"plugin":"sql","tool":"query","arguments":{"sql":"SELECT * FROM orders"},"outcome":{"ok":{"content":{"text":"3 orders"}}},"duration_us":0,"decided_by":{"rule":{"decision":"allow","origin":"nightly.toml:44"}},"used":{"memory_bytes":0,"requests":1,"bytes_sent":68,"bytes_received":8}}}
        {"type":"step","step":{"number":3,"turn":3,"plugin":"reports","tool":"write_file","arguments":{"content":"3 orders\n","path":"today.md"},"outcome":{"ok":{"content":{"json":{"bytes":9}}}},"duration_us":0,"decided_by":{"rule":{"decision":"allow","origin":"nightly.toml:41"}},"used":{"memory_bytes":0,"bytes_written":9}}}
        {"type":"step","step":{"number":4,"turn":4,"plugin":"files","tool":"write_file","arguments":{"content":"","path":"orders.csv"},"outcome":{"denied":"the tool needs `fs workspace rw`, which this call was not given"},"decided_by":{"rule":{"decision":"allow","origin":"nightly.toml:41"},"denied":"policy"},"used":{}}}
        {"type":"outcome","outcome":{"run":"[RUN]","stop_reason":"waiting_for_approval","steps":4,"turns":5,"model_calls":5,"usage":{"input":0,"output":0},"denied":[{"step":4,"tool":"files/write_file","by":"policy","reason":"the tool needs `fs workspace rw`, which this call was not given","rule":{"decision":"allow","origin":"nightly.toml:41"},"would_allow":"--grant 'files/write_file:fs.workspace=rw', or in looplet.toml:\n  [grants.\"files/write_file\"]\n  fs = { workspace = \"rw\" }"}],"asked":0,"refusals":0,"head":"[DIGEST]","elapsed_ms":0,"active_ms":0}}
        ── stderr
        model scripted:../model.jsonl (nightly.toml:7)
        reports [DIR]/project/reports (rw, nightly.toml:18)
        workspace [DIR]/project/data (ro, nightly.toml:15)
        policy nightly.toml (3 rules)
        #1 ✓ read_file(path='orders.csv') → 3 lines [TIME]
        #2 ✓ query(sql='SELECT * FROM orders') → 3 orders [TIME]
        #3 ✓ write_file(path='today.md', content='3 orders\n') → bytes: 9 [TIME]
        #4 ⊘ write_file(content='', path='orders.csv') → denied «the tool needs `fs workspace rw`, which this call was not given»
        #4 files/write_file would be allowed by --grant 'files/write_file:fs.workspace=rw', or in looplet.toml:
            [grants."files/write_file"]
            fs = { workspace = "rw" }
        waiting for approval · 4 steps · 1 denied by policy · [TIME] · answer: looplet-host answer [RUN] yes|no|why, then: looplet-host resume [RUN]
        ── exit 4
    "#]].assert_eq(&shown(&printed, &[(&database, "[DB]")]));
    assert_eq!(fs::read_to_string(world.path("reports/today.md")).unwrap(), "3 orders\n");
    let seen = database.seen();
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert!(seen[0].contains("authorization: Bearer db-token-0815\r\n") && seen[0].ends_with("SELECT * FROM orders"));
}
