//! From a proposed call to one that may run, or to the reason why not.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::Gate;
use super::ask::{Ask, Next, REFUSED_FOR_RUN, answered, is_within};
use super::judge::{Judgement, Obstacle};
use super::native::AllowedNative;
use super::perform::Allowed;
use super::provider::Provider;
use super::tool::GatedTool;
use super::unfit::wrong_arguments;
use crate::agent::machine::CallRequest;
use crate::agent::{Dispatch, Prepared, Verdict};
use crate::canonical::CanonicalJson;
use crate::capability::{Cut, Reached, Resolved, Unfilled};
use crate::hook::{Point, Round, RunView, Screened};
use crate::message::{Failure, FailureKind, Outcome, ToolCall};
use crate::origin::Origin;
use crate::record::{Approval, CallFacts, MatchedRule, Ruling};

#[async_trait]
impl Dispatch for Gate {
    async fn prepare(&self, request: &CallRequest, view: &RunView, cancel: &CancellationToken) -> Prepared {
        let Some(tool) = self.tool(&request.tool.full_name()) else {
            let failure = Failure::new(FailureKind::Validation, "there is no such tool any more");
            return Prepared::Settled(Box::default(), Ruling::Invalid(failure));
        };
        Preparing::of(self, tool, request, view).run(cancel).await
    }

    async fn check_done(&self, _: &CanonicalJson, _: &CancellationToken) -> Result<(), Failure> {
        // The schema and hooks have their say in the loop.
        Ok(())
    }

    fn bound_egress(&self, bytes: u64) {
        self.egress.lower_to(bytes);
    }
}

/// A call on its way: each answer of a person or a hook that changes its arguments sends it round again.
struct Preparing<'a> {
    gate: &'a Gate,
    tool: &'a GatedTool,
    request: &'a CallRequest,
    view: &'a RunView,
    arguments: CanonicalJson,
    /// The same, parsed.
    value: Value,
    approval: Option<Approval>,
    /// What a person agreed to before changing the arguments.
    agreed: Option<Vec<Reached>>,
    /// What is wrong with the arguments that the person wrote.
    faults: Vec<String>,
    /// What the hooks said so far, for the record.
    said: Round,
}

impl<'a> Preparing<'a> {
    fn of(gate: &'a Gate, tool: &'a GatedTool, request: &'a CallRequest, view: &'a RunView) -> Self {
        let arguments = request.arguments.clone();
        let value = arguments.to_value();
        let (approval, agreed) = (None, None);
        Self {
            gate,
            tool,
            request,
            view,
            arguments,
            value,
            approval,
            agreed,
            faults: Vec::new(),
            said: Round::default(),
        }
    }

    async fn run(mut self, cancel: &CancellationToken) -> Prepared {
        if self.gate.memory(|memory| memory.refused.contains(&self.tool.full_name())) {
            return Prepared::Settled(Box::default(), Ruling::Denied(REFUSED_FOR_RUN.to_owned()));
        }
        if self.gate.redaction.holds(&self.arguments) {
            return self.refused(Ruling::Withheld);
        }
        if let Some(failure) = wrong_arguments(self.tool, &self.value) {
            return Prepared::Settled(Box::default(), Ruling::Invalid(failure));
        }
        let mut screened = match self.screen().await {
            Ok(screened) => screened,
            Err(settled) => return *settled,
        };
        loop {
            let judgement = self.gate.judge_screened(self.tool, &self.value, screened.as_ref());
            let resolved = match (judgement.obstacle(), judgement.authority.as_ref().map_err(|unfilled| &**unfilled)) {
                (Some(Obstacle::Denied), _) => {
                    return self.settled(&judgement, Ruling::Denied(judgement.verdict.reason.clone()));
                }
                (Some(Obstacle::Unfilled(unfilled)), _) | (_, Err(unfilled)) => {
                    return self.settled(&judgement, Ruling::Denied(told_unfilled(unfilled)));
                }
                (None, Ok(resolved)) => {
                    if let Some(origin) = &judgement.approved_by {
                        self.approval.get_or_insert_with(|| standing(origin));
                    }
                    return self.ready(&judgement, resolved, screened);
                }
                (Some(Obstacle::Ask), Ok(resolved)) => resolved,
            };
            if self.agreed.as_ref().is_some_and(|agreed| is_within(&resolved.reached, agreed)) {
                return self.ready(&judgement, resolved, screened);
            }
            let ask = Ask {
                step: self.request.step,
                tool: self.tool,
                arguments: &self.arguments,
                value: &self.value,
                judgement: &judgement,
                screened: screened.as_ref(),
                resolved,
                faults: std::mem::take(&mut self.faults),
            };
            let asked = self.gate.ask(ask, cancel).await;
            let mut waited = asked.approval;
            waited.waited_ms += self.approval.as_ref().map_or(0, |before| before.waited_ms);
            self.approval = Some(waited);
            match asked.next {
                Next::Run => return self.ready(&judgement, resolved, screened),
                Next::Refuse(reason) => return self.settled(&judgement, Ruling::Denied(reason)),
                Next::Park(bound_to) => {
                    let mut verdict = self.verdict(&judgement);
                    verdict.bound_to = Some(bound_to);
                    return Prepared::Settled(verdict, Ruling::Parked);
                }
                Next::Again(edited) => {
                    let value = edited.to_value();
                    self.faults = self.tool.faults(&value);
                    if self.faults.is_empty() {
                        self.agreed = Some(resolved.reached.clone());
                        (self.arguments, self.value) = (edited, value);
                        // Shown to no hook and no person.
                        if self.gate.redaction.holds(&self.arguments) {
                            return self.refused(Ruling::Withheld);
                        }
                        // What hooks said was said of other arguments.
                        screened = match self.screen().await {
                            Ok(screened) => screened,
                            Err(settled) => return *settled,
                        };
                    }
                }
            }
        }
    }

    /// Puts the call to the hooks before tools; none where there is no such hook. A refusal of theirs, and
    /// arguments of theirs that do not fit, settle the call.
    async fn screen(&mut self) -> Result<Option<Screened>, Box<Prepared>> {
        if !self.gate.hooks.wants(Point::PreTool) {
            return Ok(None);
        }
        let (id, tool) = (self.request.id.clone(), self.tool.spec().name.clone());
        let call = ToolCall { id, tool, arguments: self.arguments.clone() };
        let mut screened = self.gate.hooks.pre_tool(self.view, self.tool.view(call)).await;
        let round = std::mem::take(&mut screened.round);
        self.said.verdicts.extend(round.verdicts);
        self.said.context.extend(round.context);
        self.said.stop = self.said.stop.take().or(round.stop);
        if let Some(reason) = screened.denied.take() {
            return Err(Box::new(self.refused(Ruling::Denied(reason))));
        }
        if screened.arguments != self.arguments {
            let value = screened.arguments.to_value();
            if self.gate.redaction.holds(&screened.arguments) {
                self.arguments = screened.arguments;
                return Err(Box::new(self.refused(Ruling::Withheld)));
            }
            if let Some(fault) = self.tool.faults(&value).first() {
                let reason = format!("a hook rewrote the arguments so that they do not fit: {fault}");
                return Err(Box::new(self.refused(Ruling::Denied(reason))));
            }
            (self.arguments, self.value) = (screened.arguments.clone(), value);
        }
        Ok(Some(screened))
    }

    fn refused(&mut self, ruling: Ruling) -> Prepared {
        let mut verdict = Verdict { facts: self.tool.facts(), ..Verdict::default() };
        self.sign(&mut verdict);
        Prepared::Settled(Box::new(verdict), ruling)
    }

    fn settled(&mut self, judgement: &Judgement, ruling: Ruling) -> Prepared {
        Prepared::Settled(self.verdict(judgement), ruling)
    }

    fn ready(&mut self, judgement: &Judgement, resolved: &Resolved, screened: Option<Screened>) -> Prepared {
        let verdict = self.verdict(judgement);
        self.gate.memory(|memory| memory.note_run(self.tool.full_name()));
        if let Some((by, output)) = screened.and_then(|screened| screened.answer) {
            return Prepared::Settled(verdict, Ruling::Answered { by, outcome: Outcome::Ok(output) });
        }
        let is_edited = self.arguments != self.request.arguments;
        let approver = Arc::clone(&self.gate.approver);
        let plugin = match self.tool.provider() {
            Provider::Component(plugin) => Arc::clone(plugin),
            Provider::Native(native) => {
                let allowed = AllowedNative {
                    native: native.clone(),
                    tool: self.tool.clone(),
                    run: self.view.run,
                    step: self.request.step,
                    arguments: self.arguments.clone(),
                    is_edited,
                    approver,
                    notes: self.gate.notes.clone(),
                    redaction: self.gate.redaction.clone(),
                    left: self.request.left.clone(),
                    children: self.gate.children.clone(),
                    memory: Arc::clone(&self.gate.run),
                };
                return Prepared::Ready(verdict, Box::new(allowed));
            }
        };
        let mut authority = resolved.authority.clone();
        authority.http.draw_from(Arc::clone(&self.gate.egress));
        for preopen in &mut authority.mounts {
            preopen.mount = self.gate.quotas.of_call(&preopen.mount);
        }
        let allowed = Allowed {
            plugin,
            run: self.gate.key,
            state: self.gate.states.get(&self.tool.full_name()).cloned().unwrap_or_default(),
            tool: self.tool.clone(),
            id: self.request.id.clone(),
            is_edited,
            arguments: self.arguments.clone(),
            authority,
            approver,
            step: self.request.step,
            notes: self.gate.notes.clone(),
            redaction: self.gate.redaction.clone(),
        };
        Prepared::Ready(verdict, Box::new(allowed))
    }

    fn verdict(&mut self, judgement: &Judgement) -> Box<Verdict> {
        let mut verdict = verdict_of(self.tool, judgement);
        self.sign(&mut verdict);
        Box::new(verdict)
    }

    /// Adds what was said and changed on the way.
    fn sign(&mut self, verdict: &mut Verdict) {
        verdict.arguments = (self.request.arguments != self.arguments).then(|| self.arguments.clone());
        verdict.approval = self.approval.take();
        let said = std::mem::take(&mut self.said);
        (verdict.hooks, verdict.context, verdict.stop) = (said.verdicts, said.context, said.stop);
    }
}

/// What the model is told of a need that stays empty: what, not how to fill it.
fn told_unfilled(unfilled: &Unfilled) -> String {
    format!("the tool needs `{}`, which this call was not given", unfilled.need.capability)
}

fn standing(origin: &Origin) -> Approval {
    answered(true, &format!("standing approval {origin}"), "", 0)
}

fn verdict_of(tool: &GatedTool, judgement: &Judgement) -> Verdict {
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
            let repeatable = tool.is_walled() && resolved.is_repeatable();
            (CallFacts { repeatable, ..tool.facts() }, authority_lines(tool, resolved))
        }
        Err(_) => (tool.facts(), Vec::new()),
    };
    Verdict { rules, authority, would_allow: judgement.remedy(tool), facts, ..Verdict::default() }
}

/// What the call holds, one place a line, with the line that gives it and what cut it.
fn authority_lines(tool: &GatedTool, resolved: &Resolved) -> Vec<String> {
    if !tool.is_walled() {
        return vec![format!("whatever the program can: no wall stands around a {} tool", tool.kind().as_str())];
    }
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
                    Cut::Address => "not a public address",
                })
                .collect();
            let cuts = if cuts.is_empty() { String::new() } else { format!(", {}", cuts.join(", ")) };
            format!("{reached} (granted by {}{cuts})", reached.granted_by)
        })
        .collect()
}
