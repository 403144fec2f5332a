//! A tool that hands its question to a sub-agent: a run inside the call, with a part of what the run has left.
//!
//! `cargo run --example sub_agent` asks a recorded model.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use looplet_host::error::Result;
use looplet_host::host::{Host, PluginFile};
use looplet_host::message::Message;
use looplet_host::model::select::Environment;
use looplet_host::model::{EventSink, Model, ModelError, ModelRequest, ModelResponse, Scripted};
use looplet_host::native::{CallContext, Tool};
use looplet_host::sandbox::Sandbox;
use looplet_host::settings::{Flags, Layers, Settings, Surroundings};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

/// What the model fills in.
#[derive(Deserialize, JsonSchema)]
struct Ask {
    /// What is to be looked up.
    question: String,
}

/// A recorded model that plays both parts: the agent, and its sub-agent.
struct Both;

#[async_trait]
impl Model for Both {
    async fn complete(
        &self,
        request: &ModelRequest<'_>,
        events: &EventSink,
    ) -> std::result::Result<ModelResponse, ModelError> {
        let is_agent = request.messages().iter().any(|message| match message {
            Message::User { text } => text == "How high is it?",
            _ => false,
        });
        let script = match is_agent {
            true => Scripted::calls([("research", json!({ "question": "the height of Ben Nevis" }))])
                .then_text("It is 1,345 m high."),
            false => Scripted::calls([("think", json!({ "thought": "that is in Scotland" }))]).then_text("1,345 m"),
        };
        script.complete(request, events).await
    }
}

/// The shipped plugins, and nothing for them to reach.
async fn host() -> Result<Host> {
    let surroundings = Surroundings { terminal: false, cwd: PathBuf::from("/"), home: None };
    let settings = Settings::load(&Layers::default(), &Flags::default(), &surroundings)?;
    let plugins = PluginFile::built_in();
    Host::assemble(&Sandbox::new()?, settings, plugins, Vec::new(), &[], &Environment::default()).await
}

/// Every step in one line, and how the run ended.
pub(crate) async fn example() -> Result<Vec<String>> {
    let research = Tool::native("research", "Look something up.", |a: Ask, ctx: CallContext| async move {
        let child = ctx.child(&a.question).system("Answer in one line.").tools(["think"]);
        let out = child.max_steps(6).budget_share(0.25).start()?.finish().await;
        Ok(json!({ "answer": out.output, "stopped": out.stop_reason }))
    });
    let host = host().await?;
    let mut run = host
        .run("How high is it?")
        .model(Arc::new(Both))
        .tool(research)
        .allow("native/research")
        .allow("think")
        .start()?;
    let mut lines = Vec::new();
    while let Some(step) = run.next().await {
        lines.push(step.pretty());
        if let looplet_host::message::Outcome::Ok(output) = &step.outcome {
            lines.push(format!("   {}", output.content.to_text()));
        }
    }
    let outcome = run.finish().await;
    lines.push(format!("{}: {}", outcome.stop_reason.in_words(), outcome.text().unwrap_or_default()));
    Ok(lines)
}

#[allow(dead_code, reason = "a test calls the example by itself")]
#[tokio::main]
async fn main() -> Result<()> {
    example().await?.iter().for_each(|line| println!("{line}"));
    Ok(())
}
