//! One tool that does nothing: what it is given is in the history then, and that is the point.

use looplet_guest::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "a thought is for the history, not for this tool")]
struct Args {
    /// The thought: what is known, what is missing, what comes next.
    thought: String,
}

#[derive(Debug, PartialEq, Serialize)]
struct Thought {
    ok: bool,
}

/// Think something through before acting: weigh results, plan the next steps. Changes nothing, finds
/// nothing out, and costs no step.
#[looplet_guest::tool(idempotent, concurrent_safe, uncharged, show(text = "/thought"))]
fn think(_: Args) -> Result<Thought, Failure> {
    Ok(Thought { ok: true })
}

looplet_guest::plugin!("think", tools: [think]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thought_is_not_sent_back() {
        let args = Args { thought: "a long thought".to_owned() };
        assert_eq!(think(args), Ok(Thought { ok: true }));
    }
}
