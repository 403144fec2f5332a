//! `/api/chat` against a real server on loopback: what is sent, what is understood, what is installed.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;
use crate::canonical::CanonicalJson;
use crate::message::{Message, ProposedCall};
use crate::model::test_server::{Reply, TestServer, impatient, nobody};
use crate::model::{Finish, RequestSetup, ToolChoice, ToolDeclaration, Transcript, Usage};

fn model(server: &TestServer) -> Ollama {
    Ollama::new(impatient(), server.endpoint("/v1"), "qwen3:8b", 8192)
}

fn setup() -> RequestSetup {
    let tool = |name: &str| ToolDeclaration {
        name: name.into(),
        description: "Does it.".into(),
        input_schema: CanonicalJson::empty_object(),
    };
    RequestSetup::new().with_tools(vec![tool("read"), tool("list")])
}

fn call(id: &str, name: &str, arguments: &str) -> ProposedCall {
    ProposedCall::new(id, name, arguments)
}

fn body(model: &Ollama, setup: &RequestSetup) -> String {
    let bytes = ModelRequest::new(model, setup, &Transcript::default()).bytes();
    String::from_utf8(bytes.to_vec()).expect("is text")
}

async fn ask(server: &TestServer) -> Result<ModelResponse, ModelError> {
    let (model, setup) = (model(server), setup());
    let transcript: Transcript = [Message::User { text: "look".into() }].into_iter().collect();
    model.complete(&ModelRequest::new(&model, &setup, &transcript), &EventSink::default()).await
}

#[tokio::test]
async fn a_conversation_with_tools_is_written_byte_for_byte() {
    let server = TestServer::start(vec![Reply::ok(r#"{"message":{"content":"ok"},"done":true}"#)]).await;
    let model = model(&server);
    let setup = setup().with_system("be brief").with_temperature(0.2).with_max_output_tokens(64);
    let mut transcript: Transcript = [Message::User { text: "look".into() }].into_iter().collect();
    let before = ModelRequest::new(&model, &setup, &transcript).bytes();
    transcript.extend([
        Message::Assistant {
            text: "so".into(),
            calls: vec![call("a", "read", r#"{"path": "x"}"#), call("b", "read", "not json")],
        },
        Message::Tool { call_id: "a".into(), name: "read".into(), text: "1".into(), failed: false },
        Message::Tool { call_id: "b".into(), name: "read".into(), text: "no".into(), failed: true },
        Message::Assistant { text: "one".into(), calls: Vec::new() },
    ]);
    let request = ModelRequest::new(&model, &setup, &transcript);
    let digest = request.digest();
    model.complete(&request, &EventSink::default()).await.expect("is an answer");

    let seen = server.seen().remove(0);
    assert_eq!(seen.line, "POST /api/chat");
    assert_eq!(seen.header("authorization"), None);
    assert_eq!(crate::digest::Digest::of(seen.body.as_bytes()), digest);
    assert!(seen.body.as_bytes().starts_with(&before[..before.len() - 2]));
    assert_eq!(
        seen.body,
        concat!(
            r#"{"model":"qwen3:8b","stream":false,"#,
            r#""options":{"num_ctx":8192,"num_predict":64,"temperature":0.2},"tools":["#,
            r#"{"type":"function","function":{"name":"list","description":"Does it.","parameters":{}}},"#,
            r#"{"type":"function","function":{"name":"read","description":"Does it.","parameters":{}}}],"#,
            r#""messages":[{"role":"system","content":"be brief"},{"role":"user","content":"look"},"#,
            r#"{"role":"assistant","content":"so","tool_calls":["#,
            r#"{"id":"a","function":{"name":"read","arguments":{"path": "x"}}},"#,
            r#"{"id":"b","function":{"name":"read","arguments":{"_invalid_arguments":"not json"}}}]},"#,
            r#"{"role":"tool","tool_name":"read","tool_call_id":"a","content":"1"},"#,
            r#"{"role":"tool","tool_name":"read","tool_call_id":"b","content":"no"},"#,
            r#"{"role":"assistant","content":"one"}]}"#
        )
    );
}

#[tokio::test]
async fn extra_options_are_merged_and_win() {
    let server = TestServer::start(vec![]).await;
    let extra = BTreeMap::from([
        ("keep_alive".to_owned(), CanonicalJson::from_text("\"1h\"").expect("is JSON")),
        ("options".to_owned(), CanonicalJson::from_text(r#"{"num_ctx":1,"seed":7}"#).expect("is JSON")),
    ]);
    let setup = RequestSetup::new().with_temperature(0.5).with_extra(extra).expect("is allowed");
    assert_eq!(
        body(&model(&server), &setup),
        r#"{"model":"qwen3:8b","stream":false,"keep_alive":"1h","options":{"num_ctx":1,"seed":7,"temperature":0.5},"messages":[]}"#
    );
}

#[tokio::test]
async fn a_tool_choice_decides_which_tools_are_offered() {
    let server = TestServer::start(vec![]).await;
    let offered = |choice| {
        let body: Value =
            serde_json::from_str(&body(&model(&server), &setup().with_tool_choice(choice))).expect("is JSON");
        let tools = body.get("tools").and_then(Value::as_array).cloned().unwrap_or_default();
        tools.iter().map(|tool| tool["function"]["name"].as_str().unwrap_or("?").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(offered(ToolChoice::Auto), ["list", "read"]);
    assert_eq!(offered(ToolChoice::Required), ["list", "read"]);
    assert_eq!(offered(ToolChoice::Tool("read".into())), ["read"]);
    assert_eq!(offered(ToolChoice::None), Vec::<String>::new());
}

#[tokio::test]
async fn calls_without_ids_get_ids_that_stay_the_same() {
    let reply = json!({
        "model": "qwen3:8b", "done": true, "done_reason": "stop", "prompt_eval_count": 26, "eval_count": 5,
        "message": {"role": "assistant", "content": "", "tool_calls": [
            {"function": {"name": "read", "arguments": {"path": "a"}}},
            {"id": "call_x", "function": {"name": "read", "arguments": {}}},
        ]},
    });
    let server = TestServer::start(vec![Reply::ok(reply.to_string())]).await;
    for _ in 0..2 {
        let answer = ask(&server).await.expect("is an answer");
        assert_eq!(answer.calls, [call("call_1_0", "read", r#"{"path":"a"}"#), call("call_x", "read", "{}")]);
        assert_eq!(answer.finish, Finish::ToolCalls);
        assert_eq!(answer.usage, Some(Usage { input: 26, output: 5, cached: 0, cost_micro_usd: None }));
        assert_eq!(answer.model.as_deref(), Some("qwen3:8b"));
    }
}

#[tokio::test]
async fn errors_name_the_command_that_helps() {
    let error = async |reply| {
        let server = TestServer::start(vec![reply]).await;
        let error = ask(&server).await.expect_err("is an error");
        server.without_port(&format!("{error}\n{}", error.hint().unwrap_or("-")))
    };
    assert_eq!(
        error(Reply::new(404, r#"{"error":"model 'qwen3:8b' not found"}"#)).await,
        "`ollama` at 127.0.0.1:PORT has no model `qwen3:8b` (status 404): model 'qwen3:8b' not found\n\
         `ollama list` shows what is installed, `ollama pull NAME` installs"
    );
    assert_eq!(
        error(Reply::new(400, r#"{"error":"qwen3:8b does not support tools"}"#)).await,
        "`ollama` at 127.0.0.1:PORT rejected the request (status 400): qwen3:8b does not support tools\n\
         use a model that can call tools; `looplet-host doctor` lists those installed"
    );
    assert_eq!(
        error(Reply::ok(r#"{"message":{"content":"a"},"done":false}"#)).await,
        "`ollama` at 127.0.0.1:PORT answered with a part of an answer\n-"
    );
    assert_eq!(error(Reply::ok("{}")).await, "`ollama` at 127.0.0.1:PORT answered with JSON that holds no message\n-");
}

#[tokio::test]
async fn a_server_that_is_down_can_be_started() {
    let error = installed(&impatient(), &nobody().await, &EventSink::default()).await;
    let error = error.expect_err("is an error");
    assert_eq!(error.kind(), ModelErrorKind::Unreachable);
    assert_eq!(error.hint(), Some("start it with `ollama serve`"));
}

#[tokio::test]
async fn what_is_installed_is_listed_with_what_it_can_do() {
    let server = TestServer::start(vec![
        Reply::ok(r#"{"models":[{"name":"qwen3:8b"},{"name":"codellama:latest"},{"name":"a/old:1"}]}"#),
        Reply::ok(
            json!({
                "capabilities": ["completion", "tools"],
                "model_info": {"general.architecture": "qwen3", "qwen3.context_length": 40_960},
            })
            .to_string(),
        ),
        Reply::ok(r#"{"capabilities":["completion"],"model_info":{}}"#),
        Reply::ok(r#"{"template":"{{ if .Tools }}"}"#),
    ])
    .await;
    let models = installed(&impatient(), &server.endpoint("/api"), &EventSink::default()).await;
    let model = |name: &str, tools, context_tokens| Installed { name: name.into(), tools, context_tokens };
    assert_eq!(
        models,
        Ok(vec![
            model("a/old:1", true, None),
            model("codellama:latest", false, None),
            model("qwen3:8b", true, Some(40_960)),
        ])
    );
    let seen: Vec<_> = server.seen().into_iter().map(|seen| format!("{} {}", seen.line, seen.body)).collect();
    assert_eq!(
        seen,
        [
            "GET /api/tags ",
            r#"POST /api/show {"model":"qwen3:8b"}"#,
            r#"POST /api/show {"model":"codellama:latest"}"#,
            r#"POST /api/show {"model":"a/old:1"}"#,
        ]
    );
}
