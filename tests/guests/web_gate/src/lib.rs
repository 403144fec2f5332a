//! A gate that asks a service about each call, with its key, and refuses what the service does not know.

use looplet_guest::http::Request;
use looplet_guest::prelude::*;
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// Where the service is.
    base: String,
}

#[looplet_guest::hook(needs(
    http(["GET https://*/v1/**", "GET http://*:*/v1/**"], "the service"),
    secret(gate, "*", "the service lets in who has a key", optional),
))]
fn pre_tool(_: &RunView, call: &CallView) -> Result<Verdict, Failure> {
    let Settings { base } = host::settings()?;
    let url = match call.tool() {
        // Not what it needs, and so not what it can be granted.
        "list_dir" => format!("{base}/elsewhere"),
        name => format!("{base}/v1/may/{name}"),
    };
    let has_key = host::secret_exists("gate");
    Ok(match Request::get(url).send() {
        Ok(answer) if answer.status() == 200 => Verdict::pass(),
        Ok(answer) => Verdict::deny(format!("the service says {}: {}", answer.status(), answer.text())),
        Err(failure) => Verdict::deny(format!("{} (key {has_key})", failure.message())),
    })
}

looplet_guest::plugin!("web-gate", hooks: [pre_tool], settings: Settings);
