//! Several files speak at once: what each may give, what they come to together, and what is told of it.

use std::fs;

use expect_test::expect;

use crate::canary::{Canary, Part, answer};
use crate::world::World;

fn page(_: &str) -> Vec<Part> {
    answer("200 OK", "content-type: text/plain\r\n", "inside")
}

const USER: &str = "../home/.config/looplet/looplet.toml";

/// A host in one line and a network in another are no grant of that host in that network.
#[test]
fn hosts_of_one_line_and_networks_of_another_do_not_add_up() {
    let here = "addresses = [\"127.0.0.1\", \"::1\"]";
    let fetched = |of_host: &str, elsewhere: &str| {
        let canary = Canary::start(page);
        let url = format!("http://localhost:{}", canary.port());
        let user = format!("format = 1\n[grants]\nhttp = {{ http = [\"GET {url}/**\"]{of_host} }}\n");
        let policy = format!(
            "format = 1\n[grants]\n\"http/fetch\" = {{ http = [\"GET http://other.example/**\"]{elsewhere} }}\n\
             [[rules]]\ntool = \"http\"\ndecision = \"allow\"\n"
        );
        let world = World::new().file(USER, user).file("policy.toml", policy);
        let arguments = format!(r#"{{"url":"{url}/page"}}"#);
        let printed = world.run(&["call", "http/fetch", &arguments, "--policy", "policy.toml"]);
        (printed.transcript(), canary.seen().len())
    };
    let (refused, seen) = fetched("", &format!(", {here}"));
    assert!(refused.contains("not a public address") && seen == 0, "{refused}");
    let (granted, seen) = fetched(&format!(", {here}"), "");
    assert!(granted.contains("inside") && seen == 1, "{granted}");
}

/// The user's file with a ceiling, a project's that was trusted, and a flag: each line with where it stands.
#[test]
fn a_call_is_explained_over_all_that_speaks_of_it() {
    let user = "format = 1\n[ceiling]\nhttp = [\"GET https://*.example/**\"]\nwall_ms = 4000\n\
                [[rules]]\ntool = \"http\"\nurl = { arg = \"url\", pattern = \"* https://*/private/**\" }\ndecision = \"deny\"\nreason = \"not there\"\n";
    let project = "format = 1\n[grants]\nhttp = { http = [\"* https://*/**\"], limits = { wall_ms = 9000 } }\n\
                   [[rules]]\ntool = \"http\"\nurl = { arg = \"url\", pattern = \"* https://docs.example/**\" }\ndecision = \"allow\"\n";
    let world = World::new().file(USER, user).file("looplet.toml", project);
    world.trust();
    let explained = |url: &str| {
        let arguments = format!(r#"{{"url":"{url}"}}"#);
        world.run(&["explain", "http/fetch", "--args", &arguments, "--ask", "http"]).transcript()
    };
    expect![[r#"
        ── stdout
         tool      http/fetch
         decision  ask    --ask (the operator wants to be asked about this call)
                   allow  looplet.toml:4
         works     once somebody agrees, `https://docs.example/page` by `GET` alone
         could     http GET https://docs.example/page  (granted by looplet.toml:3)  ← narrowed by rules
         without   secret of any name (optional: to be let in where you bind a secret)
         within    [TIME], [SIZE] of memory, 8 requests, [SIZE] of bodies each way, URLs of 8192 bytes
         to allow  --allow 'http/fetch', or `decision = "allow"` in the rule at `--ask`
        ── stderr
        note: looplet.toml:3: `limits.wall_ms` is above the ceiling in user/looplet.toml:4 and brought down to it
        note: looplet.toml:3: `http` is above the ceiling of your own file and brought down to it
        ── exit 0
    "#]]
    .assert_eq(&explained("https://docs.example/page"));
    expect![[r#"
        ── stdout
         tool      http/fetch
         decision  deny   user/looplet.toml:5 (not there)
                   allow  looplet.toml:4
                   ask    --ask
         works     no: it is denied
         granted   http GET https://docs.example/private/page  (granted by looplet.toml:3)  ← narrowed by rules
         without   secret of any name (optional: to be let in where you bind a secret)
         within    [TIME], [SIZE] of memory, 8 requests, [SIZE] of bodies each way, URLs of 8192 bytes
         to allow  an `unless` in the rule at `user/looplet.toml:5`, or taking that rule out
        ── stderr
        note: looplet.toml:3: `limits.wall_ms` is above the ceiling in user/looplet.toml:4 and brought down to it
        note: looplet.toml:3: `http` is above the ceiling of your own file and brought down to it
        ── exit 3
    "#]]
    .assert_eq(&explained("https://docs.example/private/page"));
}

#[test]
fn a_grant_of_a_secret_that_no_tool_of_it_states_is_told() {
    let world = World::with_notes().variable("KEY", "key-4711-0815").file(
        "policy.toml",
        "format = 1\n[mounts.workspace]\npath = \".\"\n[secrets.api]\nfrom = { env = \"KEY\" }\nto = \"https://a.example\"\n\
         [grants]\nfiles = { fs = { workspace = \"ro\" }, secrets = [\"api\"] }\n[[rules]]\ntool = \"files\"\ndecision = \"allow\"\n",
    );
    expect![[r#"
        ── stdout
        note: policy.toml:8: the grant for `files` gives the secret `api`, which no tool of it needs; take it out: a call holds what its tool needs and no more
        note: policy.toml:8: the grant for `files` gives the secret `api`, and no requests to `https://a.example`, where it goes; grant requests there, or take it out
        in order: 4 plugins, 9 tools, 1 rule
        ── exit 0
    "#]].assert_eq(&world.run(&["check", "--policy", "policy.toml"]).transcript());
}

#[test]
fn one_directory_under_two_names_with_different_modes_is_told() {
    let world = World::with_notes().file(
        "policy.toml",
        "format = 1\n[mounts.look]\npath = \"src\"\nmode = \"ro\"\n[mounts.change]\npath = \"./src/\"\nmode = \"rw\"\n",
    );
    expect![[r#"
        ── stdout
        note: policy.toml:3: the mount `look` is read-only, and lies in `change`, through which it can be changed; add it to `read_only` of `change`, or keep the two apart
        in order: 4 plugins, 9 tools, 0 rules
        ── exit 0
    "#]].assert_eq(&world.run(&["check", "--policy", "policy.toml"]).transcript());
}

#[test]
fn a_mount_of_everything_is_refused_in_a_file_too_and_behind_a_link() {
    let world = World::with_notes();
    std::os::unix::fs::symlink("/", world.path("all")).unwrap();
    std::os::unix::fs::symlink("/proc/self", world.path("own")).unwrap();
    let home = fs::canonicalize(world.path("../home")).unwrap().display().to_string();
    for (path, what) in [
        ("/", "all of this machine"),
        ("all", "all of this machine"),
        ("/proc", "what the kernel shows of this machine"),
        ("own", "what the kernel shows of this machine"),
        (&home, "your home directory"),
        ("../home", "your home directory"),
    ] {
        let policy = |wide: &str| {
            world.write("policy.toml", format!("format = 1\n[mounts.wide]\npath = \"{path}\"\n"));
            let flag = ["--wide-mount", "wide"];
            world.run(&[&["check", "--policy", "policy.toml"][..], if wide.is_empty() { &[] } else { &flag }].concat())
        };
        let refused = policy("");
        assert!(refused.code == Some(2) && refused.stderr.contains(what), "{path}: {}", refused.transcript());
        assert!(refused.stderr.contains("policy.toml:3"), "{path}: {}", refused.stderr);
        assert_eq!(policy("wide").code, Some(0), "{path}");
    }
}

/// What a new policy says of addresses, and of what a run had done, is held against the calls that were.
#[test]
fn past_calls_are_decided_by_address_and_by_what_came_before() {
    let canary = Canary::start(page);
    let fetch =
        |path: &str| format!(r#"{{"calls":[{{"tool":"fetch","arguments":{{"url":"{}"}}}}]}}"#, canary.url(path));
    let grant = format!("format = 1\n[grants]\nhttp = {{ http = [\"GET {}\"] }}\n", canary.url("/**"));
    let rule = |more: &str| format!("[[rules]]\ntool = \"http\"\n{more}\n");
    let old = grant.clone() + &rule("decision = \"allow\"");
    let url = format!("url = {{ arg = \"url\", pattern = \"* {}\" }}", canary.url("/b/**"));
    let world = World::new()
        .file("old.toml", &old)
        .file("address.toml", format!("{old}{}", rule(&format!("{url}\ndecision = \"deny\""))))
        .file("after.toml", format!("{old}{}", rule("after = { tool = \"http/fetch\" }\ndecision = \"deny\"")))
        .file("narrow.toml", grant + &rule(&format!("decision = \"allow\"\n{}", url.replace("/b/", "/a/"))))
        .model(&[&fetch("/a/1"), &fetch("/b/2"), r#"{"text":"over"}"#]);
    world.changes();
    assert_eq!(world.run(&["run", "--model", "scripted:../model.jsonl", "--policy", "old.toml", "go"]).code, Some(0));
    let run = world.runs().remove(0);
    let held = |policy: &str| world.run(&["check", "--policy", policy, "--against", &run]).stdout;
    let all = ["old.toml", "address.toml", "after.toml", "narrow.toml"].map(held).concat();
    expect![[r#"
        [RUN]: 2 steps, decided as they were
        in order: 5 plugins, 10 tools, 1 rule
        [RUN]#2 would be denied (address.toml:7) — recorded: allowed
        [RUN]: 2 steps, 1 decided otherwise
        in order: 5 plugins, 10 tools, 2 rules
        [RUN]#2 would be denied (after.toml:7) — recorded: allowed
        [RUN]: 2 steps, 1 decided otherwise
        in order: 5 plugins, 10 tools, 2 rules
        [RUN]#2 would be denied (the shipped default) — recorded: allowed
        [RUN]: 2 steps, 1 decided otherwise
        in order: 5 plugins, 10 tools, 1 rule
    "#]]
    .assert_eq(&all);
    assert_eq!(canary.seen().len(), 2, "something was asked again");
}
