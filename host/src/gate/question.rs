//! What an approver is shown, made of what was judged and of nothing else.

use serde_json::{Map, Value};

use super::judge::Judgement;
use super::tool::GatedTool;
use crate::canonical::CanonicalJson;
use crate::capability::Resolved;
use crate::digest::Digest;
use crate::need::Place;
use crate::permission::{Askable, Question, Reach, Scope};

/// The question about a call, and the digest that an answer to it is bound to.
pub(super) fn question(
    tool: &GatedTool,
    arguments: &CanonicalJson,
    judgement: &Judgement,
    resolved: &Resolved,
    model_text: String,
    may_remember: bool,
) -> Question {
    let plugin = tool.plugin();
    let reach = resolved
        .reached
        .iter()
        .map(|reached| Reach { place: reached.place.clone(), host_path: reached.host_path.clone() })
        .collect();
    Question {
        tool: tool.spec().name.clone(),
        plugin: Askable {
            name: plugin.name.clone(),
            version: plugin.plugin.info().version.clone(),
            digest: plugin.plugin.digest(),
            kind: tool.kind(),
            built_in: plugin.built_in,
        },
        reach,
        asked_by: judgement.verdict.deciding().into_iter().cloned().collect(),
        reason: judgement.verdict.reason.clone(),
        model_text,
        arguments: arguments.clone(),
        show: tool.spec().show.clone(),
        bound_to: bound_to(tool, arguments, resolved),
        scopes: scopes(tool, resolved),
        may_remember: may_remember && !tool.spec().effects.destructive && !tool.spec().effects.open_world,
    }
}

/// Component, definition, arguments and authority: what a yes is about.
pub(super) fn bound_to(tool: &GatedTool, arguments: &CanonicalJson, resolved: &Resolved) -> Digest {
    Digest::of_parts([
        tool.plugin().plugin.digest().as_bytes().as_slice(),
        tool.definition_digest().as_bytes(),
        arguments.as_str().as_bytes(),
        resolved.digest().as_bytes(),
    ])
}

/// Scopes for a standing answer: where the call names one path, that path and its directory; where it can
/// change nothing, the tool. Never a whole mount to write to.
fn scopes(tool: &GatedTool, resolved: &Resolved) -> Vec<Scope> {
    let whole = |when: Map<String, Value>, path| Scope { tool: tool.full_name(), when, path };
    if resolved.changes_nothing() {
        return vec![whole(Map::new(), None)];
    }
    let places = resolved.reached.iter().filter_map(|reached| match &reached.place {
        Place::Fs { mount, path, mode } if mode.is_writable() && path != "." => Some((mount, path)),
        _ => None,
    });
    let arguments = tool.spec().show.iter().filter(|shown| shown.role == crate::plugin::ArgumentRole::Path);
    let Some(argument) = arguments.map(|shown| shown.pointer.clone()).next() else { return Vec::new() };
    let mut scopes = Vec::new();
    for (mount, path) in places {
        let parent = path.rsplit_once('/').map(|(parent, _)| format!("{}/**", globset::escape(parent)));
        for glob in [Some(globset::escape(path)), parent].into_iter().flatten() {
            let matcher = serde_json::json!({ "arg": argument, "mount": mount, "glob": glob });
            scopes.push(whole(Map::new(), Some(matcher)));
        }
    }
    scopes
}
