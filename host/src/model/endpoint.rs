//! Where a provider is reached: a base URL, shown only as far as it holds no secret.

use core::net::IpAddr;
use std::fmt;

use reqwest::Url;

/// The base URL of a provider. Displayed as `host` or `host:port`, never with its user part, path or
/// query, in all of which people put keys.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint(Url);

impl Endpoint {
    /// Reads an `http` or `https` URL with a host. The error is a clause: `names no host`.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let url = Url::parse(text.trim()).map_err(|_| "is no URL")?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err("starts with neither `http://` nor `https://`");
        }
        if url.host_str().is_none_or(str::is_empty) {
            return Err("names no host");
        }
        Ok(Self(url))
    }

    /// The URL of a path below the base; keeps a query.
    pub(super) fn join(&self, path: &[&str]) -> Url {
        let mut url = self.0.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url
    }

    /// Takes path segments off the end of the base, if they are these.
    pub(super) fn without_suffix(mut self, suffix: &[&str]) -> Self {
        let ends_with = self.0.path_segments().is_some_and(|segments| {
            let segments: Vec<_> = segments.filter(|segment| !segment.is_empty()).collect();
            segments.ends_with(suffix)
        });
        if let (true, Ok(mut segments)) = (ends_with, self.0.path_segments_mut()) {
            segments.pop_if_empty();
            for _ in suffix {
                segments.pop();
            }
        }
        self
    }

    /// The host alone.
    pub(super) fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// Whether it is plain HTTP to this machine itself.
    pub(super) fn is_plain_loopback(&self) -> bool {
        self.0.scheme() == "http" && self.is_loopback()
    }

    /// Whether it is this machine, by its name or a loopback address.
    pub fn is_loopback(&self) -> bool {
        let host = self.host().trim_matches(['[', ']']);
        host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.port() {
            Some(port) => write!(f, "{}:{port}", self.host()),
            None => f.write_str(self.host()),
        }
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(text: &str) -> Endpoint {
        Endpoint::parse(text).expect("is an endpoint")
    }

    #[test]
    fn only_host_and_port_are_shown() {
        let secret = endpoint("https://user:pass@api.example:8443/v1/key?token=abc");
        assert_eq!(format!("{secret} {secret:?}"), "api.example:8443 Endpoint(api.example:8443)");
        assert_eq!(endpoint("https://api.example/v1").to_string(), "api.example");
    }

    #[test]
    fn paths_are_joined_with_or_without_a_final_slash_and_keep_the_query() {
        for base in ["http://h/v1", "http://h/v1/"] {
            assert_eq!(endpoint(base).join(&["chat", "completions"]).path(), "/v1/chat/completions");
        }
        let url = endpoint("http://h?v=1").join(&["a b"]);
        assert_eq!(url.as_str(), "http://h/a%20b?v=1");
    }

    #[test]
    fn a_suffix_is_taken_off_once() {
        let base = endpoint("http://h/v1/chat/completions/").without_suffix(&["chat", "completions"]);
        assert_eq!(base.join(&["x"]).path(), "/v1/x");
        assert_eq!(endpoint("http://h/api").without_suffix(&["v1"]).join(&["x"]).path(), "/api/x");
    }

    #[test]
    fn loopback_is_told_by_name_and_address() {
        for base in ["http://localhost:1", "http://127.0.0.9", "http://[::1]:11434"] {
            assert!(endpoint(base).is_loopback(), "{base}");
        }
        for base in ["http://10.0.0.1", "http://localhost.example", "http://127.0.0.1.example"] {
            assert!(!endpoint(base).is_loopback(), "{base}");
        }
    }

    #[test]
    fn what_is_no_endpoint_is_refused_with_a_reason() {
        assert_eq!(Endpoint::parse("api.example").expect_err("no scheme"), "is no URL");
        assert_eq!(
            Endpoint::parse("localhost:8080").expect_err("another scheme"),
            "starts with neither `http://` nor `https://`"
        );
        assert_eq!(Endpoint::parse("http://").expect_err("no host"), "is no URL");
    }
}
