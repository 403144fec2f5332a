//! What is sent, byte for byte.

use super::*;

#[tokio::test]
async fn what_is_sent_is_what_was_digested() {
    let server = TestServer::start(vec![choice(&json!({"content": "ok"}), "stop")]).await;
    let model = model(&server);
    let (setup, transcript) = (setup(), task());
    let request = ModelRequest::new(&model, &setup, &transcript);
    let digest = request.digest();
    model.complete(&request, &EventSink::default()).await.expect("is an answer");

    let seen = server.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].line, "POST /v1/chat/completions");
    assert_eq!(seen[0].header("authorization"), Some("Bearer sk-secret-canary"));
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
            calls: vec![call("a", "read", r#"{"path": "x"}"#), call("b", "no such tool", r#"{"path":"#)],
        },
        Message::Tool { call_id: "a".into(), name: "read".into(), text: "1\n2".into(), failed: false },
        Message::Tool { call_id: "b".into(), name: "no such tool".into(), text: "unknown".into(), failed: true },
        Message::Assistant { text: "two lines".into(), calls: Vec::new() },
        Message::User { text: "more".into() },
    ]);
    let request = ModelRequest::new(&model, &setup, &transcript);
    model.complete(&request, &EventSink::default()).await.expect("is an answer");

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
    let plain = RequestSetup::new().with_temperature(0.2).with_max_output_tokens(500);
    assert_eq!(body(&model(&server), &plain), r#"{"model":"mock","temperature":0.2,"max_tokens":500,"messages":[]}"#);
    let extra = ["top_p", "temperature"].map(|key| (key.to_owned(), CanonicalJson::empty_object()));
    let setup = setup()
        .with_system("")
        .with_tools(vec![])
        .with_temperature(0.2)
        .with_max_output_tokens(500)
        .with_extra(BTreeMap::from(extra))
        .expect("is allowed");
    assert_eq!(
        body(&model(&server).with_cap_field(CapField::MaxCompletionTokens), &setup),
        r#"{"model":"mock","temperature":{},"top_p":{},"max_completion_tokens":500,"messages":[]}"#
    );
    let choice = ToolChoice::Tool("read".into());
    let body = body(&model(&server), &super::setup().with_system("").with_tool_choice(choice));
    let start = r#"{"model":"mock","tool_choice":{"type":"function","function":{"name":"read"}},"tools":[{"#;
    assert_eq!(body[..start.len()], *start);
}

#[test]
fn the_length_is_capped_by_the_field_that_the_host_knows() {
    let field = |url| CapField::of(&Endpoint::parse(url).expect("is a URL"));
    assert_eq!(field("https://api.openai.com/v1"), CapField::MaxCompletionTokens);
    assert_eq!(field("https://x.openai.azure.com/openai"), CapField::MaxCompletionTokens);
    assert_eq!(field("http://127.0.0.1:8080/v1"), CapField::MaxTokens);
}
