//! What a guest prints: the first part is kept, the last lines too, the rest is counted.
//!
//! A stream of our own, since a guest that prints too much must neither be stopped nor be heard.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

use super::limits::Limits;

/// How many of the last bytes are kept beside the first ones.
const TAIL_BYTES: usize = 8 << 10;

/// One captured stream. Clones write to the same capture.
#[derive(Clone, Debug, Default)]
pub(super) struct Capture(Arc<Mutex<Captured>>);

#[derive(Debug, Default)]
struct Captured {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    total: u64,
}

impl Capture {
    fn push(&self, bytes: &[u8]) {
        let mut captured = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        captured.total += bytes.len() as u64;
        let room = Limits::PRINTED_BYTES.saturating_sub(captured.head.len());
        let (first, rest) = bytes.split_at(room.min(bytes.len()));
        captured.head.extend_from_slice(first);
        let last = &rest[rest.len().saturating_sub(TAIL_BYTES)..];
        captured.tail.extend(last);
        let surplus = captured.tail.len().saturating_sub(TAIL_BYTES);
        captured.tail.drain(..surplus);
    }

    /// How many bytes were printed, kept or not.
    pub(super) fn total(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).total
    }

    /// The last lines that were printed, without control codes.
    pub(super) fn last_lines(&self, count: usize) -> Vec<String> {
        let captured = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut bytes = captured.head.clone();
        bytes.extend(&captured.tail);
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<_> = text.lines().collect();
        lines[lines.len().saturating_sub(count)..].iter().map(|line| inert(line)).collect()
    }
}

/// A line whose control codes cannot act on a terminal or a model.
fn inert(line: &str) -> String {
    line.chars()
        .map(|character| if character.is_control() && character != '\t' { '\u{fffd}' } else { character })
        .collect()
}

impl IsTerminal for Capture {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Capture {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[async_trait::async_trait]
impl Pollable for Capture {
    async fn ready(&mut self) {}
}

impl OutputStream for Capture {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.push(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(Limits::PRINTED_BYTES)
    }
}

impl AsyncWrite for Capture {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.push(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_kept_behind_a_flood() {
        let capture = Capture::default();
        for number in 0..100_000 {
            capture.push(format!("line {number}\n").as_bytes());
        }
        capture.push(b"panicked\x1b[2J at src/lib.rs:9\n");
        assert_eq!(capture.last_lines(2), ["line 99999", "panicked\u{fffd}[2J at src/lib.rs:9"]);
        assert_eq!(capture.total(), 1_088_890 + 29);
    }
}
