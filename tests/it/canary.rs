//! A server on loopback that keeps the raw bytes of every request and answers as it is told, byte for byte.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What is answered, by the request line: bytes, and whether to wait before each part.
pub(crate) type Answers = fn(&str) -> Vec<Part>;

/// A part of an answer.
pub(crate) enum Part {
    Bytes(Vec<u8>),
    /// Waits so many milliseconds.
    Wait(u64),
}

/// A server that stops with the process.
pub(crate) struct Canary {
    port: u16,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Canary {
    /// Listens on a free port of this address.
    pub(crate) fn at(address: &str, answers: Answers) -> Self {
        let listener = TcpListener::bind((address, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::<Mutex<Vec<String>>>::default();
        let kept = Arc::clone(&seen);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let kept = Arc::clone(&kept);
                std::thread::spawn(move || while serve(&stream, answers, &kept).unwrap_or(false) {});
            }
        });
        Self { port, seen }
    }

    pub(crate) fn start(answers: Answers) -> Self {
        Self::at("127.0.0.1", answers)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// `http://127.0.0.1:PORT` and a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// The requests so far, each with its headers and its body.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

/// A whole answer with a body.
pub(crate) fn answer(status: &str, headers: &str, body: impl AsRef<[u8]>) -> Vec<Part> {
    let body = body.as_ref();
    let mut bytes = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n{headers}\r\n", body.len()).into_bytes();
    bytes.extend(body);
    vec![Part::Bytes(bytes)]
}

/// Serves one request; whether the connection goes on.
fn serve(mut stream: &TcpStream, answers: Answers, seen: &Mutex<Vec<String>>) -> std::io::Result<bool> {
    let mut reader = BufReader::new(stream);
    let (mut text, mut length, mut chunked) = (String::new(), 0, false);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(false);
        }
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        chunked |= lower.starts_with("transfer-encoding: chunked");
        text += &line;
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    while chunked {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let size = usize::from_str_radix(line.trim(), 16).unwrap_or(0);
        let mut chunk = vec![0; size + 2];
        reader.read_exact(&mut chunk)?;
        body.extend(&chunk[..size]);
        chunked = size > 0;
    }
    text += &String::from_utf8_lossy(&body);
    let first = text.lines().next().unwrap_or_default().to_owned();
    seen.lock().unwrap().push(text);
    for part in answers(&first) {
        match part {
            Part::Bytes(bytes) => stream.write_all(&bytes)?,
            Part::Wait(ms) => std::thread::sleep(std::time::Duration::from_millis(ms)),
        }
    }
    Ok(true)
}
