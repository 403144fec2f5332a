//! `fetch` as people use it: granted on the command line or in a file, refused with the line that would allow it.

use expect_test::expect;

use crate::canary::{Canary, Part, answer};
use crate::world::{Printed, World};

const DONE: &str = r#"{"calls":[{"tool":"done","arguments":{"summary":"ok"}}]}"#;

fn pages(line: &str) -> Vec<Part> {
    match line {
        line if line.contains("/page") => {
            let page =
                "<html><body><h1>Apples</h1><p>Ripe in <a href=\"/may\">May</a>.</p><script>x()</script></body></html>";
            answer("200 OK", "content-type: text/html\r\n", page)
        }
        line if line.contains("/data") => answer("200 OK", "content-type: application/json\r\n", r#"{"apples": 3}"#),
        line if line.contains("/moved") => answer("301 Moved Permanently", "location: /page\r\n", ""),
        line if line.contains("/away") => answer("302 Found", "location: http://169.254.169.254/latest\r\n", ""),
        _ => answer("404 Not Found", "content-type: text/plain\r\n", "no such page"),
    }
}

/// A world whose model fetches these one after the other.
fn fetching(arguments: &[String]) -> World {
    let call = |arguments: &String| format!(r#"{{"calls":[{{"tool":"fetch","arguments":{arguments}}}]}}"#);
    let turns: Vec<String> = arguments.iter().map(call).chain([DONE.to_owned()]).collect();
    World::with_notes().model(&turns.iter().map(String::as_str).collect::<Vec<_>>())
}

fn url(canary: &Canary, path: &str) -> String {
    format!(r#"{{"url":"{}"}}"#, canary.url(path))
}

fn shown(printed: &Printed, canary: &Canary) -> String {
    printed.transcript().replace(&canary.port().to_string(), "[PORT]")
}

fn run_by_policy(world: &World) -> Printed {
    world.run(&["run", "--model", "scripted:../model.jsonl", "--policy", "policy.toml", "look it up"])
}

fn run(world: &World, grants: &[String]) -> Printed {
    let mut arguments = vec!["run", "--model", "scripted:../model.jsonl", "--allow", "http/*"];
    arguments.extend(grants.iter().flat_map(|grant| ["--grant", grant.as_str()]));
    arguments.push("look it up");
    world.run(&arguments)
}

#[test]
fn a_grant_on_the_command_line_loads_the_plugin_and_lets_its_requests_out() {
    let canary = Canary::start(pages);
    let world =
        fetching(&[url(&canary, "/page"), url(&canary, "/data"), url(&canary, "/none"), url(&canary, "/moved")]);
    let printed = run(&world, &[format!("http/fetch:http=GET {}", canary.url("/**"))]);
    expect![[r#"
        ── stdout
        ok
        ── stderr
        model scripted:../model.jsonl (--model)
        workspace [DIR]/project (rw, the shipped default)
        policy none written and no terminal to ask at: every call is denied but for `--allow`
        #1 ✓ fetch(url='http://127.0.0.1:[PORT]/page') → 3 keys [TIME]
        #2 ✓ fetch(url='http://127.0.0.1:[PORT]/data') → 3 keys [TIME]
        #3 ✓ fetch(url='http://127.0.0.1:[PORT]/none') → 3 keys [TIME]
        #4 ✓ fetch(url='http://127.0.0.1:[PORT]/moved') → 2 keys [TIME]
        #5 ✓ done(summary='ok')
        done · 5 steps · [TIME] · show: looplet-host show [RUN]
        ── exit 0
    "#]]
    .assert_eq(&shown(&printed, &canary));
    let run = world.runs().remove(0);
    let show = world.run(&["show", &format!("{run}#1")]);
    expect![[r##"
        ── stdout
         step        #1 http/fetch
         arguments   {"url":"http://127.0.0.1:[PORT]/page"}  [DIGEST]
         decision    allowed
         rule        --allow → allow
         authority   http GET http://127.0.0.1:[PORT]/** (granted by --grant)
         touched     read 0 B, wrote 0 B, 0 refused inside
         used        [TIME], [SIZE] of 64.0 MiB, 1 request
         result      {"status":200,"content_type":"text/html","text":"# Apples\n\nRipe in [May][1].\n\n[1]: /may\n"}
         prompt      turn 1
        ── exit 0
    "##]]
    .assert_eq(&shown(&show, &canary));
    assert_eq!(canary.seen().len(), 4);
}

#[test]
fn without_a_grant_the_model_does_not_hear_of_it() {
    let canary = Canary::start(pages);
    let world = fetching(&[url(&canary, "/page")]);
    let printed = run(&world, &[]);
    assert!(printed.stderr.contains("there is no tool `fetch`"), "{}", printed.stderr);
    assert!(canary.seen().is_empty());
}

#[test]
fn what_is_not_granted_is_told_with_the_line_that_would_allow_it() {
    let canary = Canary::start(pages);
    let post = format!(r#"{{"url":"{}","method":"POST","body":"x"}}"#, canary.url("/page"));
    let away = format!(r#"{{"url":"{}","follow":true}}"#, canary.url("/away"));
    let world = fetching(&[post, away, url(&canary, "/page").replace("127.0.0.1", "localhost")]);
    let printed = run(&world, &[format!("http/fetch:http=GET {}", canary.url("/**"))]);
    expect![[r#"
        ── stdout
        ok
        ── stderr
        model scripted:../model.jsonl (--model)
        workspace [DIR]/project (rw, the shipped default)
        policy none written and no terminal to ask at: every call is denied but for `--allow`
        #1 ✗ fetch(body='x', method='POST', url='http://127.0.0.1:[PORT]/page') → permission denied: `POST http://127.0.0.1:[PORT]/page` is not granted to this to… [TIME]
              refused inside: POST http://127.0.0.1:[PORT]/page: not granted; would be allowed by grants."http/fetch".http = ["POST http://127.0.0.1:[PORT]/**"]
        #2 ✗ fetch(follow=true, url='http://127.0.0.1:[PORT]/away') → permission denied: `GET http://169.254.169.254/latest` is not granted to this t… [TIME]
              refused inside: GET http://169.254.169.254:80/latest: not granted; would be allowed by grants."http/fetch".http = ["GET http://169.254.169.254/**"]
        #3 ✗ fetch(url='http://localhost:[PORT]/page') → permission denied: `GET http://localhost:[PORT]/page` is not granted to this tool [TIME]
              refused inside: GET http://localhost:[PORT]/page: not granted; would be allowed by grants."http/fetch".http = ["GET http://localhost:[PORT]/**"]
        #4 ✓ done(summary='ok')
        done · 4 steps · 3 reaches refused by the sandbox · [TIME] · show: looplet-host show [RUN]
        ── exit 0
    "#]].assert_eq(&shown(&printed, &canary));
    assert_eq!(canary.seen().len(), 1);
    let journal = std::fs::read_to_string(world.journals().remove(0)).unwrap();
    assert!(journal.matches("would_allow").count() >= 3);
    let prompt = world.run(&["show", &world.runs()[0], "--prompt", "4"]).stdout;
    assert!(prompt.contains("is not granted to this tool"), "{prompt}");
    for told in ["would_allow", "would be allowed", "grants", "--grant", "--allow", "[[rules]]"] {
        assert!(!prompt.contains(told), "the model is told of {told}: {prompt}");
    }
}

#[test]
fn a_file_grants_explains_and_bounds() {
    let canary = Canary::start(pages);
    let policy = format!(
        "format = 1\n[plugins]\nhttp = {{ from = \"builtin\" }}\n[grants.\"http/fetch\"]\nhttp = [\"GET {}\"]\nlimits = {{ url_bytes = 64 }}\n[[rules]]\ntool = \"http/fetch\"\ndecision = \"allow\"\n",
        canary.url("/page/**")
    );
    let long = format!(r#"{{"url":"{}?{}"}}"#, canary.url("/page"), "x".repeat(64));
    let world = fetching(&[url(&canary, "/page"), url(&canary, "/data"), long]).file("policy.toml", policy);
    let arguments = url(&canary, "/page");
    let explained = world.run(&["explain", "http/fetch", "--args", &arguments, "--policy", "policy.toml"]);
    expect![[r#"
        ── stdout
         tool      http/fetch
         decision  allow  policy.toml:7 (the operator's policy allows this call)
         works     yes, `http://127.0.0.1:[PORT]/page` by `GET` alone
         could     http GET http://127.0.0.1:[PORT]/page/**  (granted by policy.toml:4)
         without   secret of any name (optional: to be let in where you bind a secret)
         within    [TIME], [SIZE] of memory, 8 requests, [SIZE] of bodies each way, URLs of 64 bytes
        ── exit 0
    "#]]
    .assert_eq(&shown(&explained, &canary));
    let printed = run_by_policy(&world);
    expect![[r#"
        ── stdout
        ok
        ── stderr
        model scripted:../model.jsonl (--model)
        workspace [DIR]/project (rw, the shipped default)
        policy policy.toml (1 rule)
        #1 ✓ fetch(url='http://127.0.0.1:[PORT]/page') → 3 keys [TIME]
        #2 ✗ fetch(url='http://127.0.0.1:[PORT]/data') → permission denied: `GET http://127.0.0.1:[PORT]/data` is not granted to this tool [TIME]
              refused inside: GET http://127.0.0.1:[PORT]/data: not granted; would be allowed by grants."http/fetch".http = ["GET http://127.0.0.1:[PORT]/**"]
        #3 ✗ fetch(url='http://127.0.0.1:[PORT]/page?xxxxxxxxxxxxxxxxxxxxx…') → validation: the URL is too long [TIME]
              refused inside: GET a URL of 92 bytes: limit used up
        #4 ✓ done(summary='ok')
        done · 4 steps · 2 reaches refused by the sandbox · [TIME] · show: looplet-host show [RUN]
        ── exit 0
    "#]].assert_eq(&shown(&printed, &canary));
    assert_eq!(canary.seen().len(), 1);
    let called = world.run(&["call", "http/fetch", &arguments, "--policy", "policy.toml"]);
    expect![[r##"
        ── stdout
        {"status":200,"content_type":"text/html","text":"# Apples\n\nRipe in [May][1].\n\n[1]: /may\n"}
        ── stderr
        [TIME] · [SIZE] of 64
        ── exit 0
    "##]]
    .assert_eq(&shown(&called, &canary));
}

#[test]
fn patterns_and_networks_that_are_none_are_refused_with_their_line() {
    let world = World::with_notes().file(
        "policy.toml",
        "format = 1\n[grants]\nhttp = { http = [\"GET https://a.example/**\", \"GET https://*.*/**\"] }\n",
    );
    world.check(&["check", "--policy", "policy.toml"], &expect![[r#"
        ── stderr
        error: policy.toml:3: `GET https://*.*/**` is no pattern of requests: `*` stands only for a whole host, or in front of one as in `*.example.com`, not in `*.*`
        hint: write it as `GET https://api.example.com/v1/**`
        ── exit 2
    "#]]);
    world.write("policy.toml", "format = 1\n[grants]\nhttp = { http = [\"GET https://a.example:99999/**\"] }\n");
    world.check(&["check", "--policy", "policy.toml"], &expect![[r#"
        ── stderr
        error: policy.toml:3: `GET https://a.example:99999/**` is no pattern of requests: `99999` is no port: from 1 to 65535, or `*`
        hint: write it as `GET https://api.example.com/v1/**`
        ── exit 2
    "#]]);
    world.write("policy.toml", "format = 1\n[grants]\nhttp = { addresses = [\"10.0.0.0/40\"] }\n");
    world.check(
        &["check", "--policy", "policy.toml"],
        &expect![[r#"
        ── stderr
        error: policy.toml:3: `10.0.0.0/40` is no network
        hint: write `10.20.0.0/16`, `fd00::/8` or one address
        ── exit 2
    "#]],
    );
    world.check(
        &["check", "--grant", "http/fetch:http=https://a.example/**"],
        &expect![[r#"
        ── stderr
        error: --grant: `https://a.example/**` is no pattern of requests: it has no method
        hint: write it as `GET https://api.example.com/v1/**`
        ── exit 2
    "#]],
    );
}

#[test]
fn inspect_shows_what_it_needs() {
    let world = World::with_notes();
    world.check(&["inspect", "builtin:http"], &expect![[r#"
        ── stdout
        http  http 0.1.0  built in, [DIGEST]
          Fetches pages and data from the web
          fetch: Fetch a page or data from the web. HTML comes as readable text with its links, JSON as data; an error status is
            needs http * https://*:*/**, * http://*:*/**: the address you name
            needs secret of any name (optional): to be let in where you bind a secret
        ── exit 0
    "#]]);
}

/// A policy that grants `fetch` all of the canary, with these rules.
fn ruled(canary: &Canary, rules: &str) -> String {
    format!(
        "format = 1\n[plugins]\nhttp = {{ from = \"builtin\" }}\n[grants.\"http/fetch\"]\nhttp = [\"* {}\"]\n{rules}",
        canary.url("/**")
    )
}

#[test]
fn an_allowance_by_url_is_for_that_address_and_no_redirect_leads_beyond_it() {
    let canary = Canary::start(pages);
    let rules = format!(
        "[[rules]]\ntool = \"http/fetch\"\nurl = {{ arg = \"url\", pattern = \"GET {}\" }}\ndecision = \"allow\"\nmatch = [{{ url = \"{}\" }}]\nnot_match = [{{ url = \"https://evil.test/\" }}]\n",
        canary.url("/**"),
        canary.url("/x")
    );
    let followed = format!(r#"{{"url":"{}","follow":true}}"#, canary.url("/moved"));
    let posted = format!(r#"{{"url":"{}","method":"POST","body":"x"}}"#, canary.url("/page"));
    let elsewhere = r#"{"url":"http://localhost/"}"#.to_owned();
    let world = fetching(&[url(&canary, "/page?q"), followed, posted, elsewhere]);
    let world = world.file("policy.toml", ruled(&canary, &rules));
    let printed = run_by_policy(&world);
    expect![[r#"
        ── stdout
        ok
        ── stderr
        model scripted:../model.jsonl (--model)
        workspace [DIR]/project (rw, the shipped default)
        policy policy.toml (1 rule)
        #1 ✓ fetch(url='http://127.0.0.1:[PORT]/page?q') → 3 keys [TIME]
        #2 ✗ fetch(follow=true, url='http://127.0.0.1:[PORT]/moved') → permission denied: `GET http://127.0.0.1:[PORT]/page` is not granted to this tool [TIME]
              refused inside: GET http://127.0.0.1:[PORT]/page: outside this call's reach
        #3 ✗ fetch(body='x', method='POST', url='http://127.0.0.1:[PORT]/page') → permission denied: `POST http://127.0.0.1:[PORT]/page` is not granted to this to… [TIME]
              refused inside: POST http://127.0.0.1:[PORT]/page: outside this call's reach
        #4 ⊘ fetch(url='http://localhost/') → denied «nothing in the operator's policy allows this call»
        #5 ✓ done(summary='ok')
        #4 http/fetch would be allowed by --allow 'http/fetch', or in looplet.toml:
            [[rules]]
            tool = "http/fetch"
            decision = "allow"
        done · 5 steps · 2 reaches refused by the sandbox · 1 denied by policy · [TIME] · show: looplet-host show [RUN] --denied
        ── exit 0
    "#]].assert_eq(&shown(&printed, &canary));
    let paths: Vec<String> = canary.seen().iter().map(|seen| seen.lines().next().unwrap().to_owned()).collect();
    assert_eq!(paths, ["GET /page?q HTTP/1.1", "GET /moved HTTP/1.1"]);
}

#[test]
fn rules_on_urls_deny_and_narrow_and_several_intersect() {
    let canary = Canary::start(pages);
    let rules = format!(
        "[[rules]]\ntool = \"http\"\ndecision = \"allow\"\nnarrow = {{ http = {{ at = \"{{/url}}\", reach = \"origin\" }} }}\n[[rules]]\ntool = \"http\"\nurl = {{ arg = \"url\", pattern = \"GET {}\" }}\ndecision = \"deny\"\nreason = \"not that page\"\n",
        canary.url("/data/**")
    );
    let followed = format!(r#"{{"url":"{}","follow":true}}"#, canary.url("/moved"));
    let denied = [url(&canary, "/data"), url(&canary, "/DATA/x"), url(&canary, "/x/..%2fdata")];
    let world = fetching(&[&[followed][..], &denied].concat()).file("policy.toml", ruled(&canary, &rules));
    let printed = run_by_policy(&world);
    expect![[r#"
        ── stdout
        ok
        ── stderr
        model scripted:../model.jsonl (--model)
        workspace [DIR]/project (rw, the shipped default)
        policy policy.toml (2 rules)
        #1 ✓ fetch(follow=true, url='http://127.0.0.1:[PORT]/moved') → 4 keys [TIME]
        #2 ⊘ fetch(url='http://127.0.0.1:[PORT]/data') → denied by policy.toml:10 «not that page»
        #3 ⊘ fetch(url='http://127.0.0.1:[PORT]/DATA/x') → denied by policy.toml:10 «not that page»
        #4 ⊘ fetch(url='http://127.0.0.1:[PORT]/x/..%2fdata') → denied by policy.toml:10 «not that page»
        #5 ✓ done(summary='ok')
        #2 http/fetch would be allowed by an `unless` in the rule at `policy.toml:10`, or taking that rule out
        done · 5 steps · 3 denied by policy · [TIME] · show: looplet-host show [RUN] --denied
        ── exit 0
    "#]]
    .assert_eq(&shown(&printed, &canary));
    assert_eq!(canary.seen().len(), 2);

    let two = format!(
        "[[rules]]\ntool = \"http\"\nurl = {{ arg = \"url\", pattern = \"GET {}\" }}\ndecision = \"allow\"\n[[rules]]\ntool = \"http\"\ndecision = \"allow\"\nnarrow = {{ http = \"{}\" }}\n",
        canary.url("/**"),
        canary.url("/page")
    );
    let world = fetching(&[url(&canary, "/page"), url(&canary, "/data")]).file("policy.toml", ruled(&canary, &two));
    let printed = run_by_policy(&world);
    expect![[r#"
        ── stdout
        ok
        ── stderr
        model scripted:../model.jsonl (--model)
        workspace [DIR]/project (rw, the shipped default)
        policy policy.toml (2 rules)
        #1 ✓ fetch(url='http://127.0.0.1:[PORT]/page') → 3 keys [TIME]
        #2 ✗ fetch(url='http://127.0.0.1:[PORT]/data') → permission denied: `GET http://127.0.0.1:[PORT]/data` is not granted to this tool [TIME]
              refused inside: GET http://127.0.0.1:[PORT]/data: outside this call's reach
        #3 ✓ done(summary='ok')
        done · 3 steps · 1 reach refused by the sandbox · [TIME] · show: looplet-host show [RUN]
        ── exit 0
    "#]].assert_eq(&shown(&printed, &canary));
}

#[test]
fn a_url_that_cannot_be_matched_is_refused_with_its_line() {
    let world = World::with_notes();
    for (rule, expected) in [
        (
            "url = { arg = \"url\" }",
            expect![[r#"
            ── stderr
            error: policy.toml:4: `url` has no `pattern`
            hint: `GET https://*/**` is every page of the open web
            ── exit 2
        "#]],
        ),
        (
            "url = { arg = \"url\", pattern = \"https://a.example\" }",
            expect![[r#"
            ── stderr
            error: policy.toml:4: `https://a.example` is no pattern of requests: it has no method
            hint: write it as `GET https://api.example.com/v1/**`
            ── exit 2
        "#]],
        ),
        (
            "url = { arg = \"url\", patern = \"GET https://a.example/**\" }",
            expect![[r#"
            ── stderr
            error: policy.toml:4: unknown key `patern` in `url`
            hint: did you mean `pattern`?
            ── exit 2
        "#]],
        ),
        (
            "narrow = { http = { at = \"{/url}\", reach = \"host\" } }",
            expect![[r#"
            ── stderr
            error: policy.toml:4: `reach` of an address is "host"
            hint: it is `url` or `origin`
            ── exit 2
        "#]],
        ),
        (
            "url = { arg = \"url\", pattern = \"GET https://a.example/**\" }\nmatch = [{ url = \"https://b.example/\" }]",
            expect![[r#"
                ── stderr
                error: policy.toml:5: example `{"url":"https://b.example/"}` of `match` fails: the answer is `no`
                hint: change the rule until it matches this, or the example
                ── exit 2
            "#]],
        ),
    ] {
        world.write("policy.toml", format!("format = 1\n[[rules]]\ntool = \"*\"\n{rule}\ndecision = \"allow\"\n"));
        world.check(&["check", "--policy", "policy.toml"], &expected);
    }
}
