//! The smallest plugin: one tool that needs nothing.

use looplet_guest::prelude::*;
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Args {
    /// Whom to greet.
    name: String,
}

/// Greet somebody by name.
#[looplet_guest::tool(idempotent, concurrent_safe)]
fn greet(args: Args) -> Result<String, Failure> {
    Ok(format!("Hello, {}!", args.name))
}

looplet_guest::plugin!("greet", tools: [greet]);
