//! Does one file operation after the other, exactly as it is told, and says what came of each.
//!
//! By the raw calls of WASI: a path reaches the host byte for byte, and a handle stays open across
//! steps for as long as the call lasts.

mod operation;
mod place;
mod walk;

use looplet_guest::prelude::*;
use place::Places;
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Deserialize, JsonSchema)]
struct Args {
    /// Each an operation with its operands, such as `["read", "/workspace/a"]`.
    steps: Vec<Vec<String>>,
    /// Paths that rules may be about, and that the steps may keep to or not.
    #[serde(default, rename = "on")]
    _on: Vec<String>,
}

/// Answers a line for each step: the step, and what came of it.
#[looplet_guest::tool(needs(
    fs(workspace, write, "to try things in it"),
    fs(other, write, "to try things in it", optional)
))]
fn probe(args: Args) -> Result<Text, Failure> {
    let mut places = Places::open();
    let lines = args.steps.iter().map(|step| {
        let came = operation::perform(&mut places, step).unwrap_or_else(|code| code);
        format!("{}: {came}", step.join(" "))
    });
    Ok(Text(lines.collect::<Vec<_>>().join("\n")))
}

looplet_guest::plugin!("fs-probe", tools: [probe]);
