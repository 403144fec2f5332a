//! What a hook is told of the run, a call, a step: readers for the contract's records, and makers for
//! tests.

use serde::de::DeserializeOwned;

use crate::contract::{CallView, Content, Outcome, RunView, StepView, ToolCall, ToolOutput};
use crate::failure::Failure;
use crate::output::Output;

/// A run before its first turn, without a budget. For tests: `RunView { steps: 3, ..Default::default() }`.
impl Default for RunView {
    fn default() -> Self {
        Self {
            run_id: String::new(),
            turn: 0,
            steps: 0,
            steps_left: None,
            tool_calls: 0,
            input_tokens: 0,
            output_tokens: 0,
            cost_micro_usd: 0,
            active_ms: 0,
        }
    }
}

impl CallView {
    /// A call of `PLUGIN/TOOL`, for tests: the host makes those of a run.
    pub fn new(name: &str, arguments: impl Into<String>) -> Self {
        let (plugin, call) = call(name, arguments.into());
        Self { plugin, call, changes_nothing: false, repeatable: false, reach: Vec::new() }
    }

    /// The tool's own name.
    pub fn tool(&self) -> &str {
        &self.call.tool
    }

    /// `PLUGIN/TOOL`, as rules write it.
    pub fn name(&self) -> String {
        format!("{}/{}", self.plugin, self.call.tool)
    }

    /// The arguments as a type. What does not fit is a failure `validation`.
    pub fn arguments<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        arguments(&self.call)
    }
}

impl StepView {
    /// A step that called `PLUGIN/TOOL`, for tests: the host makes those of a run.
    pub fn new(number: u32, name: &str, arguments: impl Into<String>, outcome: Outcome) -> Self {
        let (plugin, call) = call(name, arguments.into());
        Self { number, plugin, call, outcome, duration_ms: 0 }
    }

    /// The tool's own name.
    pub fn tool(&self) -> &str {
        &self.call.tool
    }

    /// `PLUGIN/TOOL`, as rules write it.
    pub fn name(&self) -> String {
        format!("{}/{}", self.plugin, self.call.tool)
    }

    /// The arguments as a type. What does not fit is a failure `validation`.
    pub fn arguments<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        arguments(&self.call)
    }
}

impl Outcome {
    /// What a tool answered, such as `Outcome::answered("text")`.
    pub fn answered(output: impl Into<Output>) -> Self {
        Self::Ok(output.into().into())
    }

    /// Whether the tool answered.
    pub fn is_ok(&self) -> bool {
        matches!(self, Self::Ok(_))
    }

    /// The text or JSON of the answer, the message of what went wrong, or the reason of a refusal.
    pub fn text(&self) -> &str {
        match self {
            Self::Ok(ToolOutput { content: Content::Text(text) | Content::Json(text), .. }) => text,
            Self::Failed(failure) | Self::Aborted(failure) => &failure.message,
            Self::Denied(reason) => reason,
        }
    }
}

fn call(name: &str, arguments: String) -> (String, ToolCall) {
    let (plugin, tool) = name.split_once('/').unwrap_or(("", name));
    (plugin.to_owned(), ToolCall { id: String::new(), tool: tool.to_owned(), arguments })
}

fn arguments<T: DeserializeOwned>(call: &ToolCall) -> Result<T, Failure> {
    serde_json::from_str(&call.arguments)
        .map_err(|error| Failure::validation(format!("the arguments do not fit: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_named_as_rules_name_it() {
        let call = CallView::new("files/read_file", "{}");
        assert_eq!((call.name().as_str(), call.tool()), ("files/read_file", "read_file"));
    }

    #[test]
    fn every_outcome_has_a_text() {
        let failure = || Failure::not_found("gone").into();
        let outcomes = [
            Outcome::answered("said"),
            Outcome::Failed(failure()),
            Outcome::Denied("no".into()),
            Outcome::Aborted(failure()),
        ];
        assert_eq!(outcomes.each_ref().map(Outcome::text), ["said", "gone", "no", "gone"]);
        assert_eq!(outcomes.each_ref().map(Outcome::is_ok), [true, false, false, false]);
    }
}
