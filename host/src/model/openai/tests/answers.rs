//! What is understood.

use super::*;

#[tokio::test]
async fn an_answer_with_calls_is_read() {
    let message = json!({"role": "assistant", "content": null, "tool_calls": [
        {"id": "c1", "type": "function", "function": {"name": "read", "arguments": "{\"path\":\"a\"}"}},
        {"id": "c2", "type": "function", "function": {"name": "list", "arguments": ""}},
    ]});
    let reply = choice(&message, "tool_calls");
    let answer = answer_to(reply).await;
    assert_eq!(answer.calls, [call("c1", "read", r#"{"path":"a"}"#), call("c2", "list", "{}")]);
    assert_eq!(answer.finish, Finish::ToolCalls);
    assert_eq!(answer.usage, Some(Usage { input: 100, output: 20, cached: 60, cost_micro_usd: None }));
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
    assert_eq!(text(json!({"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]})).await, "ab");
    assert_eq!(text(json!({"content": null, "refusal": "I will not"})).await, "I will not");
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
