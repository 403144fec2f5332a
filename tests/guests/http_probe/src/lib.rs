//! Sends whatever requests it is told to, and says what came of each: a status and a size, or the failure. Says
//! whatever it is told to, in each of the ways in which a tool can be heard.

use std::collections::BTreeMap;

use looplet_guest::http::{Answer, Request};
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
    /// Says all of each answer: every header, and the body to its end.
    #[serde(default)]
    whole: bool,
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
fn say(args: Words) -> Result<Output, Failure> {
    let Words { text, turned, how } = args;
    let text: String = if turned { text.chars().rev().collect() } else { text };
    match how.as_str() {
        "" => {
            eprintln!("said {text}");
            Ok(Output::text(text))
        }
        "long" => Ok(Output::text(format!("{text}\n{}", "and so on\n".repeat(4_000)))),
        "data" => Output::json(&BTreeMap::from([(text.clone(), text)])),
        "warning" => Ok(Output::text("warned").warn(text)),
        "attachment" => {
            let attachment = Attachment::new("text/plain", text.as_bytes()).named(text.as_str());
            Ok(Output::text("attached").attach(attachment))
        }
        "bytes" => {
            // Between two that no text has.
            let bytes = [&[0xff][..], text.as_bytes(), &[0xfe][..]].concat();
            Ok(Output::text("attached").attach(Attachment::new("application/octet-stream", bytes)))
        }
        "failure" => Err(Failure::execution(text.as_str()).hint(text.as_str())),
        "panic" => panic!("{text}"),
        "log" => {
            host::debug(&text);
            host::info(&text);
            host::warn(&text);
            host::error(&text);
            Ok(Output::text("logged"))
        }
        "progress" => {
            host::progress(&text, 1, Some(2));
            Ok(Output::text("reported"))
        }
        "state" => {
            // Under a key of its own, or the next text would take its place.
            host::state::set(&format!("{} {text}", text.len()), &text)?;
            Ok(Output::text("kept"))
        }
        _ => Err(Failure::validation("no such way to say it")),
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Words {
    text: String,
    /// Begins with its end, so that nobody sees before what will be said.
    #[serde(default)]
    turned: bool,
    /// In which way; without it as the result, and on standard error.
    #[serde(default)]
    how: String,
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
        Ok(answer) if args.whole => whole(&answer),
        Ok(answer) => {
            let said = answer.header("x-echo").map(|said| format!(" [{said}]")).unwrap_or_default();
            format!("{} {} bytes {}{said}", answer.status(), answer.body().len(), start(&answer.text()))
        }
        Err(failure) => failure.message().to_owned(),
    }
}

/// The status, a line for each header, and behind an empty line the body.
fn whole(answer: &Answer) -> String {
    let headers = answer.headers().iter().map(|(name, value)| format!("{name}: {value}\n"));
    let headers: Vec<String> = headers.collect();
    format!("{}\n{}\n{}", answer.status(), headers.concat(), answer.text())
}

fn start(text: &str) -> String {
    text.chars().take(40).collect()
}

looplet_guest::plugin!("http-probe", tools: [send, sneak, knows, say]);
