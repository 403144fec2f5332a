//! The file of a research agent, not one line of it changed but the digest of its component, in a network of the
//! test's own: the names in it lead to a public address there, where servers prove by certificates who they are.

use std::fs;
use std::io::Write as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::{Arc, Mutex};

use expect_test::expect;
use looplet_host::digest::Digest;
use looplet_tests::{guests, requests};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::https::proof;
use crate::server::{Answer, chat_completion, request};
use crate::world::World;

const FILE: &str = include_str!("../../../host/src/settings/fixtures/research.toml");
const SEARCH_KEY: &str = "search-key-0815";
const MODEL_KEY: &str = "model-key-4711";

/// Where the names lead: public addresses on a loopback that is this network's alone, and one that is not public.
const HOSTS: &str = "93.184.215.14 api.openai.com api.search.example apples.example\n10.1.2.3 inside.example\n";

const SCRIPT: &str = r#"
    ip link set lo up && ip address add 93.184.215.14/32 dev lo && ip address add 10.1.2.3/32 dev lo || exit 77
    mount --bind ../hosts /etc/hosts
    exec "$2" 443 ../web.sock "$1" run --policy research.toml 'When are apples ripe?'
"#;

/// All servers of this web, and what reached them: the heads of requests.
struct Web {
    certificate: String,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Web {
    /// Listens at a socket; the model gives these answers.
    fn start(socket: UnixListener, answers: Vec<Answer>) -> Self {
        let (config, certificate) =
            proof(&["api.openai.com", "api.search.example", "apples.example", "inside.example"]);
        let seen = Arc::<Mutex<Vec<String>>>::default();
        let kept = Arc::clone(&seen);
        std::thread::spawn(move || {
            let mut answers = answers.iter().enumerate();
            for stream in socket.incoming().flatten() {
                // Whoever does not believe the certificate goes away before there is a request.
                let _ = serve(&config, stream, &mut answers, &kept);
            }
        });
        Self { certificate, seen }
    }
}

fn serve<'a>(
    config: &Arc<ServerConfig>,
    stream: UnixStream,
    answers: &mut impl Iterator<Item = (usize, &'a Answer)>,
    seen: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let mut stream = StreamOwned::new(ServerConnection::new(Arc::clone(config)).unwrap(), stream);
    let (head, asked) = request(&mut stream)?;
    let host = head.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default();
    let (kind, body) = match host {
        "api.openai.com" => {
            requests::note_received(&asked);
            let (number, answer) = answers.next().expect("the model has an answer");
            ("application/json", chat_completion(answer, number))
        }
        "api.search.example" => ("text/plain", "found https://apples.example/page".to_owned()),
        _ => ("text/html", "<title>Apples</title><p>Apples are ripe in <b>May</b>.".to_owned()),
    };
    seen.lock().unwrap().push(head);
    write!(
        stream,
        "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )?;
    stream.conn.send_close_notify();
    stream.flush()
}

#[test]
#[expect(clippy::print_stderr, reason = "a test that cannot be done says so")]
fn the_research_agent_runs_as_its_file_is_written() {
    let fetch = |arguments| Answer::Call("fetch", arguments);
    let answers = vec![
        Answer::Call("search", r#"{"word":"apples"}"#),
        fetch(r#"{"url":"https://apples.example/page"}"#),
        fetch(
            r#"{"url":"https://apples.example/page?alpha=0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"}"#,
        ),
        fetch(r#"{"url":"http://apples.example/page"}"#),
        fetch(r#"{"url":"https://inside.example/"}"#),
        Answer::Call("write_file", r##"{"path":"report.md","content":"# Apples: May\n"}"##),
        Answer::Call("write_file", r#"{"path":"../research.toml","content":""}"#),
        Answer::Text("In May: notes/report.md says it."),
    ];
    let component = fs::read(guests::WEB_SEARCH).unwrap();
    let digest = Digest::of(&component).to_string();
    assert!(FILE.contains("sha256:77ab…"), "the file names a digest");
    let mut world = World::with_notes()
        .file(
            "../home/.config/looplet/looplet.toml",
            "[providers.openai.prices]\n\"gpt-5.5\" = { input = 2.0, output = 10.0 }\n",
        )
        .file("research.toml", FILE.replace("sha256:77ab…", &digest))
        .file("plugins/search.wasm", component)
        .file("notes/.keep", "")
        .file("../hosts", HOSTS)
        .variable("SEARCH_KEY", SEARCH_KEY)
        .variable("OPENAI_API_KEY", MODEL_KEY);
    let web = Web::start(UnixListener::bind(world.path("../web.sock")).unwrap(), answers);
    world.write("../web.pem", &web.certificate);
    let certificate = world.path("../web.pem").display().to_string();
    world = world.variable("SSL_CERT_FILE", &certificate);
    let Some(printed) = world.run_in_namespaces(SCRIPT).filter(|printed| printed.code != Some(77)) else {
        eprintln!("not tested: this machine gives nobody namespaces of their own, or has no `ip`");
        return;
    };
    expect![[r#"
        ── stdout
        In May: notes/report.md says it.
        ── stderr
        model openai:gpt-5.5 at api.openai.com (research.toml:5)
        notes [DIR]/project/notes (rw, research.toml:16)
        workspace [DIR]/project (ro, research.toml:13)
        policy research.toml (3 rules)
        #1 ✓ search(word='apples') → found https://apples.example/page [TIME]
        #2 ✓ fetch(url='https://apples.example/page') → 3 keys [TIME]
        #3 ⊘ fetch(url='https://apples.example/page?alpha=012345678901234…') → denied by research.toml:46 «a long query after reading the web can carry data out»
        #4 ✗ fetch(url='http://apples.example/page') → permission denied: `GET http://apples.example/page` is not granted to this tool [TIME]
              refused inside: GET http://apples.example:80/page: not granted; would be allowed by grants."http/fetch".http = ["GET http://apples.example/**"]
        #5 ✗ fetch(url='https://inside.example/') → permission denied: `GET https://inside.example/` leads to an address that this … [TIME]
              refused inside: GET https://inside.example:443/ at 10.1.2.3: not a public address; would be allowed by grants."http/fetch".addresses = ["10.1.2.3"]
        #6 ✓ write_file(path='report.md', content='# Apples: May\n') → bytes: 14 [TIME]
        #7 ✗ write_file(content='', path='../research.toml') → validation: `../research.toml` has `..` in it [TIME]
        #3 http/fetch would be allowed by --allow 'http/fetch', or `decision = "allow"` in the rule at `research.toml:46`
        answered · 7 steps · 960 tokens · $0.0032 · 2 reaches refused by the sandbox · 1 denied by policy · [TIME] · show: looplet-host show [RUN] --denied
        ── exit 0
    "#]].assert_eq(&printed.transcript());
    assert_eq!(fs::read_to_string(world.path("notes/report.md")).unwrap(), "# Apples: May\n");
    let seen = web.seen.lock().unwrap();
    let asked: Vec<_> = seen.iter().filter(|head| !head.contains("host: api.openai.com")).collect();
    assert!(
        asked[0].starts_with("GET /v1/search?q=apples ") && asked[0].contains(&format!("x-api-key: {SEARCH_KEY}\r\n"))
    );
    assert!(asked[1].starts_with("GET /page ") && !asked[1].contains(SEARCH_KEY), "{}", asked[1]);
    assert_eq!(asked.len(), 2);
    assert!(!printed.transcript().contains(SEARCH_KEY) && !printed.transcript().contains(MODEL_KEY));
}
