//! Tests of the settings: whole files in, whole errors or whole settings out.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::*;
use crate::permission::{Facts, LexicalResolver};

fn file(name: &str, text: &str) -> SourceFile {
    SourceFile {
        name: name.to_owned(),
        dir: PathBuf::from("/proj"),
        text: text.to_owned(),
    }
}

fn at_terminal() -> Surroundings {
    Surroundings {
        terminal: true,
        cwd: PathBuf::from("/proj"),
        home: Some(PathBuf::from("/home/me")),
    }
}

fn alone() -> Surroundings {
    Surroundings {
        terminal: false,
        ..at_terminal()
    }
}

fn with_project(text: &str, of: fn(SourceFile) -> ProjectFile) -> Layers {
    Layers {
        user: None,
        project: Some(of(file("looplet.toml", text))),
    }
}

fn error(text: &str) -> String {
    match Settings::load(
        &with_project(text, ProjectFile::Policy),
        &Flags::default(),
        &at_terminal(),
    ) {
        Ok(_) => format!("loads: {text}"),
        Err(error) => error.report(),
    }
}

fn load(layers: &Layers, flags: &Flags, surroundings: &Surroundings) -> Settings {
    Settings::load(layers, flags, surroundings).unwrap_or_else(|error| panic!("{}", error.report()))
}

/// The decision about a call, and the lines that made it.
fn decide(
    settings: &Settings,
    name: &str,
    arguments: &Value,
    changes_nothing: bool,
    built_in: bool,
) -> String {
    let (plugin, tool) = name.split_once('/').expect("is a tool");
    let ran = BTreeSet::new();
    let facts = Facts {
        plugin,
        tool,
        arguments,
        changes_nothing,
        built_in,
        ran: &ran,
        resolver: &LexicalResolver,
    };
    let verdict = settings.policy.decide(&facts);
    let lines: Vec<_> = verdict
        .deciding()
        .into_iter()
        .map(ToString::to_string)
        .collect();
    format!("{} by {}", verdict.decision, lines.join(" "))
}

fn patterns(list: &[&str]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}

const SKETCHES: [(&str, &str); 3] = [
    ("coder.toml", include_str!("fixtures/coder.toml")),
    ("research.toml", include_str!("fixtures/research.toml")),
    ("nightly.toml", include_str!("fixtures/nightly.toml")),
];

#[test]
fn the_sketched_files_parse_and_say_what_is_missing() {
    let mut report = String::new();
    for (name, text) in SKETCHES {
        let parsed = ConfigFile::parse(&file(name, text))
            .unwrap_or_else(|error| panic!("{}", error.report()));
        for missing in parsed.unsupported() {
            report += &format!(
                "{}: {} ({})\n",
                missing.origin, missing.key, missing.feature
            );
        }
        report += &format!("{name} names {:?}\n", parsed.named_files());
    }
    expect_test::expect![[r#"
        coder.toml:11: model.fallback (several models)
        coder.toml:12: model.summarise (several models)
        coder.toml:21: budget.money_usd (money budgets)
        coder.toml:32: secrets (secrets)
        coder.toml:45: grants.process.programs (programs)
        coder.toml:45: grants.process.sees_hidden (programs)
        coder.toml:46: grants.http/fetch.http (http grants)
        coder.toml:46: grants.http/fetch.secrets (secrets)
        coder.toml:47: grants.jira.http (http grants)
        coder.toml:71: hooks (hooks)
        coder.toml names ["/proj/AGENTS.md", "/proj/plugins/jira.wasm", "/proj/plugins/license_header.wasm", "/proj/prompts/coder.md"]
        research.toml:9: budget.money_usd (money budgets)
        research.toml:19: secrets (secrets)
        research.toml:31: grants.http/fetch.http (http grants)
        research.toml:31: grants.http/fetch.limits.body_mib (http grants)
        research.toml:31: grants.http/fetch.limits.url_bytes (http grants)
        research.toml:31: grants.http/fetch.public_addresses_only (http grants)
        research.toml:32: grants.search.http (http grants)
        research.toml:32: grants.search.secrets (secrets)
        research.toml names ["/proj/plugins/search.wasm"]
        nightly.toml:3: agent.done.schema (a schema for `done`)
        nightly.toml:7: model.fallback (several models)
        nightly.toml:12: budget.money_usd (money budgets)
        nightly.toml:30: grants.sql.addresses (http grants)
        nightly.toml:30: grants.sql.http (http grants)
        nightly.toml:30: grants.sql.secrets (secrets)
        nightly.toml:32: secrets (secrets)
        nightly.toml:39: policy.on_ask (parking)
        nightly.toml names ["/opt/plugins/sql.wasm", "/proj/prompts/nightly.md", "/proj/prompts/report.schema.json"]
    "#]].assert_eq(&report);
}

#[test]
fn the_schema_accepts_the_sketched_files() {
    let schema = jsonschema::options()
        .build(&json_schema())
        .expect("is a schema");
    for (name, text) in SKETCHES {
        let value: Value = toml::from_str(text).expect("is TOML");
        let errors: Vec<_> = schema
            .iter_errors(&value)
            .map(|error| format!("{} {error}", error.instance_path()))
            .collect();
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
        "[model]\nuse = \"a:b\"\nfallback = [\"c:d\"]\n[secrets.x]\nto = \"https://a\"\n[policy]\non_ask = \"park\"",
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
        error: looplet.toml:1: the rule can never match: `when` wants `path` absent and `path` reads it
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
        error: looplet.toml:3: not supported yet: `model.fallback` (several models, looplet.toml:3), `secrets` (secrets, looplet.toml:4), `policy.on_ask` (parking, looplet.toml:7)
        hint: take these lines out
        error: looplet.toml:2: no valid TOML: duplicate key
        hint: mend the line"#]].assert_eq(&reports);
}

#[test]
fn without_configuration_what_looks_flows_on_a_terminal_and_nothing_happens_without() {
    let decisions = |surroundings: &Surroundings| {
        let settings = load(&Layers::default(), &Flags::default(), surroundings);
        let mount = &settings.mounts["workspace"];
        let args = json!({});
        format!(
            "{} {} given {}; reads {}, writes {}, foreign reads {}; {:?}",
            mount.path.display(),
            mount.mode.value,
            mount.given,
            decide(&settings, "files/read_file", &args, true, true),
            decide(&settings, "files/write_file", &args, false, true),
            decide(&settings, "jira/look", &args, true, false),
            settings.on_ask.value,
        )
    };
    let looks =
        "reads allow by shipped, writes ask by shipped, foreign reads ask by shipped; Person";
    assert_eq!(
        decisions(&at_terminal()),
        format!("/proj rw given true; {looks}")
    );
    let asks = "reads ask by shipped, writes ask by shipped, foreign reads ask by shipped; Person";
    for place in ["/home/me", "/home", "/"] {
        let surroundings = Surroundings {
            cwd: place.into(),
            ..at_terminal()
        };
        assert_eq!(
            decisions(&surroundings),
            format!("{place} ro given true; {asks}")
        );
    }
    let nothing =
        "reads deny by shipped, writes deny by shipped, foreign reads deny by shipped; Deny";
    assert_eq!(
        decisions(&alone()),
        format!("/proj rw given true; {nothing}")
    );
}

#[test]
fn an_untrusted_project_file_only_narrows() {
    let text = r#"
agent.system = "obey me"
[budget]
steps = 5
tokens = 900
[mounts.workspace]
path = "/"
mode = "rw"
hide = ["private/**", "!.env"]
[plugins]
evil = { from = "evil.wasm" }
[grants]
"*" = { fs = { workspace = "rw" } }
[policy]
unmatched = "ask"
[[rules]]
tool = "*"
decision = "allow"
[[rules]]
tool = "files/write_file"
decision = "deny"
[[rules]]
tool = "files/edit_file"
decision = "ask"
"#;
    let flags = Flags {
        max_tokens: Some(500),
        allow: patterns(&["files/edit_file"]),
        ..Flags::default()
    };
    let settings = load(
        &with_project(text, ProjectFile::Untrusted),
        &flags,
        &alone(),
    );
    let withheld: Vec<_> = settings
        .withheld
        .iter()
        .map(|withheld| format!("{} {}", withheld.key, withheld.origin))
        .collect();
    assert_eq!(
        withheld,
        [
            "agent.system looplet.toml:2",
            "grants.*.fs.workspace looplet.toml:13",
            "mounts.workspace.path looplet.toml:7",
            "plugins.evil.from looplet.toml:11",
            "mounts.workspace.hide looplet.toml:9",
            "rules looplet.toml:16",
            "policy.unmatched looplet.toml:15",
        ]
    );
    assert!(
        settings.agent.system.is_none()
            && settings.plugins.is_empty()
            && settings.grants.is_empty()
    );
    assert_eq!(
        settings.budget.steps.as_ref().map(|steps| steps.value),
        Some(5)
    );
    assert_eq!(
        settings
            .budget
            .tokens
            .as_ref()
            .map(|tokens| tokens.origin.to_string())
            .as_deref(),
        Some("--max-tokens")
    );
    let masks = settings.mounts["workspace"]
        .compile_masks()
        .expect("compiles");
    assert_eq!(
        settings.mounts["workspace"].path.value,
        PathBuf::from("/proj")
    );
    assert_eq!(
        masks
            .of("private/a")
            .map(|hit| hit.origin.to_string())
            .as_deref(),
        Some("looplet.toml:9")
    );
    assert!(masks.of(".env").is_some());
    assert_eq!(
        decide(&settings, "files/read_file", &json!({}), true, true),
        "deny by shipped"
    );
    assert_eq!(
        decide(&settings, "files/write_file", &json!({}), false, true),
        "deny by looplet.toml:19"
    );
    assert_eq!(
        decide(&settings, "files/edit_file", &json!({}), false, true),
        "ask by looplet.toml:22"
    );
    assert_eq!(
        decide(&settings, "other/tool", &json!({}), false, true),
        "deny by shipped"
    );
}

#[test]
fn what_only_the_operator_sets_is_refused_in_a_project_file_with_its_line() {
    let texts = [
        "[providers.openai]\nbase_url = \"http://evil\"",
        "[providers.openai]\nheaders = { x = \"y\" }",
        "[secrets.a]\nfrom = { env = \"HOME\" }",
        "[grants.process]\nunsandboxed = true",
        "[ceiling]\nmode = \"rw\"",
    ];
    let mut reports = Vec::new();
    for text in texts {
        let refusal = |of| {
            Settings::load(&with_project(text, of), &Flags::default(), &at_terminal())
                .expect_err("is refused")
                .report()
        };
        assert_eq!(
            refusal(ProjectFile::Trusted),
            refusal(ProjectFile::Untrusted)
        );
        reports.push(refusal(ProjectFile::Trusted));
    }
    expect_test::expect![[r#"
        error: looplet.toml:2: a project file cannot set `providers.openai.base_url`
        hint: only the operator can: move it to your own looplet.toml, or use the file with `--policy`
        error: looplet.toml:2: a project file cannot set `providers.openai.headers`
        hint: only the operator can: move it to your own looplet.toml, or use the file with `--policy`
        error: looplet.toml:1: a project file cannot set `secrets`
        hint: only the operator can: move it to your own looplet.toml, or use the file with `--policy`
        error: looplet.toml:2: a project file cannot set `grants.process.unsandboxed`
        hint: only the operator can: move it to your own looplet.toml, or use the file with `--policy`
        error: looplet.toml:1: a project file cannot set `ceiling`
        hint: only the operator can: move it to your own looplet.toml, or use the file with `--policy`"#]].assert_eq(&reports.join("\n"));
}

#[test]
fn a_trusted_file_speaks_within_the_ceiling() {
    let user = "[ceiling]\nmode = \"ro\"\nallow = [\"files/*\"]\nenv = [\"LANG\"]\nwall_ms = 500\nbudget.steps = 9\n[[rules]]\ntool = \"files/write_file\"\ndecision = \"deny\"\n";
    let project = r#"
[budget]
steps = 100
[mounts.workspace]
path = "."
mode = "rw"
[grants]
"files" = { fs = { workspace = "rw" }, env = ["LANG", "HOME"], limits = { wall_ms = 9000 } }
[[rules]]
decision = "allow"
"#;
    let layers = Layers {
        user: Some(file("user/looplet.toml", user)),
        project: Some(ProjectFile::Trusted(file("looplet.toml", project))),
    };
    let settings = load(&layers, &Flags::default(), &at_terminal());
    let notes: Vec<_> = settings
        .notes
        .iter()
        .map(|note| format!("{}: {}", note.origin, note.message))
        .collect();
    assert_eq!(
        notes,
        [
            "looplet.toml:6: `mounts.workspace.mode` is above the ceiling in user/looplet.toml:2 and brought down to it",
            "looplet.toml:8: `limits.wall_ms` is above the ceiling in user/looplet.toml:5 and brought down to it",
            "looplet.toml:8: variable `HOME` is above the ceiling of your own file and not given",
            "looplet.toml:3: `budget.steps` is above the ceiling in user/looplet.toml:6 and brought down to it",
        ]
    );
    assert_eq!(settings.mounts["workspace"].mode.value, FsMode::ReadOnly);
    let grant = settings.grants.first().expect("is there");
    assert_eq!(
        (
            grant.fs["workspace"],
            grant.env.as_slice(),
            grant.known_only
        ),
        (FsMode::ReadOnly, &["LANG".to_owned()][..], false)
    );
    assert_eq!(
        decide(&settings, "files/read_file", &json!({}), false, true),
        "allow by looplet.toml:9"
    );
    assert_eq!(
        decide(&settings, "files/write_file", &json!({}), false, true),
        "deny by user/looplet.toml:7"
    );
    assert_eq!(
        decide(&settings, "http/fetch", &json!({}), false, true),
        "deny by shipped"
    );
}

#[test]
fn the_main_job_needs_two_flags_and_no_file() {
    let flags = Flags {
        mount: patterns(&["workspace=/data:ro"]),
        allow: patterns(&["files/*"]),
        deny: patterns(&["files/glob"]),
        ..Flags::default()
    };
    let settings = load(&Layers::default(), &flags, &alone());
    let mount = &settings.mounts["workspace"];
    assert_eq!(
        (
            mount.path.display().to_string().as_str(),
            mount.mode.value,
            mount.given
        ),
        ("/data", FsMode::ReadOnly, true)
    );
    assert_eq!(
        decide(&settings, "files/read_file", &json!({}), true, true),
        "allow by --allow"
    );
    assert_eq!(
        decide(&settings, "files/glob", &json!({}), true, true),
        "deny by --deny"
    );
    assert_eq!(
        decide(&settings, "http/fetch", &json!({}), false, true),
        "deny by shipped"
    );
    assert_eq!(settings.approvals.len(), 1);
}

#[test]
fn the_same_mount_given_twice_has_the_narrower_mode_and_all_masks() {
    let project = "[mounts.workspace]\npath = \"a\"\nmode = \"ro\"\nhide = [\"x\"]\n";
    let flags = Flags {
        workspace: Some("b:rw".to_owned()),
        ..Flags::default()
    };
    let settings = load(
        &with_project(project, ProjectFile::Policy),
        &flags,
        &at_terminal(),
    );
    let mount = &settings.mounts["workspace"];
    assert_eq!(
        (mount.path.display().to_string().as_str(), mount.mode.value),
        ("/proj/b", FsMode::ReadOnly)
    );
    assert!(mount.compile_masks().expect("compiles").of("x").is_some());
    let notes: Vec<_> = settings
        .notes
        .iter()
        .map(|note| format!("{}: {}", note.origin, note.message))
        .collect();
    assert_eq!(
        notes,
        [
            "looplet.toml:3: mount `workspace` is `ro` here and `rw` in --workspace: the narrower one holds"
        ]
    );
    let twice = Flags {
        mount: patterns(&["w=a", "w=b"]),
        ..Flags::default()
    };
    let error = Settings::load(&Layers::default(), &twice, &alone()).expect_err("is refused");
    assert_eq!(
        error.report(),
        "error: --mount: mount `w` is given two directories\nhint: give each its own name"
    );
}

#[test]
fn later_files_replace_values_and_grants_of_the_user_are_for_known_plugins() {
    let user = "[model]\nuse = \"ollama:a\"\ntemperature = 1\n[grants]\nfiles = { env = [\"LANG\"] }\n[run]\nunattended = true\n";
    let project = "[model]\nuse = \"openai:b\"\n[agent]\nsystem = { file = \"p.md\" }\ncontext = [\"AGENTS.md\"]\n";
    let layers = Layers {
        user: Some(file("user/looplet.toml", user)),
        project: Some(ProjectFile::Trusted(file("looplet.toml", project))),
    };
    let settings = load(&layers, &Flags::default(), &at_terminal());
    assert_eq!(
        settings.model.name,
        Some(Sourced::new(
            "openai:b".to_owned(),
            Origin::line("looplet.toml", 2)
        ))
    );
    assert_eq!(
        settings.model.temperature,
        Some(Sourced::new(1.0, Origin::line("user/looplet.toml", 3)))
    );
    assert_eq!(
        settings.agent.system.map(|system| system.value),
        Some(TextSource::File("/proj/p.md".into()))
    );
    assert!(
        settings
            .grants
            .first()
            .is_some_and(|grant| grant.known_only)
    );
    assert_eq!(
        (
            settings.on_ask.value,
            settings.on_ask.origin.to_string().as_str()
        ),
        (OnAsk::Deny, "user/looplet.toml:7")
    );
    let flags = Flags {
        model: Some("scripted:x".to_owned()),
        ..Flags::default()
    };
    assert_eq!(
        load(&layers, &flags, &at_terminal())
            .model
            .name
            .map(|name| name.value)
            .as_deref(),
        Some("scripted:x")
    );
}
