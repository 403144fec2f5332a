//! What the chat forms of OpenAI and Ollama write alike: function tools, plain messages, the open list of messages.
//!
//! Each provider writes the rest by itself, next to what is its own.

use super::json::Object;
use super::setup::ToolDeclaration;

/// A function tool.
pub(super) fn write_tool(tool: &ToolDeclaration, out: &mut Vec<u8>) {
    let mut object = Object::open(out);
    object.text("type", "function");
    let mut function = Object::open(object.key("function"));
    function.text("name", &tool.name);
    function.text("description", &tool.description);
    function.raw("parameters", tool.input_schema.as_str());
    function.close();
    object.close();
}

/// A message that holds a text and nothing else.
pub(super) fn write_text(out: &mut Vec<u8>, role: &str, text: &str) {
    let mut object = Object::open(out);
    object.text("role", role);
    object.text("content", text);
    object.close();
}

/// The list of tools, of pieces that are written already.
pub(super) fn write_tool_list(body: &mut Object<'_>, tools: &[u8]) {
    let list = body.key("tools");
    list.push(b'[');
    list.extend_from_slice(tools);
    list.push(b']');
}

/// Begins the list of messages, with the system text if there is one; the history follows.
pub(super) fn open_messages(body: &mut Object<'_>, system: &str) {
    let messages = body.key("messages");
    messages.push(b'[');
    if !system.is_empty() {
        write_text(messages, "system", system);
    }
}
