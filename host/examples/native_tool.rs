//! A function of this program as a tool: it passes the gate and meets no wall.
//!
//! `cargo run --example native_tool` asks a recorded model.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::path::PathBuf;
use std::sync::Arc;

use looplet_host::error::Result;
use looplet_host::host::Host;
use looplet_host::message::{Failure, FailureKind};
use looplet_host::model::Scripted;
use looplet_host::model::select::Environment;
use looplet_host::native::Tool;
use looplet_host::sandbox::Sandbox;
use looplet_host::settings::{Flags, Layers, Settings, Surroundings};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

/// What the model fills in; its schema is derived.
#[derive(Deserialize, JsonSchema)]
struct Greet {
    /// Who is greeted.
    name: String,
}

/// A host without any plugin.
async fn host() -> Result<Host> {
    let surroundings = Surroundings { terminal: false, cwd: PathBuf::from("."), home: None };
    let settings = Settings::load(&Layers::default(), &Flags::default(), &surroundings)?;
    Host::assemble(&Sandbox::new()?, settings, Vec::new(), Vec::new(), &[], &Environment::default()).await
}

/// Every step in one line, and how the run ended.
pub(crate) async fn example() -> Result<Vec<String>> {
    let greet = Tool::native("greet", "Greet someone.", |a: Greet, ctx| async move {
        ctx.log(format!("asked to greet {}", a.name));
        if a.name.is_empty() {
            return Err(Failure::new(FailureKind::Validation, "nobody has no name").hint("say whom to greet"));
        }
        Ok(json!({ "greeting": format!("Hello, {}!", a.name) }))
    });
    let model = Scripted::calls([("greet", json!({ "name": "" }))])
        .then_calls([("greet", json!({ "name": "Ada" }))])
        .then_text("Ada is greeted.");
    // Registering a tool allows nothing: without the rule each call of it is denied.
    let run = host().await?.run("greet Ada").model(Arc::new(model)).tool(greet).allow("native/greet");
    let mut run = run.start()?;
    let mut lines = Vec::new();
    while let Some(step) = run.next().await {
        lines.push(step.pretty());
    }
    lines.push(run.finish().await.stop_reason.in_words().into_owned());
    Ok(lines)
}

#[allow(dead_code, reason = "a test calls the example by itself")]
#[tokio::main]
async fn main() -> Result<()> {
    example().await?.iter().for_each(|line| println!("{line}"));
    Ok(())
}
