//! `[secrets]` as people use them: taken from where the operator says, sent where it is bound, and nowhere else.

use std::fs;

use expect_test::expect;
use looplet_tests::guests;

use super::redact::files;
use crate::canary::{Canary, Part, answer};
use crate::world::{Printed, World};

pub(super) const DONE: &str = r#"{"calls":[{"tool":"done","arguments":{"summary":"ok"}}]}"#;

/// A value a source, told apart from all else.
pub(super) const VALUES: [&str; 3] = ["env+secret/91", "file+secret/92", "command+secret/93"];

/// Says what was sent as `authorization` and `x-api-key`: a server that nobody should write.
pub(super) fn echo(line: &str) -> Vec<Part> {
    let spelled = match line {
        line if line.contains("/env") => "you are env+secret/91, in base64 ZW52K3NlY3JldC85MQ==",
        line if line.contains("/file") => "you are file+secret/92, in a URL file%2Bsecret%2F92",
        line if line.contains("/command") => "you are command+secret/93, in hex 636f6d6d616e642b7365637265742f3933",
        _ => "hello",
    };
    answer("200 OK", "content-type: text/plain\r\n", spelled)
}

fn fetch(url: &str) -> String {
    format!(r#"{{"calls":[{{"tool":"fetch","arguments":{{"url":"{url}"}}}}]}}"#)
}

pub(super) fn policy(secrets: &str, grants: &str) -> String {
    format!("format = 1\n{secrets}\n[grants]\n{grants}\n[[rules]]\ntool = \"*\"\ndecision = \"allow\"\n")
}

pub(super) const RUN: [&str; 6] =
    ["run", "--model", "scripted:../model.jsonl", "--policy", "policy.toml", "look it up"];

fn shown(printed: &Printed, canaries: &[&Canary]) -> String {
    let ports = canaries.iter().zip(["[PORT-A]", "[PORT-B]", "[PORT-C]"]);
    ports.fold(printed.transcript(), |text, (canary, name)| text.replace(&canary.port().to_string(), name))
}

#[test]
fn a_secret_of_each_source_goes_to_its_origin_and_stands_in_nothing_else() {
    let canaries = [Canary::start(echo), Canary::start(echo), Canary::start(echo)];
    let secret = |name: &str, from: &str, canary: &Canary| {
        format!("[secrets.{name}]\nfrom = {from}\nto = \"{}\"\n", canary.url(""))
    };
    let secrets = [
        secret("by-env", "{ env = \"API_KEY\" }", &canaries[0]),
        secret("by-file", "{ file = \"../keys/api\" }", &canaries[1]),
        secret("by-command", "{ command = [\"sh\", \"-c\", \"echo command+secret/93\"] }", &canaries[2])
            + "header = { name = \"x-api-key\", value = \"{}\" }",
    ];
    let grant = "\"http/fetch\" = { http = [\"GET http://127.0.0.1:*/**\"], secrets = [\"by-env\", \"by-file\", \"by-command\"] }";
    let paths = ["/env", "/file", "/command"];
    let urls: Vec<String> = canaries.iter().zip(paths).map(|(canary, path)| canary.url(path)).collect();
    let turns: Vec<String> = urls.iter().map(|url| fetch(url)).chain([DONE.to_owned()]).collect();
    let world = World::with_notes()
        .variable("API_KEY", VALUES[0])
        .file("../keys/api", format!("{}\n", VALUES[1]))
        .file("policy.toml", policy(&secrets.concat(), grant))
        .model(&turns.iter().map(String::as_str).collect::<Vec<_>>());
    let all: Vec<&Canary> = canaries.iter().collect();

    let printed = world.run(&RUN);
    expect![[r#"
        ── stdout
        ok
        ── stderr
        model scripted:../model.jsonl (--model)
        workspace [DIR]/project (rw, the shipped default)
        policy policy.toml (1 rule)
        #1 ✓ fetch(url='http://127.0.0.1:[PORT]/env') → 3 keys [TIME]
              refused inside: receive `by-env` from http://127.0.0.1:[PORT]/env: taken out
        #2 ✓ fetch(url='http://127.0.0.1:[PORT]/file') → 3 keys [TIME]
              refused inside: receive `by-file` from http://127.0.0.1:[PORT]/file: taken out
        #3 ✓ fetch(url='http://127.0.0.1:[PORT]/command') → 3 keys [TIME]
              refused inside: receive `by-command` from http://127.0.0.1:[PORT]/command: taken out
        #4 ✓ done(summary='ok')
        done · 4 steps · 3 reaches refused by the sandbox · [TIME] · show: looplet-host show [RUN]
        ── exit 0
    "#]]
    .assert_eq(&shown(&printed, &all));
    let headers =
        ["authorization: Bearer env+secret/91", "authorization: Bearer file+secret/92", "x-api-key: command+secret/93"];
    for ((canary, header), value) in canaries.iter().zip(headers).zip(VALUES) {
        let seen = canary.seen();
        assert!(seen.len() == 1 && seen[0].contains(&format!("{header}\r\n")), "{seen:?}");
        assert!(VALUES.iter().all(|other| *other == value || !seen[0].contains(other)), "{seen:?}");
    }

    let run = world.runs().remove(0);
    let show = world.run(&["show", &format!("{run}#1")]);
    expect![[r#"
        ── stdout
         step        #1 http/fetch
         arguments   {"url":"http://127.0.0.1:[PORT]/env"}  [DIGEST]
         decision    allowed
         rule        policy.toml:14 → allow
         authority   http GET http://127.0.0.1:*/** (granted by policy.toml:13)
                     secret by-command for http://127.0.0.1:[PORT] (granted by policy.toml:13)
                     secret by-env for http://127.0.0.1:[PORT] (granted by policy.toml:13)
                     secret by-file for http://127.0.0.1:[PORT] (granted by policy.toml:13)
         touched     read 0 B, wrote 0 B, 1 refused inside
         refused     receive `by-env` from http://127.0.0.1:[PORT]/env → taken out
         used        [TIME], [SIZE] of 64.0 MiB, 1 request
         result      {"status":200,"content_type":"text/plain","text":"you are *************, in base64 *****************Q=="}
         prompt      turn 1
        ── exit 0
    "#]].assert_eq(&shown(&show, &all));
    let arguments = format!(r#"{{"url":"{}"}}"#, urls[0]);
    let explain = world.run(&["explain", "http/fetch", "--policy", "policy.toml", "--args", &arguments]);
    expect![[r#"
        ── stdout
         tool      http/fetch
         decision  allow  policy.toml:14 (the operator's policy allows this call)
         works     yes, `http://127.0.0.1:[PORT]/env` by `GET` alone
         could     http GET http://127.0.0.1:*/**  (granted by policy.toml:13)
         could     secret by-command for http://127.0.0.1:[PORT]  (granted by policy.toml:13)
         could     secret by-env for http://127.0.0.1:[PORT]  (granted by policy.toml:13)
         could     secret by-file for http://127.0.0.1:[PORT]  (granted by policy.toml:13)
         within    [TIME], [SIZE] of memory, 8 requests, [SIZE] of bodies each way, URLs of 8192 bytes
        ── exit 0
    "#]]
    .assert_eq(&shown(&explain, &all));
    let others = [
        world.run(&["check", "--policy", "policy.toml"]),
        world.run(&["--json", "check", "--policy", "policy.toml"]),
        world.run(&["--json", "explain", "http/fetch", "--policy", "policy.toml", "--args", &arguments]),
        world.run(&["--json", "inspect", "--policy", "policy.toml"]),
        world.run(&["--json", "show", &run]),
        world.run(&["export", &run, "out"]),
        world.run(&["doctor"]),
    ];
    let texts = others.iter().chain([&printed, &show, &explain]).map(Printed::transcript);
    let kept = files(&world.path("../home/.local/state/looplet/runs")).into_iter().chain(files(&world.path("out")));
    let kept = kept.map(|file| String::from_utf8_lossy(&fs::read(file).unwrap()).into_owned());
    for text in texts.chain(kept) {
        for spelled in VALUES.iter().copied().chain(["ZW52K3NlY3JldC85MQ", "file%2Bsecret%2F92", "636f6d6d616e642b"]) {
            assert!(!text.contains(spelled), "{spelled}: {text}");
        }
    }
}

#[test]
fn what_a_model_says_and_a_tool_reads_of_it_is_kept_out_of_the_run() {
    let canary = Canary::start(echo);
    let secrets = format!(
        "[mounts.workspace]\npath = \".\"\nmode = \"rw\"\n[secrets.api]\nfrom = {{ env = \"API_KEY\" }}\nto = \"{}\"",
        canary.url("")
    );
    let grants = "files = { fs = { workspace = \"rw\" } }\n\
                  \"http/fetch\" = { http = [\"GET http://127.0.0.1:*/**\"], secrets = [\"api\"] }";
    let world = World::with_notes()
        .variable("API_KEY", VALUES[0])
        .file("policy.toml", policy(&secrets, grants))
        .file("config.ini", "key = env+secret/91\n")
        .model(&[
            r#"{"calls":[{"tool":"read_file","arguments":{"path":"config.ini"}}]}"#,
            r#"{"calls":[{"tool":"write_file","arguments":{"path":"a.txt","content":"env+secret/91"}}]}"#,
            &fetch(&canary.url("/?k=env%2Bsecret%2F91")),
            DONE,
        ]);
    let printed = world.run(&RUN);
    expect![[r#"
        ── stdout
        ok
        ── stderr
        model scripted:../model.jsonl (--model)
        workspace [DIR]/project (rw, policy.toml:3)
        policy policy.toml (1 rule)
        #1 ✓ read_file(path='config.ini') → key = [redacted] [TIME]
              refused inside: say `api`: taken out
        #2 ✗ write_file(content='[redacted]', path='a.txt') → validation: not run: its arguments hold text that is kept out of runs
        #3 ✗ fetch(url='http://127.0.0.1:[PORT]/?k=[redacted]') → validation: not run: its arguments hold text that is kept out of runs
        #4 ✓ done(summary='ok')
        done · 4 steps · 1 reach refused by the sandbox · [TIME] · show: looplet-host show [RUN]
        ── exit 0
    "#]].assert_eq(&shown(&printed, &[&canary]));
    assert!(canary.seen().is_empty() && !world.path("a.txt").exists());
    for file in files(&world.path("../home/.local/state/looplet/runs")) {
        assert!(!fs::read_to_string(&file).unwrap().contains("secret/91"), "{}", file.display());
    }
}

#[test]
fn the_file_of_a_secret_is_not_there_for_tools() {
    let read = r#"{"calls":[{"tool":"read_file","arguments":{"path":"keys/api"}}]}"#;
    let list = r#"{"calls":[{"tool":"list_dir","arguments":{"path":"keys"}}]}"#;
    let secrets =
        "[mounts.workspace]\npath = \".\"\n[secrets.api]\nfrom = { file = \"keys/api\" }\nto = \"https://a.example\"";
    let grants = "files = { fs = { workspace = \"ro\" } }\n\"http/fetch\" = { http = [\"GET https://a.example/**\"], secrets = [\"api\"] }";
    let world = World::with_notes()
        .file("keys/api", "file+secret/92\n")
        .file("policy.toml", policy(secrets, grants))
        .model(&[read, list, DONE]);
    world.check(
        &RUN,
        &expect![[r#"
        ── stdout
        ok
        ── stderr
        model scripted:../model.jsonl (--model)
        workspace [DIR]/project (ro, policy.toml:3)
        policy policy.toml (1 rule)
        #1 ✗ read_file(path='keys/api') → not found: `keys/api` does not exist [TIME]
              refused inside: open workspace:/keys/api: hidden (the host's own files)
              refused inside: stat workspace:/keys/api: hidden (the host's own files)
        #2 ✓ list_dir(path='keys') → 0 entries [TIME]
        #3 ✓ done(summary='ok')
        done · 3 steps · 2 reaches refused by the sandbox · [TIME] · show: looplet-host show [RUN]
        ── exit 0
    "#]],
    );
    // By another name no pattern would hide it.
    world.changes();
    fs::rename(world.path("keys/api"), world.path("plain.txt")).unwrap();
    std::os::unix::fs::symlink("../plain.txt", world.path("keys/api")).unwrap();
    world.check(
        &RUN,
        &expect![[r#"
        ── stderr
        error: policy.toml:4: the file of the secret `api` lies in the mount `workspace`, where tools would find it
        hint: keep it somewhere else, or hide it with a line of `hide`
        ── exit 2
    "#]],
    );
}

/// The probe in `plugins/`, with a secret of the user's own file, granted by whom the test says.
fn probing(canary: &Canary, user: &str, project: &str) -> World {
    let known = format!(
        "format = 1\n[secrets.one]\nfrom = {{ env = \"API_KEY\" }}\nto = \"{}\"\nheader = {{ name = \"x-api-key\", value = \"{{}}\" }}\n{user}",
        canary.url("")
    );
    World::with_notes()
        .variable("API_KEY", VALUES[0])
        .file("../home/.config/looplet/looplet.toml", known)
        .file("plugins/http_probe.wasm", fs::read(guests::HTTP_PROBE).unwrap())
        .file("policy.toml", policy("", project))
        .model(&[
            &format!(r#"{{"calls":[{{"tool":"send","arguments":{{"send":["GET {}"]}}}}]}}"#, canary.url("/a")),
            DONE,
        ])
}

fn sent(world: &World, canary: &Canary) -> bool {
    let printed = world.run(&[&["run", "--plugins", "plugins"], &RUN[1..]].concat());
    assert!(printed.stderr.contains("✓ send"), "{}", printed.stderr);
    let seen = canary.seen();
    assert_eq!(seen.len(), 1);
    seen[0].contains(VALUES[0])
}

#[test]
fn a_secret_of_the_users_file_is_for_components_that_it_names() {
    let digest = || looplet_host::digest::Digest::of(&fs::read(guests::HTTP_PROBE).unwrap());
    let requests = "http_probe = { http = [\"GET http://127.0.0.1:*/**\"] }";
    let both = "http_probe = { http = [\"GET http://127.0.0.1:*/**\"], secrets = [\"one\"] }";
    let pinned =
        || format!("[plugins]\nhttp_probe = {{ from = \"{}\", digest = \"{}\" }}\n", guests::HTTP_PROBE, digest());
    let grant = "[grants]\nhttp_probe = { secrets = [\"one\"] }\n";

    let canary = Canary::start(echo);
    assert!(!sent(&probing(&canary, grant, requests), &canary), "the user's grant speaks for a stranger");
    let canary = Canary::start(echo);
    assert!(!sent(&probing(&canary, "", both), &canary), "the project's grant gives the user's secret to a stranger");
    let canary = Canary::start(echo);
    assert!(sent(&probing(&canary, &(pinned() + grant), requests), &canary), "a pinned component has it");
}

#[test]
fn a_flag_grants_a_secret() {
    let canary = Canary::start(echo);
    let world = probing(&canary, "", "").model(&[&fetch(&canary.url("/a")), DONE]);
    let requests = format!("http/fetch:http=GET {}", canary.url("/**"));
    let printed = world.run(&[
        "run",
        "--model",
        "scripted:../model.jsonl",
        "--allow",
        "http/*",
        "--grant",
        &requests,
        "--grant",
        "http/fetch:secret.one",
        "look it up",
    ]);
    assert!(printed.stderr.contains("✓ fetch"), "{}", printed.stderr);
    assert!(canary.seen()[0].contains(&format!("x-api-key: {}", VALUES[0])), "{:?}", canary.seen());
}

#[test]
fn a_tool_asks_whether_a_secret_is_there_and_no_more() {
    let canary = Canary::start(echo);
    let knows = r#"{"calls":[{"tool":"knows","arguments":{"names":["one","two","API_KEY"]}}]}"#;
    let secrets = "[secrets.one]\nfrom = { env = \"API_KEY\" }\nto = \"http://127.0.0.1:1\"\n\
                   [secrets.two]\nfrom = { env = \"API_KEY\" }\nto = \"http://127.0.0.1:2\"";
    let both = "http_probe = { http = [\"GET http://127.0.0.1:*/**\"], secrets = [\"one\", \"two\"] }";
    let world = probing(&canary, "", "").file("policy.toml", policy(secrets, both)).model(&[knows, DONE]);
    let asked = |world: &World| {
        let printed = world.run(&[&["run", "--plugins", "plugins"], &RUN[1..]].concat());
        assert!(printed.stderr.contains("✓ knows"), "{}", printed.stderr);
        world.run(&["show", &format!("{}#1", world.runs().last().unwrap())]).stdout
    };
    // It needs `one` alone, and for one origin.
    assert!(
        asked(&world).contains("one: true\n             two: false\n             API_KEY: false"),
        "{}",
        asked(&world)
    );
    // Where no request may go there, there is nothing to add it to.
    world.changes();
    let elsewhere = "http_probe = { http = [\"GET http://127.0.0.1:3/**\"], secrets = [\"one\"] }";
    world.write("policy.toml", policy(secrets, elsewhere));
    assert!(asked(&world).contains("one: false"), "{}", asked(&world));
}

#[test]
fn a_call_by_hand_and_an_answer_to_a_run_show_none_of_it() {
    let secrets =
        "[mounts.workspace]\npath = \".\"\n[secrets.api]\nfrom = { env = \"API_KEY\" }\nto = \"https://a.example\"";
    let grants = "files = { fs = { workspace = \"ro\" } }\n\"http/fetch\" = { http = [\"GET https://a.example/**\"], secrets = [\"api\"] }";
    let world = World::with_notes()
        .variable("API_KEY", VALUES[0])
        .file("config.ini", "key = env+secret/91\n")
        .file("policy.toml", policy(secrets, grants).replace("\"allow\"", "\"ask\"") + "[policy]\non_ask = \"park\"\n")
        .model(&[r#"{"calls":[{"tool":"read_file","arguments":{"path":"notes.md"}}]}"#, DONE]);
    let call = ["call", "files/read_file", r#"{"path":"config.ini"}"#, "--policy", "policy.toml", "--allow", "files/*"];
    let called = world.run(&call);
    assert!(
        called.stdout.contains("key = [redacted]") && called.stderr.contains("say `api`: taken out"),
        "{}",
        called.transcript()
    );
    let json = world.run(&[&["--json"], &call[..]].concat());
    assert!(json.stdout.contains("[redacted]") && !json.transcript().contains("env+secret"), "{}", json.transcript());
    assert_eq!(world.run(&RUN).code, Some(4));
    let run = world.runs().remove(0);
    let answered = world.run(&["answer", &run, "1", "no", "use env+secret/91 instead"]);
    assert_eq!(answered.code, Some(0), "{}", answered.transcript());
    assert!(!fs::read_to_string(world.journals().remove(0)).unwrap().contains("env+secret"));
    assert_eq!(world.run(&["resume", &run]).code, Some(0));
}

#[test]
fn what_a_name_and_a_password_are_made_of_is_kept_out_too() {
    let secrets = "[mounts.workspace]\npath = \".\"\n[secrets.api]\nfrom = { env = \"BASIC\" }\nto = \"https://a.example\"\nheader = { value = \"Basic {}\" }";
    let grants = "files = { fs = { workspace = \"ro\" } }\n\"http/fetch\" = { http = [\"GET https://a.example/**\"], secrets = [\"api\"] }";
    let world = World::with_notes()
        // `operator:pass-word-1`
        .variable("BASIC", "b3BlcmF0b3I6cGFzcy13b3JkLTE=")
        .file("config.ini", "password = pass-word-1, user = operator\n")
        .file("policy.toml", policy(secrets, grants));
    let called = world.run(&["call", "files/read_file", r#"{"path":"config.ini"}"#, "--policy", "policy.toml"]);
    assert!(called.stdout.contains("password = [redacted], user = operator"), "{}", called.transcript());
}

#[test]
fn a_command_is_the_one_beside_the_file_that_names_it() {
    let canary = Canary::start(echo);
    let user =
        "[grants]\n\"http/fetch\" = { secrets = [\"tool\"] }\n[secrets.tool]\nfrom = { command = [\"./get-key\"] }\n";
    let world = probing(
        &canary,
        &format!("{user}to = \"{}\"\n", canary.url("")),
        "\"http/fetch\" = { http = [\"GET http://127.0.0.1:*/**\"] }",
    )
    .model(&[&fetch(&canary.url("/a")), DONE]);
    for (place, key) in [("../home/.config/looplet/get-key", "the-right-key"), ("get-key", "the-wrong-key")] {
        world.write(place, format!("#!/bin/sh\necho {key}\n"));
        fs::set_permissions(world.path(place), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    }
    let printed = world.run(&RUN);
    assert!(printed.stderr.contains("✓ fetch"), "{}", printed.transcript());
    assert!(canary.seen()[0].contains("authorization: Bearer the-right-key\r\n"), "{:?}", canary.seen());
}
