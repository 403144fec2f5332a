//! What a builder reads, and what it leaves alone.

use std::fs;

use looplet_host::{Deny, Error, Host, HostBuilder, Mount, Scripted};
use looplet_tests::harness::block_on;
use serde_json::json;
use tempfile::TempDir;

use super::{files, reads};

fn refused(builder: HostBuilder) -> String {
    block_on(builder.build()).err().as_ref().map(Error::report).unwrap_or_default()
}

#[test]
fn with_nothing_asked_for_no_file_is_read_nothing_is_mounted_and_every_call_is_denied() {
    let home = TempDir::new().unwrap();
    fs::create_dir(home.path().join("looplet")).unwrap();
    fs::write(home.path().join("looplet/looplet.toml"), "not even TOML").unwrap();
    let variables = [("XDG_CONFIG_HOME", home.path().display().to_string())];
    let host = block_on(Host::ephemeral().variables(variables.clone()).plugin("builtin:files").build()).unwrap();
    assert!(host.mounts().is_empty());
    let outcome = block_on(host.run("x").model(reads()).approver(Deny).start().unwrap().finish());
    assert_eq!(outcome.denied().len(), 1);
    let asked = Host::ephemeral().variables(variables).user_file();
    assert!(refused(asked).starts_with("error: user/looplet.toml:1: "));
}

#[test]
fn what_is_allowed_runs_on_what_is_mounted() {
    let dir = TempDir::new().unwrap();
    let host = block_on(files(dir.path()).allow("files/*").build()).unwrap();
    let mut run = host.run("x").model(reads()).start().unwrap();
    let step = block_on(run.next()).unwrap();
    assert!(!step.failed(), "{}", step.pretty());
}

#[test]
fn what_a_mount_hides_or_keeps_is_out_of_reach() {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("b.txt"), "kept").unwrap();
    let mount = Mount::read_write("workspace", dir.path()).unwrap().hide("a.txt").keep("b.txt");
    let builder = Host::ephemeral().plugin("builtin:files").mount(mount).allow("files/*");
    fs::write(dir.path().join("a.txt"), "hidden").unwrap();
    let host = block_on(builder.build()).unwrap();
    let model = Scripted::calls([
        ("read_file", json!({"path": "a.txt"})),
        ("write_file", json!({"path": "b.txt", "content": "other"})),
        ("write_file", json!({"path": "c.txt", "content": "new"})),
    ]);
    let mut run = host.run("x").model(model.then_text("ok")).start().unwrap();
    let mut failed = Vec::new();
    while let Some(step) = block_on(run.next()) {
        failed.push(step.failed());
    }
    assert_eq!(failed, [true, true, false]);
    assert_eq!(fs::read_to_string(dir.path().join("b.txt")).unwrap(), "kept");
}

#[test]
fn the_file_of_a_project_speaks_once_it_is_asked_for() {
    let dir = TempDir::new().unwrap();
    let policy = dir.path().join("policy.toml");
    fs::write(&policy, "[[rules]]\ntool = \"files/read_file\"\ndecision = \"allow\"\n").unwrap();
    let host = block_on(files(dir.path()).policy_file(&policy).build()).unwrap();
    let outcome = block_on(host.run("x").model(reads()).start().unwrap().finish());
    assert_eq!(outcome.denied(), []);
}

#[test]
fn what_is_named_wrongly_is_refused_with_what_to_do() {
    let wrong = Mount::read_only("Work Space", ".").unwrap_err();
    assert_eq!(wrong.message(), "`Work Space` is no name");
    assert_eq!(
        refused(Host::ephemeral().plugin("files")),
        "error: `files` is no plugin\nhint: name a `.wasm` file or `builtin:NAME`; `plugins` takes a directory"
    );
    assert_eq!(
        refused(Host::ephemeral().plugin("builtin:greet").grant("greet")),
        "error: program: `greet` is no grant\nhint: write `PLUGIN/TOOL:fs.NAME=ro`, `PLUGIN/TOOL:env.NAME`, `PLUGIN/TOOL:secret.NAME` or `PLUGIN/TOOL:http=GET https://…`"
    );
}

#[test]
fn a_host_that_keeps_runs_keeps_them_where_it_is_told() {
    let dir = TempDir::new().unwrap();
    let runs = dir.path().join("runs");
    let builder = Host::builder().variables([("HOME", dir.path().display().to_string())]).runs(&runs);
    let host = block_on(builder.plugin("builtin:greet").build()).unwrap();
    let run = host.run("x").model("scripted:nowhere").start();
    assert!(run.is_err());
    let run = host.run("x").model(Scripted::text("ok")).start().unwrap();
    assert!(runs.join(run.id().to_string()).join("journal.jsonl").is_file());
}

#[test]
fn a_host_and_what_comes_of_it_can_be_shared_copied_and_written() {
    fn shared<T: Clone + Send + Sync + 'static>() {}
    fn told<T: Clone + serde::Serialize + Send + 'static>() {}
    fn moved<T: Send + 'static>() {}
    shared::<Host>();
    shared::<looplet_host::Desk>();
    told::<looplet_host::Step>();
    told::<looplet_host::Event>();
    told::<looplet_host::Outcome>();
    moved::<looplet_host::Run>();
    moved::<looplet_host::Events>();
    moved::<looplet_host::Launch>();
}
