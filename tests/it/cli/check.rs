//! `check`: what a policy says in vain, gives too much of, or would have decided otherwise.

use std::fs;

use expect_test::expect;

use crate::sandbox::load::bytes_of_liar;
use crate::world::World;

fn checked(policy: &str) -> String {
    let world = World::with_notes().file("policy.toml", format!("format = 1\n{policy}"));
    world.run(&["check", "--policy", "policy.toml"]).transcript()
}

#[test]
fn a_rule_that_another_one_takes_away_is_noted() {
    expect![[r#"
        ── stdout
        note: policy.toml:2: the rule changes nothing: `policy.toml:5` denies all that it is about; take one of them out, or give the other an `unless`
        note: policy.toml:8: the rule changes nothing: `policy.toml:5` denies all of it already; take it out
        in order: 4 plugins, 9 tools, 3 rules
        ── exit 0
    "#]].assert_eq(&checked(
        "[[rules]]\ntool = \"files/read_file\"\ndecision = \"allow\"\n[[rules]]\ntool = \"files/*\"\ndecision = \"deny\"\n\
         [[rules]]\ntool = \"files/grep\"\ndecision = \"deny\"\n",
    ));
}

#[test]
fn a_bound_on_calls_that_bounds_nothing_is_refused() {
    expect![[r#"
        ── stderr
        error: policy.toml:3: the bound can never match: `files/raed_file` names no tool of `files`
        hint: did you mean `files/read_file`?
        ── exit 2
    "#]]
    .assert_eq(&checked("[budget]\ncalls = { \"files/raed_file\" = 3 }\n"));
    expect![[r#"
        ── stderr
        error: policy.toml:3: `read_file` is a tool, not a plugin
        hint: write `files/read_file`: a name without `/` is a plugin
        ── exit 2
    "#]]
    .assert_eq(&checked("[budget]\ncalls = { \"read_file\" = 3 }\n"));
    expect![[r#"
        ── stdout
        note: policy.toml:3: no plugin that is loaded matches `flies/*`; did you mean `files`?
        in order: 4 plugins, 9 tools, 0 rules
        ── exit 0
    "#]]
    .assert_eq(&checked("[budget]\ncalls = { \"flies/*\" = 3 }\n"));
}

#[test]
fn a_rule_about_a_mount_that_is_none_is_noted() {
    expect![[r#"
        ── stdout
        note: policy.toml:6: the rule is about the mount `scratch`, and there is none; define it as `[mounts.scratch]`
        note: policy.toml:6: the rule is about the mount `workspce`, and there is none; did you mean `workspace`?
        note: policy.toml:11: the rule is about the mount `notes`, and there is none; define it as `[mounts.notes]`
        in order: 4 plugins, 9 tools, 2 rules
        ── exit 0
    "#]]
    .assert_eq(&checked(
        "[mounts.workspace]\npath = \".\"\n[grants]\nfiles = { fs = { workspace = \"ro\" } }\n\
         [[rules]]\ntool = \"files\"\npath = { arg = \"path\", mount = \"workspce\", glob = \"**\" }\n\
         unless = [{ path = { arg = \"path\", mount = \"scratch\", glob = \"**\" } }]\ndecision = \"allow\"\n\
         [[rules]]\ntool = \"files\"\nnarrow = { fs = { notes = [\"src\"] } }\ndecision = \"allow\"\n",
    ));
}

#[test]
fn what_one_mount_hides_and_another_one_shows_is_noted() {
    let mounts = |hide: &str, more: &str| {
        checked(&format!(
            "[mounts.workspace]\npath = \".\"\nhide = [{hide}]\n[mounts.code]\npath = \"src\"\n{more}\
             [grants]\nfiles = {{ fs = {{ workspace = \"ro\" }} }}\n[[rules]]\ntool = \"files\"\ndecision = \"allow\"\n"
        ))
    };
    expect![[r#"
        ── stdout
        note: policy.toml:4: the mount `workspace` hides `src/main.rs`, and `code` may show it; add it to `hide` of `code`, or keep the two apart
        note: policy.toml:4: the mount `workspace` hides `src/*.key`, and `code` may show it; add it to `hide` of `code`, or keep the two apart
        note: policy.toml:4: the mount `workspace` hides `notes.md`, and `code` may show it; add it to `hide` of `code`, or keep the two apart
        in order: 4 plugins, 9 tools, 1 rule
        ── exit 0
    "#]].assert_eq(&mounts("\"src/main.rs\", \"src/*.key\", \"*.pem\", \"notes.md\", \"other/*.key\"", ""));
    // Hidden there too, by other words or the same.
    expect![[r#"
        ── stdout
        note: policy.toml:7: the mount `code` hides `main.rs`, and `workspace` may show it; add it to `hide` of `workspace`, or keep the two apart
        in order: 4 plugins, 9 tools, 1 rule
        ── exit 0
    "#]].assert_eq(&mounts("\"src/main.rs\", \"*.pem\"", "hide = [\"main.rs\", \"*.pem\"]\n"));
}

#[test]
fn a_grant_for_what_no_tool_needs_is_noted() {
    expect![[r#"
        ── stdout
        note: policy.toml:7: the grant for `files` gives the mount `other`, which no tool of it needs; take it out: a call holds what its tool needs and no more
        note: policy.toml:7: the grant for `files` gives the variable `LANG`, which no tool of it needs; take it out: a call holds what its tool needs and no more
        note: policy.toml:8: the grant for `files/*` gives requests, which no tool of it needs; take it out: a call holds what its tool needs and no more
        advice: policy.toml:7: the grant for `files` is in vain: no rule lets a call through that it is about; add a rule that allows or asks, or take the grant out
        advice: policy.toml:8: the grant for `files/*` is in vain: no rule lets a call through that it is about; add a rule that allows or asks, or take the grant out
        in order: 4 plugins, 9 tools, 0 rules
        ── exit 0
    "#]].assert_eq(&checked(
        "[mounts.workspace]\npath = \".\"\n[mounts.other]\npath = \"src\"\n[grants]\n\
         files = { fs = { workspace = \"ro\", other = \"ro\" }, env = [\"LANG\"] }\n\
         \"files/*\" = { http = [\"GET https://a.example/**\"] }\n",
    ));
}

#[test]
fn grants_that_contradict_each_other_are_noted_with_the_one_that_holds() {
    expect![[r#"
        ── stdout
        note: policy.toml:9: the grant for `files` says `wall_ms = 500`, and `policy.toml:11` says 700: the larger one holds; take one of them out
        note: policy.toml:10: the grant for `files/write_file` gives `workspace` as ro, and `policy.toml:9` gives it as rw: the wider one holds; take one of them out, or narrow with a rule
        note: policy.toml:12: the grant for `http/fetch` gives the secret `api`, and no requests to `https://api.example`, where it goes; grant requests there, or take it out
        in order: 5 plugins, 10 tools, 1 rule
        ── exit 0
    "#]].assert_eq(&checked(
        "[mounts.workspace]\npath = \".\"\nmode = \"rw\"\n\
         [secrets.api]\nfrom = { env = \"HOME\" }\nto = \"https://api.example\"\n[grants]\n\
         files = { fs = { workspace = \"rw\" }, limits = { wall_ms = 500 } }\n\
         \"files/write_file\" = { fs = { workspace = \"ro\" }, limits = { wall_ms = 900 } }\n\
         \"files/*\" = { fs = { workspace = \"rw\" }, limits = { wall_ms = 700 } }\n\
         \"http/fetch\" = { http = [\"GET https://docs.example/**\"], secrets = [\"api\"] }\n\
         [[rules]]\ntool = [\"files\", \"http\"]\ndecision = \"ask\"\n",
    ));
    expect![[r#"
        ── stdout
        note: policy.toml:5: the grant for `files` gives `workspace` as rw, and the mount is no more than ro; write `mode = "rw"` in `[mounts.workspace]`, or grant `ro`
        in order: 4 plugins, 9 tools, 1 rule
        ── exit 0
    "#]].assert_eq(&checked(
        "[mounts.workspace]\npath = \".\"\n[grants]\nfiles = { fs = { workspace = \"rw\" } }\n\
         [[rules]]\ntool = \"files\"\ndecision = \"ask\"\n",
    ));
    // What is said of one tool beside all of them is meant.
    expect![[r#"
        ── stdout
        in order: 4 plugins, 9 tools, 1 rule
        ── exit 0
    "#]]
    .assert_eq(&checked(
        "[mounts.workspace]\npath = \".\"\nmode = \"rw\"\n[grants]\nfiles = { fs = { workspace = \"ro\" } }\n\
         \"files/write_file\" = { fs = { workspace = \"rw\" }, limits = { wall_ms = 900 } }\n\
         [[rules]]\ntool = \"files\"\ndecision = \"ask\"\n",
    ));
}

#[test]
fn what_is_wider_than_it_looks_is_advised_and_fails_nothing() {
    let policy = "format = 1\n[mounts.workspace]\npath = \".\"\n[grants]\nfiles = { fs = { workspace = \"ro\" } }\n\
         \"http/fetch\" = { http = [\"* https://*/**\"] }\n[policy]\nunmatched = \"deny\"\n\
         [[rules]]\ntool = \"*\"\ndecision = \"allow\"\n\
         [[rules]]\ntool = \"http/fetch\"\nwhen = { url = { regex = \"^https://docs\\\\.\" } }\ndecision = \"allow\"\n\
         [[rules]]\ntool = \"files\"\ndecision = \"deny\"\n";
    let world = World::with_notes().file("policy.toml", policy);
    world.check(&["check", "--strict", "--policy", "policy.toml"], &expect![[r#"
        ── stdout
        advice: policy.toml:9: the rule allows every call of every tool, those of plugins that come later too; name the tools, or write `effects = "none"`
        advice: policy.toml:12: the rule allows every `url` in which `^https://docs\.` matches somewhere, whatever stands around it; say what all of it has to be: `^…$`
        advice: policy.toml:5: the grant for `files` is in vain: no rule lets a call through that it is about; add a rule that allows or asks, or take the grant out
        advice: policy.toml:6: the grant for `http/fetch` lets every host be sent to, by `* https://*/**`; name the hosts, or the method `GET`
        in order: 5 plugins, 10 tools, 3 rules
        ── exit 0
    "#]]);
}

#[test]
fn a_read_only_mount_that_another_one_lets_change_is_noted() {
    let mounts = |outer: &str| {
        format!("[mounts.outer]\npath = \".\"\nmode = \"rw\"\n{outer}\n[mounts.inner]\npath = \"src\"\nmode = \"ro\"\n")
    };
    expect![[r#"
        ── stdout
        note: policy.toml:7: the mount `inner` is read-only, and lies in `outer`, through which it can be changed; add it to `read_only` of `outer`, or keep the two apart
        in order: 4 plugins, 9 tools, 0 rules
        ── exit 0
    "#]].assert_eq(&checked(&mounts("")));
    assert!(!checked(&mounts("read_only = [\"src\"]")).contains("note"));
    // The other way round nothing is changed that is not meant to be.
    assert!(!checked("[mounts.outer]\npath = \".\"\n[mounts.inner]\npath = \"src\"\nmode = \"rw\"\n").contains("note"));
}

/// Without a word on the other mount, a call that may write one note may write the whole project too.
#[test]
fn a_mount_that_an_allow_by_a_path_elsewhere_leaves_whole_is_told() {
    let checked = |more: &str| {
        let policy = format!(
            "format = 1\n[mounts.workspace]\npath = \".\"\nmode = \"rw\"\n[mounts.other]\npath = \"src\"\nmode = \"rw\"\n\
             [grants]\nprobe = {{ fs = {{ workspace = \"rw\", other = \"rw\" }} }}\n\
             [[rules]]\ntool = \"probe\"\npath = {{ arg = \"on\", mount = \"other\", glob = \"**\" }}\ndecision = \"allow\"\n{more}"
        );
        let world = World::with_notes()
            .file("policy.toml", policy)
            .file("probe.wasm", fs::read(looplet_tests::guests::FS_PROBE).unwrap());
        world.run(&["check", "--policy", "policy.toml", "--dev", "probe=probe.wasm"]).transcript()
    };
    expect![[r#"
        ── stdout
        note: `probe` is loaded by `--dev`: outside of the lock, and without secrets
        advice: policy.toml:10: the rule allows calls of `probe/probe` by one path, and leaves them all of `workspace`; close it with `narrow = { fs = { workspace = [] } }`, or say which of it
        in order: 5 plugins, 10 tools, 1 rule
        ── exit 0
    "#]].assert_eq(&checked(""));
    for closed in [
        "narrow = { fs = { workspace = [] } }\n",
        "[[rules]]\ntool = \"probe\"\ndecision = \"ask\"\nnarrow = { fs = { workspace = \"notes\" } }\n",
    ] {
        assert!(!checked(closed).contains("advice"), "{}", checked(closed));
    }
}

/// The user's own file is for all projects: what one of them lacks is in another.
#[test]
fn rules_of_the_users_file_about_what_other_projects_have_are_not_noted() {
    let rules = "[[rules]]\ntool = \"github/*\"\ndecision = \"ask\"\n\
                 [[rules]]\ntool = \"files/write_file\"\npath = { arg = \"path\", mount = \"scratch\", glob = \"**\" }\ndecision = \"deny\"\n\
                 [[rules]]\ntool = \"files/grep\"\ndecision = \"allow\"\n";
    let denies = "format = 1\n[[rules]]\ntool = \"files/grep\"\ndecision = \"deny\"\n";
    let world = World::with_notes()
        .file("../home/.config/looplet/looplet.toml", format!("format = 1\n{rules}"))
        .file("policy.toml", denies);
    expect![[r#"
        ── stdout
        in order: 4 plugins, 9 tools, 4 rules
        ── exit 0
    "#]]
    .assert_eq(&world.run(&["check", "--policy", "policy.toml"]).transcript());
    let world = World::with_notes().file("policy.toml", format!("{denies}{rules}"));
    expect![[r#"
        ── stdout
        note: policy.toml:5: no plugin that is loaded matches `github/*`; it holds once such a plugin is loaded
        note: policy.toml:12: the rule changes nothing: `policy.toml:2` denies all that it is about; take one of them out, or give the other an `unless`
        note: policy.toml:8: the rule is about the mount `scratch`, and there is none; define it as `[mounts.scratch]`
        in order: 4 plugins, 9 tools, 4 rules
        ── exit 0
    "#]].assert_eq(&world.run(&["check", "--policy", "policy.toml"]).transcript());
}

/// A tool that reads and asks anybody can say anywhere what it read; each alone cannot.
#[test]
fn files_and_the_open_web_in_one_tool_are_advised_against() {
    let checked = |lie: char, grant: &str| {
        let policy = format!(
            "format = 1\n[mounts.workspace]\npath = \".\"\n[grants]\nliar = {{ {grant} }}\n\
             [[rules]]\ntool = \"liar/tool\"\ndecision = \"allow\"\n"
        );
        let world = World::with_notes().file("policy.toml", policy).file("liar.wasm", bytes_of_liar(lie));
        world.run(&["check", "--policy", "policy.toml", "--dev", "liar=liar.wasm"]).transcript()
    };
    let (files, web) = ("fs = { workspace = \"ro\" }", "http = [\"GET https://*/**\"]");
    let both = format!("{files}, {web}");
    expect![[r#"
        ── stdout
        note: `liar` is loaded by `--dev`: outside of the lock, and without secrets
        advice: policy.toml:5: `liar/tool` may read `workspace` and ask every host: it can carry out whatever it reads; name the hosts, or give files and requests to tools apart
        in order: 5 plugins, 10 tools, 1 rule
        ── exit 0
    "#]].assert_eq(&checked('U', &both));
    let one_host = format!("{files}, http = [\"GET https://docs.example/**\"]");
    // The last tool needs no request, and so is given none.
    for (lie, grant) in [('U', files), ('U', web), ('U', &one_host), ('?', &both)] {
        let checked = checked(lie, grant);
        assert!(checked.contains("in order") && !checked.contains("advice"), "{checked}");
    }
}

#[test]
fn a_mount_of_everything_is_refused_unless_it_is_meant() {
    let world = World::with_notes();
    let home = fs::canonicalize(world.path("../home")).unwrap();
    let above = home.parent().unwrap().display().to_string();
    let home = home.display().to_string();
    let mounted =
        |path: &str| world.run(&["check", "--mount", &format!("wide={path}:ro")]).transcript().replace(&above, "[DIR]");
    let all: Vec<String> =
        ["/", "/proc", "/proc/self", "/dev", "/sys", &home, &above].iter().map(|path| mounted(path)).collect();
    expect![[r#"
        ── stderr
        error: --mount: the mount `wide` is all of this machine
        hint: mount a directory below it, or say that it is meant: `--wide-mount wide`
        ── exit 2
        ── stderr
        error: --mount: the mount `wide` is what the kernel shows of this machine
        hint: mount a directory below it, or say that it is meant: `--wide-mount wide`
        ── exit 2
        ── stderr
        error: --mount: the mount `wide` is what the kernel shows of this machine
        hint: mount a directory below it, or say that it is meant: `--wide-mount wide`
        ── exit 2
        ── stderr
        error: --mount: the mount `wide` is what the kernel shows of this machine
        hint: mount a directory below it, or say that it is meant: `--wide-mount wide`
        ── exit 2
        ── stderr
        error: --mount: the mount `wide` is what the kernel shows of this machine
        hint: mount a directory below it, or say that it is meant: `--wide-mount wide`
        ── exit 2
        ── stderr
        error: --mount: the mount `wide` is your home directory, or lies above it
        hint: mount a directory below it, or say that it is meant: `--wide-mount wide`
        ── exit 2
        ── stderr
        error: --mount: the mount `wide` is your home directory, or lies above it
        hint: mount a directory below it, or say that it is meant: `--wide-mount wide`
        ── exit 2
    "#]]
    .assert_eq(&all.concat());
    for path in ["/", &home] {
        let meant = world.run(&["check", "--mount", &format!("wide={path}:ro"), "--wide-mount", "wide"]);
        assert!(meant.stdout.contains("in order"), "{}", meant.transcript());
    }
    assert!(mounted(&format!("{above}/project/src")).contains("in order"));
}

#[test]
fn past_runs_are_held_against_a_new_policy() {
    let call = |tool: &str, arguments: &str| format!(r#"{{"calls":[{{"tool":"{tool}","arguments":{arguments}}}]}}"#);
    let turns = [
        call("read_file", r#"{"path":"notes.md"}"#),
        call("write_file", r#"{"path":"a.md","content":"x"}"#),
        call("done", r#"{"summary":"ok"}"#),
    ];
    let policy = |decision: &str| {
        format!(
            "format = 1\n[mounts.workspace]\npath = \".\"\nmode = \"rw\"\n[grants]\nfiles = {{ fs = {{ workspace = \"rw\" }} }}\n\
             [[rules]]\ntool = \"files/read_file\"\ndecision = \"allow\"\n[[rules]]\ntool = \"files/write_file\"\ndecision = \"{decision}\"\n"
        )
    };
    let world = World::with_notes()
        .file("old.toml", policy("allow"))
        .file("new.toml", policy("deny"))
        .model(&turns.iter().map(String::as_str).collect::<Vec<_>>());
    world.changes();
    assert_eq!(world.run(&["run", "--model", "scripted:../model.jsonl", "--policy", "old.toml", "go"]).code, Some(0));
    let run = world.runs().remove(0);
    expect![[r#"
        ── stdout
        [RUN]: 2 steps, decided as they were
        in order: 4 plugins, 9 tools, 2 rules
        ── exit 0
    "#]]
    .assert_eq(&world.run(&["check", "--policy", "old.toml", "--against", &run]).transcript());
    expect![[r#"
        ── stdout
        [RUN]#2 would be denied (new.toml:10) — recorded: allowed
        [RUN]: 2 steps, 1 decided otherwise
        in order: 4 plugins, 9 tools, 2 rules
        ── exit 0
    "#]]
    .assert_eq(&world.run(&["check", "--policy", "new.toml", "--against", &run]).transcript());
    expect![[r#"
        ── stdout
        [RUN]#2 would be denied (new.toml:10) — recorded: allowed
        [RUN]: 2 steps, 1 decided otherwise
        in order: 4 plugins, 9 tools, 2 rules
        ── stderr
        error: 1 call decided otherwise, and `--strict` lets none pass
        ── exit 2
    "#]]
    .assert_eq(&world.run(&["check", "--policy", "new.toml", "--strict", "--against", &run]).transcript());
    let json = world.run(&["--json", "check", "--policy", "new.toml", "--against", &run]);
    assert!(json.stdout.contains(r#""against":[{"run":""#) && json.stdout.contains(r#""step":2"#), "{}", json.stdout);
    // Nothing ran.
    assert_eq!(world.runs().len(), 1);
}
