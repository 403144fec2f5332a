//! Chat Completions against a real server on loopback: what is sent, what is understood, what is said
//! when it goes wrong.

use std::collections::BTreeMap;

use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::canonical::CanonicalJson;
use crate::message::{Message, ProposedCall};
use crate::model::test_server::{Reply, TestServer, impatient, nobody};
use crate::model::{
    Finish, ModelErrorKind, RequestSetup, ToolChoice, ToolDeclaration, Transcript, Usage,
};

const KEY: &str = "sk-secret-canary";

fn model(server: &TestServer) -> OpenAi {
    OpenAi::new(
        impatient(),
        server.endpoint("/v1"),
        ApiKey::new(KEY),
        "mock",
    )
}

fn setup() -> RequestSetup {
    let schema = json!({"type": "object", "properties": {"path": {"type": "string"}}});
    let tool = |name: &str| ToolDeclaration {
        name: name.into(),
        description: format!("Does \"{name}\"."),
        input_schema: CanonicalJson::from_value(&schema).expect("is canonical"),
    };
    RequestSetup::new()
        .with_system("be brief")
        .with_tools(vec![tool("read"), tool("list")])
}

fn task() -> Transcript {
    [Message::User {
        text: "look".into(),
    }]
    .into_iter()
    .collect()
}

async fn ask(model: &OpenAi, setup: &RequestSetup) -> Result<ModelResponse, ModelError> {
    let transcript = task();
    model
        .complete(
            &ModelRequest::new(model, setup, &transcript),
            &EventSink::default(),
        )
        .await
}

/// The answer to one reply.
async fn answer_to(reply: Reply) -> ModelResponse {
    let server = TestServer::start(vec![reply]).await;
    ask(&model(&server), &setup()).await.expect("is an answer")
}

/// Kind, message and hint of the error that one reply leads to, with the port as `PORT`.
async fn error_to(reply: Reply) -> String {
    let server = TestServer::start(vec![reply]).await;
    let error = ask(&model(&server), &setup())
        .await
        .expect_err("is an error");
    let again = if error.is_retriable() { " again" } else { "" };
    let text = format!(
        "{}{again}\n{error}\n{}",
        error.kind(),
        error.hint().unwrap_or("-")
    );
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
    ProposedCall {
        id: id.into(),
        name: name.into(),
        arguments: arguments.into(),
    }
}

#[tokio::test]
async fn what_is_sent_is_what_was_digested() {
    let server = TestServer::start(vec![choice(&json!({"content": "ok"}), "stop")]).await;
    let model = model(&server);
    let (setup, transcript) = (setup(), task());
    let request = ModelRequest::new(&model, &setup, &transcript);
    let digest = request.digest();
    model
        .complete(&request, &EventSink::default())
        .await
        .expect("is an answer");

    let seen = server.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].line, "POST /v1/chat/completions");
    assert_eq!(
        seen[0].header("authorization"),
        Some("Bearer sk-secret-canary")
    );
    assert_eq!(seen[0].header("content-type"), Some("application/json"));
    assert_eq!(crate::digest::Digest::of(seen[0].body.as_bytes()), digest);
    assert_eq!(
        seen[0].body,
        concat!(
            r#"{"model":"mock","tools":["#,
            r#"{"type":"function","function":{"name":"list","description":"Does \"list\".","#,
            r#""parameters":{"properties":{"path":{"type":"string"}},"type":"object"}}},"#,
            r#"{"type":"function","function":{"name":"read","description":"Does \"read\".","#,
            r#""parameters":{"properties":{"path":{"type":"string"}},"type":"object"}}}],"#,
            r#""messages":[{"role":"system","content":"be brief"},{"role":"user","content":"look"}]}"#
        )
    );
}

#[tokio::test]
async fn a_conversation_with_tools_is_written_byte_for_byte() {
    let server = TestServer::start(vec![choice(&json!({"content": "ok"}), "stop")]).await;
    let model = model(&server);
    let setup = RequestSetup::new();
    let mut transcript = task();
    let before = ModelRequest::new(&model, &setup, &transcript).bytes();
    transcript.extend([
        Message::Assistant {
            text: String::new(),
            calls: vec![
                call("a", "read", r#"{"path": "x"}"#),
                call("b", "no such tool", r#"{"path":"#),
            ],
        },
        Message::Tool {
            call_id: "a".into(),
            name: "read".into(),
            text: "1\n2".into(),
            failed: false,
        },
        Message::Tool {
            call_id: "b".into(),
            name: "no such tool".into(),
            text: "unknown".into(),
            failed: true,
        },
        Message::Assistant {
            text: "two lines".into(),
            calls: Vec::new(),
        },
        Message::User {
            text: "more".into(),
        },
    ]);
    let request = ModelRequest::new(&model, &setup, &transcript);
    model
        .complete(&request, &EventSink::default())
        .await
        .expect("is an answer");

    let body = server.seen().remove(0).body;
    assert!(body.as_bytes().starts_with(&before[..before.len() - 2]));
    assert_eq!(
        body,
        concat!(
            r#"{"model":"mock","messages":[{"role":"user","content":"look"},"#,
            r#"{"role":"assistant","content":null,"tool_calls":["#,
            r#"{"id":"a","type":"function","function":{"name":"read","arguments":"{\"path\": \"x\"}"}},"#,
            r#"{"id":"b","type":"function","function":{"name":"no_such_tool","#,
            r#""arguments":"{\"_invalid_arguments\":\"{\\\"path\\\":\"}"}}]},"#,
            r#"{"role":"tool","tool_call_id":"a","content":"1\n2"},"#,
            r#"{"role":"tool","tool_call_id":"b","content":"unknown"},"#,
            r#"{"role":"assistant","content":"two lines"},{"role":"user","content":"more"}]}"#
        )
    );
}

#[tokio::test]
async fn parameters_are_written_and_extra_fields_win() {
    let server = TestServer::start(vec![]).await;
    let body = |model: &OpenAi, setup: &RequestSetup| {
        let bytes = ModelRequest::new(model, setup, &Transcript::default()).bytes();
        String::from_utf8(bytes.to_vec()).expect("is text")
    };
    let plain = RequestSetup::new()
        .with_temperature(0.2)
        .with_max_output_tokens(500);
    assert_eq!(
        body(&model(&server), &plain),
        r#"{"model":"mock","temperature":0.2,"max_tokens":500,"messages":[]}"#
    );
    let extra = ["top_p", "temperature"].map(|key| (key.to_owned(), CanonicalJson::empty_object()));
    let setup = setup()
        .with_system("")
        .with_tools(vec![])
        .with_temperature(0.2)
        .with_max_output_tokens(500)
        .with_extra(BTreeMap::from(extra))
        .expect("is allowed");
    assert_eq!(
        body(
            &model(&server).with_cap_field(CapField::MaxCompletionTokens),
            &setup
        ),
        r#"{"model":"mock","temperature":{},"top_p":{},"max_completion_tokens":500,"messages":[]}"#
    );
    let choice = ToolChoice::Tool("read".into());
    let body = body(
        &model(&server),
        &super::tests::setup()
            .with_system("")
            .with_tool_choice(choice),
    );
    let start = r#"{"model":"mock","tool_choice":{"type":"function","function":{"name":"read"}},"tools":[{"#;
    assert_eq!(body[..start.len()], *start);
}

#[test]
fn the_length_is_capped_by_the_field_that_the_host_knows() {
    let field = |url| CapField::of(&Endpoint::parse(url).expect("is a URL"));
    assert_eq!(
        field("https://api.openai.com/v1"),
        CapField::MaxCompletionTokens
    );
    assert_eq!(
        field("https://x.openai.azure.com/openai"),
        CapField::MaxCompletionTokens
    );
    assert_eq!(field("http://127.0.0.1:8080/v1"), CapField::MaxTokens);
}

#[tokio::test]
async fn an_answer_with_calls_is_read() {
    let message = json!({"role": "assistant", "content": null, "tool_calls": [
        {"id": "c1", "type": "function", "function": {"name": "read", "arguments": "{\"path\":\"a\"}"}},
        {"id": "c2", "type": "function", "function": {"name": "list", "arguments": ""}},
    ]});
    let reply = choice(&message, "tool_calls");
    let answer = answer_to(reply).await;
    assert_eq!(
        answer.calls,
        [
            call("c1", "read", r#"{"path":"a"}"#),
            call("c2", "list", "{}")
        ]
    );
    assert_eq!(answer.finish, Finish::ToolCalls);
    assert_eq!(
        answer.usage,
        Some(Usage {
            input: 100,
            output: 20,
            cached: 60
        })
    );
    assert_eq!(answer.model.as_deref(), Some("mock-1"));
    assert_eq!(answer.text, "");
    assert!(answer.raw.starts_with(b"{\"model\":\"mock-1\""));
}

#[tokio::test]
async fn calls_of_careless_servers_are_read_all_the_same() {
    let message = json!({"tool_calls": [
        {"id": "", "function": {"name": "read", "arguments": "{\"path\": }"}},
        {"function": {"name": "read", "arguments": {"path": "b"}}},
        {"id": "same", "function": {"name": "list"}},
        {"id": "same", "function": {"arguments": null}},
    ]});
    let answer = answer_to(choice(&message, "stop")).await;
    assert_eq!(
        answer.calls,
        [
            call("call_1_0", "read", r#"{"path": }"#),
            call("call_1_1", "read", r#"{"path":"b"}"#),
            call("same", "list", "{}"),
            call("call_1_3", "", "{}"),
        ]
    );
    assert_eq!(answer.finish, Finish::ToolCalls);
}

#[tokio::test]
async fn text_comes_as_a_string_as_parts_or_as_a_refusal() {
    let text = async |message: serde_json::Value| answer_to(choice(&message, "stop")).await.text;
    assert_eq!(text(json!({"content": "plain"})).await, "plain");
    assert_eq!(
        text(json!({"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}))
            .await,
        "ab"
    );
    assert_eq!(
        text(json!({"content": null, "refusal": "I will not"})).await,
        "I will not"
    );
}

#[tokio::test]
async fn an_empty_answer_is_an_answer_and_keeps_its_finish() {
    for (word, finish) in [
        ("length", Finish::Length),
        ("content_filter", Finish::Filter),
        ("stop", Finish::Stop),
        ("eos\u{1b}", Finish::Other("eos".into())),
    ] {
        let answer = answer_to(choice(&json!({"content": ""}), word)).await;
        assert!(answer.is_empty());
        assert_eq!(answer.finish, finish);
    }
}

#[tokio::test]
async fn json_is_read_under_a_wrong_content_type() {
    let reply = choice(&json!({"content": "ok"}), "stop").header("content-type", "text/plain");
    assert_eq!(answer_to(reply).await.text, "ok");
}

#[tokio::test]
async fn statuses_become_errors_that_say_what_to_do() {
    let said = |message: &str, code: &str| {
        json!({"error": {"message": message, "code": code}}).to_string()
    };
    assert_eq!(
        error_to(Reply::new(
            401,
            said("bad key sk-secret-canary\u{1b}[2J", "")
        ))
        .await,
        "auth\n`openai` at 127.0.0.1:PORT refused the key (status 401): bad key [key] [2J\n\
         set another key, or check that it is meant for this server"
    );
    assert_eq!(
        error_to(Reply::new(
            404,
            said("The model `mock` does not exist", "model_not_found")
        ))
        .await,
        "not_found\n`openai` at 127.0.0.1:PORT has no model `mock` (status 404): \
         The model `mock` does not exist\n-"
    );
    assert_eq!(
        error_to(Reply::new(404, "404 page not found")).await,
        "not_found\n`openai` at 127.0.0.1:PORT has nothing at `…/chat/completions` (status 404): \
         404 page not found\ncheck the base URL: it usually ends in `/v1`"
    );
    assert_eq!(
        error_to(Reply::new(
            400,
            said("This model's maximum context length is 8192 tokens", "")
        ))
        .await,
        "context_too_long\n`openai` at 127.0.0.1:PORT cannot take a request of this size (status 400): \
         This model's maximum context length is 8192 tokens\n-"
    );
    assert_eq!(
        error_to(Reply::new(400, said("unknown parameter", "bad"))).await,
        "rejected\n`openai` at 127.0.0.1:PORT rejected the request (status 400): unknown parameter\n-"
    );
    assert_eq!(
        error_to(Reply::new(429, said("slow down", ""))).await,
        "rate_limited again\n`openai` at 127.0.0.1:PORT takes no more requests for now (status 429): \
         slow down\nwait a while, or use another model"
    );
    assert_eq!(
        error_to(Reply::new(
            429,
            said("You exceeded your quota", "insufficient_quota")
        ))
        .await,
        "rate_limited\n`openai` at 127.0.0.1:PORT has no quota left for this key (status 429): \
         You exceeded your quota\n\
         look at the account's billing page, or use another key or model"
    );
    assert_eq!(
        error_to(Reply::new(500, "<html>oops</html>")).await,
        "server again\n`openai` at 127.0.0.1:PORT has a fault of its own (status 500)\n-"
    );
    assert_eq!(
        error_to(Reply::new(529, said("Overloaded", "overloaded_error"))).await,
        "server again\n`openai` at 127.0.0.1:PORT is overloaded (status 529): Overloaded\n-"
    );
    assert_eq!(
        error_to(Reply::new(307, "").header("location", "http://elsewhere.example/")).await,
        "not_found\n`openai` at 127.0.0.1:PORT sends requests elsewhere (status 307)\n\
         redirects are not followed: set the base URL to where they lead"
    );
    assert_eq!(
        error_to(Reply::ok(
            r#"{"error":{"message":"upstream is down","code":502}}"#
        ))
        .await,
        "server again\n`openai` at 127.0.0.1:PORT has a fault of its own (status 502): upstream is down\n-"
    );
}

#[tokio::test]
async fn answers_of_no_known_form_become_errors_that_say_what_came() {
    let bad = "bad_answer\n`openai` at 127.0.0.1:PORT";
    assert_eq!(
        error_to(Reply::ok("<!doctype html>").header("content-type", "text/html")).await,
        format!(
            "{bad} answered with a web page instead of JSON (status 200)\ncheck the base URL: it usually ends in `/v1`"
        )
    );
    assert_eq!(
        error_to(Reply::ok("data: {}\n\n").header("content-type", "text/event-stream")).await,
        format!(
            "{bad} answered with no JSON (status 200, text/event-stream): expected value at line 1 column 1\n-"
        )
    );
    assert_eq!(
        error_to(Reply::ok("")).await,
        format!("{bad} answered with nothing (status 200)\n-")
    );
    assert_eq!(
        error_to(Reply::ok(r#"{"choices":[]}"#)).await,
        format!("{bad} answered with JSON that holds no choices\n-")
    );
    assert_eq!(
        error_to(Reply::ok(r#"{"choices":[{"message":null}]}"#)).await,
        format!("{bad} answered with a choice that holds no message\n-")
    );
    assert_eq!(
        error_to(Reply::ok("[".repeat(2000))).await,
        format!(
            "{bad} answered with no JSON (status 200, application/json): recursion limit exceeded at line 1 column 128\n-"
        )
    );
    assert_eq!(
        error_to(Reply::ok(r#"{"choices":"#).announcing(400)).await,
        "bad_answer again\n`openai` at 127.0.0.1:PORT broke off its answer after 11 of 400 bytes\n-"
    );
    assert_eq!(
        error_to(Reply::ok(" ".repeat(5000))).await,
        format!("{bad} answered with more than 4096 bytes\n-")
    );
}

#[tokio::test]
async fn a_server_that_is_down_is_named() {
    let model = OpenAi::new(impatient(), nobody().await, None, "mock");
    let error = ask(&model, &setup()).await.expect_err("is an error");
    assert_eq!(error.kind(), ModelErrorKind::Unreachable);
    assert!(error.is_retriable());
    assert_eq!(
        error.to_string(),
        format!(
            "cannot reach `openai` at {}: connection refused",
            model.endpoint
        )
    );
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up_and_not_asked_again() {
    assert_eq!(
        error_to(Reply::hanging()).await,
        "unreachable\n`openai` at 127.0.0.1:PORT gave no answer within 1 s\n-"
    );
}

#[tokio::test]
async fn a_cancelled_request_ends_at_once() {
    let server = TestServer::start(vec![Reply::hanging()]).await;
    let model = OpenAi::new(HttpClient::default(), server.endpoint("/v1"), None, "mock");
    let cancel = CancellationToken::new();
    let (setup, transcript) = (setup(), task());
    let request = ModelRequest::new(&model, &setup, &transcript);
    let events = EventSink::new(cancel.clone());
    let (answer, ()) = tokio::join!(model.complete(&request, &events), async {
        while server.seen().is_empty() {
            tokio::task::yield_now().await;
        }
        cancel.cancel();
    });
    assert_eq!(answer.expect_err("is cancelled"), ModelError::cancelled());
}

#[tokio::test]
async fn a_request_over_the_window_is_not_sent() {
    let server = TestServer::start(vec![]).await;
    let model = model(&server).with_context_tokens(Some(100));
    let error = ask(&model, &setup()).await.expect_err("is refused");
    assert_eq!(error.kind(), ModelErrorKind::ContextTooLong);
    assert_eq!(
        error.to_string(),
        "the request is about 103 tokens, the window of `openai:mock` is 100"
    );
    assert_eq!(server.seen().len(), 0);
}
