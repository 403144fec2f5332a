//! Chat Completions against a real server on loopback.

mod answers;
mod errors;
mod requests;

use std::collections::BTreeMap;

use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::canonical::CanonicalJson;
use crate::message::{Message, ProposedCall};
use crate::model::test_server::{Reply, TestServer, impatient, nobody};
use crate::model::{Finish, ModelErrorKind, RequestSetup, ToolChoice, ToolDeclaration, Transcript, Usage};

const KEY: &str = "sk-secret-canary";

fn model(server: &TestServer) -> OpenAi {
    OpenAi::new(impatient(), server.endpoint("/v1"), ApiKey::new(KEY), "mock")
}

fn setup() -> RequestSetup {
    let schema = json!({"type": "object", "properties": {"path": {"type": "string"}}});
    let tool = |name: &str| ToolDeclaration {
        name: name.into(),
        description: format!("Does \"{name}\"."),
        input_schema: CanonicalJson::from_value(&schema).expect("is canonical"),
    };
    RequestSetup::new().with_system("be brief").with_tools(vec![tool("read"), tool("list")])
}

fn task() -> Transcript {
    [Message::User { text: "look".into() }].into_iter().collect()
}

async fn ask(model: &OpenAi, setup: &RequestSetup) -> Result<ModelResponse, ModelError> {
    let transcript = task();
    model.complete(&ModelRequest::new(model, setup, &transcript), &EventSink::default()).await
}

/// The answer to one reply.
async fn answer_to(reply: Reply) -> ModelResponse {
    let server = TestServer::start(vec![reply]).await;
    ask(&model(&server), &setup()).await.expect("is an answer")
}

/// Kind, message and hint of the error that one reply leads to, with the port as `PORT`.
async fn error_to(reply: Reply) -> String {
    let server = TestServer::start(vec![reply]).await;
    let error = ask(&model(&server), &setup()).await.expect_err("is an error");
    let again = if error.is_retriable() { " again" } else { "" };
    let text = format!("{}{again}\n{error}\n{}", error.kind(), error.hint().unwrap_or("-"));
    assert!(!format!("{text}{error:?}").contains(KEY), "{text}");
    server.without_port(&text)
}

fn choice(message: &serde_json::Value, finish: &str) -> Reply {
    let body = json!({
        "model": "mock-1",
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 20, "prompt_tokens_details": {"cached_tokens": 60}},
    });
    Reply::ok(body.to_string())
}

fn call(id: &str, name: &str, arguments: &str) -> ProposedCall {
    ProposedCall::new(id, name, arguments)
}
