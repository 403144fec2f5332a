//! Secrets and the one origin of each: over redirects, and where rules leave another one.

use looplet_tests::guests;

use super::secrets::{DONE, RUN, VALUES, echo, policy};
use crate::canary::{Canary, Part, answer};
use crate::server::{Answer, Server};
use crate::world::World;

#[test]
fn a_redirect_to_another_origin_is_followed_without_the_secret() {
    fn leads_away(line: &str) -> Vec<Part> {
        let to = line.split(['=', ' ']).nth(2).unwrap_or_default();
        answer("302 Found", &format!("location: http://127.0.0.1:{to}/there\r\n"), "")
    }
    let (bound, other) = (Canary::start(leads_away), Canary::start(echo));
    let secrets = format!("[secrets.api]\nfrom = {{ env = \"API_KEY\" }}\nto = \"{}\"\n", bound.url(""));
    let grant = "\"http/fetch\" = { http = [\"GET http://127.0.0.1:*/**\"], secrets = [\"api\"] }";
    let url = bound.url(&format!("/away?to={}", other.port()));
    let call = format!(r#"{{"calls":[{{"tool":"fetch","arguments":{{"url":"{url}","follow":true}}}}]}}"#);
    let world = World::with_notes()
        .variable("API_KEY", VALUES[0])
        .file("policy.toml", policy(&secrets, grant))
        .model(&[&call, DONE]);
    let printed = world.run(&RUN);
    assert_eq!(printed.code, Some(0), "{}", printed.transcript());
    assert!(bound.seen()[0].contains(VALUES[0]), "{:?}", bound.seen());
    assert!(other.seen()[0].starts_with("GET /there ") && !other.seen()[0].contains(VALUES[0]), "{:?}", other.seen());
}

#[test]
fn a_rule_that_leaves_another_origin_leaves_no_secret() {
    let (bound, other) = (Canary::start(echo), Canary::start(echo));
    let secrets = format!("[secrets.api]\nfrom = {{ env = \"API_KEY\" }}\nto = \"{}\"\n", bound.url(""));
    let grant = "\"http/fetch\" = { http = [\"GET http://127.0.0.1:*/**\"], secrets = [\"api\"] }";
    let rules = format!(
        "[[rules]]\ntool = \"http\"\ndecision = \"allow\"\nurl = {{ arg = \"url\", pattern = \"GET {}\" }}\n",
        other.url("/**")
    );
    let file = policy(&secrets, grant).replace("[[rules]]\ntool = \"*\"\ndecision = \"allow\"\n", &rules);
    let world = World::with_notes().variable("API_KEY", VALUES[0]).file("policy.toml", file);
    let explained = |canary: &Canary| {
        let arguments = format!(r#"{{"url":"{}"}}"#, canary.url("/a"));
        world.run(&["explain", "http/fetch", "--args", &arguments, "--policy", "policy.toml"]).transcript()
    };
    assert!(!explained(&other).contains("secret api"), "{}", explained(&other));
    assert!(explained(&bound).contains("granted   secret api"), "{}", explained(&bound));
}

/// As its result and on its standard error, as it is and in other spellings.
#[test]
fn a_tool_that_says_a_secret_tells_it_nobody() {
    let said = [VALUES[0], "ZW52K3NlY3JldC85MQ==", "656e762b7365637265742f3931", "env%2Bsecret%2F91"];
    for text in said {
        let turned: String = text.chars().rev().collect();
        let arguments = format!(r#"{{"text":"{turned}","turned":true}}"#);
        let server = Server::start(&[Answer::Call("say", Box::leak(arguments.into_boxed_str())), Answer::Text("over")]);
        let grant = "probe = { http = [\"GET https://a.example/**\"], secrets = [\"api\"] }";
        let policy = policy("[secrets.api]\nfrom = { env = \"API_KEY\" }\nto = \"https://a.example\"\n", grant);
        let world = World::with_notes()
            .variable("API_KEY", VALUES[0])
            .file("plugins/probe.wasm", std::fs::read(guests::HTTP_PROBE).unwrap())
            .file("policy.toml", policy)
            .ollama(server.address());
        let run = ["run", "--model", "ollama:tiny:1b", "--policy", "policy.toml", "--plugins", "plugins", "say it"];
        let printed = world.run(&run);
        let journal = std::fs::read_to_string(&world.journals()[0]).unwrap();
        let whole = [printed.transcript(), journal, server.seen().concat()].concat();
        assert!(!whole.contains(text), "{text}: {whole}");
        assert!(printed.stderr.contains("#1 ✓ say") && printed.stderr.contains("`api`"), "{}", printed.transcript());
    }
}

/// All requests are granted to the whole plugin, and this tool of it needs none.
#[test]
fn what_a_tool_does_not_need_it_does_not_have() {
    let canary = Canary::start(echo);
    let call = format!(r#"{{"calls":[{{"tool":"sneak","arguments":{{"send":["GET {}"]}}}}]}}"#, canary.url("/env"));
    let world = World::with_notes()
        .file("plugins/probe.wasm", std::fs::read(guests::HTTP_PROBE).unwrap())
        .file("policy.toml", policy("", "probe = { http = [\"* http://127.0.0.1:*/**\"] }"))
        .model(&[&call, DONE]);
    let printed = world.run(&[&RUN[..5], &["--plugins", "plugins", "go"]].concat());
    assert!(printed.stderr.contains("#1 ✓ sneak") && printed.stderr.contains("not granted"), "{}", printed.stderr);
    assert!(canary.seen().is_empty());
}
