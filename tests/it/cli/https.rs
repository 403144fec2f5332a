//! Servers that prove who they are, and those that do not.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

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
            kept.lock().unwrap().push(String::from_utf8_lossy(&request[..read]).into_owned());
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 5\r\n\r\nhello");
        }
    });
    Tls { port, certificate, seen }
}

/// What a fetch from the server comes to; `known` where this machine believes its certificate.
fn fetched(server: &Tls, known: bool) -> String {
    let policy = format!(
        "format = 1\n[grants]\n\"http/fetch\" = {{ http = [\"GET https://127.0.0.1:{}/**\"] }}\n[[rules]]\ntool = \"http\"\ndecision = \"allow\"\n",
        server.port
    );
    let mut world = World::with_notes().file("policy.toml", policy).file("known.pem", &server.certificate);
    if known {
        let place = world.path("known.pem").display().to_string();
        world = world.variable("SSL_CERT_FILE", &place);
    }
    let arguments = format!(r#"{{"url":"https://127.0.0.1:{}/a"}}"#, server.port);
    let printed = world.run(&["call", "http/fetch", &arguments, "--policy", "policy.toml"]);
    printed.transcript().replace(&server.port.to_string(), "[PORT]")
}

const NO_PROOF: &str = "does not prove that it is who it says";

#[test]
fn a_server_that_proves_its_name_is_asked() {
    let server = serve("127.0.0.1");
    let came = fetched(&server, true);
    assert!(came.contains("hello"), "{came}");
    assert!(server.seen.lock().unwrap()[0].starts_with("GET /a HTTP/1.1\r\n"));
}

#[test]
fn a_server_that_nobody_vouches_for_or_that_proves_another_name_gets_no_request() {
    for (name, known) in [("127.0.0.1", false), ("other.example", true)] {
        let server = serve(name);
        let came = fetched(&server, known);
        assert!(came.contains(NO_PROOF) && !came.contains("hello"), "{came}");
        assert!(server.seen.lock().unwrap().is_empty());
    }
}
