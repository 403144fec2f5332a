//! What is said when it goes wrong.

use super::*;

#[tokio::test]
async fn statuses_become_errors_that_say_what_to_do() {
    let said = |message: &str, code: &str| json!({"error": {"message": message, "code": code}}).to_string();
    assert_eq!(
        error_to(Reply::new(401, said("bad key sk-secret-canary\u{1b}[2J", ""))).await,
        "auth\n`openai` at 127.0.0.1:PORT refused the key (status 401): bad key [key] [2J\n\
         set another key, or check that it is meant for this server"
    );
    assert_eq!(
        error_to(Reply::new(404, said("The model `mock` does not exist", "model_not_found"))).await,
        "not_found\n`openai` at 127.0.0.1:PORT has no model `mock` (status 404): \
         The model `mock` does not exist\n-"
    );
    assert_eq!(
        error_to(Reply::new(404, "404 page not found")).await,
        "not_found\n`openai` at 127.0.0.1:PORT has nothing at `…/chat/completions` (status 404): \
         404 page not found\ncheck the base URL: it usually ends in `/v1`"
    );
    assert_eq!(
        error_to(Reply::new(400, said("This model's maximum context length is 8192 tokens", ""))).await,
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
        error_to(Reply::new(429, said("You exceeded your quota", "insufficient_quota"))).await,
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
        error_to(Reply::ok(r#"{"error":{"message":"upstream is down","code":502}}"#)).await,
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
        format!("{bad} answered with no JSON (status 200, text/event-stream): expected value at line 1 column 1\n-")
    );
    assert_eq!(error_to(Reply::ok("")).await, format!("{bad} answered with nothing (status 200)\n-"));
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
    assert_eq!(error_to(Reply::ok(" ".repeat(5000))).await, format!("{bad} answered with more than 4096 bytes\n-"));
}

#[tokio::test]
async fn a_server_that_is_down_is_named() {
    let model = OpenAi::new(impatient(), nobody().await, None, "mock");
    let error = ask(&model, &setup()).await.expect_err("is an error");
    assert_eq!(error.kind(), ModelErrorKind::Unreachable);
    assert!(error.is_retriable());
    assert_eq!(error.to_string(), format!("cannot reach `openai` at {}: connection refused", model.endpoint));
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
    assert_eq!(error.to_string(), "the request is about 103 tokens, the window of `openai:mock` is 100");
    assert_eq!(server.seen().len(), 0);
}
