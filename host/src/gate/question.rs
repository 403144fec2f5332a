//! What an approver is shown, made of what was judged and of nothing else.

use super::judge::Judgement;
use super::scopes::scopes;
use super::tool::GatedTool;
use crate::canonical::CanonicalJson;
use crate::capability::Resolved;
use crate::digest::Digest;
use crate::need::Place;
use crate::permission::{Askable, Question, Reach};

/// What the gate knows beside the judgement when it asks.
pub(super) struct Context {
    /// The step that the call belongs to.
    pub(super) step: u32,
    /// How many questions the run has put, this one included.
    pub(super) number: u32,
    /// What the model said last.
    pub(super) model_text: String,
    /// The path of the last call of this tool that was agreed to.
    pub(super) last_path: Option<String>,
    /// Whether somebody keeps answers beyond the run.
    pub(super) may_remember: bool,
}

/// The question about a call, and the digest that an answer to it is bound to.
pub(super) fn question(
    tool: &GatedTool,
    arguments: &CanonicalJson,
    judgement: &Judgement,
    resolved: &Resolved,
    context: Context,
) -> Question {
    let provider = tool.provider();
    let reach = resolved
        .reached
        .iter()
        .map(|reached| Reach { place: reached.place.clone(), host_path: reached.host_path.clone() })
        .collect();
    let changes_nothing = tool.is_walled() && resolved.changes_nothing();
    let last_path = context.last_path.as_deref();
    Question {
        number: context.number,
        step: context.step,
        tool: tool.spec().name.clone(),
        plugin: Askable {
            name: provider.name().to_owned(),
            version: if provider.is_dev() {
                format!("{} dev", provider.version())
            } else {
                provider.version().to_owned()
            },
            digest: tool.digest(),
            kind: provider.kind(),
            built_in: provider.is_built_in(),
        },
        reach,
        asked_by: judgement.verdict.deciding().into_iter().cloned().collect(),
        reason: reason(judgement, resolved),
        model_text: context.model_text,
        arguments: arguments.clone(),
        show: tool.spec().show.clone(),
        bound_to: bound_to(tool, arguments, resolved),
        scopes: scopes(&tool.full_name(), changes_nothing, judgement.named.as_deref(), last_path),
        may_remember: context.may_remember && is_harmless(tool, resolved),
        faults: Vec::new(),
        on_behalf: None,
    }
}

/// Component, definition, arguments and authority: what a yes is about.
pub(super) fn bound_to(tool: &GatedTool, arguments: &CanonicalJson, resolved: &Resolved) -> Digest {
    Digest::of_parts([
        tool.digest().as_bytes().as_slice(),
        tool.definition_digest().as_bytes(),
        arguments.as_str().as_bytes(),
        resolved.digest().as_bytes(),
    ])
}

/// Whether an answer may hold beyond the run: nothing is claimed to be destroyed, and nothing is reached
/// beside files and variables.
fn is_harmless(tool: &GatedTool, resolved: &Resolved) -> bool {
    let effects = tool.spec().effects;
    let stays_here = resolved.reached.iter().all(|reached| match &reached.place {
        Place::Fs { .. } | Place::Env(_) => true,
        Place::Http(_) | Place::Secret(_) | Place::Process(_) | Place::Model | Place::Other(_) => false,
    });
    // What a program's own function does may be another thing tomorrow, under the same definition.
    tool.is_walled() && stays_here && !effects.destructive && !effects.open_world
}

/// The operator's reason; where no rule speaks, that.
fn reason(judgement: &Judgement, resolved: &Resolved) -> String {
    let verdict = &judgement.verdict;
    if let Some(asks) = &judgement.hook_asks {
        return format!("a hook asks: {asks}");
    }
    let by_grant = resolved.reached.iter().any(|reached| reached.ask_first);
    if verdict.unmatched.is_some() && !by_grant { "no rule matched".to_owned() } else { verdict.reason.clone() }
}
