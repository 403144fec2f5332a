//! What counts as text, and how long lines are shown. Shared by the tools that read.

use looplet_guest::prelude::*;

use crate::place::Place;

/// Files are looked at this far for a NUL.
pub(crate) const BINARY_PROBE: usize = 8 * 1024;

/// Whether the beginning of a file says that it is not text.
pub(crate) fn is_binary(bytes: &[u8]) -> bool {
    memchr::memchr(0, &bytes[..bytes.len().min(BINARY_PROBE)]).is_some()
}

/// The failure for a file that is not text.
pub(crate) fn binary(place: &Place) -> Failure {
    Failure::validation(format!("`{place}` is binary")).hint("this tool is for text files")
}

/// A line for a list of matches: without its end, cut at `most` bytes.
pub(crate) fn short_line(line: &[u8], most: usize) -> String {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.len() <= most {
        return String::from_utf8_lossy(line).into_owned();
    }
    let text = String::from_utf8_lossy(&line[..most]);
    // A character that was cut in two is shown as a replacement: take it away.
    format!("{}…", text.trim_end_matches(char::REPLACEMENT_CHARACTER))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_cut_between_characters() {
        assert_eq!(short_line(b"short\r\n", 10), "short");
        assert_eq!(short_line("ééé".as_bytes(), 3), "é…");
    }

    #[test]
    fn a_nul_near_the_beginning_means_binary() {
        assert!(is_binary(b"a\0b"));
        assert!(!is_binary("text, é".as_bytes()));
    }
}
