//! Too much to read: on the standard streams, in the log, to the person, in the result.

use std::io::Write as _;

use looplet_guest::{Attachment, Output, host};

/// Prints MiB to both standard streams, framed like messages of a protocol.
pub(crate) fn print(mebibytes: usize) -> Output {
    let line = b"Content-Length: 2\r\n\r\n{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n";
    let block = line.repeat((1 << 20) / line.len());
    for _ in 0..mebibytes {
        let _ = std::io::stdout().write_all(&block);
        let _ = std::io::stderr().write_all(&block);
    }
    Output::text("printed")
}

/// Writes lines to standard error and panics.
pub(crate) fn complain(lines: usize, text: &str) -> Output {
    for line in 0..lines {
        eprintln!("{text} {line}");
    }
    panic!("{text}")
}

/// Writes to standard error what is no text.
pub(crate) fn complain_in_bytes() -> Output {
    let _ = std::io::stderr().write_all(b"bad \xff\xfe\x1b[2J\x1b]0;title\x07 \xe2\x80\xae end\n");
    Output::text("complained")
}

pub(crate) fn log(lines: usize, size: usize) -> Output {
    let line = format!("\u{1b}[2J{}", "x".repeat(size));
    for _ in 0..lines {
        host::warn(&line);
    }
    Output::text("logged")
}

pub(crate) fn progress(times: usize, size: usize) -> Output {
    let stage = "\u{1b}".repeat(size);
    for time in 0..times {
        host::progress(&stage, u32::try_from(time).unwrap_or(u32::MAX), None);
    }
    Output::text("reported")
}

/// Asks the person over and over, and counts the answers.
pub(crate) fn ask(times: usize) -> Output {
    let yes = (0..times).filter(|_| host::approve("may I?", "please")).count();
    Output::text(format!("{yes} times yes"))
}

/// Data as deep as it is told.
pub(crate) fn deep_json(depth: usize) -> Output {
    Output::json(&Deep(depth)).unwrap_or_else(|failure| Output::text(failure.to_string()))
}

struct Deep(usize);

impl serde::Serialize for Deep {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.checked_sub(1) {
            Some(below) => serializer.collect_seq([Self(below)]),
            None => serializer.serialize_unit(),
        }
    }
}

pub(crate) fn attachments(count: usize, size: usize, name: &str) -> Output {
    (0..count).fold(Output::text("attached"), |output, _| {
        output.attach(Attachment::new("text/plain", vec![b'x'; size]).named(name))
    })
}

pub(crate) fn warnings(count: usize, text: &str) -> Output {
    (0..count).fold(Output::text("warned"), |output, _| output.warn(text))
}
