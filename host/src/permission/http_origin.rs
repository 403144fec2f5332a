//! `scheme://host[:port]`: one server, as a secret is bound to it and a plugin says whom it needs one for.

use std::fmt;

use super::http_pattern::HttpPattern;
use super::http_target::HttpTarget;
use crate::error::{Error, Result};

/// One server: a scheme, a host, a port.
///
/// ```
/// use looplet_host::permission::{HttpOrigin, HttpTarget};
/// let origin = HttpOrigin::parse("https://api.example.com").unwrap();
/// let target = |url: &str| HttpTarget::parse("GET", url).unwrap();
/// assert!(origin.holds(&target("https://API.example.com:443/v1/a?q=1")));
/// assert!(!origin.holds(&target("http://api.example.com/v1/a")));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpOrigin(HttpTarget);

impl HttpOrigin {
    /// Reads an origin: no path, no query, no `*`.
    pub fn parse(text: &str) -> Result<Self> {
        let wrong = |why: &str| {
            Error::usage(format!("`{text}` is no origin: {why}")).hint("write it as `https://api.example.com`")
        };
        let target = HttpTarget::parse("GET", text).map_err(|why| wrong(&why))?;
        let url = target.url();
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err(wrong("it has more than a scheme, a host and a port"));
        }
        Ok(Self(target))
    }

    /// Whether a request goes there.
    pub fn holds(&self, target: &HttpTarget) -> bool {
        self.0.url().scheme() == target.url().scheme()
            && self.0.host() == target.host()
            && self.0.port() == target.port()
    }

    /// All requests that go there.
    pub fn pattern(&self) -> HttpPattern {
        HttpPattern::at_origin(&self.0)
    }

    /// Whether what is sent there can be read on the way: without TLS, and to another machine.
    pub fn is_open(&self) -> bool {
        let is_here = match self.0.address() {
            Some(address) => address.is_loopback(),
            None => self.0.host().to_string() == "localhost",
        };
        self.0.url().scheme() != "https" && !is_here
    }
}

/// `https://api.example.com`, with the port where it is not the scheme's.
impl fmt::Display for HttpOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.origin())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_holds_what_goes_to_its_scheme_host_and_port() {
        let origin = |text: &str| HttpOrigin::parse(text).expect("is an origin");
        let holds = |text: &str, url: &str| origin(text).holds(&HttpTarget::parse("GET", url).expect("is a URL"));
        assert!(holds("https://API.example.com/", "https://api.example.com.:443/x"));
        assert!(holds("https://[::1]:8443", "https://[::1]:8443/x"));
        assert!(!holds("https://api.example.com", "https://api.example.com:8443/"));
        assert!(!holds("https://api.example.com", "https://x.api.example.com/"));
        assert!(!holds("https://api.example.com", "https://api.example.com.evil.example/"));
        assert_eq!(origin("https://API.example.com:443/").to_string(), "https://api.example.com");
        assert_eq!(origin("http://127.1:8080").to_string(), "http://127.0.0.1:8080");
    }

    #[test]
    fn what_goes_over_the_net_without_tls_is_open() {
        let is_open = |text: &str| HttpOrigin::parse(text).expect("is an origin").is_open();
        assert!(is_open("http://api.example.com") && is_open("http://10.0.0.1") && is_open("http://localhost.example"));
        assert!(!is_open("https://api.example.com") && !is_open("http://127.0.0.1:8080"));
        assert!(!is_open("http://[::1]") && !is_open("http://localhost:3000"));
    }

    #[test]
    fn what_is_no_origin_says_why() {
        let why = |text: &str| HttpOrigin::parse(text).expect_err("is refused").to_string();
        assert_eq!(why("api.example.com"), "`api.example.com` is no origin: it is no URL: relative URL without a base");
        assert_eq!(why("https://*.example.com"), "`https://*.example.com` is no origin: its host has a `*`");
        assert_eq!(
            why("https://a.example/v1"),
            "`https://a.example/v1` is no origin: it has more than a scheme, a host and a port"
        );
    }
}
