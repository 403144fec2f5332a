//! A server that answers as Ollama with one model does: which models there are, and one text to every task.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};

use crate::requests;

/// Answers on a port of this machine until the tests end. The answer to every task is `hello`.
pub fn serve() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its address");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A client that goes away is its own affair.
            let _ = answer(&stream);
        }
    });
    address
}

fn answer(stream: &TcpStream) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let line = line.trim().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    let mut body = String::new();
    reader.take(length).read_to_string(&mut body)?;
    requests::note_received(&body);
    let answer = match first.split(' ').nth(1).unwrap_or_default() {
        "/api/tags" => r#"{"models": [{"name": "tiny:1b"}]}"#,
        "/api/show" => r#"{"capabilities": ["completion", "tools"], "model_info": {"x.context_length": 8192}}"#,
        _ => {
            r#"{"model": "tiny:1b", "message": {"role": "assistant", "content": "hello"}, "done": true, "done_reason": "stop"}"#
        }
    };
    let mut stream = stream;
    write!(stream, "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{answer}\n", answer.len() + 1)
}
