//! The tool: one request, or the hops of a redirect, each of them a request of its own.

use std::collections::BTreeMap;

use looplet_guest::http::{Answer, Request};
use looplet_guest::prelude::*;
use looplet_guest::{FailureKind, Value};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::body::{self, Body};
use crate::place;

/// How many redirects are followed.
const HOPS: usize = 5;
/// How much text is shown unless more is asked for, and at most, in bytes.
const SHOWN: usize = 32 * 1024;
const MOST: usize = 200 * 1024;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    /// The address, absolute: `https://example.com/page`.
    url: String,
    /// `GET` unless another is named; which are allowed is up to the operator.
    #[serde(default = "get")]
    #[schemars(regex(pattern = "^[A-Z]{1,20}$"))]
    method: String,
    /// Headers to send, such as `accept`. `authorization`, `cookie` and `host` cannot be set.
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// The body to send, with a `content-type` among the headers.
    body: Option<String>,
    /// Follow redirects, at most five. Without it a redirect is answered with where it leads.
    #[serde(default)]
    follow: bool,
    /// Show the body as it is, not HTML as readable text.
    #[serde(default)]
    raw: bool,
    /// Skip so many bytes of the text, to read on where `truncated` ended.
    #[serde(default)]
    skip: usize,
    /// Show at most so many bytes of it, up to 204800.
    #[schemars(range(min = 1, max = 204_800))]
    max_bytes: Option<usize>,
}

fn get() -> String {
    "GET".to_owned()
}

/// What came back.
#[derive(Debug, Default, PartialEq, Serialize)]
pub(crate) struct Fetched {
    status: u16,
    /// Where it came from, if redirects were followed.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_type: Option<String>,
    /// Where a redirect leads that was not followed.
    #[serde(skip_serializing_if = "Option::is_none")]
    redirect: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    json: Option<Value>,
    /// The text goes on: its whole size in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    truncated: Option<usize>,
    /// Neither text nor JSON: its size in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    binary_bytes: Option<usize>,
}

/// Fetch a page or data from the web. HTML comes as readable text with its links, JSON as data; an error status is
/// an answer like any other. What is not granted is refused, for redirects too.
#[looplet_guest::tool(
    open_world, concurrent_safe,
    needs(
        http(["* https://*:*/**", "* http://*:*/**"], "the address you name"),
        secret("*", "*", "to be let in where you bind a secret", optional),
    ),
    show(url = "/url", text = "/body"),
)]
pub(crate) fn fetch(args: Args) -> Result<Fetched, Failure> {
    let (answer, url) = ask(&args)?;
    let redirect = leads_to(&answer, &url);
    let moved = (url != args.url).then_some(url);
    let mut fetched = Fetched {
        status: answer.status(),
        url: moved,
        content_type: answer.header("content-type").map(str::to_owned),
        redirect,
        ..Fetched::default()
    };
    let most = args.max_bytes.unwrap_or(SHOWN).min(MOST);
    match body::read(&answer, args.raw) {
        Body::Empty => {}
        Body::Other(bytes) => fetched.binary_bytes = Some(bytes),
        Body::Json(value) => {
            // Data that is cut is none: then it is shown as text.
            let text = value.to_string();
            if text.len() <= most && args.skip == 0 {
                fetched.json = Some(value);
            } else {
                show(&mut fetched, &text, args.skip, most);
            }
        }
        Body::Text(text) => show(&mut fetched, &text, args.skip, most),
    }
    Ok(fetched)
}

/// The part of a text that was asked for, whole characters.
fn show(fetched: &mut Fetched, text: &str, skip: usize, most: usize) {
    let start = text.floor_char_boundary(skip.min(text.len()));
    let end = text.floor_char_boundary(start.saturating_add(most).min(text.len()));
    fetched.text = Some(text[start..end].to_owned());
    fetched.truncated = (end < text.len()).then_some(text.len());
}

/// The answer, and where it came from.
fn ask(args: &Args) -> Result<(Answer, String), Failure> {
    let (mut method, mut url, mut body) = (args.method.clone(), args.url.clone(), args.body.clone());
    let mut headers = args.headers.clone();
    for _ in 0..=HOPS {
        let mut request = Request::new(&method, &url);
        for (name, value) in &headers {
            request = request.header(name, value);
        }
        if let Some(body) = &body {
            request = request.body(body.as_bytes());
        }
        let answer = request.send()?;
        let Some(next) = leads_to(&answer, &url).filter(|_| args.follow) else { return Ok((answer, url)) };
        if place::origin(&next) != place::origin(&url) {
            // What was said to one server is not said to another.
            headers.retain(|name, _| name.eq_ignore_ascii_case("accept"));
            body = None;
        }
        if answer.status() == 303 || (matches!(answer.status(), 301 | 302) && method == "POST") {
            (method, body) = (get(), None);
        }
        url = next;
    }
    Err(Failure::new(FailureKind::Network, format!("`{}` leads from one redirect to the next", args.url))
        .final_answer())
}

/// Where a redirect leads.
fn leads_to(answer: &Answer, url: &str) -> Option<String> {
    let is_redirect = matches!(answer.status(), 301 | 302 | 303 | 307 | 308);
    place::resolve(url, answer.header("location").filter(|_| is_redirect)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use looplet_guest::http::testing;

    fn args(value: &str) -> Args {
        serde_json::from_str(value).expect("are arguments")
    }

    fn answer(status: u16, headers: &[(&str, &str)], body: &str) {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        testing::answer(Ok(Answer::new(status, headers, body)));
    }

    const TEXT: [(&str, &str); 1] = [("content-type", "text/plain")];

    #[test]
    fn a_page_is_answered_with_its_status_and_text() {
        answer(404, &TEXT, "nothing here");
        let fetched = fetch(args(r#"{"url":"https://a.example/"}"#)).expect("is an answer");
        assert_eq!((fetched.status, fetched.text.as_deref()), (404, Some("nothing here")));
        assert_eq!(testing::sent(), [Request::get("https://a.example/")]);
    }

    #[test]
    fn a_long_text_is_cut_and_read_on() {
        for (skip, shown, truncated) in [(0, "aä", Some(5)), (3, "bc", None), (9, "", None)] {
            answer(200, &TEXT, "aäbc");
            let args = args(&format!(r#"{{"url":"https://a.example/","skip":{skip},"max_bytes":3}}"#));
            let fetched = fetch(args).expect("is an answer");
            assert_eq!((fetched.text.as_deref(), fetched.truncated), (Some(shown), truncated));
        }
    }

    #[test]
    fn data_that_does_not_fit_is_shown_as_text() {
        answer(200, &[("content-type", "application/json")], r#"{"a": [1, 2, 3]}"#);
        let fetched = fetch(args(r#"{"url":"https://a.example/","max_bytes":4}"#)).expect("is an answer");
        assert_eq!((fetched.json, fetched.text.as_deref(), fetched.truncated), (None, Some("{\"a\""), Some(13)));
    }

    #[test]
    fn a_redirect_is_told_and_followed_only_when_asked() {
        answer(302, &[("location", "/b")], "");
        let fetched = fetch(args(r#"{"url":"https://a.example/a"}"#)).expect("is an answer");
        assert_eq!(fetched.redirect.as_deref(), Some("https://a.example/b"));
        testing::sent();

        answer(307, &[("location", "https://b.example/b")], "");
        answer(302, &[("location", "c")], "");
        answer(200, &TEXT, "there");
        let followed = r#"{"url":"https://a.example/a","follow":true,"method":"POST","body":"x","headers":{"accept":"*/*","x-key":"k"}}"#;
        let fetched = fetch(args(followed)).expect("is an answer");
        assert_eq!((fetched.url.as_deref(), fetched.text.as_deref()), (Some("https://b.example/c"), Some("there")));
        let first = Request::new("POST", "https://a.example/a").header("accept", "*/*").header("x-key", "k").body("x");
        let second = Request::new("POST", "https://b.example/b").header("accept", "*/*");
        let third = Request::get("https://b.example/c").header("accept", "*/*");
        assert_eq!(testing::sent(), [first, second, third]);
    }

    #[test]
    fn a_loop_of_redirects_ends() {
        (0..=HOPS).for_each(|_| answer(302, &[("location", "/a")], ""));
        let failure = fetch(args(r#"{"url":"https://a.example/a","follow":true}"#)).expect_err("ends");
        assert_eq!(failure.message(), "`https://a.example/a` leads from one redirect to the next");
        assert_eq!(testing::sent().len(), HOPS + 1);
    }
}
