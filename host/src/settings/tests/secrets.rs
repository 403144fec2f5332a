//! `[secrets]`: what is read of it, and what is refused with its line.

use std::fmt::Write as _;

use super::*;

fn error(text: &str) -> String {
    ConfigFile::parse(&file("looplet.toml", text)).map_or_else(|error| error.report(), |_| "in order".to_owned())
}

#[test]
fn a_secret_says_where_it_comes_from_where_it_goes_and_how() {
    let text = "[secrets.a]\nfrom = { env = \"A\" }\nto = \"https://a.example\"\n\
                [secrets.b]\nfrom = { file = \"keys/b\" }\nto = \"https://b.example:8443\"\nheader = { name = \"X-Api-Key\", value = \"{}\" }\n\
                [secrets.c]\nfrom = { command = [\"pass\", \"show\", \"c\"] }\nto = \"http://127.0.0.1:8080\"\nheader = { value = \"Token {}\" }\n";
    let parsed = ConfigFile::parse(&file("looplet.toml", text)).expect("is in order");
    let mut report = String::new();
    for (name, secret) in &parsed.secrets {
        let _ = writeln!(report, "{name} {:?} {} {}: {}", secret.from, secret.to, secret.header, secret.form);
    }
    expect_test::expect![[r#"
        a Env("A") https://a.example authorization: Bearer {}
        b File("/proj/keys/b") https://b.example:8443 x-api-key: {}
        c Command { words: ["pass", "show", "c"], dir: "/proj" } http://127.0.0.1:8080 authorization: Token {}
    "#]]
    .assert_eq(&report);
}

#[test]
fn what_is_wrong_with_a_secret_is_said_with_line_and_fix() {
    let to = "to = \"https://a.example\"";
    let reports = [
        "[secrets.a]\nto = \"https://a.example\"".to_owned(),
        "[secrets.a]\nfrom = { env = \"A\" }".to_owned(),
        format!("[secrets.a]\nfrom = {{ env = \"A\", file = \"b\" }}\n{to}"),
        format!("[secrets.a]\nfrom = {{}}\n{to}"),
        format!("[secrets.a]\nfrom = {{ value = \"tok-12345\" }}\n{to}"),
        format!("[secrets.a]\nfrom = {{ env = \"\" }}\n{to}"),
        format!("[secrets.a]\nfrom = {{ command = [] }}\n{to}"),
        "[secrets.a]\nfrom = { env = \"A\" }\nto = \"https://a.example/v1\"".to_owned(),
        "[secrets.a]\nfrom = { env = \"A\" }\nto = \"https://*.example\"".to_owned(),
        "[secrets.a]\nfrom = { env = \"A\" }\nto = \"http://a.example\"".to_owned(),
        format!("[secrets.a]\nfrom = {{ env = \"A\" }}\n{to}\nheader = {{ name = \"two words\" }}"),
        format!("[secrets.a]\nfrom = {{ env = \"A\" }}\n{to}\nheader = {{ name = \"Host\" }}"),
        format!("[secrets.a]\nfrom = {{ env = \"A\" }}\n{to}\nheader = {{ value = \"Bearer\" }}"),
        format!("[secrets.a]\nfrom = {{ env = \"A\" }}\n{to}\nheader = {{ value = \"a\\n{{}}\" }}"),
        format!("[secrets.A]\nfrom = {{ env = \"A\" }}\n{to}"),
    ]
    .map(|text| error(&text))
    .join("\n");
    expect_test::expect![[r#"
        error: looplet.toml:1: the secret `a` has no `from`
        hint: write `from = { env = "NAME" }`, `{ file = "PATH" }`, `{ command = ["PROGRAM", "ARGUMENT"] }` or `{ keyring = { service = "SERVICE", user = "USER" } }`
        error: looplet.toml:1: the secret `a` has no `to`
        hint: write the one origin: `to = "https://api.example.com"`
        error: looplet.toml:2: the secret `a` is taken from one place
        hint: write `from = { env = "NAME" }`, `{ file = "PATH" }`, `{ command = ["PROGRAM", "ARGUMENT"] }` or `{ keyring = { service = "SERVICE", user = "USER" } }`
        error: looplet.toml:2: the secret `a` is taken from one place
        hint: write `from = { env = "NAME" }`, `{ file = "PATH" }`, `{ command = ["PROGRAM", "ARGUMENT"] }` or `{ keyring = { service = "SERVICE", user = "USER" } }`
        error: looplet.toml:2: unknown key `value` in `secrets.a.from`
        hint: known are `env`, `file`, `command`, `keyring`
        error: looplet.toml:2: the secret `a` is taken from a variable without a name
        hint: write `from = { env = "NAME" }`, `{ file = "PATH" }`, `{ command = ["PROGRAM", "ARGUMENT"] }` or `{ keyring = { service = "SERVICE", user = "USER" } }`
        error: looplet.toml:2: the secret `a` is taken from a command without a program
        hint: write `from = { env = "NAME" }`, `{ file = "PATH" }`, `{ command = ["PROGRAM", "ARGUMENT"] }` or `{ keyring = { service = "SERVICE", user = "USER" } }`
        error: looplet.toml:3: `https://a.example/v1` is no origin: it has more than a scheme, a host and a port
        hint: write it as `https://api.example.com`
        error: looplet.toml:3: `https://*.example` is no origin: its host has a `*`
        hint: write it as `https://api.example.com`
        error: looplet.toml:3: the secret `a` would go to `http://a.example` for everybody to read
        hint: write `https://`; `http://` is for this machine alone
        error: looplet.toml:4: the secret `a` goes in `two words`, which is no header
        hint: write a name such as `x-api-key`
        error: looplet.toml:4: the secret `a` cannot go in `host`
        hint: that header says where a request goes, what it is or how it is read
        error: looplet.toml:4: the secret `a` has no place in `Bearer`
        hint: write one `{}` where the secret is to stand: `Bearer {}`
        error: looplet.toml:4: the secret `a` has no place in `a
        {}`
        hint: write one `{}` where the secret is to stand: `Bearer {}`
        error: looplet.toml:1: `A` is no name
        hint: a name begins with a-z and goes on with a-z, 0-9, `_` or `-`, at most 64"#]]
    .assert_eq(&reports);
}

#[test]
fn a_ceiling_bounds_which_secrets_a_trusted_project_grants() {
    let user = "[ceiling]\nsecrets = [\"a\"]\n[grants]\n\"http/fetch\" = { secrets = [\"b\"] }";
    let project = "[grants]\n\"http/fetch\" = { secrets = [\"a\", \"b\"] }";
    let layers = Layers {
        user: Some(file("user/looplet.toml", user)),
        project: Some(ProjectFile::Trusted(file("looplet.toml", project))),
    };
    let settings = load(&layers, &Flags::default(), &alone());
    let granted: Vec<&[String]> = settings.grants.iter().map(|grant| grant.table.secrets.as_slice()).collect();
    assert_eq!(granted, [["b".to_owned()], ["a".to_owned()]]);
    let notes: Vec<&str> = settings.notes.iter().map(|note| note.message.as_str()).collect();
    assert_eq!(notes, ["secret `b` is above the ceiling of your own file and not given"]);
    let untrusted = with_project(project, ProjectFile::Untrusted);
    let settings = load(&untrusted, &Flags::default(), &alone());
    assert!(settings.grants.is_empty() && settings.withheld.iter().any(|key| key.key == "grants.http/fetch.secrets"));
}
