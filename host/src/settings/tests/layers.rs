//! Files and flags together, and what holds without them.

use serde_json::json;

use super::*;

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
    let looks = "reads allow by the shipped default, writes ask by the shipped default, foreign reads ask by the shipped default; Person";
    assert_eq!(decisions(&at_terminal()), format!("/proj rw given true; {looks}"));
    let asks = "reads ask by the shipped default, writes ask by the shipped default, foreign reads ask by the shipped default; Person";
    for place in ["/home/me", "/home", "/"] {
        let surroundings = Surroundings { cwd: place.into(), ..at_terminal() };
        assert_eq!(decisions(&surroundings), format!("{place} ro given true; {asks}"));
    }
    let nothing = "reads deny by the shipped default, writes deny by the shipped default, foreign reads deny by the shipped default; Deny";
    assert_eq!(decisions(&alone()), format!("/proj rw given true; {nothing}"));
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
        (mount.path.display().to_string().as_str(), mount.mode.value, mount.given),
        ("/data", FsMode::ReadOnly, true)
    );
    assert_eq!(decide(&settings, "files/read_file", &json!({}), true, true), "allow by --allow");
    assert_eq!(decide(&settings, "files/glob", &json!({}), true, true), "deny by --deny");
    assert_eq!(decide(&settings, "http/fetch", &json!({}), false, true), "deny by the shipped default");
    assert_eq!(settings.approvals.len(), 1);
}

#[test]
fn the_same_mount_given_twice_has_the_narrower_mode_and_all_masks() {
    let project = "[mounts.workspace]\npath = \"a\"\nmode = \"ro\"\nhide = [\"x\"]\n";
    let flags = Flags { workspace: Some("b:rw".to_owned()), ..Flags::default() };
    let settings = load(&with_project(project, ProjectFile::Policy), &flags, &at_terminal());
    let mount = &settings.mounts["workspace"];
    assert_eq!((mount.path.display().to_string().as_str(), mount.mode.value), ("/proj/b", FsMode::ReadOnly));
    assert!(mount.compile_masks().expect("compiles").of("x").is_some());
    let notes: Vec<_> = settings.notes.iter().map(|note| format!("{}: {}", note.origin, note.message)).collect();
    assert_eq!(
        notes,
        ["looplet.toml:3: mount `workspace` is `ro` here and `rw` in --workspace: the narrower one holds"]
    );
    let twice = Flags { mount: patterns(&["w=a", "w=b"]), ..Flags::default() };
    let error = Settings::load(&Layers::default(), &twice, &alone()).expect_err("is refused");
    assert_eq!(error.report(), "error: --mount: mount `w` is given two directories\nhint: give each its own name");
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
    assert_eq!(settings.model.name, Some(Sourced::new("openai:b".to_owned(), Origin::line("looplet.toml", 2))));
    assert_eq!(settings.model.temperature, Some(Sourced::new(1.0, Origin::line("user/looplet.toml", 3))));
    assert_eq!(settings.agent.system.map(|system| system.value), Some(TextSource::File("/proj/p.md".into())));
    assert!(settings.grants.first().is_some_and(|grant| grant.known_only));
    assert_eq!(
        (settings.on_ask.value, settings.on_ask.origin.to_string().as_str()),
        (OnAsk::Deny, "user/looplet.toml:7")
    );
    let flags = Flags { model: Some("scripted:x".to_owned()), ..Flags::default() };
    assert_eq!(load(&layers, &flags, &at_terminal()).model.name.map(|name| name.value).as_deref(), Some("scripted:x"));
}
