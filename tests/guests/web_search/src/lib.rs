//! A plugin as a third party hands it out: one tool that asks a service, which lets in who has its key.

use looplet_guest::http::Request;
use looplet_guest::prelude::*;
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// Where the service is.
    #[serde(default = "service")]
    base: String,
}

fn service() -> String {
    "https://api.search.example".to_owned()
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Args {
    /// One word to look for.
    #[schemars(regex(pattern = "^[a-z]+$"))]
    word: String,
}

/// Searches the web for a word.
#[looplet_guest::tool(needs(
    http(["GET https://*/v1/**", "GET http://*:*/v1/**"], "the service"),
    secret(search, "*", "the service lets in who has a key"),
))]
fn search(args: Args) -> Result<Text, Failure> {
    let settings: Settings = looplet_guest::host::settings()?;
    let answer = Request::get(format!("{}/v1/search?q={}", settings.base, args.word)).send()?;
    match answer.status() {
        200 => Ok(Text(answer.text())),
        status => Err(Failure::execution(format!("the service answers {status}: {}", answer.text()))),
    }
}

looplet_guest::plugin!("web-search", tools: [search], settings: Settings);
