//! A fetch of 1 KB from a server on loopback: through the gate, a fresh instance and the egress, beside the client
//! that the egress stands on.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::time::Duration;

use looplet_host::message::Outcome;
use tempfile::TempDir;

use crate::assembled::{Assembled, runtime};
use crate::clock::{Pair, stay_on_one_cpu, wall};
use crate::table::Row;

const ROUNDS: usize = 11;
const FETCHES: u32 = 200;

/// Caller, guest and server on one CPU, as for calls.
pub(crate) fn measure_on_one_cpu() -> Vec<Row> {
    stay_on_one_cpu();
    rows("one CPU")
}

/// Wherever the scheduler puts them.
pub(crate) fn measure_on_any_cpu() -> Vec<Row> {
    rows("any CPU")
}

/// Time counts here: the server works for either side.
fn rows(place: &str) -> Vec<Row> {
    let port = serve();
    let workspace = TempDir::new().expect("a directory");
    let policy = format!(
        "format = 1\n[grants]\nhttp = {{ http = [\"GET http://127.0.0.1:{port}/**\"] }}\n\
         [[rules]]\ntool = \"http\"\ndecision = \"allow\"\n"
    );
    let assembled = Assembled::with(workspace.path(), &policy);
    let url = format!("http://127.0.0.1:{port}/page");
    let alone = Pair::of(ROUNDS, || fetched(&assembled, &url), || asked(&url)).per(FETCHES);
    // What the client alone runs is all at hand; between calls it is not.
    let beside = Pair::of(ROUNDS, || fetched(&assembled, &url), || called_and_asked(&assembled, &url)).per(FETCHES);
    let what = format!("a fetch of 1 KB, time, {place}");
    vec![
        Row::of_pair(what.clone(), &alone, "reqwest alone", 1.5),
        Row::of_both(what, &beside, "a call that sends nothing, then reqwest"),
    ]
}

/// A server that answers everything with 1 KB of text, on connections that stay.
fn serve() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("binds");
    let port = listener.local_addr().expect("is bound").port();
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 1024\r\n\r\n";
    let answer = [head.as_bytes(), &[b'x'; 1024]].concat();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let answer = answer.clone();
            let _ = stream.set_nodelay(true);
            std::thread::spawn(move || {
                let mut request = [0; 4096];
                while stream.read(&mut request).is_ok_and(|read| read > 0) {
                    let _ = stream.write_all(&answer);
                }
            });
        }
    });
    port
}

fn fetched(assembled: &Assembled, url: &str) -> Duration {
    let tool = assembled.tool("http/fetch");
    let arguments = format!(r#"{{"url":"{url}"}}"#);
    wall(|| {
        assembled.runtime.block_on(async {
            for _ in 0..FETCHES {
                assembled.call(&tool, &arguments).await;
            }
        });
    })
}

fn asked(url: &str) -> Duration {
    let client = client();
    wall(|| {
        runtime().block_on(async {
            for _ in 0..FETCHES {
                ask(&client, url).await;
            }
        });
    })
}

/// The same component is called in vain, and the client asks instead of it.
fn called_and_asked(assembled: &Assembled, url: &str) -> Duration {
    let tool = assembled.tool("http/fetch");
    let client = client();
    wall(|| {
        assembled.runtime.block_on(async {
            for _ in 0..FETCHES {
                let outcome = assembled.outcome(&tool, r#"{"url":"none"}"#).await;
                assert!(!matches!(outcome, Outcome::Ok(_)));
                ask(&client, url).await;
            }
        });
    })
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().expect("a client")
}

async fn ask(client: &reqwest::Client, url: &str) {
    let answer = client.get(url).send().await.expect("is answered");
    assert_eq!(answer.bytes().await.expect("is whole").len(), 1024);
}
