//! Reads the body of an answer of `/api/chat`.

use bytes::Bytes;
use serde_json::Value;

use crate::message::ProposedCall;
use crate::model::response::{Finish, ModelResponse, Usage, call_id};

/// Reads an answer. `messages` counts the messages before it, for ids that have to be made up. The
/// error goes on after the provider's name.
pub(super) fn read(value: &Value, raw: Bytes, messages: usize) -> Result<ModelResponse, &'static str> {
    let message =
        value.get("message").filter(|message| message.is_object()).ok_or("answered with JSON that holds no message")?;
    if value.get("done").and_then(Value::as_bool) == Some(false) {
        return Err("answered with a part of an answer");
    }
    let calls = calls(message, messages);
    let finish = value.get("done_reason").and_then(Value::as_str);
    Ok(ModelResponse {
        text: message.get("content").and_then(Value::as_str).unwrap_or_default().to_owned(),
        finish: Finish::from_word(finish, !calls.is_empty()),
        calls,
        usage: usage(value),
        raw,
        model: value.get("model").and_then(Value::as_str).map(str::to_owned),
    })
}

fn calls(message: &Value, messages: usize) -> Vec<ProposedCall> {
    let mut calls = Vec::new();
    let listed = message.get("tool_calls").and_then(Value::as_array);
    for (index, item) in listed.into_iter().flatten().enumerate() {
        let function = item.get("function").unwrap_or(item);
        let name = function.get("name").and_then(Value::as_str).unwrap_or_default();
        let arguments = match function.get("arguments") {
            None | Some(Value::Null) => "{}".to_owned(),
            Some(Value::String(text)) => text.clone(),
            Some(value) => value.to_string(),
        };
        let given = item.get("id").and_then(Value::as_str);
        let id = call_id(given, &calls, messages, index);
        calls.push(ProposedCall::new(id, name, arguments));
    }
    calls
}

/// The server leaves out a count that is 0, so one of the two is enough.
fn usage(value: &Value) -> Option<Usage> {
    let count = |key| value.get(key).and_then(Value::as_u64);
    let (input, output) = (count("prompt_eval_count"), count("eval_count"));
    if input.is_none() && output.is_none() {
        return None;
    }
    Some(Usage { input: input.unwrap_or(0), output: output.unwrap_or(0), cached: 0, cost_micro_usd: None })
}
