//! A fetch of 1 KB from a server on loopback: through the gate, a fresh instance and the egress, beside the client
//! that the egress stands on.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::time::Duration;

use tempfile::TempDir;

use crate::assembled::{Assembled, runtime};
use crate::clock::{Pair, stay_on_one_cpu, wall};
use crate::table::Row;

const ROUNDS: usize = 11;
const FETCHES: u32 = 200;

/// Time counts here: the server works for either side. All on one CPU, as for calls.
pub(crate) fn measure() -> Vec<Row> {
    stay_on_one_cpu();
    let port = serve();
    let workspace = TempDir::new().expect("a directory");
    let policy = format!(
        "format = 1\n[grants]\nhttp = {{ http = [\"GET http://127.0.0.1:{port}/**\"] }}\n\
         [[rules]]\ntool = \"http\"\ndecision = \"allow\"\n"
    );
    let assembled = Assembled::with(workspace.path(), &policy);
    let url = format!("http://127.0.0.1:{port}/page");
    let pair = Pair::of(ROUNDS, || fetched(&assembled, &url), || asked(&url)).per(FETCHES);
    vec![Row::of_pair("a fetch of 1 KB, time, one CPU".to_owned(), &pair, "reqwest alone", 1.5)]
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
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    wall(|| {
        runtime().block_on(async {
            for _ in 0..FETCHES {
                let answer = client.get(url).send().await.expect("is answered");
                assert_eq!(answer.bytes().await.expect("is whole").len(), 1024);
            }
        });
    })
}
