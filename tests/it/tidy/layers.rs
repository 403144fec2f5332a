//! Which module of the host may name which: arrows point down, so that each floor can be read, and
//! tested, without those above it.

use super::paths::paths_from;
use super::source::Source;

/// The nouns that everything may name. Among themselves they name only what stands beside them.
const NOUNS: &[(&str, &[&str])] = &[
    ("canonical", &[]),
    ("digest", &[]),
    ("error", &["origin"]),
    ("message", &["canonical"]),
    ("need", &[]),
    ("origin", &[]),
    ("redaction", &["canonical", "error", "secret"]),
    ("refusal", &["origin"]),
    ("secret", &["error"]),
];

/// The rooms, from the lowest floor to the highest, and the rooms that each may name beside the nouns:
/// only lower ones. A row is added with the room; a longer row is a decision, reviewed here.
const ROOMS: &[(&str, &[&str])] = &[
    ("builtin", &[]),
    ("model", &[]),
    ("plugin", &[]),
    ("permission", &["plugin"]),
    ("capability", &["permission"]),
    // Two halves of one thing: a run's record says its budget, a budget counts what records say.
    ("budget", &["permission", "record"]),
    ("record", &["budget", "model", "permission"]),
    ("hook", &["permission", "plugin", "record"]),
    // The only room with the engine: it never asks whether, only how.
    ("sandbox", &["capability", "hook", "plugin"]),
    ("settings", &["budget", "capability", "hook", "model", "permission", "plugin"]),
    // The loop sees tools and hooks as traits: no sandbox and no files, so that it is tested without.
    ("agent", &["budget", "hook", "model", "permission", "plugin", "record"]),
    // Implements what the loop appends to, and is handed to it: the loop does not know this room.
    ("journal", &["agent", "record"]),
    // Tools of the embedding program: they run beside the loop, never in the sandbox.
    ("native", &["agent", "budget", "permission", "plugin", "record"]),
    // Where the decision becomes the sandbox: the one room that names both sides.
    ("gate", &["agent", "budget", "capability", "hook", "native", "permission", "plugin", "record", "sandbox"]),
    // The one door to the environment and to the operator's files; hosts are built from what it finds.
    ("machine", &["builtin", "model", "permission", "plugin", "sandbox", "settings"]),
    (
        "host",
        &[
            "agent",
            "budget",
            "builtin",
            "capability",
            "gate",
            "hook",
            "journal",
            "machine",
            "model",
            "native",
            "permission",
            "plugin",
            "record",
            "sandbox",
            "settings",
        ],
    ),
    ("eval", &["journal", "record"]),
    ("cli", &[]),
];

/// The only arrow that may point up.
const UPWARD: (&str, &str) = ("budget", "record");

/// The program around the library wires everything.
const WIRES: &[&str] = &["commands", "lib", "main"];

/// What a file of the host names that lies above it.
pub(crate) fn violations(source: &Source) -> Vec<(usize, String)> {
    let module = module_of(&source.name);
    if WIRES.contains(&module) {
        return Vec::new();
    }
    let Some(may_name) = allowed(module) else {
        return vec![(1, format!("the module `{module}` has no row in tests/it/tidy/layers.rs"))];
    };
    paths_from(source.code_before_tests(), "crate")
        .into_iter()
        .filter_map(|(line, path)| Some((line, path.split("::").nth(1)?.to_owned())))
        // Macros and re-exports of the crate's root begin otherwise or name no module.
        .filter(|(_, named)| allowed(named).is_some() || WIRES.contains(&named.as_str()))
        .filter(|(_, named)| named != module && !may_name.contains(&named.as_str()))
        .map(|(line, named)| (line, format!("`{module}` names `{named}`, which does not lie below it")))
        .collect()
}

/// What a module may name, or none for a module without a row.
fn allowed(module: &str) -> Option<Vec<&'static str>> {
    let row = |rows: &[(&str, &'static [&'static str])]| {
        rows.iter().find(|(name, _)| *name == module).map(|(_, allowed)| allowed.to_vec())
    };
    row(NOUNS).or_else(|| {
        let nouns = NOUNS.iter().map(|(noun, _)| *noun);
        row(ROOMS).map(|rooms| rooms.into_iter().chain(nouns).collect())
    })
}

/// The module of a file: `host/src/agent/turn.rs` belongs to `agent`.
fn module_of(name: &str) -> &str {
    let below = name.strip_prefix("host/src/").unwrap_or(name);
    below.split('/').next().unwrap_or(below).trim_end_matches(".rs")
}

#[test]
fn a_name_from_above_is_reported_with_its_line() {
    let text = "//! x\nuse crate::{error::Error, sandbox::Engine};\nuse crate::model::Model;\n";
    let source = Source::new("host/src/agent/turn.rs".into(), text.into());
    let expected = [(2, "`agent` names `sandbox`, which does not lie below it".to_owned())];
    assert_eq!(violations(&source), expected);
}

#[test]
fn a_module_without_a_row_is_reported() {
    let source = Source::new("host/src/helpers.rs".into(), String::new());
    let expected = [(1, "the module `helpers` has no row in tests/it/tidy/layers.rs".to_owned())];
    assert_eq!(violations(&source), expected);
}

#[test]
fn a_room_may_name_only_rooms_with_a_row_above_its_own() {
    let mut lower = Vec::new();
    for (room, may_name) in ROOMS {
        let upward: Vec<_> = may_name.iter().filter(|named| !lower.contains(*named)).collect();
        assert!(upward.iter().all(|named| UPWARD == (*room, **named)), "`{room}` may name {upward:?}");
        lower.push(*room);
    }
}
