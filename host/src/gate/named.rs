//! The places that a call names: its path arguments, resolved in the one mount that its tool has.
//!
//! A person who is asked about `src/a.rs` agrees to `src/a.rs`. So a call that is asked about, and that no
//! rule narrows, is given the places that it names and nothing beside them. Which arguments are paths is
//! the plugin's word: a wrong one can only make the box smaller.

use serde_json::Value;

use super::tool::GatedTool;
use crate::need::FsMode;
use crate::permission::{FsPlace, HttpPattern, HttpTarget, Narrowing, PathFact, PathResolver};
use crate::plugin::ArgumentRole;

/// One path argument of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedPlace {
    /// JSON Pointer into the arguments.
    pub pointer: String,
    /// The operator's name of the mount.
    pub mount: String,
    /// Resolved, relative to the mount.
    pub path: String,
}

/// All places that a call names. None where that cannot be said: no path argument, one that is absent or
/// leads nowhere, or several mounts that it could be in.
pub(super) fn places(tool: &GatedTool, arguments: &Value, resolver: &dyn PathResolver) -> Option<Vec<NamedPlace>> {
    let mut mounts = tool.granted().mounts.values();
    let (Some(given), None) = (mounts.next(), mounts.next()) else {
        return None;
    };
    let mount = given.mount.name();
    let paths = tool.spec().show.iter().filter(|shown| shown.role == ArgumentRole::Path);
    let named: Vec<NamedPlace> = paths
        .map(|shown| {
            let text = arguments.pointer(&shown.pointer)?.as_str()?;
            match resolver.resolve(mount, text) {
                PathFact::Resolved { path, .. } => {
                    Some(NamedPlace { pointer: shown.pointer.clone(), mount: mount.to_owned(), path })
                }
                PathFact::Refused { .. } => None,
            }
        })
        .collect::<Option<_>>()?;
    (!named.is_empty()).then_some(named)
}

/// The texts of the arguments that are of one kind, as far as they are texts.
pub(super) fn texts<'a>(
    tool: &'a GatedTool,
    arguments: &'a Value,
    role: ArgumentRole,
) -> impl Iterator<Item = &'a str> {
    let shown = tool.spec().show.iter().filter(move |shown| shown.role == role);
    shown.filter_map(|shown| arguments.pointer(&shown.pointer)?.as_str())
}

/// The very addresses that a call names, by the arguments that its plugin calls URLs. None where that cannot be said.
pub(super) fn addresses(tool: &GatedTool, arguments: &Value) -> Option<Vec<HttpPattern>> {
    let urls = tool.spec().show.iter().filter(|shown| shown.role == ArgumentRole::Url);
    let named: Vec<HttpPattern> = urls
        .map(|shown| {
            let target = HttpTarget::parse("GET", arguments.pointer(&shown.pointer)?.as_str()?).ok()?;
            Some(HttpPattern::at(&target))
        })
        .collect::<Option<_>>()?;
    (!named.is_empty()).then_some(named)
}

/// What is left where a person is asked: what the rules leave, and of the mount and the requests that they do not
/// speak of, what the call names.
pub(super) fn narrow(
    left: &Narrowing,
    places: Option<&[NamedPlace]>,
    addresses: Option<Vec<HttpPattern>>,
) -> Narrowing {
    let mut narrowed = left.clone();
    let places = places.unwrap_or_default();
    if let Some(first) = places.first().filter(|first| left.places(&first.mount).is_none()) {
        // Need and grant say how far; this only says where.
        narrowed.set(&first.mount, places.iter().map(|named| FsPlace::new(&named.path, FsMode::ReadWrite)));
    }
    if let (None, Some(addresses)) = (left.requests(), addresses) {
        narrowed.set_requests(addresses);
    }
    narrowed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(path: &str) -> NamedPlace {
        NamedPlace { pointer: "/path".to_owned(), mount: "workspace".to_owned(), path: path.to_owned() }
    }

    #[test]
    fn a_mount_that_no_rule_speaks_of_is_narrowed_to_what_the_call_names() {
        let narrowed = narrow(&Narrowing::none(), Some(&[named("src/a.rs"), named("b.rs")]), None);
        assert_eq!(narrowed.mode_at("workspace", "src/a.rs"), Some(FsMode::ReadWrite));
        assert_eq!(narrowed.mode_at("workspace", "src/b.rs"), None);
        assert_eq!(narrowed.mode_at("notes", "x"), Some(FsMode::ReadWrite));
    }

    #[test]
    fn what_rules_leave_stays_as_they_say() {
        let rules = Narrowing::of("workspace", [FsPlace::new("src", FsMode::ReadOnly)]);
        assert_eq!(narrow(&rules, Some(&[named("build.rs")]), None), rules);
        assert_eq!(narrow(&rules, None, None), rules);
    }
}
