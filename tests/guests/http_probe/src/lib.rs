//! Sends whatever requests it is told to, and says what came of each: a status and a size, or the failure.

use looplet_guest::http::Request;
use looplet_guest::prelude::*;
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Args {
    /// `METHOD URL`, one request each.
    send: Vec<String>,
    /// Headers of each.
    #[serde(default)]
    headers: Vec<(String, String)>,
    /// So many bytes as the body of each.
    body_bytes: Option<usize>,
}

/// Sends them one after the other; a line for each.
#[looplet_guest::tool(needs(http(["* http://*:*/**", "* https://*:*/**"], "whatever it is told")))]
fn send(args: Args) -> Result<Text, Failure> {
    let lines: Vec<String> = args.send.iter().map(|line| one(line, &args)).collect();
    Ok(Text(lines.join("\n")))
}

/// The same, of a tool that needs no network.
#[looplet_guest::tool]
fn sneak(args: Args) -> Result<Text, Failure> {
    send(args)
}

fn one(line: &str, args: &Args) -> String {
    let (method, url) = line.split_once(' ').unwrap_or(("GET", line));
    let mut request = Request::new(method, url);
    for (name, value) in &args.headers {
        request = request.header(name, value);
    }
    if let Some(bytes) = args.body_bytes {
        request = request.body(vec![b'x'; bytes]);
    }
    match request.send() {
        Ok(answer) => format!("{} {} bytes {}", answer.status(), answer.body().len(), start(&answer.text())),
        Err(failure) => failure.message().to_owned(),
    }
}

fn start(text: &str) -> String {
    text.chars().take(40).collect()
}

looplet_guest::plugin!("http-probe", tools: [send, sneak]);
