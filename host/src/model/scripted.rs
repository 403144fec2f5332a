//! A model that answers from a list: for tests, demonstrations and first runs without a network.

use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;

use super::error::{ModelError, ModelErrorKind};
use super::event::EventSink;
use super::response::{Finish, ModelResponse, Usage, made_up_id};
use super::{Model, ModelRequest};
use crate::error::{Error, Result};
use crate::message::ProposedCall;
use crate::origin::Origin;

/// A model that answers from a list of turns, each of which is given once.
///
/// The turn that is given is the one after the answers that the history already holds, so that a run
/// that is resumed goes on where it stopped.
///
/// ```
/// use looplet_host::model::Scripted;
/// use serde_json::json;
/// let model = Scripted::calls([("read_file", json!({"path": "a"}))]).then_text("ok");
/// ```
#[derive(Debug, Default)]
pub struct Scripted {
    name: String,
    turns: Vec<Turn>,
    /// The turn after the last one that was given.
    next: AtomicUsize,
}

/// One answer.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Turn {
    #[serde(default)]
    text: String,
    #[serde(default)]
    calls: Vec<ScriptedCall>,
    #[serde(default)]
    usage: Option<Usage>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ScriptedCall {
    tool: String,
    /// An object, or a text that stands for what a model wrote, which need not be JSON.
    #[serde(default)]
    arguments: Value,
}

impl Scripted {
    /// A model whose first turn calls these tools, one after another.
    pub fn calls<T: Into<String>>(calls: impl IntoIterator<Item = (T, Value)>) -> Self {
        Self { name: "scripted".to_owned(), ..Self::default() }.then_calls(calls)
    }

    /// A model whose first turn is a text.
    pub fn text(text: impl Into<String>) -> Self {
        Self { name: "scripted".to_owned(), ..Self::default() }.then_text(text)
    }

    /// A further turn that calls these tools.
    pub fn then_calls<T: Into<String>>(mut self, calls: impl IntoIterator<Item = (T, Value)>) -> Self {
        let calls = calls.into_iter().map(|(tool, arguments)| ScriptedCall { tool: tool.into(), arguments }).collect();
        self.turns.push(Turn { calls, ..Turn::default() });
        self
    }

    /// A further turn that is a text.
    pub fn then_text(mut self, text: impl Into<String>) -> Self {
        self.turns.push(Turn { text: text.into(), ..Turn::default() });
        self
    }

    /// Says what the last turn costs.
    pub fn with_usage(mut self, usage: Usage) -> Self {
        if let Some(turn) = self.turns.last_mut() {
            turn.usage = Some(usage);
        }
        self
    }

    /// Reads turns from the text of a file: a JSON list, or a turn a line. `file` is for messages.
    pub fn from_text(file: &str, text: &str) -> Result<Self> {
        let is_list = text.trim_start().starts_with('[');
        let turns = if is_list { read_list(file, text)? } else { read_lines(file, text)? };
        if turns.is_empty() {
            return Err(Error::usage(format!("`{file}` holds no turns"))
                .hint("write one a line: {\"text\": \"…\", \"calls\": [{\"tool\": \"…\", \"arguments\": {}}]}"));
        }
        Ok(Self { name: format!("scripted:{file}"), turns, next: AtomicUsize::new(0) })
    }
}

fn read_list(file: &str, text: &str) -> Result<Vec<Turn>> {
    serde_json::from_str(text).map_err(|error| not_a_turn(file, 0, &error))
}

fn read_lines(file: &str, text: &str) -> Result<Vec<Turn>> {
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(above, line)| serde_json::from_str(line).map_err(|error| not_a_turn(file, above, &error)))
        .collect()
}

/// `above` counts the lines above the piece that was read.
fn not_a_turn(file: &str, above: usize, error: &serde_json::Error) -> Error {
    let line = u32::try_from(above + error.line()).unwrap_or(u32::MAX);
    let text = error.to_string();
    // The place stands before the message: `serde_json` says it again, counted within the piece.
    let what = text.rsplit_once(" at line ").map_or(text.as_str(), |(what, _)| what);
    Error::usage(format!("not a scripted turn: {what}"))
        .at(Origin::line(file, line))
        .hint("a turn is {\"text\": \"…\", \"calls\": [{\"tool\": \"…\", \"arguments\": {}}]}, all parts optional")
}

#[async_trait]
impl Model for Scripted {
    async fn complete(
        &self,
        request: &ModelRequest<'_>,
        events: &EventSink,
    ) -> std::result::Result<ModelResponse, ModelError> {
        if events.is_cancelled() {
            return Err(ModelError::cancelled());
        }
        // An answer that never entered the history still uses up its turn.
        let given = self.next.load(Ordering::Relaxed).max(request.answers());
        self.next.store(given + 1, Ordering::Relaxed);
        match self.turns.get(given) {
            Some(turn) => Ok(turn.to_response(request.messages().len())),
            None => Err(self.exhausted()),
        }
    }

    fn name(&self) -> &str {
        &self.name
    }
}

impl Scripted {
    fn exhausted(&self) -> ModelError {
        let (name, turns) = (&self.name, self.turns.len());
        let plural = if turns == 1 { "" } else { "s" };
        let message = format!("`{name}` has no answer left after {turns} turn{plural}");
        ModelError::new(ModelErrorKind::Exhausted, message)
            .with_hint("end the script with a turn that calls `done`, or with a text alone")
    }
}

impl Turn {
    fn to_response(&self, messages: usize) -> ModelResponse {
        let calls: Vec<_> = self.calls.iter().enumerate().map(|(index, call)| call.to_call(messages, index)).collect();
        ModelResponse {
            text: self.text.clone(),
            finish: Finish::of(!calls.is_empty()),
            calls,
            usage: self.usage,
            raw: Bytes::new(),
            model: None,
        }
    }
}

impl ScriptedCall {
    fn to_call(&self, messages: usize, index: usize) -> ProposedCall {
        let arguments = match &self.arguments {
            Value::Null => "{}".to_owned(),
            Value::String(text) => text.clone(),
            value => value.to_string(),
        };
        ProposedCall::new(made_up_id(messages, index), &self.tool, arguments)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{RequestSetup, Transcript};
    use super::*;
    use crate::message::Message;

    async fn next(model: &Scripted, transcript: &Transcript) -> Result<ModelResponse, String> {
        let setup = RequestSetup::new();
        let request = ModelRequest::new(model, &setup, transcript);
        let answer = model.complete(&request, &EventSink::default()).await;
        answer.map_err(|error| format!("{}: {error}", error.kind()))
    }

    fn refused(text: &str) -> String {
        Scripted::from_text("run.jsonl", text).expect_err("is refused").to_string()
    }

    #[tokio::test]
    async fn turns_are_given_in_order_and_then_none() {
        let usage = Usage { input: 10, output: 2, cached: 0, cost_micro_usd: None };
        let model = Scripted::calls([("read", json!({"path": "a"})), ("read", json!("{oops"))])
            .with_usage(usage)
            .then_text("ok");
        let transcript = Transcript::default();
        let first = next(&model, &transcript).await.expect("a turn");
        let call = |id: &str, arguments: &str| ProposedCall::new(id, "read", arguments);
        assert_eq!(first.calls, [call("call_0_0", r#"{"path":"a"}"#), call("call_0_1", "{oops")]);
        assert_eq!((first.finish, first.usage), (Finish::ToolCalls, Some(usage)));
        assert_eq!(next(&model, &transcript).await, Ok(ModelResponse::text("ok")));
        assert_eq!(
            next(&model, &transcript).await,
            Err("exhausted: `scripted` has no answer left after 2 turns".into())
        );
    }

    #[tokio::test]
    async fn a_new_one_goes_on_after_the_answers_of_the_history() {
        let model = Scripted::text("one").then_text("two");
        let answered = Message::Assistant { text: "one".into(), calls: Vec::new() };
        let transcript: Transcript = [answered].into_iter().collect();
        assert_eq!(next(&model, &transcript).await, Ok(ModelResponse::text("two")));
    }

    #[tokio::test]
    async fn lists_and_lines_are_read_alike() {
        let list = r#"[{"calls": [{"tool": "list"}]}, {"text": "ok"}]"#;
        let lines = "{\"calls\": [{\"tool\": \"list\"}]}\n\n{\"text\": \"ok\"}\n";
        for text in [list, lines] {
            let model = Scripted::from_text("run.jsonl", text).expect("is a script");
            assert_eq!(model.name(), "scripted:run.jsonl");
            let transcript = Transcript::default();
            let first = next(&model, &transcript).await.expect("a turn");
            assert_eq!((first.calls[0].name.as_str(), first.calls[0].arguments.as_str()), ("list", "{}"));
            assert_eq!(next(&model, &transcript).await, Ok(ModelResponse::text("ok")));
        }
    }

    #[test]
    fn a_mistake_is_named_with_its_line() {
        assert_eq!(
            refused("{\"text\": \"ok\"}\n\n{\"txt\": 1}"),
            "run.jsonl:3: not a scripted turn: unknown field `txt`, expected one of `text`, `calls`, `usage`"
        );
        assert_eq!(refused("[\n{\"calls\": [{}]}]"), "run.jsonl:2: not a scripted turn: missing field `tool`");
        assert_eq!(refused("plain text"), "run.jsonl:1: not a scripted turn: expected value");
        assert_eq!(refused(" \n"), "`run.jsonl` holds no turns");
    }
}
