//! From a proposed call to one that may run, or to the reason why not.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::Gate;
use super::ask::{Ask, Next, REFUSED_FOR_RUN, answered, is_within};
use super::judge::{Judgement, Obstacle};
use super::perform::Allowed;
use super::tool::GatedTool;
use crate::agent::machine::CallRequest;
use crate::agent::{Dispatch, Prepared, Verdict};
use crate::canonical::CanonicalJson;
use crate::capability::{Cut, Reached, Resolved, Unfilled};
use crate::message::{Failure, FailureKind};
use crate::origin::Origin;
use crate::record::{Approval, CallFacts, MatchedRule, Ruling};

/// How many faults of arguments the model is told.
const FAULTS: usize = 4;

#[async_trait]
impl Dispatch for Gate {
    async fn prepare(&self, request: &CallRequest, cancel: &CancellationToken) -> Prepared {
        let Some(tool) = self.tool(&request.tool.full_name()) else {
            let failure = Failure::new(FailureKind::Validation, "there is no such tool any more");
            return Prepared::Settled(Box::default(), Ruling::Invalid(failure));
        };
        self.prepare_tool(tool, request, request.arguments.clone(), cancel).await
    }

    async fn check_done(&self, _: &CanonicalJson, _: &CancellationToken) -> Result<(), Failure> {
        // Hooks and the operator's schema have their say here once they exist.
        Ok(())
    }
}

impl Gate {
    async fn prepare_tool(
        &self,
        tool: &GatedTool,
        request: &CallRequest,
        mut arguments: CanonicalJson,
        cancel: &CancellationToken,
    ) -> Prepared {
        if self.memory(|memory| memory.refused.contains(&tool.full_name())) {
            return Prepared::Settled(Box::default(), Ruling::Denied(REFUSED_FOR_RUN.to_owned()));
        }
        let mut value = arguments.to_value();
        if let Some(failure) = wrong_arguments(tool, &value) {
            return Prepared::Settled(Box::default(), Ruling::Invalid(failure));
        }
        let mut approval: Option<Approval> = None;
        let mut agreed: Option<Vec<Reached>> = None;
        let mut faults = Vec::new();
        loop {
            let judgement = self.judge(tool, &value);
            let verdict = |approval| verdict_of(tool, &judgement, &request.arguments, &arguments, approval);
            let resolved = match (judgement.obstacle(), judgement.authority.as_ref().map_err(|unfilled| &**unfilled)) {
                (Some(Obstacle::Denied), _) => {
                    return Prepared::Settled(verdict(approval), Ruling::Denied(judgement.verdict.reason.clone()));
                }
                (Some(Obstacle::Unfilled(unfilled)), _) | (_, Err(unfilled)) => {
                    return Prepared::Settled(verdict(approval), Ruling::Denied(told_unfilled(unfilled)));
                }
                (None, Ok(resolved)) => {
                    if let Some(origin) = &judgement.approved_by {
                        approval.get_or_insert_with(|| standing(origin));
                    }
                    return self.ready(tool, request, arguments.clone(), resolved.clone(), verdict(approval));
                }
                (Some(Obstacle::Ask), Ok(resolved)) => resolved,
            };
            if agreed.as_ref().is_some_and(|agreed| is_within(&resolved.reached, agreed)) {
                return self.ready(tool, request, arguments.clone(), resolved.clone(), verdict(approval));
            }
            let faults_now = std::mem::take(&mut faults);
            let ask = Ask {
                step: request.step,
                tool,
                arguments: &arguments,
                value: &value,
                judgement: &judgement,
                resolved,
                faults: faults_now,
            };
            let asked = self.ask(ask, cancel).await;
            let mut waited = asked.approval;
            waited.waited_ms += approval.as_ref().map_or(0, |before| before.waited_ms);
            match asked.next {
                Next::Run => {
                    return self.ready(tool, request, arguments.clone(), resolved.clone(), verdict(Some(waited)));
                }
                Next::Refuse(reason) => return Prepared::Settled(verdict(Some(waited)), Ruling::Denied(reason)),
                Next::Park(bound_to) => {
                    let mut verdict = verdict(Some(waited));
                    verdict.bound_to = Some(bound_to);
                    return Prepared::Settled(verdict, Ruling::Parked);
                }
                Next::Again(edited) => {
                    approval = Some(waited);
                    let edited_value = edited.to_value();
                    faults = tool.faults(&edited_value);
                    if faults.is_empty() {
                        agreed = Some(resolved.reached.clone());
                        (arguments, value) = (edited, edited_value);
                    }
                }
            }
        }
    }

    fn ready(
        &self,
        tool: &GatedTool,
        request: &CallRequest,
        arguments: CanonicalJson,
        resolved: Resolved,
        verdict: Box<Verdict>,
    ) -> Prepared {
        self.memory(|memory| memory.ran.insert(tool.full_name()));
        let allowed = Allowed {
            run: self.key,
            state: self.states.get(&tool.full_name()).cloned().unwrap_or_default(),
            tool: tool.clone(),
            id: request.id.clone(),
            is_edited: arguments != request.arguments,
            arguments,
            authority: resolved.authority,
            approver: Arc::clone(&self.approver),
        };
        Prepared::Ready(verdict, Box::new(allowed))
    }
}

fn wrong_arguments(tool: &GatedTool, arguments: &Value) -> Option<Failure> {
    let faults = tool.faults(arguments);
    if faults.is_empty() {
        return None;
    }
    let list = faults.iter().take(FAULTS).cloned().collect::<Vec<_>>().join("; ");
    let message = format!("the arguments do not fit the schema of `{}`: {list}", tool.shown_name());
    Some(Failure::new(FailureKind::Validation, message))
}

/// What the model is told of a need that stays empty: what, not how to fill it.
fn told_unfilled(unfilled: &Unfilled) -> String {
    format!("the tool needs `{}`, which this call was not given", unfilled.need.capability)
}

fn standing(origin: &Origin) -> Approval {
    answered(true, &format!("standing approval {origin}"), "", 0)
}

fn verdict_of(
    tool: &GatedTool,
    judgement: &Judgement,
    proposed: &CanonicalJson,
    arguments: &CanonicalJson,
    approval: Option<Approval>,
) -> Box<Verdict> {
    let edited = (proposed != arguments).then(|| arguments.clone());
    let mut rules: Vec<MatchedRule> = judgement
        .verdict
        .matched
        .iter()
        .map(|rule| MatchedRule { decision: rule.decision, origin: rule.origin.clone(), reason: rule.reason.clone() })
        .collect();
    if let Some(origin) = &judgement.verdict.unmatched {
        rules.push(MatchedRule { decision: judgement.verdict.decision, origin: origin.clone(), reason: None });
    }
    let (facts, authority) = match &judgement.authority {
        Ok(resolved) => {
            let facts = CallFacts { repeatable: resolved.is_repeatable(), ..tool.facts() };
            (facts, authority_lines(resolved))
        }
        Err(_) => (tool.facts(), Vec::new()),
    };
    let would_allow = judgement.remedy(tool);
    Box::new(Verdict { arguments: edited, rules, approval, authority, would_allow, facts, ..Verdict::default() })
}

/// What the call holds, one place a line, with the line that gives it and what cut it.
fn authority_lines(resolved: &Resolved) -> Vec<String> {
    resolved
        .reached
        .iter()
        .map(|reached| {
            let cuts: Vec<&str> = reached
                .cuts
                .iter()
                .map(|cut| match cut {
                    Cut::Grant => "grant is narrower",
                    Cut::Mount => "mount is read-only",
                    Cut::Rules => "narrowed by rules",
                })
                .collect();
            let cuts = if cuts.is_empty() { String::new() } else { format!(", {}", cuts.join(", ")) };
            format!("{} (granted by {}{cuts})", reached.place, reached.granted_by)
        })
        .collect()
}
