//! A key that a program gives to tools: added where it is bound, seen by no tool, in no record.

use looplet_host::{Host, Scripted, Secret};
use looplet_tests::harness::block_on;
use serde_json::json;
use tempfile::TempDir;

use crate::canary::{Canary, Part, answer};

const KEY: &str = "program-key-0815";

fn echo(_: &str) -> Vec<Part> {
    answer("200 OK", "content-type: text/plain\r\n", format!("you are {KEY}"))
}

fn why(secret: looplet_host::Result<Secret>) -> String {
    secret.unwrap_err().message().to_owned()
}

#[test]
fn a_secret_of_the_program_goes_with_requests_that_are_granted_it_and_into_no_record() {
    let canary = Canary::start(echo);
    let runs = TempDir::new().unwrap();
    let secret = Secret::new("search", KEY, canary.url("")).unwrap().header("x-api-key", "key {}").unwrap();
    let host = |grant: &str| {
        let host = Host::builder().plugin("builtin:http").secret(secret.clone()).runs(runs.path());
        let host = host.grant(format!("http/fetch:http=GET {}", canary.url("/**")));
        block_on(if grant.is_empty() { host } else { host.grant(grant) }.build()).unwrap()
    };
    for (grant, is_sent) in [("", false), ("http/fetch:secret.search", true)] {
        let model = Scripted::calls([("fetch", json!({ "url": canary.url("/a") }))]).then_text("ok");
        let mut run = host(grant).run("look").model(model).allow("http/*").start().unwrap();
        let id = run.id();
        let step = block_on(run.next()).unwrap();
        assert!(step.outcome.is_ok(), "{}", step.pretty());
        block_on(run.finish());
        let request = canary.seen().pop().unwrap();
        assert_eq!(request.contains(&format!("x-api-key: key {KEY}\r\n")), is_sent, "{request}");
        let journal = std::fs::read_to_string(runs.path().join(id.to_string()).join("journal.jsonl")).unwrap();
        assert!(!journal.contains(KEY) && journal.contains("you are "), "{journal}");
    }
}

#[test]
fn a_secret_that_could_not_be_kept_is_refused_where_it_is_made() {
    let to = "https://api.example";
    assert_eq!(why(Secret::new("a b", KEY, to)), "`a b` is no name");
    assert_eq!(
        why(Secret::new("key", "short", to)),
        "the secret `key` cannot be used: it has 5 bytes, and a secret has 8 to 4096"
    );
    assert_eq!(
        why(Secret::new("key", KEY, "http://api.example")),
        "the secret `key` would go to `http://api.example` for everybody to read"
    );
    assert_eq!(
        why(Secret::new("key", KEY, "api.example")),
        "`api.example` is no origin: it is no URL: relative URL without a base"
    );
    let fine = || Secret::new("key", KEY, to).unwrap();
    assert_eq!(why(fine().header("host", "{}")), "the secret `key` cannot go in `host`");
    assert_eq!(why(fine().header("x-key", "key")), "the secret `key` has no place in `key`");
}
