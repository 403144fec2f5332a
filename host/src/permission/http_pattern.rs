//! `METHOD scheme://host[:port]/path-glob`: which requests something is about. One language for needs, grants,
//! rules and narrowings.
//!
//! | part | is |
//! | --- | --- |
//! | method | `GET`, several as `GET,HEAD`, or `*` for any |
//! | scheme | `http` or `https` |
//! | host | a name, an address, `*.example.com` (below it, at any depth), or `*` for any |
//! | port | that of the scheme where there is none, a number, or `*` for any |
//! | path | a glob over the path alone: `/v1/**`, `/**` for all; never the query |
//!
//! A request is compared in the form in which it is sent: the name in lower case and punycode, an address in its
//! usual spelling, dots in the path resolved.

use std::fmt;
use std::str::FromStr as _;

use serde::{Serialize, Serializer};
use url::Host;

use super::http_target::{HttpTarget, address_of, only_looks, plain};
use super::url_path::PathPattern;
use crate::error::{Error, Result};

const HINT: &str = "write it as `GET https://api.example.com/v1/**`";

/// Which requests something is about.
///
/// ```
/// use looplet_host::permission::{HttpPattern, HttpTarget};
/// let pattern = HttpPattern::parse("GET https://*.example.com/v1/**").unwrap();
/// let target = |url: &str| HttpTarget::parse("GET", url).unwrap();
/// assert!(pattern.matches(&target("https://API.example.com/v1/a")));
/// assert!(!pattern.matches(&target("https://api.example.com/v1/../v2")));
/// assert!(!pattern.matches(&target("http://api.example.com/v1/a")));
/// ```
#[derive(Clone, Debug)]
pub struct HttpPattern {
    methods: Methods,
    scheme: &'static str,
    host: HostPattern,
    port: PortPattern,
    /// All of them have to match; several after an intersection.
    paths: Vec<PathPattern>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Methods {
    Any,
    These(Vec<String>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum HostPattern {
    Any,
    /// Every name that ends in a dot and this.
    Below(String),
    Is(Host<String>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PortPattern {
    Any,
    Is(u16),
}

impl HttpPattern {
    /// Reads a pattern.
    pub fn parse(text: &str) -> Result<Self> {
        let wrong = |why: String| Error::usage(format!("`{text}` is no pattern of requests: {why}")).hint(HINT);
        let (methods, rest) = text.trim().split_once(' ').ok_or_else(|| wrong("it has no method".to_owned()))?;
        let (scheme, rest) = rest.trim_start().split_once("://").ok_or_else(|| wrong("it has no scheme".to_owned()))?;
        let scheme = match scheme {
            "https" => "https",
            "http" => "http",
            other => return Err(wrong(format!("the scheme is `{other}`, neither `http` nor `https`"))),
        };
        let slash = rest.find('/').ok_or_else(|| wrong("it has no path; `/**` is all of them".to_owned()))?;
        let (authority, path) = rest.split_at(slash);
        let (host, port) = authority_of(authority, scheme).map_err(wrong)?;
        Ok(Self {
            methods: methods_of(methods).map_err(wrong)?,
            scheme,
            host,
            port,
            paths: vec![PathPattern::parse(path).map_err(wrong)?],
        })
    }

    /// Whether it is about every host, and lets more be done than looked.
    pub fn lets_all_be_sent_to(&self) -> bool {
        self.is_open() && !self.only_looks()
    }

    /// Whether it is about every host.
    pub fn is_open(&self) -> bool {
        self.host == HostPattern::Any
    }

    /// Its methods; none where it is about all of them.
    pub fn methods(&self) -> Option<&[String]> {
        match &self.methods {
            Methods::Any => None,
            Methods::These(methods) => Some(methods),
        }
    }

    /// Whether a request is one of these.
    pub fn matches(&self, target: &HttpTarget) -> bool {
        let method = match &self.methods {
            Methods::Any => true,
            Methods::These(methods) => methods.iter().any(|method| method == target.method()),
        };
        method && self.is_about(target)
    }

    /// The same, whatever the method.
    pub fn is_about(&self, target: &HttpTarget) -> bool {
        self.is_about_host(target) && self.paths.iter().all(|path| path.matches(target.url().path()))
    }

    /// The same for who restricts: in any case of the path, and however a server may decode it.
    pub(super) fn may_be_about(&self, target: &HttpTarget) -> bool {
        self.is_about_host(target) && self.paths.iter().all(|path| path.may_match(target.url().path()))
    }

    /// The requests of these methods to the very address of one.
    pub(super) fn only(&self, target: &HttpTarget) -> Self {
        Self { methods: self.methods.clone(), ..Self::at(target) }
    }

    /// All requests to the very address of one; its query is free.
    pub fn at(target: &HttpTarget) -> Self {
        Self { paths: vec![PathPattern::exactly(target.url().path())], ..Self::at_origin(target) }
    }

    /// All requests to the origin of one.
    pub(super) fn at_origin(target: &HttpTarget) -> Self {
        Self {
            methods: Methods::Any,
            scheme: if target.url().scheme() == "https" { "https" } else { "http" },
            host: HostPattern::Is(target.host().clone()),
            port: PortPattern::Is(target.port()),
            paths: vec![PathPattern::Any],
        }
    }

    fn is_about_host(&self, target: &HttpTarget) -> bool {
        let host = match &self.host {
            HostPattern::Any => true,
            HostPattern::Is(host) => host == target.host(),
            HostPattern::Below(parent) => match target.host() {
                Host::Domain(name) => is_below(name, parent),
                Host::Ipv4(_) | Host::Ipv6(_) => false,
            },
        };
        let port = self.port == PortPattern::Any || self.port == PortPattern::Is(target.port());
        host && port && self.scheme == target.url().scheme()
    }

    /// The requests that are about both; none where there can be none.
    pub fn intersect(&self, other: &Self) -> Option<Self> {
        let methods = match (&self.methods, &other.methods) {
            (Methods::Any, methods) | (methods, Methods::Any) => methods.clone(),
            (Methods::These(ours), Methods::These(theirs)) => {
                let both: Vec<_> = ours.iter().filter(|method| theirs.contains(method)).cloned().collect();
                (!both.is_empty()).then_some(Methods::These(both))?
            }
        };
        let port = match (self.port, other.port) {
            (PortPattern::Any, port) | (port, PortPattern::Any) => port,
            (ours, theirs) => (ours == theirs).then_some(ours)?,
        };
        let host = self.host.intersect(&other.host)?;
        let mut paths = self.paths.clone();
        paths.extend(
            other.paths.iter().filter(|path| !self.paths.iter().any(|ours| ours.text() == path.text())).cloned(),
        );
        if paths.len() > 1 {
            paths.retain(|path| !matches!(path, PathPattern::Any));
        }
        if paths.is_empty() {
            paths.push(PathPattern::Any);
        }
        (self.scheme == other.scheme).then_some(Self { methods, scheme: self.scheme, host, port, paths })
    }

    /// Whether it lets nothing through but requests that look.
    pub fn only_looks(&self) -> bool {
        match &self.methods {
            Methods::Any => false,
            Methods::These(methods) => methods.iter().all(|method| only_looks(method)),
        }
    }

    /// The address that it names in place of a host, if it does.
    pub fn address(&self) -> Option<std::net::IpAddr> {
        match &self.host {
            HostPattern::Is(host) => address_of(host),
            HostPattern::Any | HostPattern::Below(_) => None,
        }
    }
}

impl fmt::Display for HttpPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let methods = match &self.methods {
            Methods::Any => "*".to_owned(),
            Methods::These(methods) => methods.join(","),
        };
        let host = match &self.host {
            HostPattern::Any => "*".to_owned(),
            HostPattern::Below(parent) => format!("*.{parent}"),
            HostPattern::Is(host) => host.to_string(),
        };
        let port = match self.port {
            PortPattern::Any => ":*".to_owned(),
            PortPattern::Is(port) if port == default_port(self.scheme) => String::new(),
            PortPattern::Is(port) => format!(":{port}"),
        };
        let paths: Vec<String> = self.paths.iter().map(PathPattern::text).collect();
        write!(f, "{methods} {}://{host}{port}{}", self.scheme, paths.join(" and "))
    }
}

impl Serialize for HttpPattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Alike where they are printed alike.
impl PartialEq for HttpPattern {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

impl Eq for HttpPattern {}

impl HostPattern {
    fn intersect(&self, other: &Self) -> Option<Self> {
        match (self, other) {
            (Self::Any, host) | (host, Self::Any) => Some(host.clone()),
            (Self::Is(ours), Self::Is(theirs)) => (ours == theirs).then(|| self.clone()),
            (Self::Below(parent), Self::Is(Host::Domain(name))) => is_below(name, parent).then(|| other.clone()),
            (Self::Is(Host::Domain(name)), Self::Below(parent)) => is_below(name, parent).then(|| self.clone()),
            (Self::Below(ours), Self::Below(theirs)) if ours == theirs || is_below(ours, theirs) => Some(self.clone()),
            (Self::Below(ours), Self::Below(theirs)) if is_below(theirs, ours) => Some(other.clone()),
            _ => None,
        }
    }
}

fn is_below(name: &str, parent: &str) -> bool {
    name.strip_suffix(parent).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
}

fn default_port(scheme: &str) -> u16 {
    if scheme == "https" { 443 } else { 80 }
}

fn methods_of(text: &str) -> Result<Methods, String> {
    if text == "*" {
        return Ok(Methods::Any);
    }
    let is_method = |method: &str| !method.is_empty() && method.bytes().all(|byte| byte.is_ascii_uppercase());
    match text.split(',').find(|method| !is_method(method)) {
        None => Ok(Methods::These(text.split(',').map(str::to_owned).collect())),
        Some(other) => Err(format!("`{other}` is no method; they are written in capitals")),
    }
}

fn authority_of(text: &str, scheme: &str) -> Result<(HostPattern, PortPattern), String> {
    if text.contains('@') {
        return Err("it names a user".to_owned());
    }
    // The colons of an address in brackets are its own.
    let behind = text.rfind(']').map_or(0, |end| end + 1);
    let (host, port) = match text[behind..].rfind(':') {
        None => (text, None),
        Some(colon) => (&text[..behind + colon], Some(&text[behind + colon + 1..])),
    };
    let port = match port {
        None => PortPattern::Is(default_port(scheme)),
        Some("*") => PortPattern::Any,
        Some(port) => match u16::from_str(port) {
            Ok(port) if port > 0 => PortPattern::Is(port),
            _ => return Err(format!("`{port}` is no port: from 1 to 65535, or `*`")),
        },
    };
    let host_of = |text: &str| Host::parse(text).map(plain).map_err(|_| format!("`{text}` is no host"));
    let host = match (host, host.strip_prefix("*.")) {
        ("", _) => return Err("it has no host; `*` is any".to_owned()),
        ("*", _) => HostPattern::Any,
        (_, Some(parent)) if !parent.contains('*') => match host_of(parent)? {
            Host::Domain(parent) => HostPattern::Below(parent),
            Host::Ipv4(_) | Host::Ipv6(_) => {
                return Err(format!("`{host}` is no host: there is nothing below an address"));
            }
        },
        (_, None) if !host.contains('*') => HostPattern::Is(host_of(host)?),
        _ => {
            return Err(format!(
                "`*` stands only for a whole host, or in front of one as in `*.example.com`, not in `{host}`"
            ));
        }
    };
    Ok((host, port))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pattern(text: &str) -> HttpPattern {
        HttpPattern::parse(text).expect("is a pattern")
    }

    fn target(text: &str) -> HttpTarget {
        let (method, url) = text.split_once(' ').expect("has a method");
        HttpTarget::parse(method, url).expect("is a URL")
    }

    #[test]
    fn a_pattern_is_about_what_it_says_and_nothing_else() {
        for (text, inside, outside) in [
            (
                "GET https://api.example.com/v1/**",
                &[
                    "GET https://api.example.com/v1/a/b?q=1",
                    "GET https://API.Example.com:443/v1",
                    "GET https://api.example.com./v1/a",
                ][..],
                &[
                    "POST https://api.example.com/v1/a",
                    "GET http://api.example.com/v1/a",
                    "GET https://api.example.com:8443/v1/a",
                    "GET https://api.example.com/v2",
                    "GET https://api.example.com/v1/../v2",
                    "GET https://api.example.com/v1/%2e%2e/v2",
                    "GET https://api.example.com/v1/..%2fv2",
                    "GET https://api.example.com/v1/%252e%252e%252fv2",
                    "GET https://api.example.com/v1/..%5Cv2",
                    "GET https://api.example.com/v1/..;/v2",
                    "GET https://api.example.com/v1/..;a=b/v2",
                    "GET https://api.example.com/v1/..%20/v2",
                    "GET https://api.example.com/v1/%00..%3b/v2",
                    "GET https://api.example.com.evil.test/v1/a",
                    "GET https://evil.test/https://api.example.com/v1/a",
                    "GET https://evil-api.example.com/v1/a",
                ][..],
            ),
            (
                "GET,HEAD https://*.example.com/**",
                &["HEAD https://a.b.example.com/"],
                &["GET https://example.com/", "GET https://badexample.com/"],
            ),
            (
                "* http://127.0.0.1:8080/**",
                &["PUT http://127.0.0.1:8080/x", "GET http://0x7f.1:8080/", "GET http://2130706433:8080/"],
                &["GET http://127.0.0.1/", "GET http://localhost:8080/"],
            ),
            ("GET http://[::1]:*/**", &["GET http://[0:0::1]:9/"], &["GET http://[::2]:9/"]),
            (
                "GET https://*/**",
                &["GET https://bücher.example/ü", "GET https://1.1.1.1/a/../../b"],
                &["GET https://a.example:444/"],
            ),
            ("GET https://bücher.example/", &["GET https://xn--bcher-kva.example"], &["GET https://bücher.example/a"]),
            (
                "GET https://a.example/v1/*/x",
                &["GET https://a.example/v1/group%2Fname/x"],
                &["GET https://a.example/v1/a/b/x"],
            ),
        ] {
            for inside in inside {
                assert!(pattern(text).matches(&target(inside)), "{text} is about {inside}");
            }
            for outside in outside {
                assert!(!pattern(text).matches(&target(outside)), "{text} is not about {outside}");
            }
        }
    }

    #[test]
    fn what_is_no_pattern_says_why() {
        for (text, why) in [
            ("https://a.example/**", "it has no method"),
            ("get https://a.example/**", "`get` is no method; they are written in capitals"),
            ("GET ftp://a.example/**", "the scheme is `ftp`, neither `http` nor `https`"),
            ("GET https://a.example", "it has no path; `/**` is all of them"),
            ("GET https:///**", "it has no host; `*` is any"),
            (
                "GET https://a.*.example/**",
                "`*` stands only for a whole host, or in front of one as in `*.example.com`, not in `a.*.example`",
            ),
            (
                "GET https://a*.example/**",
                "`*` stands only for a whole host, or in front of one as in `*.example.com`, not in `a*.example`",
            ),
            ("GET https://*.10.0.0.1/**", "`*.10.0.0.1` is no host: there is nothing below an address"),
            ("GET https://a.example:0/**", "`0` is no port: from 1 to 65535, or `*`"),
            ("GET https://a.example:70000/**", "`70000` is no port: from 1 to 65535, or `*`"),
            ("GET https://me@a.example/**", "it names a user"),
            ("GET https://a.example/x?y=1", "a query is no part of it; `when` reads arguments as texts"),
            ("GET https://a b/**", "`a b` is no host"),
        ] {
            let error = HttpPattern::parse(text).expect_err("is refused");
            assert_eq!(error.message(), format!("`{text}` is no pattern of requests: {why}"));
        }
    }

    #[test]
    fn a_pattern_is_printed_as_it_is_written() {
        for text in [
            "GET https://a.example/v1/**",
            "GET,HEAD http://*.a.example:8080/**",
            "* https://*:*/x/*",
            "GET http://[::1]/",
        ] {
            assert_eq!(pattern(text).to_string(), text);
        }
        let both = pattern("GET,POST https://*.example.com/a/**").intersect(&pattern("GET https://x.example.com/**/b"));
        assert_eq!(both.expect("overlap").to_string(), "GET https://x.example.com/a/** and /**/b");
    }

    fn any_pattern() -> impl Strategy<Value = HttpPattern> {
        let methods = prop_oneof![Just("*"), Just("GET"), Just("GET,POST"), Just("POST")];
        let host = prop_oneof![Just("*"), Just("*.a"), Just("*.b.a"), Just("b.a"), Just("c.b.a"), Just("127.0.0.1")];
        let port = prop_oneof![Just(""), Just(":*"), Just(":81")];
        let path = prop_oneof![Just("/**"), Just("/"), Just("/x/**"), Just("/*/y"), Just("/x/y")];
        (methods, "https?", host, port, path).prop_map(|(methods, scheme, host, port, path)| {
            pattern(&format!("{methods} {scheme}://{host}{port}{path}"))
        })
    }

    fn any_target() -> impl Strategy<Value = HttpTarget> {
        let host = prop_oneof![Just("a"), Just("b.a"), Just("c.b.a"), Just("127.0.0.1")];
        let path = prop_oneof![Just("/"), Just("/x"), Just("/x/y"), Just("/z/y")];
        ("GET|POST", "https?", host, prop_oneof![Just(""), Just(":81")], path)
            .prop_map(|(method, scheme, host, port, path)| target(&format!("{method} {scheme}://{host}{port}{path}")))
    }

    proptest! {
        #[test]
        fn the_intersection_is_about_exactly_what_both_are_about(a in any_pattern(), b in any_pattern(), t in any_target()) {
            let both = a.intersect(&b).is_some_and(|both| both.matches(&t));
            prop_assert_eq!(both, a.matches(&t) && b.matches(&t), "{} and {} at {}", a, b, t);
        }
    }
}
