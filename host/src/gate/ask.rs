//! Putting a call to somebody, and what an answer means for it.

use std::sync::Arc;
use std::time::Instant;

use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use super::judge::Judgement;
use super::question::{self, Context};
use super::tool::GatedTool;
use super::{Gate, OnAsk};
use crate::canonical::CanonicalJson;
use crate::capability::{Reached, Resolved};
use crate::digest::Digest;
use crate::hook::Screened;
use crate::need::Place;
use crate::origin::Origin;
use crate::permission::{Answer, FsPlace, Scope, StandingApproval, Until};
use crate::record::{Approval, Standing};

/// What the model is told of a tool that a person does not want to be asked about again.
pub(super) const REFUSED_FOR_RUN: &str = "refused by the person, for the rest of this run";

/// The scope of an answer that holds to the end of the run, in the record.
pub(super) const FOR_RUN: &str = "this run";

/// A call that is put to somebody.
pub(super) struct Ask<'a> {
    pub(super) step: u32,
    pub(super) tool: &'a GatedTool,
    pub(super) arguments: &'a CanonicalJson,
    /// The same, parsed.
    pub(super) value: &'a Value,
    pub(super) judgement: &'a Judgement,
    /// What the hooks said of it.
    pub(super) screened: Option<&'a Screened>,
    pub(super) resolved: &'a Resolved,
    /// What is wrong with the arguments that the person wrote instead.
    pub(super) faults: Vec<String>,
}

/// The answer to an ask, and where it leads.
pub(super) struct Asked {
    pub(super) approval: Approval,
    pub(super) next: Next,
}

pub(super) enum Next {
    Run,
    Refuse(String),
    Park(Digest),
    Again(CanonicalJson),
}

impl Gate {
    pub(super) async fn ask(&self, ask: Ask<'_>, cancel: &CancellationToken) -> Asked {
        if let Some(answer) = self.answer_to(&ask) {
            return answer;
        }
        match self.on_ask {
            OnAsk::Nobody => {
                let reason = &ask.judgement.verdict.reason;
                return Asked::nobody(format!("{reason}, and nobody is there to be asked"));
            }
            OnAsk::Later => {
                let bound_to = question::bound_to(ask.tool, ask.arguments, ask.resolved);
                return Asked { approval: answered(false, "nobody there", "", 0), next: Next::Park(bound_to) };
            }
            OnAsk::Approver => {}
        }
        let cancelled = || Asked::nobody("the call was cancelled".to_owned());
        let _one_at_a_time = tokio::select! {
            biased;
            () = cancel.cancelled() => return cancelled(),
            guard = self.asking.lock() => guard,
        };
        let context = self.context(&ask);
        let mut question = question::question(ask.tool, ask.arguments, ask.judgement, ask.resolved, context);
        question.faults.clone_from(&ask.faults);
        self.redaction.clean(&mut question);
        let since = Instant::now();
        let answer = tokio::select! {
            biased;
            () = cancel.cancelled() => return cancelled(),
            answer = self.approver.ask(&question) => answer,
        };
        let waited_ms = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX);
        if lets_run(&answer) {
            if !self.still_bound(&ask, question.bound_to) {
                return Asked::lapsed(waited_ms, "what was approved has changed meanwhile".to_owned());
            }
            self.agree(ask.tool, ask.judgement);
        }
        self.take(answer, ask.tool, waited_ms)
    }

    /// What the operator answered while the run rested, if it was about this very call.
    fn answer_to(&self, ask: &Ask<'_>) -> Option<Asked> {
        let answer = self.memory(|memory| memory.answers.remove(&ask.step))?;
        if answer.bound_to != question::bound_to(ask.tool, ask.arguments, ask.resolved) {
            return None;
        }
        if !answer.yes {
            return Some(Asked { approval: answered(false, "person", "", 0), next: Next::Refuse(refusal(answer.why)) });
        }
        self.agree(ask.tool, ask.judgement);
        Some(Asked { approval: answered(true, "person", "once", 0), next: Next::Run })
    }

    fn context(&self, ask: &Ask<'_>) -> Context {
        let tool = ask.tool.full_name();
        self.memory(|memory| {
            memory.asked += 1;
            Context {
                step: ask.step,
                number: memory.asked,
                model_text: memory.model_text.clone(),
                last_path: memory.agreed.get(&tool).cloned(),
                may_remember: self.remember.is_some(),
            }
        })
    }

    /// Notes what was agreed to: the next question offers the directory that both share.
    fn agree(&self, tool: &GatedTool, judgement: &Judgement) {
        if let Some([named]) = judgement.named.as_deref() {
            self.memory(|memory| memory.agreed.insert(tool.full_name(), named.path.clone()));
        }
    }

    /// What an answer means for the call.
    fn take(&self, answer: Answer, tool: &GatedTool, waited_ms: u64) -> Asked {
        let yes = |scope: &str| answered(true, "person", scope, waited_ms);
        let no =
            |reason: String| Asked { approval: answered(false, "person", "", waited_ms), next: Next::Refuse(reason) };
        let standing = |scope: Scope| Some(Standing { scope, plugin: tool.digest() });
        match answer {
            Answer::Yes => Asked { approval: yes("once"), next: Next::Run },
            Answer::YesForRun(scope) => match self.keep(tool, scope.clone(), Until::Run) {
                Ok(()) => Asked { approval: Approval { standing: standing(scope), ..yes(FOR_RUN) }, next: Next::Run },
                Err(why) => Asked::lapsed(waited_ms, why),
            },
            Answer::Always(scope) => match self.keep(tool, scope.clone(), Until::Forever) {
                Ok(()) => {
                    let approval = Approval { standing: standing(scope), ..yes("until revoked") };
                    Asked { approval, next: Next::Run }
                }
                Err(why) => Asked::lapsed(waited_ms, why),
            },
            Answer::No => no(refusal(None)),
            Answer::NoBecause(why) => no(refusal(Some(why))),
            Answer::NoForRun => {
                self.memory(|memory| memory.refused.insert(tool.full_name()));
                let tool = Scope { tool: tool.full_name(), when: Map::new(), path: None };
                let approval = Approval { standing: standing(tool), ..answered(false, "person", FOR_RUN, waited_ms) };
                Asked { approval, next: Next::Refuse(REFUSED_FOR_RUN.to_owned()) }
            }
            Answer::Edited(arguments) => Asked { approval: yes("edited"), next: Next::Again(arguments) },
            Answer::Stop => no("the person stopped the run".to_owned()),
        }
    }

    fn keep(&self, tool: &GatedTool, scope: Scope, until: Until) -> Result<(), String> {
        let origin = Origin::flag("the answer at the prompt");
        let digest = tool.digest();
        let approval =
            StandingApproval::new(scope, digest, until, origin).map_err(|error| error.message().to_owned())?;
        if let (Until::Forever, Some(remember)) = (until, &self.remember) {
            remember(&approval).map_err(|error| error.message().to_owned())?;
        }
        self.memory(|memory| Arc::make_mut(&mut memory.approvals).push(approval));
        Ok(())
    }

    /// Whether the call still is what was approved, handles included.
    fn still_bound(&self, ask: &Ask<'_>, approved: Digest) -> bool {
        let authority = self.judge_screened(ask.tool, ask.value, ask.screened).authority;
        authority.is_ok_and(|now| question::bound_to(ask.tool, ask.arguments, &now) == approved)
    }
}

impl Asked {
    fn nobody(reason: String) -> Self {
        Self { approval: answered(false, "nobody there", "", 0), next: Next::Refuse(reason) }
    }

    /// The person said yes, and it came to nothing.
    fn lapsed(waited_ms: u64, why: String) -> Self {
        let approval = Approval { lapsed: true, ..answered(true, "person", "", waited_ms) };
        Self { approval, next: Next::Refuse(why) }
    }
}

fn lets_run(answer: &Answer) -> bool {
    match answer {
        Answer::Yes | Answer::YesForRun(_) | Answer::Always(_) => true,
        Answer::No | Answer::NoBecause(_) | Answer::NoForRun | Answer::Edited(_) | Answer::Stop => false,
    }
}

pub(super) fn answered(yes: bool, by: &str, scope: &str, waited_ms: u64) -> Approval {
    Approval { scope: scope.to_owned(), waited_ms, ..Approval::new(yes, by) }
}

/// What the model is told of a no.
fn refusal(why: Option<String>) -> String {
    match why {
        Some(why) => format!("refused by the person: {why}"),
        None => "refused by the person".to_owned(),
    }
}

/// Whether all of it was reached before: then arguments that a person edited need no second answer.
pub(super) fn is_within(now: &[Reached], before: &[Reached]) -> bool {
    now.iter()
        .all(|now| before.iter().any(|before| now.identity == before.identity && covers(&before.place, &now.place)))
}

fn covers(wide: &Place, narrow: &Place) -> bool {
    match (wide, narrow) {
        (Place::Fs { mount, path, mode }, Place::Fs { mount: other, path: inner, mode: needed }) => {
            mount == other && needed <= mode && FsPlace::new(path, *mode).covers(inner)
        }
        _ => wide == narrow,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::need::FsMode;

    fn fs(path: &str, mode: FsMode) -> Place {
        Place::Fs { mount: "workspace".to_owned(), path: path.to_owned(), mode }
    }

    #[test]
    fn a_reach_covers_what_is_below_it_and_no_more_than_its_mode() {
        let src = fs("src", FsMode::ReadOnly);
        assert!(covers(&src, &fs("src/a.rs", FsMode::ReadOnly)));
        assert!(!covers(&src, &fs("src/a.rs", FsMode::ReadWrite)));
        assert!(!covers(&src, &fs("srcs", FsMode::ReadOnly)));
        assert!(!covers(&src, &Place::Env("HOME".to_owned())));
    }
}
