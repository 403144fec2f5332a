//! A key that a program gives to tools: added where it is bound, seen by no tool, in no record.

use looplet_host::hook::ToolAnswer;
use looplet_host::need::Place;
use looplet_host::{Host, Scripted, Secret, Tool};
use looplet_tests::harness::block_on;
use schemars::JsonSchema;
use serde::Deserialize;
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
fn a_hook_that_leaves_requests_and_no_secret_takes_it_away() {
    let canary = Canary::start(echo);
    let secret = Secret::new("search", KEY, canary.url("")).unwrap();
    let host = Host::builder().plugin("builtin:http").secret(secret).ephemeral();
    let host = host.grant(format!("http/fetch:http=GET {}", canary.url("/**"))).grant("http/fetch:secret.search");
    let host = block_on(host.build()).unwrap();
    let requests = Place::Http(format!("GET {}", canary.url("/**")));
    let kept = [(vec![requests.clone(), Place::Secret("search".to_owned())], true), (vec![requests], false)];
    for (places, is_sent) in kept {
        let model = Scripted::calls([("fetch", json!({ "url": canary.url("/a") }))]).then_text("ok");
        let answer = ToolAnswer { narrow: Some(places), ..ToolAnswer::pass() };
        let launch = host.run("look").model(model).allow("http/*").on_pre_tool(move |_, _| answer.clone());
        let step = block_on(launch.start().unwrap().next()).unwrap();
        assert!(step.outcome.is_ok(), "{}", step.pretty());
        let request = canary.seen().pop().unwrap();
        assert_eq!(request.contains(KEY), is_sent, "{request}");
    }
}

#[test]
fn what_a_tool_of_the_program_says_of_it_enters_no_run_nor_that_of_a_sub_agent() {
    #[derive(Deserialize, JsonSchema)]
    struct Nothing {}
    let runs = TempDir::new().unwrap();
    let says = Tool::native("says", "Says it.", |_: Nothing, _| async { Ok(json!({ "key": KEY })) });
    let asks = Tool::native("asks", "Has it said.", |_: Nothing, context| async move {
        let mut child = context.child("say it").tools(["native/says"]).start()?;
        let step = child.next().await.map(|step| step.pretty());
        let outcome = child.finish().await;
        Ok(json!({ "step": step, "said": outcome.text() }))
    });
    let secret = Secret::new("search", KEY, "https://api.example").unwrap();
    let host = block_on(Host::builder().secret(secret).runs(runs.path()).build()).unwrap();
    // The sub-agent's answers come from the same model.
    let model = Scripted::calls([("says", json!({})), ("asks", json!({}))]);
    let model = model.then_calls([("says", json!({}))]).then_text(format!("it is {KEY}")).then_text("ok");
    let launch = host.run("look").model(model).allow("native/*").tool(says).tool(asks);
    let mut run = launch.start().unwrap();
    let mut steps = Vec::new();
    block_on(async {
        while let Some(step) = run.next().await {
            steps.push(step.pretty());
        }
        run.finish().await;
    });
    assert_eq!(steps.len(), 2, "{steps:?}");
    let journals: Vec<String> = std::fs::read_dir(runs.path())
        .unwrap()
        .map(|run| std::fs::read_to_string(run.unwrap().path().join("journal.jsonl")).unwrap())
        .collect();
    assert_eq!(journals.len(), 2);
    assert!(journals.iter().all(|journal| !journal.contains(KEY) && journal.contains("[redacted]")), "{journals:#?}");
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
