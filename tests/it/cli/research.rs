//! A research agent, its file as people write it: a search service with a key, the open web with a second look at what
//! could carry data out, notes in one directory, and nothing else.

use std::fs;

use expect_test::expect;
use looplet_host::digest::Digest;
use looplet_tests::guests;

use crate::canary::{Canary, Part, answer};
use crate::worked;
use crate::world::{Printed, World};

const KEY: &str = "search-key-0815";

fn service(line: &str) -> Vec<Part> {
    answer(
        "200 OK",
        "content-type: text/plain\r\n",
        if line.contains("/v1/search?q=apples") { "found /page" } else { "none" },
    )
}

fn web(line: &str) -> Vec<Part> {
    match line {
        line if line.contains("/large") => answer("200 OK", "content-type: text/plain\r\n", "x".repeat(5 << 20)),
        _ => answer("200 OK", "content-type: text/plain\r\n", "Apples are ripe in May."),
    }
}

struct Research {
    service: Canary,
    web: Canary,
    world: World,
}

/// The worked file of the documents: the service and the web are on loopback here, and three pages are enough.
fn file(service: &Canary, digest: &Digest) -> String {
    let file = worked::instead(&worked::file("A research agent"), "https://api.search.example", service);
    let here = [
        ("calls = { \"http/fetch\" = 60 }", "calls = { \"http/fetch\" = 3 }".to_owned()),
        ("GET https://*/**", "GET http://*:*/**".to_owned()),
        ("public_addresses_only = true", "addresses = [\"127.0.0.1\"]".to_owned()),
        (
            "{ from = \"plugins/search.wasm\" }",
            format!(
                "{{ from = \"plugins/search.wasm\", digest = \"{digest}\", settings = {{ base = \"{}\" }} }}",
                service.url("")
            ),
        ),
    ];
    here.into_iter().fold(file, |file, (written, here)| {
        assert!(file.contains(written), "the file does not say {written}");
        file.replace(written, &here)
    })
}

/// A run whose model does this, one call a turn.
fn research(calls: impl Fn(&Canary) -> Vec<String>) -> (Research, Printed) {
    let (service, web) = (Canary::start(service), Canary::start(web));
    let component = fs::read(guests::WEB_SEARCH).unwrap();
    let file = file(&service, &Digest::of(&component));
    let turns: Vec<String> = calls(&web)
        .into_iter()
        .chain([r#"{"tool":"done","arguments":{"summary":"ok"}}"#.to_owned()])
        .map(|call| format!(r#"{{"calls":[{call}]}}"#))
        .collect();
    let world = World::with_notes()
        .variable("SEARCH_KEY", KEY)
        .file("research.toml", file)
        .file("plugins/search.wasm", component)
        .file("notes/.keep", "")
        .model(&turns.iter().map(String::as_str).collect::<Vec<_>>());
    let printed = world.run(&["run", "--policy", "research.toml", "When are apples ripe?"]);
    (Research { service, web, world }, printed)
}

fn fetch(url: &str) -> String {
    format!(r#"{{"tool":"fetch","arguments":{{"url":"{url}"}}}}"#)
}

fn search() -> String {
    r#"{"tool":"search","arguments":{"word":"apples"}}"#.to_owned()
}

impl Research {
    fn shown(&self, printed: &Printed) -> String {
        let text = printed.transcript().replace(&self.service.port().to_string(), "[SERVICE]");
        text.replace(&self.web.port().to_string(), "[WEB]")
    }
}

#[test]
fn it_searches_with_its_key_reads_pages_and_writes_notes_alone() {
    let write = |path: &str| {
        format!(r##"{{"tool":"write_file","arguments":{{"path":"{path}","content":"# Apples: May\n"}}}}"##)
    };
    let (research, printed) = research(|web| {
        vec![search(), fetch(&web.url("/page")), write("report.md"), write("../notes.md"), write("/workspace/notes.md")]
    });
    expect![[r#"
        ── stdout
        ok
        ── stderr
        model scripted:../model.jsonl (research.toml:6)
        notes [DIR]/project/notes (rw, research.toml:17)
        workspace [DIR]/project (ro, research.toml:14)
        policy research.toml (3 rules)
        #1 ✓ search(word='apples') → found /page [TIME]
        #2 ✓ fetch(url='http://127.0.0.1:[PORT]/page') → 3 keys [TIME]
        #3 ✓ write_file(path='report.md', content='# Apples: May\n') → bytes: 14 [TIME]
        #4 ✗ write_file(path='../notes.md', content='# Apples: May\n') → validation: `../notes.md` has `..` in it [TIME]
        #5 ✓ write_file(path='/workspace/notes.md', content='# Apples: May\n') → bytes: 14 [TIME]
        #6 ✓ done(summary='ok')
        done · 6 steps · [TIME] · show: looplet-host show [RUN]
        ── exit 0
    "#]]
    .assert_eq(&research.shown(&printed));
    assert_eq!(fs::read_to_string(research.world.path("notes/report.md")).unwrap(), "# Apples: May\n");
    assert_eq!(fs::read_to_string(research.world.path("notes.md")).unwrap(), "alpha\nbeta\n");
    assert!(research.service.seen()[0].contains(&format!("x-api-key: {KEY}\r\n")), "{:?}", research.service.seen());
    assert!(!research.web.seen()[0].contains(KEY));
    assert!(!printed.transcript().contains(KEY));
}

#[test]
fn a_long_query_is_put_to_a_person_once_the_run_has_read_a_page() {
    let long = |web: &Canary| fetch(&web.url(&format!("/page?q={}", "alpha+beta+".repeat(9))));
    let (research, printed) = research(|web| vec![long(web), long(web), fetch(&web.url("/page?q=short"))]);
    expect![[r#"
        ── stdout
        ok
        ── stderr
        model scripted:../model.jsonl (research.toml:6)
        notes [DIR]/project/notes (rw, research.toml:17)
        workspace [DIR]/project (ro, research.toml:14)
        policy research.toml (3 rules)
        #1 ✓ fetch(url='http://127.0.0.1:[PORT]/page?q=alpha+beta+alpha+be…') → 3 keys [TIME]
        #2 ⊘ fetch(url='http://127.0.0.1:[PORT]/page?q=alpha+beta+alpha+be…') → denied by research.toml:47 «a long query after reading the web can carry data out»
        #3 ✓ fetch(url='http://127.0.0.1:[PORT]/page?q=short') → 3 keys [TIME]
        #4 ✓ done(summary='ok')
        #2 http/fetch would be allowed by --allow 'http/fetch', or `decision = "allow"` in the rule at `research.toml:47`
        done · 4 steps · 1 denied by policy · [TIME] · show: looplet-host show [RUN] --denied
        ── exit 0
    "#]].assert_eq(&research.shown(&printed));
    assert_eq!(research.web.seen().len(), 2);
}

#[test]
fn it_is_bounded_in_addresses_bytes_and_calls() {
    let (research, printed) = research(|web| {
        vec![
            fetch(&web.url(&format!("/{}", "x".repeat(512)))),
            fetch(&web.url("/large")),
            fetch("http://169.254.169.254/latest/meta-data"),
            fetch(&web.url("/page")),
        ]
    });
    expect![[r#"
        ── stderr
        model scripted:../model.jsonl (research.toml:6)
        notes [DIR]/project/notes (rw, research.toml:17)
        workspace [DIR]/project (ro, research.toml:14)
        policy research.toml (3 rules)
        #1 ✗ fetch(url='http://127.0.0.1:[PORT]/xxxxxxxxxxxxxxxxxxxxxxxxxx…') → validation: the URL is too long [TIME]
              refused inside: GET a URL of 535 bytes: limit used up
        #2 ✗ fetch(url='http://127.0.0.1:[PORT]/large') → network: the answer to `GET http://127.0.0.1:[PORT]/large` ends early: HTTP resp… [TIME]
              refused inside: receive more than 4194304 bytes: limit used up
        #3 ✗ fetch(url='http://169.254.169.254/latest/meta-data') → permission denied: `GET http://169.254.169.254/latest/meta-data` leads to an ad… [TIME]
              refused inside: GET http://169.254.169.254:80/latest/meta-data at 169.254.169.254: not a public address; would be allowed by grants."http/fetch".addresses = ["169.254.169.254"]
        stopped: no call of `http/fetch` left in the budget · 3 steps · 3 reaches refused by the sandbox · [TIME] · show: looplet-host show [RUN]
        ── exit 1
    "#]].assert_eq(&research.shown(&printed));
}

#[test]
fn without_the_grant_of_its_key_the_search_is_denied_with_the_lines_that_would_allow_it() {
    let (research, _) = research(|_| vec![search()]);
    let file = fs::read_to_string(research.world.path("research.toml")).unwrap();
    research.world.changes();
    research.world.write("research.toml", file.replace(", secrets = [\"search\"]", ""));
    let printed = research.world.run(&["run", "--policy", "research.toml", "When are apples ripe?"]);
    expect![[r#"
        ── stdout
        ok
        ── stderr
        model scripted:../model.jsonl (research.toml:6)
        notes [DIR]/project/notes (rw, research.toml:17)
        workspace [DIR]/project (ro, research.toml:14)
        policy research.toml (3 rules)
        #1 ⊘ search(word='apples') → denied «the tool needs `secret search`, which this call was not given»
        #2 ✓ done(summary='ok')
        #1 search/search would be allowed by --grant 'search/search:secret.search', or in looplet.toml:
            [grants."search/search"]
            secrets = ["search"]
          where `[secrets.search]` in your own file defines it
        done · 2 steps · 1 denied by policy · [TIME] · show: looplet-host show [RUN] --denied
        ── exit 0
    "#]]
    .assert_eq(&research.shown(&printed));
    assert_eq!(research.service.seen().len(), 1);
}
