//! `OLLAMA_HOST`, as Ollama's own programs read it: a host, a host with a port, or a URL.

use std::net::IpAddr;

use crate::error::{Error, Result};
use crate::model::endpoint::Endpoint;

/// The variable that tells Ollama's server where to listen and its clients where to ask.
pub const OLLAMA_HOST: &str = "OLLAMA_HOST";

/// The port where nothing else is said.
const USUAL_PORT: &str = "11434";

/// Where to ask.
pub(super) fn endpoint(text: &str) -> Result<Endpoint> {
    Endpoint::parse(&url(text)).map_err(|what| {
        Error::usage(format!("`{OLLAMA_HOST}` {what}"))
            .hint("write a host, `HOST:PORT`, or a URL such as `http://127.0.0.1:11434`")
    })
}

fn url(text: &str) -> String {
    let text = text.trim().trim_matches(['"', '\'']);
    // A URL says its port, or means that of its scheme.
    let (scheme, rest, usual_port) = match text.split_once("://") {
        Some((scheme, rest)) => (scheme, rest, None),
        None => ("http", text, Some(USUAL_PORT)),
    };
    let (place, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let (host, port) = split_port(place);
    let host = asked(host);
    let port = port.or(usual_port).map(|port| format!(":{port}")).unwrap_or_default();
    format!("{scheme}://{host}{port}{path}")
}

/// `HOST:PORT`, `[V6]:PORT`, or a host alone, which may be an address with colons in it.
fn split_port(place: &str) -> (&str, Option<&str>) {
    match place.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
            (host, Some(port).filter(|port| !port.is_empty()))
        }
        _ => (place, None),
    }
}

/// The host to ask. A server that listens on all addresses is asked on this machine.
fn asked(host: &str) -> String {
    let bare = host.trim_matches(['[', ']']);
    match bare.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) if address.is_unspecified() => "127.0.0.1".to_owned(),
        Ok(IpAddr::V6(address)) if address.is_unspecified() => "[::1]".to_owned(),
        Ok(IpAddr::V6(address)) => format!("[{address}]"),
        _ if bare.is_empty() => "127.0.0.1".to_owned(),
        _ => host.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_a_port_and_a_url_are_read_as_ollama_reads_them() {
        for (text, read) in [
            ("gpu-box", "http://gpu-box:11434"),
            ("gpu-box:1234", "http://gpu-box:1234"),
            (":1234", "http://127.0.0.1:1234"),
            ("10.0.0.5", "http://10.0.0.5:11434"),
            ("0.0.0.0", "http://127.0.0.1:11434"),
            ("0.0.0.0:80", "http://127.0.0.1:80"),
            ("[::]:1234", "http://[::1]:1234"),
            ("::1", "http://[::1]:11434"),
            ("[fe80::1]", "http://[fe80::1]:11434"),
            ("http://gpu-box", "http://gpu-box"),
            ("https://ollama.example:8443/base", "https://ollama.example:8443/base"),
            (" \"gpu-box:1234\" ", "http://gpu-box:1234"),
        ] {
            assert_eq!(url(text), read, "{text}");
        }
    }

    #[test]
    fn what_is_no_host_is_refused() {
        let error = endpoint("gpu box").expect_err("is refused");
        assert_eq!(
            error.report(),
            "error: `OLLAMA_HOST` is no URL\nhint: write a host, `HOST:PORT`, or a URL such as `http://127.0.0.1:11434`"
        );
        assert!(endpoint("ftp://gpu-box").is_err());
    }
}
