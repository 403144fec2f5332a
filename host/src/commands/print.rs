//! The only printers: answers to stdout, everything else to stderr.
//!
//! A reader that has gone away is no error: what is left is not printed.

use std::io::{IsTerminal as _, Write as _};

use looplet_host::record::inert;
use looplet_host::refusal::Refusal;
use serde::Serialize;

/// A line of the answer.
pub(crate) fn answer(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// A value of the answer, as one line of JSON.
pub(crate) fn json(value: &impl Serialize) {
    // All that is printed has a form as JSON.
    if let Ok(line) = serde_json::to_string(value) {
        answer(&line);
    }
}

/// Bytes of the answer, as they are.
pub(crate) fn raw(bytes: &[u8]) {
    let mut stdout = std::io::stdout().lock();
    let _ = stdout.write_all(bytes).and_then(|()| stdout.flush());
}

/// Whether a person reads the answer.
pub(crate) fn is_read_by_person() -> bool {
    std::io::stdout().is_terminal()
}

/// Words for the operator.
pub(crate) fn note(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// What the sandbox refused inside a call, in one line.
pub(crate) fn refused(refusal: &Refusal) -> String {
    let by = refusal.origin.as_ref().map(|origin| format!(" ({origin})")).unwrap_or_default();
    let times = if refusal.count > 1 { format!(" ×{}", refusal.count) } else { String::new() };
    let (operation, target) = (inert(&refusal.operation), inert(&refusal.target));
    format!("refused inside: {operation} {target}: {}{by}{times}", refusal.reason.as_str())
}

/// Text of a model or a plugin that may hold control codes; line ends stay.
pub(crate) fn foreign(text: &str) {
    for line in text.lines() {
        answer(&inert(line));
    }
}
