//! Functions of the embedding program as tools: through the gate like every tool, and behind no wall.

mod asked;
mod children;
mod ends;
mod gate;
mod going_on;

use std::path::PathBuf;
use std::sync::Arc;

use looplet_host::host::{Host, Launch};
use looplet_host::machine::PluginFile;
use looplet_host::model::Scripted;
use looplet_host::model::select::Environment;
use looplet_host::native::Tool;
use looplet_host::sandbox::Sandbox;
use looplet_host::settings::{Flags, Layers, ProjectFile, Settings, SourceFile, Surroundings};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

/// What `greet` takes.
#[derive(Deserialize, JsonSchema)]
struct Greet {
    /// Who is greeted.
    name: String,
}

/// The first-party `files` and `think`, under a policy.
async fn host(policy: &str) -> Host {
    let file = SourceFile { name: "policy.toml".into(), dir: PathBuf::from("/"), text: policy.to_owned() };
    let layers = Layers { user: None, project: Some(ProjectFile::Policy(file)) };
    let surroundings = Surroundings { terminal: false, cwd: std::env::temp_dir(), home: None };
    let settings = Settings::load(&layers, &Flags::default(), &surroundings).unwrap();
    let built_in = ["files", "think"].map(|name| PluginFile::from(looplet_host::builtin::get(name).unwrap()));
    let sandbox = Sandbox::new().unwrap();
    Host::assemble(&sandbox, settings, built_in.into(), Vec::new(), &[], &Environment::default()).await.unwrap()
}

/// Greets whom it is told to.
fn greet() -> Tool {
    Tool::native("greet", "Greet someone.", |a: Greet, _| async move {
        Ok(json!({ "greeting": format!("Hello, {}!", a.name) }))
    })
}

const GREET: &str = r#"{"calls":[{"tool":"greet","arguments":{"name":"Ada"}}]}"#;

/// A model that says these turns, and then that it is done.
fn script(turns: &[&str]) -> Arc<Scripted> {
    let done = r#"{"calls":[{"tool":"done","arguments":{"summary":"All is said."}}]}"#;
    let turns: Vec<&str> = turns.iter().copied().chain([done]).collect();
    Arc::new(Scripted::from_text("script", &turns.join("\n")).unwrap())
}

/// All that is printed of a run: its steps, without times, and how it ended.
async fn told(launch: Launch) -> String {
    let mut run = launch.start().unwrap();
    let mut lines = Vec::new();
    while let Some(step) = run.next().await {
        let line = step.pretty();
        let timed = line.strip_suffix("ms]").and_then(|line| line.rsplit_once(" ["));
        lines.push(timed.map_or(line.as_str(), |(line, _)| line).to_owned());
        lines.extend(step.stderr.iter().flat_map(|tail| tail.lines.iter().map(|line| format!("    {line}"))));
    }
    lines.push(run.finish().await.stop_reason.in_words().into_owned());
    lines.join("\n")
}
