//! Reading what a model proposed: which tool, which arguments, or why it is no call.

use std::sync::Arc;

use serde_json::{Value, json};

use super::tools::Tools;
use crate::canonical::CanonicalJson;
use crate::message::{Failure, FailureKind, ProposedCall};
use crate::record::{CallDecided, Ruling, ToolRecord, cut};

/// How much of a text that is no JSON is quoted to the model, in characters.
const QUOTED: usize = 80;

/// A call as the host understands it.
pub(super) enum Proposal {
    /// A call of a tool.
    Call { tool: Arc<ToolRecord>, arguments: CanonicalJson },
    /// The model says that it is done.
    Done { arguments: CanonicalJson },
    /// No call that could run.
    Invalid(Invalid),
}

/// Why it is no call.
pub(super) struct Invalid {
    tool: String,
    arguments: CanonicalJson,
    ruling: Ruling,
}

impl Invalid {
    pub(super) fn decided(self, step: u32) -> CallDecided {
        CallDecided::new(step, self.tool, self.arguments, self.ruling)
    }
}

/// Reads a proposed call; `was_cut` says that the answer ended at the output cap.
pub(super) fn read(proposed: &ProposedCall, tools: &Tools, was_cut: bool) -> Proposal {
    let name = proposed.name.as_str();
    if proposed.withheld {
        return withheld(proposed, tools);
    }
    let invalid = |tool: String, failure| {
        let arguments = CanonicalJson::empty_object();
        Proposal::Invalid(Invalid { tool, arguments, ruling: Ruling::Invalid(failure) })
    };
    if name == tools.done().name {
        return match arguments(&proposed.arguments, None, was_cut) {
            Ok(arguments) => Proposal::Done { arguments },
            Err(failure) => invalid(name.into(), failure),
        };
    }
    let Some(tool) = tools.get(name) else {
        let failure = Failure::new(FailureKind::Validation, format!("there is no tool `{}`", cut(name, QUOTED)))
            .hint(tools.advice(name));
        return invalid(name.into(), failure);
    };
    match arguments(&proposed.arguments, Some(tool), was_cut) {
        Ok(arguments) => Proposal::Call { tool: Arc::clone(tool), arguments },
        Err(failure) => invalid(tool.full_name(), failure),
    }
}

/// What is left of the arguments is not what was proposed.
fn withheld(proposed: &ProposedCall, tools: &Tools) -> Proposal {
    let tool = tools.get(&proposed.name).map_or_else(|| proposed.name.clone(), |tool| tool.full_name());
    let left = CanonicalJson::from_text(&proposed.arguments).ok().filter(|left| left.as_str().starts_with('{'));
    let arguments = left.unwrap_or_else(CanonicalJson::empty_object);
    Proposal::Invalid(Invalid { tool, arguments, ruling: Ruling::Withheld })
}

fn arguments(text: &str, tool: Option<&ToolRecord>, was_cut: bool) -> Result<CanonicalJson, Failure> {
    // Some providers send nothing for a call without arguments.
    if text.trim().is_empty() {
        return Ok(CanonicalJson::empty_object());
    }
    let json = CanonicalJson::from_text(text).map_err(|error| {
        let ended = if was_cut { "; the answer was cut off at the output limit" } else { "" };
        wrong(format!("the arguments are no valid JSON: {error}{ended}; they begin {}", quoted(text)))
    })?;
    match json.to_value() {
        Value::Object(_) => Ok(json),
        bare @ Value::String(_) => match tool.and_then(only_parameter) {
            Some(parameter) => CanonicalJson::from_value(&json!({ parameter: bare }))
                .map_err(|error| wrong(format!("the arguments have no canonical form: {error}"))),
            None => Err(no_object("a string", text)),
        },
        Value::Array(_) => Err(no_object("an array", text)),
        Value::Null | Value::Bool(_) | Value::Number(_) => Err(no_object("a single value", text)),
    }
}

/// The parameter that a bare string is meant for: the only one that is required.
fn only_parameter(tool: &ToolRecord) -> Option<String> {
    let schema = tool.input_schema.to_value();
    match schema.get("required")?.as_array()?.as_slice() {
        [Value::String(parameter)] => Some(parameter.clone()),
        _ => None,
    }
}

fn no_object(what: &str, text: &str) -> Failure {
    wrong(format!("the arguments must be a JSON object, not {what}; they begin {}", quoted(text)))
}

fn wrong(message: String) -> Failure {
    let mut failure = Failure::new(FailureKind::Validation, message);
    failure.retriable = true;
    failure
}

fn quoted(text: &str) -> String {
    format!("`{}`", cut(text.trim_start(), QUOTED))
}
