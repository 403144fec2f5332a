//! Servers that prove who they are, those that do not, and those of plain HTTP that they lead to and are led to by.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::secrets::{VALUES, policy};
use crate::canary::{Canary, Part, answer};
use crate::world::World;

/// A server whose certificate is for this name, on a port of loopback.
struct Tls {
    port: u16,
    certificate: String,
    seen: Arc<Mutex<Vec<String>>>,
}

/// What a server proves these names with, and the certificate that clients have to know.
pub(super) fn proof(names: &[&str]) -> (Arc<ServerConfig>, String) {
    let names: Vec<_> = names.iter().map(ToString::to_string).collect();
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(names).unwrap();
    let key = PrivateKeyDer::Pkcs8(signing_key.serialize_der().into());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(vec![cert.der().clone()], key).unwrap();
    (Arc::new(config), cert.pem())
}

fn serve(name: &str) -> Tls {
    let (config, certificate) = proof(&[name]);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let seen = Arc::<Mutex<Vec<String>>>::default();
    let kept = Arc::clone(&seen);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut stream = StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), stream);
            let mut request = [0; 4096];
            // Whoever does not believe the certificate goes away before.
            let Ok(read @ 1..) = stream.read(&mut request) else { continue };
            let request = String::from_utf8_lossy(&request[..read]).into_owned();
            let parts = pages(&request);
            kept.lock().unwrap().push(request);
            for part in parts {
                if let Part::Bytes(bytes) = part {
                    let _ = stream.write_all(&bytes);
                }
            }
        }
    });
    Tls { port, certificate, seen }
}

impl Tls {
    /// The requests so far.
    fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

/// Of both kinds of servers: `/SCHEME-PORT` leads there, all else is a page.
fn pages(line: &str) -> Vec<Part> {
    let path = line.split(' ').nth(1).unwrap_or_default();
    match path.trim_start_matches('/').split_once('-') {
        Some((scheme, port)) => answer("307 Moved", &format!("location: {scheme}://127.0.0.1:{port}/there\r\n"), ""),
        None => answer("200 OK", "content-type: text/plain\r\n", "hello"),
    }
}

/// A world that knows the server's certificate.
fn knowing(server: &Tls) -> World {
    let world = World::with_notes().file("known.pem", &server.certificate);
    let place = world.path("known.pem").display().to_string();
    world.variable("SSL_CERT_FILE", &place)
}

/// What a call of `fetch` comes to, redirects followed.
fn call(world: &World, url: &str) -> String {
    let arguments = format!(r#"{{"url":"{url}","follow":true}}"#);
    world.run(&["call", "http/fetch", &arguments, "--policy", "policy.toml"]).transcript()
}

/// What a fetch from the server comes to; `known` where this machine believes its certificate.
fn fetched(server: &Tls, known: bool) -> String {
    let world = if known { knowing(server) } else { World::with_notes() };
    let grant = format!("\"http/fetch\" = {{ http = [\"GET https://127.0.0.1:{}/**\"] }}", server.port);
    call(&world.file("policy.toml", policy("", &grant)), &format!("https://127.0.0.1:{}/a", server.port))
}

const NO_PROOF: &str = "does not prove that it is who it says";

#[test]
fn a_server_that_proves_its_name_is_asked() {
    let server = serve("127.0.0.1");
    let came = fetched(&server, true);
    assert!(came.contains("hello"), "{came}");
    assert!(server.seen()[0].starts_with("GET /a HTTP/1.1\r\n"));
}

#[test]
fn a_server_that_nobody_vouches_for_or_that_proves_another_name_gets_no_request() {
    for (name, known) in [("127.0.0.1", false), ("other.example", true)] {
        let server = serve(name);
        let came = fetched(&server, known);
        assert!(came.contains(NO_PROOF) && !came.contains("hello"), "{came}");
        assert!(server.seen().is_empty());
    }
}

const BOTH: &str = r#"http = ["GET https://127.0.0.1:*/**", "GET http://127.0.0.1:*/**"]"#;

/// What a fetch from the server of one scheme comes to that leads to the server of the other, with this granted; and
/// what was asked over TLS, and without. There is a secret, bound to the server with TLS.
fn led(from: &str, to: &str, grant: &str) -> (String, Vec<String>, Vec<String>) {
    let (tls, plain) = (serve("127.0.0.1"), Canary::start(pages));
    let secret = format!("[secrets.api]\nfrom = {{ env = \"API_KEY\" }}\nto = \"https://127.0.0.1:{}\"\n", tls.port);
    let grant = format!("\"http/fetch\" = {{ {grant} }}");
    let world = knowing(&tls).variable("API_KEY", VALUES[0]).file("policy.toml", policy(&secret, &grant));
    let port = |scheme: &str| if scheme == "https" { tls.port } else { plain.port() };
    let came = call(&world, &format!("{from}://127.0.0.1:{}/{to}-{}", port(from), port(to)));
    (came, tls.seen(), plain.seen())
}

#[test]
fn a_redirect_to_another_scheme_is_followed_where_both_are_granted_and_refused_where_one_is() {
    for (from, to, grant, is_followed) in [
        ("https", "http", BOTH, true),
        ("https", "http", r#"http = ["GET https://127.0.0.1:*/**"]"#, false),
        ("http", "https", BOTH, true),
        ("http", "https", r#"http = ["GET http://127.0.0.1:*/**"]"#, false),
    ] {
        let (came, tls, plain) = led(from, to, grant);
        let (first, then) = if from == "https" { (tls, plain) } else { (plain, tls) };
        assert_eq!((first.len(), then.len()), (1, usize::from(is_followed)), "{from}: {came}");
        if is_followed {
            assert!(came.contains("hello") && then[0].starts_with("GET /there HTTP/1.1\r\n"), "{from}: {came}");
        } else {
            let refused = format!("`GET {to}://127.0.0.1:[PORT]/there` is not granted to this tool");
            assert!(came.contains(&refused), "{from}: {came}");
        }
    }
}

#[test]
fn a_secret_for_a_server_that_proves_itself_does_not_go_to_one_of_plain_http_by_a_redirect() {
    for (from, to) in [("https", "http"), ("http", "https")] {
        let (came, tls, plain) = led(from, to, &format!("{BOTH}, secrets = [\"api\"]"));
        assert!(came.contains("hello"), "{from}: {came}");
        assert!(tls.len() == 1 && tls[0].contains(VALUES[0]), "{from}: {tls:?}");
        assert!(plain.len() == 1 && !plain[0].contains(VALUES[0]), "{from}: {plain:?}");
    }
}
