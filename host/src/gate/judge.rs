//! What would become of a call: decided on facts, with nothing run and nobody asked.

use std::sync::Arc;

use serde_json::Value;

use super::Gate;
use super::named::{self, NamedPlace};
use super::tool::GatedTool;
use crate::capability::{Authority, MountResolver, Resolved, Unfilled};
use crate::hook::Screened;
use crate::origin::Origin;
use crate::permission::{Decision, Facts, Narrowing, Verdict};

/// What policy and grants make of a call.
pub struct Judgement {
    /// What the policy says, with every rule that matched.
    pub verdict: Verdict,
    /// The standing approval that answers an ask, if one does.
    pub approved_by: Option<Origin>,
    /// What the call would hold, or what is missing.
    pub authority: Result<Resolved, Box<Unfilled>>,
    /// The places that the call names, where that can be said and somebody may have to be asked.
    pub(super) named: Option<Vec<NamedPlace>>,
    /// Why a hook wants a person to be asked.
    pub(super) hook_asks: Option<String>,
}

/// What stands in the way of a call.
#[derive(Debug)]
pub enum Obstacle<'a> {
    /// The policy denies it.
    Denied,
    /// A need stays empty.
    Unfilled(&'a Unfilled),
    /// Somebody has to be asked.
    Ask,
}

impl Judgement {
    /// What stands in the way, the hardest first; none where the call may run.
    pub fn obstacle(&self) -> Option<Obstacle<'_>> {
        match (self.verdict.decision, &self.authority, &self.approved_by) {
            (Decision::Deny, ..) => Some(Obstacle::Denied),
            (_, Err(unfilled), _) => Some(Obstacle::Unfilled(unfilled)),
            (Decision::Ask, Ok(_), None) => Some(Obstacle::Ask),
            (Decision::Allow | Decision::Ask, Ok(_), _) => None,
        }
    }
}

impl Gate {
    /// Decides on a call without running it or asking anybody.
    pub fn judge(&self, tool: &GatedTool, arguments: &Value) -> Judgement {
        self.judge_screened(tool, arguments, None)
    }

    /// The same, with what the hooks want of the call.
    pub(super) fn judge_screened(&self, tool: &GatedTool, arguments: &Value, hooks: Option<&Screened>) -> Judgement {
        let resolver = MountResolver::new(&self.mounts);
        let (ran, approvals) = self.memory(|memory| (Arc::clone(&memory.ran), Arc::clone(&memory.approvals)));
        let facts = Facts {
            plugin: tool.plugin_name(),
            tool: &tool.spec().name,
            arguments,
            changes_nothing: tool.changes_nothing(),
            built_in: tool.provider().is_built_in(),
            ran: &ran,
            resolver: &resolver,
        };
        let mut verdict = self.policy.decide(&facts);
        ask_first(tool, &mut verdict);
        let hook_asks = hooks.and_then(|hooks| narrow_by_hooks(tool, &mut verdict, hooks));
        let named = match verdict.decision {
            Decision::Ask => named::places(tool, arguments, &resolver),
            // Resolving goes to the disk, and nobody is shown them.
            Decision::Allow | Decision::Deny => None,
        };
        let digest = tool.digest();
        let approval = match verdict.decision {
            Decision::Ask => approvals.iter().find_map(|approval| {
                let left = verdict.narrowing.intersect(&approval.fits(&facts, &digest)?);
                leaves_something(&left).then(|| (approval.origin().clone(), left))
            }),
            Decision::Allow | Decision::Deny => None,
        };
        let (approved_by, narrowing) = match approval {
            Some((origin, narrowing)) => (Some(origin), narrowing),
            None if verdict.decision == Decision::Ask => {
                let addresses = named::addresses(tool, arguments);
                (None, named::narrow(&verdict.narrowing, named.as_deref(), addresses))
            }
            None => (None, verdict.narrowing.clone()),
        };
        let mut authority = Authority::resolve(&tool.spec().needs, tool.granted(), &narrowing);
        if let (Ok(resolved), Some(kept)) = (&mut authority, hooks.and_then(|hooks| hooks.kept.as_ref())) {
            resolved.keep_only(kept);
        }
        Judgement { verdict, approved_by, authority, named, hook_asks }
    }
}

/// A mount that was given without naming the tool is put to a person, even where the policy allows.
fn ask_first(tool: &GatedTool, verdict: &mut Verdict) {
    let asking = tool.granted().mounts.values().find(|given| given.ask_first);
    if let (Decision::Allow, Some(given)) = (verdict.decision, asking) {
        verdict.decision = Decision::Ask;
        "the tool is not known, and asks for a directory".clone_into(&mut verdict.reason);
        verdict.unmatched = Some(given.origin.clone());
    }
}

/// Takes what the hooks say into the verdict: they turn an allow into an ask, and keep less of the mounts.
/// A mount that a hook which narrows does not speak of is closed. Gives why a hook asks.
fn narrow_by_hooks(tool: &GatedTool, verdict: &mut Verdict, hooks: &Screened) -> Option<String> {
    let mut kept = hooks.narrowing.clone();
    if hooks.kept.is_some() {
        for given in tool.granted().mounts.values() {
            if kept.places(given.mount.name()).is_none() {
                kept.set(given.mount.name(), []);
            }
        }
        if kept.requests().is_none() {
            kept.set_requests(Vec::new());
        }
    }
    verdict.narrowing = verdict.narrowing.intersect(&kept);
    let reason = hooks.ask.clone().filter(|_| verdict.decision != Decision::Deny)?;
    if verdict.decision == Decision::Allow {
        verdict.decision = Decision::Ask;
        verdict.reason.clone_from(&reason);
    }
    Some(reason)
}

/// An approval that would leave nothing of a mount, or of requests, is for other calls.
fn leaves_something(narrowing: &Narrowing) -> bool {
    let no_requests = narrowing.requests().is_some_and(<[_]>::is_empty);
    !no_requests && narrowing.mounts().all(|(_, places)| !places.is_empty())
}
