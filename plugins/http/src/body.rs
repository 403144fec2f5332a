//! What a model is shown of a body: text as it is, HTML as readable text, JSON as data, and of all else its size.

use looplet_guest::Value;
use looplet_guest::http::Answer;

/// How wide readable text is; long lines are for the model to break.
const WIDTH: usize = 120;

/// A body as a model reads it.
#[derive(Debug, PartialEq)]
pub(crate) enum Body {
    Empty,
    Text(String),
    Json(Value),
    /// Neither: so many bytes.
    Other(usize),
}

/// Reads a body by what the server says it is; `raw` leaves HTML as it is.
pub(crate) fn read(answer: &Answer, raw: bool) -> Body {
    if answer.body().is_empty() {
        return Body::Empty;
    }
    let kind = answer.header("content-type").unwrap_or_default().to_ascii_lowercase();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_owned();
    let is_json = kind == "application/json" || kind.ends_with("+json");
    if is_json
        && !raw
        && let Ok(value) = serde_json::from_slice(answer.body())
    {
        return Body::Json(value);
    }
    if kind == "text/html" && !raw {
        return Body::Text(readable(answer.body()));
    }
    let is_text = kind.starts_with("text/") || is_json || is_text(&kind);
    // A server that does not say, or says too little, is not believed against what is there.
    match std::str::from_utf8(answer.body()) {
        Ok(text) if is_text || !text.contains('\0') => Body::Text(text.to_owned()),
        Err(_) if is_text => Body::Text(answer.text()),
        _ => Body::Other(answer.body().len()),
    }
}

fn is_text(kind: &str) -> bool {
    kind.ends_with("xml") || ["application/javascript", "application/yaml", "application/toml"].contains(&kind)
}

/// HTML as people read it, links as notes at the end. What cannot be laid out is shown as it is.
fn readable(html: &[u8]) -> String {
    html2text::config::plain()
        .string_from_read(html, WIDTH)
        .unwrap_or_else(|_| String::from_utf8_lossy(html).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use looplet_guest::Value;

    fn read_as(kind: &str, body: &[u8], raw: bool) -> Body {
        let headers = if kind.is_empty() { Vec::new() } else { vec![("Content-Type".to_owned(), kind.to_owned())] };
        read(&Answer::new(200, headers, body), raw)
    }

    #[test]
    fn a_body_is_shown_by_what_it_is() {
        let json = Value::from(vec![1]);
        assert_eq!(read_as("application/json; charset=utf-8", b"[1]", false), Body::Json(json.clone()));
        assert_eq!(read_as("application/problem+json", b"[1]", false), Body::Json(json));
        assert_eq!(read_as("application/json", b"[1", false), Body::Text("[1".into()));
        assert_eq!(read_as("application/json", b"[1]", true), Body::Text("[1]".into()));
        assert_eq!(read_as("text/plain", "ä".as_bytes(), false), Body::Text("ä".into()));
        assert_eq!(read_as("", b"just text", false), Body::Text("just text".into()));
        assert_eq!(read_as("text/plain", b"a\xff", false), Body::Text("a\u{fffd}".into()));
        assert_eq!(read_as("image/png", b"\x89PNG\0", false), Body::Other(5));
        assert_eq!(read_as("application/octet-stream", b"\xff\xfe", false), Body::Other(2));
        assert_eq!(read_as("text/plain", b"", false), Body::Empty);
    }

    #[test]
    fn html_becomes_text_without_scripts_and_keeps_its_links() {
        let page = b"<html><head><title>T</title><style>p{}</style><script>evil()</script></head>\
            <body><h1>Head</h1><p>One <a href=\"/two\">two</a>.</p><ul><li>a</li><li>b</li></ul></body></html>";
        let Body::Text(text) = read_as("text/html", page, false) else { panic!("is no text") };
        for part in ["Head", "One", "two", "/two", "* a", "* b"] {
            assert!(text.contains(part), "{text}");
        }
        assert!(!text.contains("evil") && !text.contains("p{}") && !text.contains('<'), "{text}");
        let Body::Text(raw) = read_as("text/html", page, true) else { panic!("is no text") };
        assert!(raw.contains("<h1>"));
    }
}
