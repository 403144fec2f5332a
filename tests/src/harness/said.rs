//! Reports of calls in words, so that a test compares all of one at once.

use std::fmt::Write as _;

use looplet_host::message::{Content, Failure, Outcome, ToolOutput};
use looplet_host::plugin::GuestReport;
use looplet_host::record::inert;
use looplet_host::refusal::Refusal;

/// Lines that are longer are not shown whole.
const SHOWN: usize = 200;

/// How a call ended, in a line or a few.
pub fn said(report: &GuestReport) -> String {
    match &report.outcome {
        Outcome::Ok(output) => output_said(output),
        Outcome::Failed(failure) => format!("failed: {}", failure_said(failure)),
        Outcome::Denied(reason) => format!("denied: {reason}"),
        Outcome::Aborted(failure) => format!("aborted: {}", failure_said(failure)),
    }
}

/// How a call ended, and what the operator learns beside it.
pub fn report(report: &GuestReport) -> String {
    let mut text = said(report);
    for refusal in &report.refusals {
        let _ = write!(text, "\nrefused {}", refusal_said(refusal));
    }
    for line in &report.stderr {
        // Where a guest panics changes with every line that is added to it.
        let line = line.split(" panicked at ").next().unwrap_or_default();
        let _ = write!(text, "\nstderr {}", short(line));
    }
    for line in &report.log {
        let _ = write!(text, "\nlog {:?} {}", line.level, short(&line.message));
    }
    text
}

fn output_said(output: &ToolOutput) -> String {
    let mut text = match &output.content {
        Content::Text(text) => short(text),
        Content::Json(value) => format!("json {}", short(&value.to_string())),
    };
    for attachment in &output.attachments {
        let name = attachment.name.as_deref().unwrap_or_default();
        let _ = write!(text, "\nattached {} {} bytes {}", attachment.media_type, attachment.bytes.len(), short(name));
    }
    for warning in &output.warnings {
        let _ = write!(text, "\nwarning {}", short(warning));
    }
    text
}

fn failure_said(failure: &Failure) -> String {
    let hint = failure.hint.as_deref().map(|hint| format!("\nhint {}", short(hint))).unwrap_or_default();
    format!("{}: {}{hint}", failure.kind, short(&failure.message))
}

fn refusal_said(refusal: &Refusal) -> String {
    let by = refusal.origin.as_ref().map(|origin| format!(" ({origin})")).unwrap_or_default();
    let times = if refusal.count > 1 { format!(" × {}", refusal.count) } else { String::new() };
    format!("{} {}: {}{by}{times}", refusal.operation, refusal.target, refusal.reason.as_str())
}

/// Each line, a long one by its ends and its length.
fn short(text: &str) -> String {
    text.split('\n').map(short_line).collect::<Vec<_>>().join("\n")
}

fn short_line(line: &str) -> String {
    let line = inert(line);
    if line.len() <= SHOWN {
        return line;
    }
    let first = &line[..line.floor_char_boundary(24)];
    let last = &line[line.ceil_char_boundary(line.len() - 24)..];
    format!("{first}…{last} ({} bytes)", line.len())
}
