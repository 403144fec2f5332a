//! The only printers: answers to stdout, everything else to stderr.
//!
//! A reader that has gone away is no error: what is left is not printed.

use std::io::{IsTerminal as _, Write as _};
use std::sync::{Mutex, PoisonError};

use looplet_host::error::Error;
use looplet_host::record::inert;
use looplet_host::record::show::why_refused;
use looplet_host::refusal::Refusal;
use serde::Serialize;
use serde_json::json;

/// Back to the first column, and nothing in the line.
const CLEAR: &str = "\r\x1b[2K";

/// The line that is written over.
static LIVE: Mutex<Live> = Mutex::new(Live { shown: None, over: false });

struct Live {
    shown: Option<String>,
    /// Something was said while it stood there: it does not come back behind that.
    over: bool,
}

/// Shows a line of the terminal in place of the one before. What is said next takes its place for good.
pub(crate) fn live(text: &str) {
    let mut live = LIVE.lock().unwrap_or_else(PoisonError::into_inner);
    if live.over || live.shown.as_deref() == Some(text) {
        return;
    }
    let mut stderr = std::io::stderr().lock();
    let _ = write!(stderr, "{CLEAR}{text}").and_then(|()| stderr.flush());
    live.shown = Some(text.to_owned());
}

/// Clears the line that is written over.
pub(crate) fn end_live() {
    let mut live = LIVE.lock().unwrap_or_else(PoisonError::into_inner);
    if live.shown.take().is_some() {
        let _ = write!(std::io::stderr().lock(), "{CLEAR}");
    }
}

fn speak_over_live() {
    let mut live = LIVE.lock().unwrap_or_else(PoisonError::into_inner);
    if live.shown.take().is_some() {
        live.over = true;
        let _ = write!(std::io::stderr().lock(), "{CLEAR}");
    }
}

/// Columns of the terminal behind standard error.
#[cfg(unix)]
pub(crate) fn columns() -> usize {
    let size = rustix::termios::tcgetwinsize(std::io::stderr()).map_or(0, |size| size.ws_col);
    if size == 0 { 80 } else { size.into() }
}

#[cfg(not(unix))]
pub(crate) fn columns() -> usize {
    80
}

/// A line of the answer.
pub(crate) fn answer(text: &str) {
    speak_over_live();
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
    speak_over_live();
    // In one piece: what somebody types meanwhile does not come between a line and its end.
    let _ = std::io::stderr().write_all(format!("{text}\n").as_bytes());
}

/// What went wrong, for the operator; as JSON it is the last document too.
pub(crate) fn error(error: &Error, as_json: bool) {
    if as_json {
        json(&json!({ "error": {
            "message": error.message(),
            "hint": error.hint_text(),
            "place": error.place(),
            "exit": error.exit().code(),
        } }));
    }
    note(&error.report());
}

/// What the sandbox refused inside a call, in one line.
pub(crate) fn refused(refusal: &Refusal) -> String {
    let (operation, target) = (inert(&refusal.operation), inert(&refusal.target));
    format!("refused inside: {operation} {target}: {}", why_refused(refusal))
}

/// Text of a model or a plugin that may hold control codes; line ends stay.
pub(crate) fn foreign(text: &str) {
    for line in text.lines() {
        answer(&inert(line));
    }
}
