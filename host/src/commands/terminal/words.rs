//! The host's own words for what a call can reach and how far an answer holds.

use std::path::Path;

use looplet_host::need::{FsMode, Place};
use looplet_host::permission::{Question, Reach, Scope, ToolKind};
use looplet_host::record::inert;
use serde_json::Value;

/// All that the call can reach, one place a line, and what it cannot.
pub(super) fn reach(question: &Question, home: Option<&Path>) -> Vec<String> {
    let mut lines: Vec<String> = question.reach.iter().map(|reach| one(reach, home)).collect();
    lines.push(match question.plugin.kind {
        ToolKind::Component => nothing_else(&question.reach),
        ToolKind::Process => "and whatever the operating system lets a program of yours do".to_owned(),
        ToolKind::Native if lines.is_empty() => "whatever the program can: there is no wall around it".to_owned(),
        ToolKind::Native | ToolKind::Server => "and whatever it likes: there is no wall around it".to_owned(),
    });
    lines
}

fn one(reach: &Reach, home: Option<&Path>) -> String {
    match &reach.place {
        Place::Fs { mount, path, mode } => {
            let how = match mode {
                FsMode::ReadOnly => "read",
                FsMode::ReadWrite => "read + write",
            };
            let (path, all) = if path == "." { ("", ", all of it") } else { (path.as_str(), "") };
            let on_host =
                reach.host_path.as_deref().map(|path| format!("   ({})", near_home(path, home))).unwrap_or_default();
            format!("{}  {how}{all}{on_host}", quoted(&format!("{mount}:/{path}")))
        }
        Place::Http(pattern) => {
            let at = reach.host_path.as_deref().map(|addresses| format!(", at {addresses}")).unwrap_or_default();
            format!("network: {}{at}", quoted(pattern))
        }
        Place::Env(name) => format!("environment variable {}", quoted(name)),
        Place::Secret(name) => {
            let to = reach.host_path.as_deref().map(|to| format!(" for {to}")).unwrap_or_default();
            format!("secret {}{to}, which the host adds and the tool does not see", quoted(name))
        }
        Place::Process(name) => format!("program {}", quoted(name)),
        Place::Model => "the run's model".to_owned(),
        Place::Other(name) => quoted(name),
    }
}

fn nothing_else(reach: &[Reach]) -> String {
    let has = |kind: fn(&Place) -> bool| reach.iter().any(|reach| kind(&reach.place));
    let no = [
        Some(if has(|place| matches!(place, Place::Fs { .. })) { "no other file" } else { "no file" }),
        (!has(|place| matches!(place, Place::Http(_)))).then_some("no network"),
        (!has(|place| matches!(place, Place::Secret(_)))).then_some("no secret"),
        (!has(|place| matches!(place, Place::Process(_)))).then_some("no process"),
    ];
    let no: Vec<&str> = no.into_iter().flatten().collect();
    let head = if reach.is_empty() { "nothing" } else { "nothing else" };
    format!("{head}: {}", no.join(", "))
}

/// A scope in few words: `src/**`, or that any arguments will do.
pub(crate) fn scope(scope: &Scope) -> String {
    let globs = scope.path.as_ref().and_then(|path| path.get("glob")).map(globs);
    let globs = globs.filter(|globs| !globs.is_empty());
    match globs {
        Some(globs) => globs.iter().map(|glob| quoted(glob)).collect::<Vec<_>>().join(", "),
        None if scope.when.is_empty() => "any arguments".to_owned(),
        None => quoted(&Value::Object(scope.when.clone()).to_string()),
    }
}

fn globs(value: &Value) -> Vec<&str> {
    match value {
        Value::String(glob) => vec![glob],
        Value::Array(globs) => globs.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// A path as people write it.
pub(super) fn near_home(path: &str, home: Option<&Path>) -> String {
    let inside = home.and_then(|home| Path::new(path).strip_prefix(home).ok());
    match inside {
        Some(inside) if inside.as_os_str().is_empty() => "~".to_owned(),
        Some(inside) => quoted(&format!("~/{}", inside.display())),
        None => quoted(path),
    }
}

/// A name that a model or a plugin may have chosen: in quotes as soon as it holds anything odd, and never
/// with a blank, at which a line could break and go on as a sentence of the host.
pub(super) fn quoted(name: &str) -> String {
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "._-+@~/:*?[]{}=%".contains(character);
    if name.chars().all(is_plain) {
        return name.to_owned();
    }
    let shown = inert(name).replace('"', "\\\"");
    format!("\"{}\"", shown.replace(char::is_whitespace, "␣"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fs(path: &str, mode: FsMode) -> Reach {
        let place = Place::Fs { mount: "workspace".to_owned(), path: path.to_owned(), mode };
        Reach { place, host_path: Some(format!("/home/me/proj/{path}")) }
    }

    #[test]
    fn a_place_is_named_as_the_operator_knows_it() {
        let home = Some(Path::new("/home/me"));
        assert_eq!(
            one(&fs("src/a.rs", FsMode::ReadWrite), home),
            "workspace:/src/a.rs  read + write   (~/proj/src/a.rs)"
        );
        assert_eq!(one(&fs(".", FsMode::ReadOnly), None), "workspace:/  read, all of it   (/home/me/proj/.)");
    }

    #[test]
    fn a_name_cannot_pose_as_a_sentence_of_the_host() {
        let line = one(&fs("a nothing else: \"\n", FsMode::ReadOnly), None);
        assert_eq!(line, r#""workspace:/a␣nothing␣else:␣\"\n"  read   ("/home/me/proj/a␣nothing␣else:␣\"\n")"#);
    }

    #[test]
    fn what_is_not_reached_is_said_by_kind() {
        assert_eq!(nothing_else(&[]), "nothing: no file, no network, no secret, no process");
        let reach = [fs("a", FsMode::ReadOnly), Reach { place: Place::Process("git".to_owned()), host_path: None }];
        assert_eq!(nothing_else(&reach), "nothing else: no other file, no network, no secret");
    }
}
