//! Own each turn: the model's calls before they run, to veto, edit or answer them.
//!
//! `cargo run --example turns` asks a recorded model, in the current directory.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::path::Path;
use std::sync::Arc;

use looplet_host::error::Result;
use looplet_host::host::{Host, PluginFile};
use looplet_host::model::Scripted;
use looplet_host::model::select::Environment;
use looplet_host::sandbox::Sandbox;
use looplet_host::settings::{Flags, Layers, Settings, Surroundings};
use serde_json::json;

/// The shipped plugins on a directory, read-only.
async fn host(dir: &Path) -> Result<Host> {
    let flags = Flags { workspace: Some(".:ro".to_owned()), ..Flags::default() };
    let surroundings = Surroundings { terminal: false, cwd: dir.to_owned(), home: None };
    let settings = Settings::load(&Layers::default(), &flags, &surroundings)?;
    let plugins = PluginFile::built_in();
    Host::assemble(&Sandbox::new()?, settings, plugins, Vec::new(), &[], &Environment::default()).await
}

/// Every step in one line, and how the run ended.
pub(crate) async fn example(dir: &Path) -> Result<Vec<String>> {
    let model = Scripted::calls([
        ("write_file", json!({ "path": "Cargo.lock", "content": "mine now" })),
        ("grep", json!({ "pattern": "fn main" })),
        ("todo", json!({ "add": ["tidy up"] })),
        ("think", json!({ "thought": "what next?" })),
    ])
    .then_text("That is all.");
    let host = host(dir).await?;
    let mut run = host.run("tidy up").model(Arc::new(model)).allow("files/grep").allow("think").start()?;
    let mut lines = Vec::new();
    while let Some(mut turn) = run.next_turn().await {
        for call in turn.calls_mut() {
            match call.tool() {
                "write_file" if call.str("path").is_some_and(|path| path.ends_with("lock")) => {
                    call.veto("lock files are generated");
                }
                // Schema, hooks and policy see the edited arguments.
                "grep" => call.edit(|args| args["path"] = ".".into()),
                // An answer passes the gate too: nothing allows `todo` here, so it is denied all the same.
                "todo" => call.answer(json!({ "ok": true })),
                "think" => call.answer("thought about it"),
                _ => {}
            }
        }
        while let Some(step) = turn.next().await {
            lines.push(step.pretty());
        }
    }
    lines.push(run.finish().await.stop_reason.in_words().into_owned());
    Ok(lines)
}

#[allow(dead_code, reason = "a test calls the example by itself")]
#[tokio::main]
async fn main() -> Result<()> {
    example(Path::new(".")).await?.iter().for_each(|line| println!("{line}"));
    Ok(())
}
