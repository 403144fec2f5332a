//! A model server on loopback: Chat Completions and Ollama's own API, with answers from a list.
//!
//! Written against the public descriptions of both, not against the host's clients, which have a server
//! of their own in their tests.

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

/// One answer; the last of a list repeats.
#[derive(Clone)]
pub(crate) enum Answer {
    /// A text that ends the run.
    Text(&'static str),
    /// One tool call, arguments as text.
    Call(&'static str, &'static str),
    /// A status and a body.
    Raw(u16, &'static str),
    /// A body that is announced longer than it is.
    Half(&'static str),
}

/// A server that stops with the process.
pub(crate) struct Server {
    address: String,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Listens on a free port.
    pub(crate) fn start(answers: &[Answer]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let seen = Arc::default();
        let (answers, kept) = (answers.to_vec(), Arc::clone(&seen));
        std::thread::spawn(move || {
            let mut given = 0;
            for stream in listener.incoming().flatten() {
                // One after the other: a run asks one question at a time.
                let _ = serve(stream, &answers, &mut given, &kept);
            }
        });
        Self { address, seen }
    }

    /// `HOST:PORT`.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// The bodies of all questions to the model, in order.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

fn serve(
    mut stream: TcpStream,
    answers: &[Answer],
    given: &mut usize,
    seen: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let (head, body) = request(&stream)?;
    let path = head.split(' ').nth(1).unwrap_or_default();
    let (status, body, missing) = match path {
        "/api/tags" => (200, json!({ "models": [{ "name": "tiny:1b" }, { "name": "mute:1b" }] }).to_string(), 0),
        "/api/show" => (200, shown(&body), 0),
        _ => {
            let answer = &answers[(*given).min(answers.len() - 1)];
            *given += 1;
            looplet_tests::requests::note_received(&body);
            seen.lock().unwrap().push(body);
            match answer {
                Answer::Raw(status, body) => (*status, (*body).to_owned(), 0),
                Answer::Half(body) => (200, (*body).to_owned(), 100),
                said if path.ends_with("/chat/completions") => (200, chat_completion(said, *given), 0),
                said => (200, ollama(said), 0),
            }
        }
    };
    let length = body.len() + missing;
    let kind = if body.starts_with('{') { "application/json" } else { "text/html" };
    write!(
        stream,
        "HTTP/1.1 {status} x\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
}

/// Head and body of a request.
pub(crate) fn request(stream: impl Read) -> std::io::Result<(String, String)> {
    let mut reader = BufReader::new(stream);
    let (mut head, mut body) = (String::new(), String::new());
    while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head)? > 0 {}
    let length = head.lines().filter_map(|line| line.split_once(':')).find_map(|(name, value)| {
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().unwrap_or(0))
    });
    reader.take(length.unwrap_or(0)).read_to_string(&mut body)?;
    Ok((head, body))
}

fn shown(body: &str) -> String {
    let asked: Value = serde_json::from_str(body).unwrap_or_default();
    let capabilities = if asked["model"] == "tiny:1b" { json!(["completion", "tools"]) } else { json!(["completion"]) };
    json!({
        "capabilities": capabilities,
        "model_info": { "general.architecture": "tiny", "tiny.context_length": 8192 },
    })
    .to_string()
}

pub(crate) fn chat_completion(answer: &Answer, number: usize) -> String {
    let (message, finish) = match answer {
        Answer::Call(tool, arguments) => {
            let call = json!({
                "id": format!("call_{number}"),
                "type": "function",
                "function": { "name": tool, "arguments": arguments },
            });
            (json!({ "role": "assistant", "content": null, "tool_calls": [call] }), "tool_calls")
        }
        Answer::Text(text) => (json!({ "role": "assistant", "content": text }), "stop"),
        Answer::Raw(..) | Answer::Half(_) => unreachable!("is answered as it is"),
    };
    json!({
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": "mock",
        "choices": [{ "index": 0, "message": message, "finish_reason": finish }],
        "usage": { "prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120 },
    })
    .to_string()
}

fn ollama(answer: &Answer) -> String {
    let message = match answer {
        Answer::Call(tool, arguments) => {
            let arguments: Value = serde_json::from_str(arguments).expect("Ollama sends objects");
            json!({ "role": "assistant", "content": "", "tool_calls": [{ "function": { "name": tool, "arguments": arguments } }] })
        }
        Answer::Text(text) => json!({ "role": "assistant", "content": text }),
        Answer::Raw(..) | Answer::Half(_) => unreachable!("is answered as it is"),
    };
    json!({
        "model": "tiny:1b",
        "message": message,
        "done": true,
        "done_reason": "stop",
        "prompt_eval_count": 100,
        "eval_count": 20,
    })
    .to_string()
}
