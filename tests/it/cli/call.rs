//! `call` and `explain`: one call, and what would become of it.

use expect_test::expect;

use crate::world::World;

#[test]
fn a_call_prints_what_the_tool_answers() {
    let world = World::with_notes();
    let arguments = ["call", "files/list_dir", "{}", "--allow", "files/list_dir"];
    world.check(
        &arguments,
        &expect![[r#"
        ── stdout
        {"entries":["notes.md","src/"]}
        ── stderr
        [TIME] · [SIZE] of 64
        ── exit 0
    "#]],
    );
    world.check(
        &["call", "files", "read_file", r#"{"path":"notes.md"}"#, "--allow", "files"],
        &expect![[r#"
        ── stdout
        alpha
        beta
        ── stderr
        [TIME] · [SIZE] of 64
        ── exit 0
    "#]],
    );
}

#[test]
fn a_call_as_json_says_what_it_used() {
    let world = World::with_notes();
    let arguments = ["call", "files/read_file", r#"{"path":"notes.md"}"#, "--allow", "files", "--json"];
    world.check(&arguments, &expect![[r#"
        ── stdout
        {"outcome":{"ok":{"content":{"text":"alpha\nbeta\n"}}},"duration_us":0,"used":{"memory_bytes":0,"bytes_read":11},"refusals":[],"stderr":null}
        ── stderr
        [TIME] · [SIZE] of 64
        ── exit 0
    "#]]);
}

#[test]
fn a_denied_call_says_what_would_allow_it() {
    World::with_notes().check(
        &["call", "files/read_file", r#"{"path":"notes.md"}"#],
        &expect![[r#"
            ── stderr
            error: `files/read_file` is denied: nothing in the operator's policy allows this call
            hint: --allow 'files/read_file', or in looplet.toml:
              [[rules]]
              tool = "files/read_file"
              decision = "allow"
            ── exit 3
        "#]],
    );
}

#[test]
fn a_failed_call_keeps_the_words_of_the_tool() {
    let world = World::with_notes();
    world.check(
        &["call", "files/read_file", r#"{"path":"note.md"}"#, "--allow", "files"],
        &expect![[r#"
        ── stderr
        error: not found: `note.md` does not exist
        hint: did you mean `notes.md`?
        [TIME] · [SIZE] of 64
        ── exit 1
    "#]],
    );
}

#[test]
fn arguments_are_checked_before_anything_runs() {
    let world = World::with_notes();
    world.check(&["call", "files/read_file", r#"{"file":"notes.md"}"#, "--allow", "files"], &expect![[r#"
        ── stderr
        error: the arguments do not fit the schema of `read_file`: `file` is not known; `path` is missing; it takes `path` (string), `first_line` (integer, optional), `lines` (integer, optional), `numbered` (boolean, optional)
        hint: `looplet-host inspect files --json` shows what it takes
        ── exit 2
    "#]]);
    world.check(
        &["call", "files/read_file", "notes.md", "--allow", "files"],
        &expect![[r#"
        ── stderr
        error: the arguments are no JSON: expected ident at line 1 column 2
        hint: write them as a JSON object: '{"path": "a.txt"}'
        ── exit 2
    "#]],
    );
    world.check(
        &["call", "files/read_fil", "{}", "--allow", "files"],
        &expect![[r#"
        ── stderr
        error: there is no tool `files/read_fil`
        hint: do you mean `files/read_file`?
        ── exit 2
    "#]],
    );
}

#[test]
fn what_lies_outside_the_workspace_is_refused_and_reported() {
    let world = World::with_notes().file("../secret.txt", "OUTSIDE");
    world.check(
        &["call", "files/read_file", r#"{"path":"../secret.txt"}"#, "--allow", "files"],
        &expect![[r#"
        ── stderr
        error: validation: `../secret.txt` has `..` in it
        hint: name the path from the top of the workspace, such as `src/main.rs`
        [TIME] · [SIZE] of 64
        ── exit 1
    "#]],
    );
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("../secret.txt", world.path("link.txt")).unwrap();
        world.check(
            &["call", "files/read_file", r#"{"path":"link.txt"}"#, "--allow", "files"],
            &expect![[r#"
                ── stderr
                refused inside: open workspace:/: leads out of the mount
                error: permission denied: `link.txt` is not open to this call
                [TIME] · [SIZE] of 64
                ── exit 1
            "#]],
        );
    }
}

#[test]
fn a_hidden_file_is_not_there_and_the_operator_is_told_why() {
    let world = World::with_notes().file(".env", "TOKEN=1");
    world.check(
        &["call", "files/read_file", r#"{"path":".env"}"#, "--allow", "files"],
        &expect![[r#"
            ── stderr
            refused inside: open workspace:/.env: hidden (the shipped list of masks)
            refused inside: stat workspace:/.env: hidden (the shipped list of masks)
            error: not found: `.env` does not exist
            [TIME] · [SIZE] of 64
            ── exit 1
        "#]],
    );
}

#[test]
fn explain_says_what_an_allowed_call_could_reach() {
    let world = World::with_notes().file("policy.toml", POLICY);
    let arguments =
        ["explain", "files/write_file", "--args", r#"{"path":"src/a.rs","content":""}"#, "--policy", "policy.toml"];
    world.check(
        &arguments,
        &expect![[r#"
            ── stdout
             tool      files/write_file
             decision  allow  policy.toml:8 (the operator's policy allows this call)
             works     yes
             could     fs workspace:/src/a.rs rw  (granted by policy.toml:6)  ← narrowed by rules
             within    [TIME], [SIZE] of memory
            ── exit 0
        "#]],
    );
}

#[test]
fn explain_says_which_rule_denies() {
    let world = World::with_notes().file("policy.toml", POLICY);
    let arguments =
        ["explain", "files/write_file", "--args", r#"{"path":"src/gen/a.rs","content":""}"#, "--policy", "policy.toml"];
    world.check(
        &arguments,
        &expect![[r#"
            ── stdout
             tool      files/write_file
             decision  deny   policy.toml:13 (is generated)
                       allow  policy.toml:8
             works     no: it is denied
             granted   fs workspace:/src/gen/a.rs rw  (granted by policy.toml:6)  ← narrowed by rules
             within    [TIME], [SIZE] of memory
             to allow  an `unless` in the rule at `policy.toml:13`, or taking that rule out
            ── exit 3
        "#]],
    );
    let arguments =
        ["explain", "files/write_file", "--args", r#"{"path":"a.rs","content":""}"#, "--policy", "policy.toml"];
    world.check(
        &arguments,
        &expect![[r#"
            ── stdout
             tool      files/write_file
             decision  deny   the shipped default (nothing in the operator's policy allows this call)
             works     no: it is denied
             granted   fs workspace:/ rw  (granted by policy.toml:6)
             within    [TIME], [SIZE] of memory
             to allow  --allow 'files/write_file', or in looplet.toml:
                         [[rules]]
                         tool = "files/write_file"
                         decision = "allow"
            ── exit 3
        "#]],
    );
}

#[test]
fn explain_says_whether_a_call_would_come_to_what_it_names() {
    let policy = "format = 1\n[mounts.workspace]\npath = \".\"\nhide = [\"private/**\"]\n[grants]\nfiles = { fs = { workspace = \"ro\" } }\n\
        \"http/fetch\" = { http = [\"GET https://a.example/**\", \"GET http://10.0.0.1/**\", \"GET http://*/**\"], addresses = [\"10.1.0.0/16\", \"10.0.0.9\"] }\n\
        [[rules]]\ntool = [\"files\", \"http\"]\ndecision = \"allow\"\n\
        [[rules]]\ntool = \"files/grep\"\ndecision = \"ask\"\n\
        [[rules]]\ntool = \"files/read_file\"\npath = { arg = \"path\", mount = \"workspace\", glob = \"**\" }\ndecision = \"allow\"\n\
        [[hooks]]\nuse = \"builtin:per-tool-limit\"\nsettings = { each = 3 }\n";
    let world = World::with_notes().file("policy.toml", policy).file("private/a", "");
    let works = |tool: &str, arguments: &str| {
        let printed = world.run(&["explain", tool, "--args", arguments, "--policy", "policy.toml"]).transcript();
        let line = printed.lines().find(|line| line.trim_start().starts_with("works")).unwrap_or(&printed);
        format!("{tool} {arguments}:{}\n", line.trim_start().trim_start_matches("works").trim_start())
    };
    let all = [
        ("files/read_file", r#"{"path":"notes.md"}"#),
        ("files/read_file", r#"{"path":"not-there.md"}"#),
        ("files/read_file", r#"{"path":"private/a"}"#),
        ("files/read_file", r#"{"path":"../notes.md"}"#),
        ("files/read_file", r#"{"paht":"notes.md"}"#),
        ("files/write_file", r#"{"path":"new.md","content":""}"#),
        ("files/grep", r#"{"pattern":"a"}"#),
        ("think/think", r#"{"thought":"a"}"#),
        ("http/fetch", r#"{"url":"https://a.example/b?q=1"}"#),
        ("http/fetch", r#"{"url":"https://b.example/"}"#),
        ("http/fetch", r#"{"url":"http://10.0.0.1/"}"#),
        ("http/fetch", r#"{"url":"http://10.1.2.3/"}"#),
        ("http/fetch", r#"{"url":"http://192.168.0.1/"}"#),
        ("http/fetch", r#"{"url":"nowhere"}"#),
    ];
    expect![[r#"
        files/read_file {"path":"notes.md"}:yes, unless a hook refuses it: `per-tool-limit`
        files/read_file {"path":"not-there.md"}:no: `not-there.md` is not there
        files/read_file {"path":"private/a"}:no: `private/a` is hidden (policy.toml:4): it will not be found
        files/read_file {"path":"../notes.md"}:no: `../notes.md` cannot be reached: it leads out of the mount
        files/read_file {"paht":"notes.md"}:no: its arguments do not fit
        files/write_file {"path":"new.md","content":""}:no: `fs workspace:/ ro` is less than it asks for: writes will fail
        files/grep {"pattern":"a"}:once somebody agrees, unless a hook refuses it: `per-tool-limit`
        think/think {"thought":"a"}:no: it is denied
        http/fetch {"url":"https://a.example/b?q=1"}:yes, `https://a.example/b?q=1` by `GET` alone, unless a hook refuses it: `per-tool-limit`
        http/fetch {"url":"https://b.example/"}:no: `https://b.example/` lies outside of the requests that the call may send
        http/fetch {"url":"http://10.0.0.1/"}:yes, `http://10.0.0.1/` by `GET` alone, unless a hook refuses it: `per-tool-limit`
        http/fetch {"url":"http://10.1.2.3/"}:yes, `http://10.1.2.3/` by `GET` alone, unless a hook refuses it: `per-tool-limit`
        http/fetch {"url":"http://192.168.0.1/"}:no: `http://192.168.0.1/` leads to 192.168.0.1, which is not public and not granted
        http/fetch {"url":"nowhere"}:no: `nowhere` cannot be asked: it is no URL: relative URL without a base
    "#]].assert_eq(&all.map(|(tool, arguments)| works(tool, arguments)).concat());
}

#[test]
fn explain_names_a_grant_that_is_missing() {
    let policy = POLICY.replace("[grants]\nfiles = { fs = { workspace = \"rw\" } }\n", "");
    let world = World::with_notes().file("policy.toml", policy);
    let arguments =
        ["explain", "files/write_file", "--args", r#"{"path":"src/a.rs","content":""}"#, "--policy", "policy.toml"];
    world.check(
        &arguments,
        &expect![[r#"
            ── stdout
             tool      files/write_file
             decision  allow  policy.toml:6 (the operator's policy allows this call)
             works     no: it lacks `fs workspace rw`
             lacks     fs workspace rw: the file to write
             to allow  --grant 'files/write_file:fs.workspace=rw', or in looplet.toml:
                         [grants."files/write_file"]
                         fs = { workspace = "rw" }
            ── exit 3
        "#]],
    );
}

#[test]
fn explain_says_that_a_write_to_a_read_only_mount_will_fail() {
    let world = World::with_notes();
    let arguments = [
        "explain",
        "files/write_file",
        "--args",
        r#"{"path":"src/a.rs","content":""}"#,
        "--allow",
        "files",
        "--workspace",
        ".:ro",
    ];
    world.check(
        &arguments,
        &expect![[r#"
            ── stdout
             tool      files/write_file
             decision  allow  --allow (the operator's policy allows this call)
             works     no: `fs workspace:/ ro` is less than it asks for: writes will fail
             could     fs workspace:/ ro  (granted by --workspace)  ← the grant is read-only: writes will fail
             within    [TIME], [SIZE] of memory
            ── exit 0
        "#]],
    );
}

#[test]
fn explain_says_what_masks_will_do_to_a_call() {
    let world = World::with_notes();
    let explain = |tool, arguments, expected: &expect_test::Expect| {
        world.check(&["explain", tool, "--args", arguments, "--allow", "files", "--workspace", ".:rw"], expected);
    };
    explain(
        "files/read_file",
        r#"{"path":".env"}"#,
        &expect![[r#"
            ── stdout
             tool      files/read_file
             decision  allow  --allow (the operator's policy allows this call)
             works     no: `.env` is hidden (the shipped list of masks): it will not be found
             could     fs workspace:/ ro  (granted by --workspace)
             within    [TIME], [SIZE] of memory
            ── exit 0
        "#]],
    );
    explain(
        "files/write_file",
        r#"{"path":".git/config","content":""}"#,
        &expect![[r#"
            ── stdout
             tool      files/write_file
             decision  allow  --allow (the operator's policy allows this call)
             works     no: `.git/config` is read-only (the shipped list of masks): writes will fail
             could     fs workspace:/ rw  (granted by --workspace)
             within    [TIME], [SIZE] of memory
            ── exit 0
        "#]],
    );
}

#[test]
fn explain_as_json_is_one_value() {
    let world = World::with_notes().file("policy.toml", POLICY);
    let arguments = [
        "explain",
        "files/write_file",
        "--args",
        r#"{"path":"src/a.rs","content":""}"#,
        "--policy",
        "policy.toml",
        "--json",
    ];
    world.check(&arguments, &expect![[r#"
        ── stdout
        {"tool":"files/write_file","kind":"component","faults":[],"verdict":{"decision":"allow","reason":"the operator's policy allows this call","matched":[{"decision":"allow","answer":"yes","narrowing":{"fs":{"workspace":[{"path":"src/a.rs","mode":"rw"}]}},"origin":"policy.toml:8"}],"narrowing":{"fs":{"workspace":[{"path":"src/a.rs","mode":"rw"}]}}},"approved_by":null,"works":"yes","bounds":[],"why_not":[],"reach":[{"fs":{"mount":"workspace","path":"src/a.rs","mode":"rw"}}],"lacks":null,"hooks":[],"to_allow":null}
        ── exit 0
    "#]]);
}

const POLICY: &str = r#"[mounts.workspace]
path = "."
mode = "rw"

[grants]
files = { fs = { workspace = "rw" } }

[[rules]]
tool = "files/write_file"
path = { arg = "path", mount = "workspace", glob = "src/**" }
decision = "allow"

[[rules]]
tool = "files/write_file"
path = { arg = "path", mount = "workspace", glob = "src/gen/**" }
decision = "deny"
reason = "is generated"
"#;
