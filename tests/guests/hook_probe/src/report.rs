//! What the probe finds out: how often it was called, what has happened, what it can reach.

use looplet_guest::hook::Json;
use looplet_guest::host::{self, history, state};
use looplet_guest::{At, Failure};

pub(crate) const POINTS: [&str; 12] = [
    "run-start",
    "should-compact",
    "pre-prompt",
    "pre-model",
    "post-model",
    "pre-tool",
    "post-tool",
    "post-step",
    "check-done",
    "should-stop",
    "run-end",
    "observe",
];

/// Counts one call of a point, this one included.
pub(crate) fn count(point: &str) -> Result<u32, Failure> {
    let count = state::load::<u32>(point)?.unwrap_or_default() + 1;
    state::save(point, &count)?;
    Ok(count)
}

/// The answer to an action that asks for something.
pub(crate) fn on(action: &str, text: &str) -> Option<String> {
    match action {
        "count" => Some(counts()),
        "history" => Some(happened()),
        "read-secret" => Some(reach(text)),
        "read-file" => Some(read_file(text)),
        "approve" => Some(format!("approved {}", host::approve("the probe asks", text))),
        _ => None,
    }
}

fn counts() -> String {
    let counts = POINTS.iter().filter_map(|point| Some(format!("{point} {}", state::get(point)?)));
    counts.collect::<Vec<_>>().join(", ")
}

fn happened() -> String {
    let steps: Vec<_> = history::steps(1, 100).iter().map(|step| format!("{} {}", step.number, step.name())).collect();
    let messages = history::messages(0, 100);
    format!("steps [{}], messages of {} bytes", steps.join(", "), length(&messages))
}

fn length(messages: &Json) -> usize {
    messages.as_str().len()
}

/// What is there that nobody gave.
fn reach(secret: &str) -> String {
    let variables = std::env::vars().count();
    let files = std::fs::read_dir("/").map_or(0, Iterator::count);
    let network = std::net::TcpStream::connect("127.0.0.1:80").is_ok();
    let exists = host::secret_exists(secret);
    format!("secret {exists}, {variables} variables, {files} files, network {network}")
}

fn read_file(path: &str) -> String {
    std::fs::read_to_string(path).at(path).unwrap_or_else(|failure| failure.to_string())
}
