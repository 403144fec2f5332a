//! One file by itself: what it says, and what is said about it.

use std::fmt::Write as _;

use serde_json::Value;

use super::*;

fn error(text: &str) -> String {
    match Settings::load(&with_project(text, ProjectFile::Policy), &Flags::default(), &at_terminal()) {
        Ok(_) => format!("loads: {text}"),
        Err(error) => error.report(),
    }
}

const SKETCHES: [(&str, &str); 3] = [
    ("coder.toml", include_str!("../fixtures/coder.toml")),
    ("research.toml", include_str!("../fixtures/research.toml")),
    ("nightly.toml", include_str!("../fixtures/nightly.toml")),
];

#[test]
fn the_sketched_files_parse_and_say_what_is_missing() {
    let mut report = String::new();
    for (name, text) in SKETCHES {
        let parsed = ConfigFile::parse(&file(name, text)).unwrap_or_else(|error| panic!("{}", error.report()));
        for missing in parsed.unsupported() {
            let _ = writeln!(report, "{}: {} ({})", missing.origin, missing.key, missing.feature);
        }
        let _ = writeln!(report, "{name} names {:?}", parsed.named_files());
    }
    expect_test::expect![[r#"
        coder.toml:11: model.fallback (several models)
        coder.toml:12: model.summarise (several models)
        coder.toml:45: grants.process.programs (programs)
        coder.toml:45: grants.process.sees_hidden (programs)
        coder.toml names ["/proj/AGENTS.md", "/proj/plugins/jira.wasm", "/proj/plugins/license_header.wasm", "/proj/prompts/coder.md"]
        research.toml names ["/proj/plugins/search.wasm"]
        nightly.toml:7: model.fallback (several models)
        nightly.toml names ["/opt/plugins/sql.wasm", "/proj/prompts/nightly.md", "/proj/prompts/report.schema.json"]
    "#]].assert_eq(&report);
}

#[test]
fn the_schema_accepts_the_sketched_files() {
    let schema = jsonschema::options().build(&json_schema()).expect("is a schema");
    for (name, text) in SKETCHES {
        let value: Value = toml::from_str(text).expect("is TOML");
        let errors: Vec<_> =
            schema.iter_errors(&value).map(|error| format!("{} {error}", error.instance_path())).collect();
        assert_eq!(errors, Vec::<String>::new(), "{name}");
    }
}

#[test]
fn what_is_wrong_in_a_file_is_said_with_line_and_fix() {
    let reports = [
        "formt = 1",
        "format = 2",
        "\n[mounts.workspace]\npath = \".\"\nreadonly = []",
        "[mounts.workspace]\nmode = \"wr\"",
        "[mounts.workspace]\nmode = \"rw\"",
        "[mounts.workspace]\npath = \".\"\nhide = [\"[\"]",
        "[mounts.\"W\"]\npath = \".\"",
        "[budget]\nsteps = \"many\"",
        "[budget]\nsteps = -1",
        "[budget]\nsteps = 99999999999999999999",
        "[budget.calls]\n\"a/b/c\" = 1",
        "[policy]\nunmatched = \"allow\"",
        "policy = 3",
        "[[rules]]\ntool = \"files/*\"",
        "[[rules]]\ndecison = \"deny\"",
        "[[rules]]\ndecision = \"deny\"\ntool = []",
        "[[rules]]\ndecision = \"deny\"\ntool = \"files/{read\"",
        "[[rules]]\ndecision = \"deny\"\nwhen = { text = { regex = \"(\" } }",
        "[[rules]]\ndecision = \"deny\"\npath = { arg = \"path\", mount = \"workspace\", glob = \"/src/**\" }",
        "[[rules]]\ndecision = \"deny\"\npath = { arg = \"path\", mont = \"workspace\", glob = \"src/**\" }",
        "[[rules]]\ndecision = \"deny\"\nwhen = { path = { absent = true } }\npath = { arg = \"path\", mount = \"w\", glob = \"**\" }",
        "[[rules]]\ndecision = \"deny\"\nunless = [{}]",
        "[[rules]]\ndecision = \"deny\"\nnarrow = { fs = { w = \".\" } }",
        "[[rules]]\ndecision = \"allow\"\nwhen = { a = 1979-05-27 }",
        "[[rules]]\ndecision = \"allow\"\nwhen = { a = \"x\" }\nmatch = [\n  { a = \"x\" },\n  { a = \"y\" },\n]",
        "[plugins]\njira = { digest = \"sha256:00\" }",
        "[plugins]\njira = { from = \"j.wasm\", digest = \"sha256:9f2c…\" }",
        "[agent]\nsystem = { fil = \"x\" }",
        "[model]\nuse = \"a:b\"\nfallback = [\"c:d\"]\n[grants.process]\nprograms = [\"cargo test\"]\n[policy]\non_ask = \"park\"",
        "a = 1\na = 2",
    ]
    .map(error)
    .join("\n");
    expect_test::expect![[r#"
        error: looplet.toml:1: unknown key `formt`
        hint: did you mean `format`?
        error: looplet.toml:1: this host reads format 1 only
        hint: use a newer looplet-host, or write the file anew
        error: looplet.toml:4: unknown key `readonly` in `mounts.workspace`
        hint: did you mean `read_only`?
        error: looplet.toml:2: `mounts.workspace.mode` is "wr"
        hint: it takes `ro` or `rw`
        error: looplet.toml:1: mount `workspace` has no `path`
        hint: write `path = "."`
        error: looplet.toml:3: `[` is no glob: unclosed character class; missing ']'
        hint: `\` before a character takes it as it is
        error: looplet.toml:1: `W` is no name
        hint: a name begins with a-z and goes on with a-z, 0-9, `_` or `-`, at most 64
        error: looplet.toml:2: `budget.steps` is a text
        hint: it takes a whole number from 0
        error: looplet.toml:2: `budget.steps` is -1
        hint: it takes a whole number from 0
        error: looplet.toml:2: `budget` holds a number out of range
        hint: write it as a text
        error: looplet.toml:2: `a/b/c` is no tool pattern
        hint: write `plugin/tool`, as in `files/*`
        error: looplet.toml:2: `policy.unmatched` is "allow"
        hint: it takes `ask` or `deny`
        error: looplet.toml:1: `policy` is 3
        hint: it takes a table
        error: looplet.toml:1: the rule has no `decision`
        hint: write `decision = "allow"`, `"ask"` or `"deny"`
        error: looplet.toml:2: unknown key `decison` in `rules`
        hint: did you mean `decision`?
        error: looplet.toml:3: `rules.tool` is a list
        hint: it takes a text or a list of at least one text
        error: looplet.toml:3: `{read` is no glob: unclosed alternate group; missing '}' (maybe escape '{' with '[{]'?)
        hint: `\` before a character takes it as it is
        error: looplet.toml:3: `(` is no regular expression: unclosed group
        hint: look-around and back-references do not exist: matching is linear
        error: looplet.toml:3: glob `/src/**` can never match a path of a mount
        hint: globs are relative to the mount: write `src/**`
        error: looplet.toml:3: unknown key `mont` in `path`
        hint: did you mean `mount`?
        error: looplet.toml:1: the rule can never match: `when` wants `path` absent and another condition reads it
        hint: make two rules of it
        error: looplet.toml:3: the rule can never match: an `unless` without conditions always holds
        hint: name a condition, or drop it
        error: looplet.toml:1: a rule that denies has nothing to narrow
        hint: drop `narrow`
        error: looplet.toml:3: `rules` holds a date
        hint: write it as a text
        error: looplet.toml:6: example `{"a":"y"}` of `match` fails: the answer is `no`
        hint: change the rule until it matches this, or the example
        error: looplet.toml:2: plugin `jira` has no `from`
        hint: write `from = "builtin"` or a file
        error: looplet.toml:2: `sha256:9f2c…` is no digest
        hint: write `sha256:` and 64 hex digits; `inspect` prints it
        error: looplet.toml:2: `agent.system` is a table
        hint: it takes a text or `{ file = "…" }`
        error: looplet.toml:3: not supported yet: `model.fallback` (several models, looplet.toml:3), `grants.process.programs` (programs, looplet.toml:5)
        hint: take these lines out
        error: looplet.toml:2: no valid TOML: duplicate key
        hint: mend the line"#]].assert_eq(&reports);
}
