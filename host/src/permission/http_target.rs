//! One request before it is sent, in the form in which it is sent.

use std::fmt;
use std::net::IpAddr;

use url::{Host, Url};

/// A request before it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpTarget {
    method: String,
    url: Url,
    host: Host<String>,
    port: u16,
}

impl HttpTarget {
    /// Reads a method and a URL.
    ///
    /// # Errors
    /// One clause for the operator: no URL, another scheme, a user or a password in it.
    pub fn parse(method: &str, url: &str) -> Result<Self, String> {
        if method.is_empty() || method.len() > 20 || !method.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return Err("its method is none".to_owned());
        }
        let url = Url::parse(url).map_err(|error| format!("it is no URL: {error}"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(format!("its scheme is `{}`, neither `http` nor `https`", url.scheme()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("it names a user: what proves who somebody is never stands in a URL".to_owned());
        }
        let (Some(host), Some(port)) = (url.host().map(|host| plain(host.to_owned())), url.port_or_known_default())
        else {
            return Err("it has no host".to_owned());
        };
        // Nobody has such a name, and a line with it would mean another thing.
        if matches!(&host, Host::Domain(name) if name.contains('*')) {
            return Err("its host has a `*`".to_owned());
        }
        Ok(Self { method: method.to_owned(), url, host, port })
    }

    /// The method, as it is sent.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// Whether it only looks.
    pub fn only_looks(&self) -> bool {
        only_looks(&self.method)
    }

    /// The URL, as it is sent.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The host, without the dot that may end a name.
    pub fn host(&self) -> &Host<String> {
        &self.host
    }

    /// The address that stands in place of a name, which then meets no resolver.
    pub fn address(&self) -> Option<IpAddr> {
        address_of(&self.host)
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `https://api.example.com`, with the port where it is not the scheme's.
    pub fn origin(&self) -> String {
        let port = self.url.port().map(|port| format!(":{port}")).unwrap_or_default();
        format!("{}://{}{port}", self.url.scheme(), self.host)
    }

    /// Where it goes, without the query: `https://api.example.com:443/v1/x`.
    pub fn place(&self) -> String {
        format!("{}://{}:{}{}", self.url.scheme(), self.host, self.port, self.url.path())
    }

    /// The pattern that is about the requests of this method to this origin.
    pub fn pattern(&self) -> String {
        format!("{} {}/**", self.method, self.origin())
    }
}

/// Without the query: `GET https://api.example.com:443/v1/x`.
impl fmt::Display for HttpTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.place())
    }
}

/// Whether a method only looks.
pub(super) fn only_looks(method: &str) -> bool {
    matches!(method, "GET" | "HEAD")
}

/// The address that a host is, if it is no name.
pub(super) fn address_of(host: &Host<String>) -> Option<IpAddr> {
    match host {
        Host::Domain(_) => None,
        Host::Ipv4(address) => Some((*address).into()),
        Host::Ipv6(address) => Some((*address).into()),
    }
}

/// A name without the dot that may end it.
pub(super) fn plain(host: Host<String>) -> Host<String> {
    match host {
        Host::Domain(name) if name.len() > 1 => Host::Domain(name.strip_suffix('.').unwrap_or(&name).to_owned()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_target_says_why() {
        let why = |url: &str| HttpTarget::parse("GET", url).expect_err("is refused");
        assert_eq!(why("a.example/x"), "it is no URL: relative URL without a base");
        assert_eq!(why("file:///etc/passwd"), "its scheme is `file`, neither `http` nor `https`");
        assert_eq!(
            why("https://me:pw@a.example/"),
            "it names a user: what proves who somebody is never stands in a URL"
        );
    }
}
