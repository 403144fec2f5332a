//! How a request is written: the trait that each provider implements, and the plain form.
//!
//! Separate from `Model` because it is pure: the journal uses a wire without a model to rebuild what
//! was sent.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::chat::write_tool_list;
use super::json::{self, Object};
use super::ollama::Ollama;
use super::openai::OpenAi;
use super::setup::{RequestSetup, ToolChoice, ToolDeclaration};
use crate::message::Message;

/// A wire as the journal keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WireForm {
    /// [`Wire::id`].
    pub id: String,
    /// What is the same in all of its requests.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub fixed: Value,
}

impl WireForm {
    /// The wire that writes so; none for one of another host.
    pub fn to_wire(&self) -> Option<Box<dyn Wire>> {
        match self.id.as_str() {
            "plain" => Some(Box::new(PlainWire)),
            "openai-chat" => OpenAi::for_form(&self.fixed).map(|wire| Box::new(wire) as Box<dyn Wire>),
            "ollama-chat" => Ollama::for_form(&self.fixed).map(|wire| Box::new(wire) as Box<dyn Wire>),
            _ => None,
        }
    }
}

/// How one provider writes its requests: a head, the messages in order with commas between them, a tail.
///
/// All functions are pure: the same values give the same bytes, always. Each message is written once and
/// its bytes are used again in all later requests, so writing it may not depend on what stands around it.
pub trait Wire: Send + Sync {
    /// Names the form of tools and messages. Written pieces are kept under this name, so two forms that
    /// differ in any byte need two names.
    fn id(&self) -> &'static str;

    /// What of its requests neither the setup nor the history says, such as the model's name.
    fn form(&self) -> WireForm {
        WireForm { id: self.id().to_owned(), fixed: Value::Null }
    }

    /// Writes all up to the first message of the history: the last byte is `[` where no message was
    /// written yet. `tools` is the list of tools, written by [`Wire::tool`], with commas, without
    /// brackets; empty where there are none.
    fn head(&self, setup: &RequestSetup, tools: &[u8], out: &mut Vec<u8>);

    /// Writes one tool.
    fn tool(&self, tool: &ToolDeclaration, out: &mut Vec<u8>);

    /// Writes one message.
    fn message(&self, message: &Message, out: &mut Vec<u8>);

    /// What stands after the last message.
    fn tail(&self) -> &'static [u8] {
        b"]}"
    }
}

/// The form for models that send nothing: `messages` as in the journal, after all that shapes the answer.
#[derive(Clone, Copy, Debug, Default)]
pub struct PlainWire;

impl Wire for PlainWire {
    fn id(&self) -> &'static str {
        "plain"
    }

    fn head(&self, setup: &RequestSetup, tools: &[u8], out: &mut Vec<u8>) {
        let mut body = Object::open(out);
        if !setup.extra().is_empty() {
            let mut extra = Object::open(body.key("extra"));
            setup.extra().iter().for_each(|(key, value)| extra.raw(key, value.as_str()));
            extra.close();
        }
        if let Some(temperature) = setup.temperature() {
            body.float("temperature", temperature);
        }
        if let Some(tokens) = setup.max_output_tokens() {
            body.number("max_output_tokens", tokens);
        }
        if !tools.is_empty() {
            write_choice(&mut body, setup.tool_choice());
            write_tool_list(&mut body, tools);
        }
        let messages = body.key("messages");
        messages.push(b'[');
        if !setup.system().is_empty() {
            let system = Message::System { text: setup.system().to_owned() };
            self.message(&system, messages);
        }
    }

    fn tool(&self, tool: &ToolDeclaration, out: &mut Vec<u8>) {
        let mut object = Object::open(out);
        object.text("name", &tool.name);
        object.text("description", &tool.description);
        object.raw("input_schema", tool.input_schema.as_str());
        object.close();
    }

    fn message(&self, message: &Message, out: &mut Vec<u8>) {
        // A message consists of strings and flags only: writing it into memory cannot fail.
        let _ = serde_json::to_writer(out, message);
    }
}

fn write_choice(body: &mut Object<'_>, choice: &ToolChoice) {
    match choice {
        ToolChoice::Auto => {}
        ToolChoice::None => body.text("tool_choice", "none"),
        ToolChoice::Required => body.text("tool_choice", "required"),
        ToolChoice::Tool(name) => {
            let mut object = Object::open(body.key("tool_choice"));
            object.text("tool", name);
            object.close();
        }
    }
}

/// Writes the list of all tools, with commas and without brackets.
pub(super) fn write_tools(wire: &dyn Wire, tools: &[ToolDeclaration]) -> Vec<u8> {
    let mut out = Vec::new();
    json::items(&mut out, tools, |out, tool| wire.tool(tool, out));
    out
}
