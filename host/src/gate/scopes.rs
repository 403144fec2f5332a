//! How far a standing answer may reach: the scopes that a question offers.
//!
//! A call that can change nothing offers its tool. One that names a single path offers that path, its
//! directory, and the directory that it shares with the last call that was agreed to. Never a whole mount.

use serde_json::{Map, json};

use super::named::NamedPlace;
use crate::permission::Scope;

/// The scopes for a call of `tool`, the narrowest first. `last` is the path that was agreed to last.
pub(super) fn scopes(
    tool: &str,
    changes_nothing: bool,
    named: Option<&[NamedPlace]>,
    last: Option<&str>,
) -> Vec<Scope> {
    if changes_nothing {
        return vec![Scope { tool: tool.to_owned(), when: Map::new(), path: None }];
    }
    let Some([named]) = named else {
        return Vec::new();
    };
    globs(&named.path, last)
        .into_iter()
        .map(|glob| {
            let path = json!({ "arg": named.pointer, "mount": named.mount, "glob": glob });
            Scope { tool: tool.to_owned(), when: Map::new(), path: Some(path) }
        })
        .collect()
}

fn globs(path: &str, last: Option<&str>) -> Vec<String> {
    if path == "." {
        return Vec::new();
    }
    let below = |dir: &str| format!("{}/**", globset::escape(dir));
    let parent = path.rsplit_once('/').map(|(parent, _)| parent);
    let shared = parent.zip(last).and_then(|(parent, last)| shared(parent, last));
    let mut globs = vec![globset::escape(path)];
    globs.extend(parent.map(below));
    globs.extend(shared.filter(|shared| Some(*shared) != parent).map(below));
    globs
}

/// The deepest directory above both, unless that is the whole mount.
fn shared<'p>(dir: &'p str, other: &str) -> Option<&'p str> {
    let mut dir = dir;
    loop {
        if other.strip_prefix(dir).is_some_and(|rest| rest.starts_with('/')) {
            return Some(dir);
        }
        dir = dir.rsplit_once('/')?.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_offers_itself_its_directory_and_the_one_it_shares_with_the_last() {
        assert_eq!(globs("src/agent/turn.rs", None), ["src/agent/turn.rs", "src/agent/**"]);
        assert_eq!(globs("src/agent/turn.rs", Some("src/lib.rs")), ["src/agent/turn.rs", "src/agent/**", "src/**"]);
        assert_eq!(globs("src/agent/turn.rs", Some("src/agent/mod.rs")), ["src/agent/turn.rs", "src/agent/**"]);
    }

    #[test]
    fn the_whole_mount_is_never_offered() {
        assert_eq!(globs("src/a.rs", Some("tests/b.rs")), ["src/a.rs", "src/**"]);
        assert_eq!(globs("plan.md", Some("notes.md")), ["plan.md"]);
        assert!(globs(".", None).is_empty());
    }

    #[test]
    fn a_name_that_looks_like_a_pattern_is_offered_as_itself() {
        assert_eq!(globs("a[1]/*.md", None), ["a[[]1[]]/[*].md", "a[[]1[]]/**"]);
    }

    #[test]
    fn a_tool_is_offered_only_where_it_changes_nothing() {
        let scope = |scopes: Vec<Scope>| scopes.into_iter().map(|scope| (scope.tool, scope.path)).collect::<Vec<_>>();
        assert_eq!(scope(scopes("greet/greet", true, None, None)), [("greet/greet".to_owned(), None)]);
        assert!(scopes("files/move", false, None, None).is_empty());
    }
}
