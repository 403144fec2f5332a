//! Writes the body of a request to `/api/chat`.

use serde_json::{Value, json};

use super::Ollama;
use crate::canonical::CanonicalJson;
use crate::message::{Message, ProposedCall};
use crate::model::chat::{self, write_text};
use crate::model::json::{self, Object};
use crate::model::setup::{RequestSetup, ToolChoice, ToolDeclaration};
use crate::model::wire::{Wire, WireForm, write_tools};

impl Wire for Ollama {
    fn id(&self) -> &'static str {
        "ollama-chat"
    }

    fn form(&self) -> WireForm {
        let fixed = json!({ "model": self.model, "context_tokens": self.context_tokens });
        WireForm { id: self.id().to_owned(), fixed }
    }

    fn head(&self, setup: &RequestSetup, tools: &[u8], out: &mut Vec<u8>) {
        let mut body = Object::open(out);
        body.text("model", &self.model);
        body.raw("stream", "false");
        for (key, value) in setup.extra().iter().filter(|(key, _)| *key != "options") {
            body.raw(key, value.as_str());
        }
        write_options(body.key("options"), setup, self.context_tokens);
        let offered = offered(self, setup, tools);
        if !offered.is_empty() {
            chat::write_tool_list(&mut body, &offered);
        }
        chat::open_messages(&mut body, setup.system());
    }

    fn tool(&self, tool: &ToolDeclaration, out: &mut Vec<u8>) {
        chat::write_tool(tool, out);
    }

    fn message(&self, message: &Message, out: &mut Vec<u8>) {
        match message {
            Message::System { text } => write_text(out, "system", text),
            Message::User { text } => write_text(out, "user", text),
            Message::Assistant { text, calls } if calls.is_empty() => {
                write_text(out, "assistant", text);
            }
            Message::Assistant { text, calls } => write_calls(out, text, calls),
            // The name pairs the answer with its call; servers from 0.12.10 on also know the id, which
            // tells two calls of one tool apart, and older ones ignore it.
            Message::Tool { call_id, name, text, .. } => {
                let mut object = Object::open(out);
                object.text("role", "tool");
                object.text("tool_name", name);
                object.text("tool_call_id", call_id);
                object.text("content", text);
                object.close();
            }
        }
    }
}

fn write_calls(out: &mut Vec<u8>, text: &str, calls: &[ProposedCall]) {
    let mut object = Object::open(out);
    object.text("role", "assistant");
    object.text("content", text);
    let list = object.key("tool_calls");
    list.push(b'[');
    json::items(list, calls, |out, call| {
        let mut object = Object::open(out);
        object.text("id", &call.id);
        let mut function = Object::open(object.key("function"));
        function.text("name", &call.name);
        function.raw("arguments", &json::object_text(&call.arguments));
        function.close();
        object.close();
    });
    list.push(b']');
    object.close();
}

/// The server knows no tool choice: offering no tool, or one, is as near as a request can come.
fn offered(wire: &Ollama, setup: &RequestSetup, tools: &[u8]) -> Vec<u8> {
    match setup.tool_choice() {
        ToolChoice::Auto | ToolChoice::Required => tools.to_vec(),
        ToolChoice::None => Vec::new(),
        ToolChoice::Tool(name) => {
            let only: Vec<_> = setup.tools().iter().filter(|tool| tool.name == *name).cloned().collect();
            write_tools(wire, &only)
        }
    }
}

/// Members of an extra field `options` win over those of the settings.
fn write_options(out: &mut Vec<u8>, setup: &RequestSetup, context_tokens: u32) {
    let extra = setup.extra().get("options").map(CanonicalJson::to_value);
    let extra = match extra {
        Some(Value::Object(members)) => members,
        _ => serde_json::Map::new(),
    };
    let mut options = Object::open(out);
    for (key, value) in &extra {
        options.raw(key, &value.to_string());
    }
    if !extra.contains_key("num_ctx") {
        options.number("num_ctx", context_tokens);
    }
    if let (Some(tokens), false) = (setup.max_output_tokens(), extra.contains_key("num_predict")) {
        options.number("num_predict", tokens);
    }
    if let (Some(temperature), false) = (setup.temperature(), extra.contains_key("temperature")) {
        options.float("temperature", temperature);
    }
    options.close();
}
