//! Reads the body of a Chat Completions answer, as tolerantly as the servers differ.

use bytes::Bytes;
use serde_json::Value;

use crate::message::ProposedCall;
use crate::model::response::{Finish, ModelResponse, Usage, call_id};

/// Reads an answer. `messages` counts the messages before it, for ids that have to be made up. The
/// error goes on after the provider's name.
pub(super) fn read(value: &Value, raw: Bytes, messages: usize) -> Result<ModelResponse, &'static str> {
    let choice = value.pointer("/choices/0").ok_or("answered with JSON that holds no choices")?;
    let message = choice
        .get("message")
        .filter(|message| message.is_object())
        .ok_or("answered with a choice that holds no message")?;
    let calls = calls(message, messages);
    let finish = choice.get("finish_reason").and_then(Value::as_str);
    Ok(ModelResponse {
        text: text(message),
        finish: Finish::from_word(finish, !calls.is_empty()),
        calls,
        usage: value.get("usage").and_then(usage),
        raw,
        model: value.get("model").and_then(Value::as_str).map(str::to_owned),
    })
}

/// The text; where there is none, the words of a refusal.
fn text(message: &Value) -> String {
    let content = match message.get("content") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => parts.iter().filter_map(part).collect(),
        _ => String::new(),
    };
    let refusal = message.get("refusal").and_then(Value::as_str);
    match refusal {
        Some(refusal) if content.is_empty() => refusal.to_owned(),
        _ => content,
    }
}

fn part(part: &Value) -> Option<&str> {
    part.get("text").or_else(|| part.get("refusal")).and_then(Value::as_str)
}

fn calls(message: &Value, messages: usize) -> Vec<ProposedCall> {
    let mut calls = Vec::new();
    let listed = message.get("tool_calls").and_then(Value::as_array);
    for (index, item) in listed.into_iter().flatten().enumerate() {
        let function = item.get("function").unwrap_or(item);
        let given = item.get("id").and_then(Value::as_str);
        let id = call_id(given, &calls, messages, index);
        calls.push(call(function, id));
    }
    // What there was before `tool_calls`; some servers never left it.
    let legacy = message.get("function_call").filter(|function| function.is_object());
    if let (true, Some(function)) = (calls.is_empty(), legacy) {
        calls.push(call(function, call_id(None, &[], messages, 0)));
    }
    calls
}

fn call(function: &Value, id: String) -> ProposedCall {
    let name = function.get("name").and_then(Value::as_str).unwrap_or_default();
    ProposedCall::new(id, name, arguments(function.get("arguments")))
}

/// The arguments as text: as the model wrote them, or written out where the server has read them.
/// Nothing at all stands for a call without arguments.
fn arguments(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "{}".to_owned(),
        Some(Value::String(text)) if text.trim().is_empty() => "{}".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
    }
}

fn usage(usage: &Value) -> Option<Usage> {
    let count = |pointer| usage.pointer(pointer).and_then(Value::as_u64);
    let (input, output) = (count("/prompt_tokens"), count("/completion_tokens"));
    if input.is_none() && output.is_none() {
        return None;
    }
    Some(Usage {
        input: input.unwrap_or(0),
        output: output.unwrap_or(0),
        cached: count("/prompt_tokens_details/cached_tokens").unwrap_or(0),
        cost_micro_usd: None,
    })
}
