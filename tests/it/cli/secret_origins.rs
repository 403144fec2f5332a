//! Secrets and the one origin of each: over redirects, and where rules leave another one.

use super::secrets::{DONE, RUN, VALUES, echo, policy};
use crate::canary::{Canary, Part, answer};
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
