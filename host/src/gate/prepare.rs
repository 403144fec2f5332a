//! From a proposed call to one that may run, or to the reason why not.

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use super::{Gate, OnAsk};
use super::judge::{Judgement, Obstacle};
use super::perform::Allowed;
use super::question;
use super::tool::GatedTool;
use crate::agent::machine::CallRequest;
use crate::agent::{Dispatch, Prepared, Verdict};
use crate::canonical::CanonicalJson;
use crate::capability::{Cut, Resolved, Unfilled};
use crate::message::{Failure, FailureKind};
use crate::permission::{Answer, Scope, StandingApproval, Until};
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
        let mut approval: Option<Approval> = None;
        loop {
            if let Some(failure) = wrong_arguments(tool, &arguments) {
                return Prepared::Settled(verdict_of(None, &request.arguments, &arguments, approval), Ruling::Invalid(failure));
            }
            let judgement = self.judge(tool, &arguments);
            let verdict = |approval| verdict_of(Some((tool, &judgement)), &request.arguments, &arguments, approval);
            let resolved = match (judgement.obstacle(), judgement.authority.as_ref().map_err(|unfilled| &**unfilled)) {
                (Some(Obstacle::Denied), _) => {
                    return Prepared::Settled(verdict(approval), Ruling::Denied(judgement.verdict.reason.clone()));
                }
                (Some(Obstacle::Unfilled(unfilled)), _) | (None | Some(Obstacle::Ask), Err(unfilled)) => {
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
            let asked = self.ask(tool, &arguments, &judgement, resolved, cancel).await;
            let waited = asked.approval;
            match asked.next {
                Next::Run => {
                    return self.ready(tool, request, arguments.clone(), resolved.clone(), verdict(Some(waited)));
                }
                Next::Refuse(reason) => return Prepared::Settled(verdict(Some(waited)), Ruling::Denied(reason)),
                Next::Park => return Prepared::Settled(verdict(Some(waited)), Ruling::Parked),
                Next::Again(edited) => {
                    approval = Some(waited);
                    arguments = edited;
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
            tool: tool.clone(),
            id: request.id.clone(),
            arguments,
            authority: resolved.authority,
            approver: Arc::clone(&self.approver),
        };
        Prepared::Ready(verdict, Box::new(allowed))
    }

    async fn ask(
        &self,
        tool: &GatedTool,
        arguments: &CanonicalJson,
        judgement: &Judgement,
        resolved: &Resolved,
        cancel: &CancellationToken,
    ) -> Asked {
        match self.on_ask {
            OnAsk::Nobody => return Asked::nobody(judgement.verdict.reason.clone()),
            OnAsk::Later => return Asked { approval: answered(false, "nobody there", String::new(), 0), next: Next::Park },
            OnAsk::Approver => {}
        }
        let _one_at_a_time = tokio::select! {
            biased;
            () = cancel.cancelled() => return Asked::nobody("the call was cancelled".to_owned()),
            guard = self.asking.lock() => guard,
        };
        let model_text = self.memory(|memory| memory.model_text.clone());
        let remembers = self.remember.is_some();
        let question = question::question(tool, arguments, judgement, resolved, model_text, remembers);
        let since = Instant::now();
        let answer = tokio::select! {
            biased;
            () = cancel.cancelled() => return Asked::nobody("the call was cancelled".to_owned()),
            answer = self.approver.ask(&question) => answer,
        };
        let waited_ms = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX);
        let mut asked = self.take(answer, tool, waited_ms);
        if matches!(asked.next, Next::Run) && !self.still_bound(tool, arguments, question.bound_to) {
            asked.approval.yes = false;
            asked.next = Next::Refuse("what was approved has changed meanwhile".to_owned());
        }
        asked
    }

    /// What an answer means for the call.
    fn take(&self, answer: Answer, tool: &GatedTool, waited_ms: u64) -> Asked {
        let yes = |scope: &str| answered(true, "person", scope.to_owned(), waited_ms);
        let no = || answered(false, "person", String::new(), waited_ms);
        match answer {
            Answer::Yes => Asked { approval: yes("once"), next: Next::Run },
            Answer::YesForRun(scope) => match self.keep(tool, scope, Until::Run) {
                Ok(()) => Asked { approval: yes("this run"), next: Next::Run },
                Err(why) => Asked { approval: no(), next: Next::Refuse(why) },
            },
            Answer::Always(scope) => match self.keep(tool, scope, Until::Forever) {
                Ok(()) => Asked { approval: yes("until revoked"), next: Next::Run },
                Err(why) => Asked { approval: no(), next: Next::Refuse(why) },
            },
            Answer::No => Asked { approval: no(), next: Next::Refuse("refused by the person".to_owned()) },
            Answer::NoBecause(why) => {
                Asked { approval: no(), next: Next::Refuse(format!("refused by the person: {why}")) }
            }
            Answer::Edited(arguments) => Asked { approval: yes("edited"), next: Next::Again(arguments) },
            Answer::Stop => Asked { approval: no(), next: Next::Refuse("the person stopped the run".to_owned()) },
        }
    }

    fn keep(&self, tool: &GatedTool, scope: Scope, until: Until) -> Result<(), String> {
        let origin = Origin::flag("the answer at the prompt");
        let digest = tool.plugin().plugin.digest();
        let approval =
            StandingApproval::new(scope, digest, until, origin).map_err(|error| error.message().to_owned())?;
        if let (Until::Forever, Some(remember)) = (until, &self.remember) {
            remember(&approval).map_err(|error| error.message().to_owned())?;
        }
        self.memory(|memory| memory.approvals.push(approval));
        Ok(())
    }

    /// Whether the call still is what was approved, handles included.
    fn still_bound(&self, tool: &GatedTool, arguments: &CanonicalJson, approved: crate::digest::Digest) -> bool {
        let authority = self.judge(tool, arguments).authority;
        authority.is_ok_and(|now| question::bound_to(tool, arguments, &now) == approved)
    }
}

/// The answer to an ask, and where it leads.
struct Asked {
    approval: Approval,
    next: Next,
}

enum Next {
    Run,
    Refuse(String),
    Park,
    Again(CanonicalJson),
}

impl Asked {
    fn nobody(reason: String) -> Self {
        Self { approval: answered(false, "nobody there", String::new(), 0), next: Next::Refuse(reason) }
    }
}

fn answered(yes: bool, by: &str, scope: String, waited_ms: u64) -> Approval {
    Approval { yes, by: by.to_owned(), scope, waited_ms }
}

fn standing(origin: &Origin) -> Approval {
    answered(true, &format!("standing approval {origin}"), String::new(), 0)
}

fn wrong_arguments(tool: &GatedTool, arguments: &CanonicalJson) -> Option<Failure> {
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

fn verdict_of(
    judged: Option<(&GatedTool, &Judgement)>,
    proposed: &CanonicalJson,
    arguments: &CanonicalJson,
    approval: Option<Approval>,
) -> Box<Verdict> {
    let edited = (proposed != arguments).then(|| arguments.clone());
    let Some((tool, judgement)) = judged else {
        return Box::new(Verdict { arguments: edited, approval, ..Verdict::default() });
    };
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
    Box::new(Verdict { arguments: edited, rules, hooks: Vec::new(), approval, authority, would_allow, facts })
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
