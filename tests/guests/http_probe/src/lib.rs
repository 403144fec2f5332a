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
#[looplet_guest::tool(needs(
    http(["* http://*:*/**", "* https://*:*/**"], "whatever it is told"),
    secret("*", "*", "whatever it is told", optional),
))]
fn send(args: Args) -> Result<Text, Failure> {
    let lines: Vec<String> = args.send.iter().map(|line| one(line, &args)).collect();
    Ok(Text(lines.join("\n")))
}

/// The same, of a tool that needs no network.
#[looplet_guest::tool]
fn sneak(args: Args) -> Result<Text, Failure> {
    send(args)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Names {
    names: Vec<String>,
}

/// Which of these secrets there are; it needs one of them, for one origin.
#[looplet_guest::tool(needs(
    http(["* http://*:*/**"], "to go there"),
    secret("one", "http://127.0.0.1:1", "to be let in", optional),
))]
fn knows(args: Names) -> Result<Text, Failure> {
    let lines: Vec<String> =
        args.names.iter().map(|name| format!("{name}: {}", looplet_guest::host::secret_exists(name))).collect();
    Ok(Text(lines.join("\n")))
}

/// Says this, whatever it is.
#[looplet_guest::tool]
fn say(args: Words) -> Result<Text, Failure> {
    let text = if args.turned { args.text.chars().rev().collect() } else { args.text };
    eprintln!("said {text}");
    Ok(Text(text))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Words {
    text: String,
    /// Begins with its end, so that nobody sees before what will be said.
    #[serde(default)]
    turned: bool,
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
        Ok(answer) => {
            let said = answer.header("x-echo").map(|said| format!(" [{said}]")).unwrap_or_default();
            format!("{} {} bytes {}{said}", answer.status(), answer.body().len(), start(&answer.text()))
        }
        Err(failure) => failure.message().to_owned(),
    }
}

fn start(text: &str) -> String {
    text.chars().take(40).collect()
}

looplet_guest::plugin!("http-probe", tools: [send, sneak, knows, say]);
