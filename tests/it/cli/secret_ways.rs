//! Ways out of a run for a secret that a tool knows all the same: whichever of them it takes, the secret stands in
//! nothing that is printed or kept, and whoever looks at the run later is shown none of it. And where requests of a
//! call carry it.

use std::fs;

use looplet_tests::guests;

use super::redact::files;
use super::secrets::{DONE, RUN, VALUES, echo, policy};
use crate::canary::Canary;
use crate::world::{Printed, World};

/// The value as it is, in base64, in hex and in a URL, each with its middle: where only a part of one was taken out,
/// that would be left.
const SAID: [(&str, &str); 4] = [
    (VALUES[0], "+secret/"),
    ("ZW52K3NlY3JldC85MQ==", "K3NlY3JldC85"),
    ("656e762b7365637265742f3931", "2b7365637265742f"),
    ("env%2Bsecret%2F91", "%2Bsecret%2F"),
];

/// The ways in which a tool is heard, with the mark of such a step, and whether a line below it has to name the secret.
/// Of what is cleaned while the call runs, and of bytes, the record says that something was taken out.
const WAYS: [(&str, char, bool); 11] = [
    ("", '✓', true),
    ("long", '✓', true),
    ("data", '✓', true),
    ("warning", '✓', true),
    ("attachment", '✓', true),
    ("bytes", '✓', false),
    ("failure", '✗', true),
    ("panic", '✗', true),
    ("log", '✓', true),
    ("progress", '✓', false),
    ("state", '✓', false),
];

/// Each command as text and as JSON.
const FORMS: [&[&str]; 2] = [&[], &["--json"]];

/// What the host keeps for itself: runs with their blobs, and all else.
const STATE: &str = "../home/.local/state/looplet";

/// Bytes as they stand in JSON.
fn numbers(text: &str) -> String {
    text.bytes().map(|byte| byte.to_string()).collect::<Vec<_>>().join(",")
}

/// Whether a text holds the secret, however it is laid out.
fn tells(text: &str) -> bool {
    let text: String = text.split_whitespace().collect();
    SAID.iter().any(|(_, middle)| text.contains(middle) || text.contains(&numbers(middle)))
}

fn shows_none(printed: &Printed) {
    let text = printed.transcript();
    assert!(!tells(&text), "{text}");
}

fn keeps_none(world: &World, dir: &str) {
    let kept = files(&world.path(dir));
    assert!(!kept.is_empty(), "nothing is kept in {dir}");
    for file in kept {
        let text = String::from_utf8_lossy(&fs::read(&file).unwrap()).into_owned();
        assert!(!tells(&text), "{}: {text}", file.display());
    }
}

/// A call that has this said in some way. It begins with its end: no argument holds it.
fn say(how: &str, text: &str) -> String {
    let turned: String = text.chars().rev().collect();
    format!(r#"{{"tool":"say","arguments":{{"text":"{turned}","turned":true,"how":"{how}"}}}}"#)
}

/// A tool that is given no secret, where there is one, and a model that answers so.
fn saying(turns: &[&str]) -> World {
    let secret = "[secrets.api]\nfrom = { env = \"API_KEY\" }\nto = \"https://a.example\"\n";
    let grant = "probe = { http = [\"GET https://a.example/**\"], secrets = [\"api\"] }";
    World::with_notes()
        .variable("API_KEY", VALUES[0])
        .file("plugins/probe.wasm", fs::read(guests::HTTP_PROBE).unwrap())
        .file("policy.toml", policy(secret, grant))
        .model(turns)
}

#[test]
fn a_tool_that_says_a_secret_in_any_way_tells_it_nobody() {
    for (how, mark, is_named) in WAYS {
        let calls = SAID.map(|(text, _)| say(how, text)).join(",");
        let world = saying(&[&format!(r#"{{"calls":[{calls}]}}"#), DONE]);
        let printed = world.run(&[&RUN[..5], &["--plugins", "plugins", "go"]].concat());
        assert_eq!(printed.code, Some(0), "{how}: {}", printed.transcript());
        shows_none(&printed);
        keeps_none(&world, STATE);
        let run = world.runs().remove(0);
        for step in 1..=SAID.len() {
            // It was said, and that something was taken out is on record.
            assert!(printed.stderr.contains(&format!("#{step} {mark} say(")), "{how}: {}", printed.transcript());
            let shown = world.run(&["--json", "show", &format!("{run}#{step}")]);
            let is_taken = shown.stdout.contains("[redacted]") || shown.stdout.contains(&numbers("[redacted]"));
            assert!(is_taken, "{how}: {}", shown.transcript());
            shows_none(&shown);
        }
        let named = printed.stderr.matches("refused inside: say `api`: taken out").count();
        assert!(!is_named || named == SAID.len(), "{how}: {}", printed.transcript());
    }
}

#[test]
fn who_looks_at_such_a_run_later_is_shown_none_of_it() {
    let calls = WAYS.map(|(how, ..)| say(how, VALUES[0])).join(",");
    let first = format!(r#"{{"text":"I say {}.","calls":[{calls}]}}"#, VALUES[0]);
    let last = format!(r#"{{"text":"It was {}."}}"#, VALUES[0]);
    let world = saying(&[&first, &last]);
    let task = format!("say {}", VALUES[0]);
    let told = world.run(&[FORMS[1], &RUN[..5], &["--plugins", "plugins", task.as_str()]].concat());
    assert_eq!(told.code, Some(0), "{}", told.transcript());
    for event in ["progress", "step", "outcome"] {
        assert!(told.stdout.contains(&format!(r#"{{"type":"{event}","#)), "{event}: {}", told.transcript());
    }
    shows_none(&told);

    let run = world.runs().remove(0);
    let (from, message) = (format!("{run}@1"), format!("mind {}", VALUES[0]));
    for form in FORMS {
        let forked = world.run(&[form, &["fork", from.as_str(), "--message", message.as_str()]].concat());
        assert_eq!(forked.code, Some(0), "{}", forked.transcript());
        shows_none(&forked);
    }
    let fork = world.runs().remove(1);
    let commands: [&[&str]; 10] = [
        &["replay", "--offline", &run],
        &["replay", "--offline", &fork],
        &["diff", &run, &fork],
        &["runs"],
        &["learn", &run],
        &["show", &run],
        &["show", &run, "--prompt", "1"],
        &["show", &run, "--prompt", "2"],
        &["show", &fork, "--prompt", "2"],
        &["show", &run, "--denied"],
    ];
    for command in commands {
        for form in FORMS {
            let printed = world.run(&[form, command].concat());
            assert_eq!(printed.code, Some(0), "{command:?}: {}", printed.transcript());
            assert!(!printed.stdout.is_empty(), "{command:?}: {}", printed.transcript());
            shows_none(&printed);
        }
    }
    for (step, (how, ..)) in (1..).zip(WAYS) {
        let shown = world.run(&["show", &format!("{run}#{step}")]);
        assert!(shown.stdout.contains(&format!("#{step} probe/say")), "{how}: {}", shown.transcript());
        shows_none(&shown);
    }
    for (form, dir) in FORMS.into_iter().zip(["out", "out-too"]) {
        shows_none(&world.run(&[form, &["export", run.as_str(), dir]].concat()));
        keeps_none(&world, dir);
    }
    keeps_none(&world, STATE);
}

#[test]
fn a_call_whose_arguments_hold_a_secret_is_not_explained() {
    let secrets =
        "[mounts.workspace]\npath = \".\"\n[secrets.api]\nfrom = { env = \"API_KEY\" }\nto = \"https://a.example\"";
    let grants = "files = { fs = { workspace = \"ro\" } }\n\
                  \"http/fetch\" = { http = [\"GET https://a.example/**\"], secrets = [\"api\"] }";
    let world = World::with_notes().variable("API_KEY", VALUES[0]).file("policy.toml", policy(secrets, grants));
    let explain = |form: &[&str], tool: &str, arguments: &str| {
        world.run(&[form, &["explain", tool, "--policy", "policy.toml", "--args", arguments]].concat())
    };
    for (tool, arguments) in [
        ("http/fetch", r#"{"url":"https://a.example/?key=env+secret/91"}"#),
        ("http/fetch", r#"{"url":"https://a.example/?key=env%2Bsecret%2F91"}"#),
        ("http/fetch", r#"{"url":"https://a.example/env+secret/91/a"}"#),
        ("http/fetch", r#"{"url":"https://656e762b7365637265742f3931.a.example/"}"#),
        ("http/fetch", r#"{"url":"https://b.example/","headers":{"x-a":"ZW52K3NlY3JldC85MQ=="}}"#),
        ("files/read_file", r#"{"path":"keys/env+secret/91"}"#),
        ("files/read_file", r#"{"path":"../656e762b7365637265742f3931"}"#),
        ("files/read_file", r#"{"path":"env\u002bsecret\u002f91","env+secret/91":1}"#),
    ] {
        let why = format!("`{tool}` would not run: its arguments hold what `redact` keeps out of runs");
        let printed = explain(FORMS[0], tool, arguments);
        assert_eq!(printed.transcript(), format!("── stderr\nerror: {why}\n── exit 2\n"), "{arguments}");
        let printed = explain(FORMS[1], tool, arguments);
        assert_eq!(printed.code, Some(2), "{arguments}: {}", printed.transcript());
        assert!(printed.stdout.contains(&why), "{arguments}: {}", printed.transcript());
        shows_none(&printed);
    }
    for (tool, arguments) in [
        ("http/fetch", r#"{"url":"https://a.example/?key=env%2Bsecret%2F92"}"#),
        ("files/read_file", r#"{"path":"notes.md"}"#),
    ] {
        let printed = explain(FORMS[0], tool, arguments);
        assert_eq!(printed.code, Some(0), "{arguments}: {}", printed.transcript());
        assert!(printed.stdout.contains(" works     yes"), "{arguments}: {}", printed.transcript());
    }
}

/// A call that asks two servers, the first of which the secret is bound to, under a rule that leaves requests to one of
/// them, if it leaves only one: for each server, whether the requests that it got carried the secret.
fn carried(left: Option<usize>) -> [Vec<bool>; 2] {
    let canaries = [Canary::start(echo), Canary::start(echo)];
    let secret = format!("[secrets.api]\nfrom = {{ env = \"API_KEY\" }}\nto = \"{}\"\n", canaries[0].url(""));
    let grant = "probe = { http = [\"GET http://127.0.0.1:*/**\"], secrets = [\"api\"] }";
    let leaves =
        |left: usize| format!("narrow = {{ http = {{ at = \"{}\", reach = \"origin\" }} }}\n", canaries[left].url("/"));
    let lines = canaries.each_ref().map(|canary| format!("\"GET {}\"", canary.url("/a"))).join(",");
    let call = format!(r#"{{"calls":[{{"tool":"send","arguments":{{"send":[{lines}]}}}}]}}"#);
    let world = World::with_notes()
        .variable("API_KEY", VALUES[0])
        .file("plugins/probe.wasm", fs::read(guests::HTTP_PROBE).unwrap())
        .file("policy.toml", policy(&secret, grant) + &left.map(leaves).unwrap_or_default())
        .model(&[&call, DONE]);
    let printed = world.run(&[&RUN[..5], &["--plugins", "plugins", "go"]].concat());
    assert!(printed.stderr.contains("#1 ✓ send"), "{}", printed.transcript());
    let is_cut = printed.stderr.contains("outside this call's reach");
    assert_eq!(is_cut, left.is_some(), "{}", printed.transcript());
    // What the record says of its reach is what it had.
    let shown = world.run(&["show", &format!("{}#1", world.runs()[0])]);
    assert_eq!(shown.stdout.contains("secret api for"), left != Some(1), "{}", shown.transcript());
    canaries.map(|canary| canary.seen().iter().map(|request| request.contains(VALUES[0])).collect())
}

#[test]
fn a_secret_is_carried_to_its_origin_alone_and_nowhere_where_a_rule_leaves_another() {
    assert_eq!(carried(None), [vec![true], vec![false]]);
    assert_eq!(carried(Some(1)), [vec![], vec![false]]);
    assert_eq!(carried(Some(0)), [vec![true], vec![]]);
}
