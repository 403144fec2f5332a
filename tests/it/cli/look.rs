//! The commands that look and change nothing: `inspect`, `check`, `show`, `wit`, `doctor`, `completions`.

use expect_test::expect;

use crate::world::World;

#[test]
fn inspect_shows_what_a_plugin_says_of_itself() {
    let world = World::new();
    world.check(&["inspect", "files"], &expect![[r#"
        ── stdout
        files  files 0.1.0  built in, [DIGEST]
          Read, write and search the files of the workspace
          read_file: Read a text file. Answers up to 256 KiB and says how to go on where more follows.
            needs fs workspace ro: the file to read
          write_file: Write a whole text file: a new one, or in place of the old one. To change a part, `edit_file` is safer.
            needs fs workspace rw: the file to write
          edit_file: Replace one exact piece of text in a file. Fails without changing anything if it is not there, or more
            needs fs workspace rw: the file to edit
          list_dir: List one directory. A name that ends with `/` is a directory, with `@` a link. Leaves out `.git` and what
            needs fs workspace ro: the directory to list
          glob: Find files by a glob pattern. Answers paths from the top of the workspace. Leaves out `.git` and what
            needs fs workspace ro: the directories to look into
          grep: Search the lines of files with a regular expression. Answers `path:line: text`, and how many lines match in
            needs fs workspace ro: the files to search
        ── exit 0
    "#]]);
    world.check(&["inspect", "greet", "--json"], &expect![[r#"
        ── stdout
        {"name":"greet","built_in":true,"digest":"[DIGEST]","info":{"id":"greet","version":"0.1.0","description":"Greets somebody: the smallest plugin","settings_schema":null,"hook_needs":[],"hook_limits":null},"hook_points":[],"tools":[{"name":"greet","description":"Greet somebody by name.","input_schema":{"additionalProperties":false,"properties":{"name":{"description":"Whom to greet.","type":"string"}},"required":["name"],"type":"object"},"output_schema":null,"effects":{"reads":false,"writes":false,"destructive":false,"idempotent":true,"open_world":false},"needs":[],"limits":null,"show":[],"uncharged":false,"concurrent_safe":true}]}
        ── exit 0
    "#]]);
    world.check(
        &["inspect", "jira"],
        &expect![[r#"
        ── stderr
        error: there is no plugin `jira`
        hint: loaded are: files, greet, think, todo
        ── exit 2
    "#]],
    );
}

#[test]
fn check_counts_what_is_in_order() {
    let world = World::new().file("policy.toml", "[[rules]]\ntool = \"files\"\ndecision = \"allow\"\n");
    world.check(
        &["check", "--policy", "policy.toml"],
        &expect![[r#"
        ── stdout
        in order: 4 plugins, 9 tools, 1 rule
        ── exit 0
    "#]],
    );
    world.check(
        &["check", "--policy", "policy.toml", "--json"],
        &expect![[r#"
            ── stdout
            {"ok":true,"plugins":4,"tools":9,"rules":1,"notes":[],"advice":[],"withheld":[],"against":[]}
            ── exit 0
        "#]],
    );
}

#[test]
fn check_notes_a_rule_for_a_plugin_that_is_not_loaded() {
    let world = World::new().file("policy.toml", "[[rules]]\ntool = \"jira/*\"\ndecision = \"allow\"\n");
    world.check(
        &["check", "--policy", "policy.toml"],
        &expect![[r#"
            ── stdout
            note: policy.toml:1: no plugin that is loaded matches `jira/*`; it holds once such a plugin is loaded
            in order: 4 plugins, 9 tools, 1 rule
            ── exit 0
        "#]],
    );
    world.check(
        &["check", "--policy", "policy.toml", "--strict"],
        &expect![[r#"
            ── stdout
            note: policy.toml:1: no plugin that is loaded matches `jira/*`; it holds once such a plugin is loaded
            in order: 4 plugins, 9 tools, 1 rule
            ── stderr
            error: 1 note, and `--strict` lets none pass
            ── exit 2
        "#]],
    );
}

/// A project where a run read a file, met a hidden one and was denied a third.
fn looked() -> World {
    let world = World::with_notes().file(".env", "TOKEN=1").model(&[
        r#"{"calls":[{"tool":"read_file","arguments":{"path":"notes.md"}}]}"#,
        r#"{"calls":[{"tool":"read_file","arguments":{"path":".env"}}]}"#,
        r#"{"calls":[{"tool":"write_file","arguments":{"path":"a","content":"b"}}]}"#,
        r#"{"text":"That is all."}"#,
    ]);
    let run = ["run", "--model", "scripted:../model.jsonl", "--allow", "files/read_file", "look"];
    assert_eq!(world.run(&run).code, Some(0));
    world
}

#[test]
fn show_looks_back_at_the_latest_run() {
    World::new().check(
        &["show"],
        &expect![[r#"
        ── stderr
        error: there is no run in `[DIR]/home/.local/state/looplet/runs`
        hint: `looplet-host run` makes one
        ── exit 2
    "#]],
    );
    let world = looked();
    world.check(
        &["show"],
        &expect![[r#"
            ── stdout
            [RUN] answered · 3 steps · 4 model calls · [TIME] (active [TIME]) · 1 denied · 0 asked · 2 hidden
             #1 ✓ read_file(path='notes.md') → 2 lines                   [TIME]  allow --allow
             #2 ✗ read_file(path='.env') → not found: `.env` does not exist  [TIME]  hidden by the shipped list of masks
             #3 ⊘ write_file(content='b', path='a') → denied «nothing in the operator's policy allows this call»
            ── exit 0
        "#]],
    );
    world.check(
        &["show", "#1"],
        &expect![[r#"
            ── stdout
             step        #1 files/read_file
             arguments   {"path":"notes.md"}  [DIGEST]
             decision    allowed
             rule        --allow → allow
             authority   fs workspace:/ ro (granted by the shipped default)
             touched     read 11 B, wrote 0 B, 0 refused inside
             used        [TIME], [SIZE] of 64.0 MiB, 0 requests
             result      alpha
                         beta
             prompt      turn 1
            ── exit 0
        "#]],
    );
    world.check(
        &["show", "#2"],
        &expect![[r#"
            ── stdout
             step        #2 files/read_file
             arguments   {"path":".env"}  [DIGEST]
             decision    allowed
             rule        --allow → allow
             authority   fs workspace:/ ro (granted by the shipped default)
             touched     read 0 B, wrote 0 B, 2 refused inside
             refused     open workspace:/.env → hidden (the shipped list of masks)
                         stat workspace:/.env → hidden (the shipped list of masks)
             used        [TIME], [SIZE] of 64.0 MiB, 0 requests
             result      failed (not_found): `.env` does not exist
             prompt      turn 2
            ── exit 0
        "#]],
    );
    world.check(
        &["show", "#3"],
        &expect![[r#"
        ── stdout
         step        #3 files/write_file
         arguments   {"content":"b","path":"a"}  [DIGEST]
         decision    denied «nothing in the operator's policy allows this call»
         rule        the shipped default → deny
         authority   fs workspace:/ rw (granted by the shipped default)
         to allow    --allow 'files/write_file', or in looplet.toml:
                       [[rules]]
                       tool = "files/write_file"
                       decision = "allow"
         result      denied: nothing in the operator's policy allows this call
         prompt      turn 3
        ── exit 0
    "#]],
    );
}

#[test]
fn show_says_what_there_is_not_and_what_was_denied() {
    let world = looked();
    world.check(
        &["show", "#4"],
        &expect![[r#"
        ── stderr
        error: run [RUN] has no step 4
        hint: `looplet-host show [RUN]` lists them
        ── exit 2
    "#]],
    );
    world.check(
        &["show", "--denied"],
        &expect![[r#"
            ── stdout
            #3 files/write_file «nothing in the operator's policy allows this call» (the shipped default)
                --allow 'files/write_file', or in looplet.toml:
                  [[rules]]
                  tool = "files/write_file"
                  decision = "allow"
            ── exit 0
        "#]],
    );
    world.check(
        &["show", "01ZZ"],
        &expect![[r#"
        ── stderr
        error: no run begins with `01ZZ`
        hint: `looplet-host show` shows the latest one
        ── exit 2
    "#]],
    );
    world.check(
        &["show", "#x"],
        &expect![[r#"
            ── stderr
            error: `x` is no number of a step
            hint: `looplet-host show 'RUN#4'` shows step 4
            ── exit 2
        "#]],
    );
}

#[test]
fn wit_writes_the_contract() {
    let world = World::new();
    world.check(
        &["wit", "contract"],
        &expect![[r#"
        ── stderr
        wrote 7 files of `looplet:plugin` to contract
        ── exit 0
    "#]],
    );
    assert_eq!(
        world.tree("project/contract"),
        ["about.wit", "common.wit", "hook.wit", "host.wit", "needs.wit", "tool.wit", "world.wit"]
    );
    let written = std::fs::read_to_string(world.path("contract/tool.wit")).unwrap();
    assert_eq!(written, include_str!("../../../wit/tool.wit"));
}

#[test]
fn doctor_tries_the_sandbox_and_names_the_model() {
    let world = World::new();
    world.check(
        &["doctor"],
        &expect![[r#"
            ── stdout
            ✓ host         looplet-host 0.1.0 on [MACHINE]
            ✓ places       user file [DIR]/home/.config/looplet/looplet.toml, state in [DIR]/home/.local/state/looplet
            ✓ settings     the user file
            ✓ sandbox      4 built-in plugins load, 9 tools
            ✗ model        no model is set up
                           one of these sets one up:
                             OpenAI-compatible  export OPENAI_API_KEY=… OPENAI_MODEL=…  (another server: OPENAI_BASE_URL=…)
                             Anthropic          known, not yet supported by this version
                             Ollama             ollama serve; ollama pull qwen3:8b
                             without a network  --model scripted:FILE
            ── exit 0
        "#]],
    );
    world.check(
        &["doctor", "--model", "openai:x"],
        &expect![[r#"
        ── stdout
        ✓ host         looplet-host 0.1.0 on [MACHINE]
        ✓ places       user file [DIR]/home/.config/looplet/looplet.toml, state in [DIR]/home/.local/state/looplet
        ✓ settings     the user file
        ✓ sandbox      4 built-in plugins load, 9 tools
        ✗ model        model `openai:x` needs a key
                       add `export OPENAI_API_KEY=…`, or `export OPENAI_BASE_URL=…` for a server without one
        ── exit 0
    "#]],
    );
    let world = world.variable("OPENAI_API_KEY", "sk-1").variable("OPENAI_MODEL", "small");
    world.check(
        &["doctor"],
        &expect![[r#"
            ── stdout
            ✓ host         looplet-host 0.1.0 on [MACHINE]
            ✓ places       user file [DIR]/home/.config/looplet/looplet.toml, state in [DIR]/home/.local/state/looplet
            ✓ settings     the user file
            ✓ sandbox      4 built-in plugins load, 9 tools
            ✓ model        openai:small at api.openai.com (OPENAI_MODEL)
            ── exit 0
        "#]],
    );
}

#[test]
fn completions_are_for_the_shell_that_is_named() {
    let world = World::new();
    assert!(world.run(&["completions", "bash"]).stdout.contains("complete -F _looplet__host"));
    assert!(world.run(&["completions", "fish"]).stdout.contains("complete -c looplet-host"));
    world.check(
        &["completions", "tcsh"],
        &expect![[r#"
        ── stderr
        error: invalid value 'tcsh' for '<SHELL>'
          [possible values: bash, elvish, fish, powershell, zsh]

          tip: a similar value exists: 'zsh'

        For more information, try '--help'.
        ── exit 2
    "#]],
    );
}

#[test]
fn a_command_that_does_not_exist_is_a_usage_error() {
    World::new().check(
        &["rnu", "x"],
        &expect![[r#"
        ── stderr
        error: unrecognized subcommand 'rnu'

          tip: a similar subcommand exists: 'runs'

        Usage: looplet-host [OPTIONS] <COMMAND>

        For more information, try '--help'.
        ── exit 2
    "#]],
    );
}
