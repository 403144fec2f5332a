//! A tool and an observer in one component. Both count under the same key: neither may see the other's count.
//! The observer fails from a step on, when it is told to, and asks a server that only a tool may ask.

use looplet_guest::http::Request;
use looplet_guest::prelude::*;
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Deserialize, JsonSchema, Default)]
#[serde(deny_unknown_fields, default)]
struct Settings {
    /// The first step that it fails at.
    fail_at: Option<u32>,
    /// What it asks after each step.
    ask: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Args {}

fn counted(by: u32) -> Result<u32, Failure> {
    let count = host::state::load::<u32>("count")?.unwrap_or_default() + by;
    host::state::save("count", &count)?;
    Ok(count)
}

/// Count by ones.
#[looplet_guest::tool]
fn count(_: Args) -> Result<u32, Failure> {
    counted(1)
}

#[looplet_guest::hook]
fn post_step(_: &RunView, step: &StepView) -> Result<(), Failure> {
    let Settings { fail_at, ask } = host::settings()?;
    assert!(fail_at.is_none_or(|first| step.number < first), "told to fail");
    if let Some(url) = ask {
        let came = Request::get(url).send();
        host::info(format!(
            "asked: {}",
            came.map_or_else(|failure| failure.message().to_owned(), |answer| answer.text())
        ));
    }
    host::info(format!("after {}: {}", step.number, counted(100)?));
    Ok(())
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Where {
    url: String,
}

/// Ask a server.
#[looplet_guest::tool(needs(http(["GET http://*:*/**"], "to ask it")))]
fn ask(args: Where) -> Result<Text, Failure> {
    Ok(Text(Request::get(args.url).send()?.text()))
}

looplet_guest::plugin!("tool-and-hook", tools: [count, ask], hooks: [post_step], settings: Settings);
