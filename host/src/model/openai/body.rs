//! Writes the body of a Chat Completions request.

use serde_json::json;

use super::OpenAi;
use crate::message::{Message, ProposedCall};
use crate::model::chat::{self, write_text};
use crate::model::json::{self, Object};
use crate::model::setup::{RequestSetup, ToolChoice, ToolDeclaration};
use crate::model::wire::{Wire, WireForm};

/// The most characters of a tool's name that `OpenAI` takes.
const NAME: usize = 64;

impl Wire for OpenAi {
    fn id(&self) -> &'static str {
        "openai-chat"
    }

    fn form(&self) -> WireForm {
        let fixed = json!({ "model": self.model, "cap_field": self.cap_field.as_str() });
        WireForm { id: self.id().to_owned(), fixed }
    }

    fn head(&self, setup: &RequestSetup, tools: &[u8], out: &mut Vec<u8>) {
        let is_free = |key: &str| !setup.extra().contains_key(key);
        let cap_field = self.cap_field.as_str();
        let mut body = Object::open(out);
        body.text("model", &self.model);
        for (key, value) in setup.extra() {
            body.raw(key, value.as_str());
        }
        if let (Some(temperature), true) = (setup.temperature(), is_free("temperature")) {
            body.float("temperature", temperature);
        }
        if let (Some(tokens), true) = (setup.max_output_tokens(), is_free(cap_field)) {
            body.number(cap_field, tokens);
        }
        if !tools.is_empty() {
            if is_free("tool_choice") {
                write_choice(&mut body, setup.tool_choice());
            }
            chat::write_tool_list(&mut body, tools);
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
            Message::Tool { call_id, text, .. } => {
                let mut object = Object::open(out);
                object.text("role", "tool");
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
    if text.is_empty() {
        object.raw("content", "null");
    } else {
        object.text("content", text);
    }
    let list = object.key("tool_calls");
    list.push(b'[');
    json::items(list, calls, |out, call| {
        let mut object = Object::open(out);
        object.text("id", &call.id);
        object.text("type", "function");
        let mut function = Object::open(object.key("function"));
        function.text("name", &fit_name(&call.name));
        function.text("arguments", &json::object_text(&call.arguments));
        function.close();
        object.close();
    });
    list.push(b']');
    object.close();
}

/// A name that the provider takes back. A model can call a tool that does not exist by a name that no
/// tool may have; sent again as it is, that name would make every later request fail.
fn fit_name(name: &str) -> String {
    let fits = |character: char| character.is_ascii_alphanumeric() || "_-".contains(character);
    let fit: String = name.chars().take(NAME).map(|character| if fits(character) { character } else { '_' }).collect();
    if fit.is_empty() { "unnamed".to_owned() } else { fit }
}

fn write_choice(body: &mut Object<'_>, choice: &ToolChoice) {
    match choice {
        ToolChoice::Auto => {}
        ToolChoice::None => body.text("tool_choice", "none"),
        ToolChoice::Required => body.text("tool_choice", "required"),
        ToolChoice::Tool(name) => {
            let mut object = Object::open(body.key("tool_choice"));
            object.text("type", "function");
            let mut function = Object::open(object.key("function"));
            function.text("name", name);
            function.close();
            object.close();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_no_tool_may_have_is_made_fit() {
        assert_eq!(fit_name("read_file"), "read_file");
        assert_eq!(fit_name("functions.read file"), "functions_read_file");
        assert_eq!(fit_name(""), "unnamed");
        assert_eq!(fit_name(&"x".repeat(100)).len(), 64);
    }
}
