//! What a gate knew when its run broke off, read back from the run's records.
//!
//! Answers for the run are bound to the component that they were given for; of another one nothing is
//! taken over.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Gate;
use super::ask::FOR_RUN;
use crate::origin::Origin;
use crate::permission::{StandingApproval, Until};
use crate::record::{Approval, Body, CallDecided, Notice, Record, Ruling, Standing};

impl Gate {
    /// Takes over what the records tell: which tools ran, what they keep, what was said and answered.
    pub fn restore<'r>(&self, records: impl IntoIterator<Item = &'r Record>) {
        let given = self.memory(|memory| memory.approvals.len());
        let mut tools: BTreeMap<u32, &str> = BTreeMap::new();
        for record in records {
            match &record.body {
                Body::ModelAnswered(answer) => self.hear(&answer.text),
                Body::CallDecided(decided) => {
                    tools.insert(decided.step, &decided.tool);
                    self.restore_decision(decided);
                }
                Body::CallAnswered(answer) => {
                    self.memory(|memory| memory.answers.insert(answer.step, answer.clone()));
                }
                // An answer is for one attempt.
                Body::CallStarted(started) => drop(self.memory(|memory| memory.answers.remove(&started.step))),
                Body::CallEnded(ended) => {
                    self.memory(|memory| memory.answers.remove(&ended.step));
                    let of_children = ended.spent.iter().flat_map(|spent| &spent.drawn);
                    ended.drawn.iter().chain(of_children).for_each(|(mount, bytes)| self.quotas.count(mount, *bytes));
                    let ran = ended.spent.iter().flat_map(|spent| spent.ran.iter().cloned());
                    self.memory(|memory| ran.for_each(|tool| memory.note_run(tool)));
                    if let Some(state) = tools.get(&ended.step).and_then(|tool| self.states.get(*tool)) {
                        state.take_over(&ended.kept);
                    }
                }
                // What a person agreed to was that run, not this one.
                Body::Notice(Notice::Forked) => self.memory(|memory| {
                    Arc::make_mut(&mut memory.approvals).truncate(given);
                    memory.refused.clear();
                    memory.answers.clear();
                    memory.agreed.clear();
                }),
                _ => {}
            }
        }
    }

    fn restore_decision(&self, decided: &CallDecided) {
        let ran = match &decided.ruling {
            Ruling::Allowed => true,
            Ruling::Answered { by, .. } => by == "caller",
            Ruling::Denied(_) | Ruling::Invalid(_) | Ruling::Withheld | Ruling::Parked => false,
        };
        if ran {
            self.memory(|memory| Arc::make_mut(&mut memory.ran).insert(decided.tool.clone()));
        }
        let Some(approval) = &decided.approval else { return };
        if approval.by == "person" {
            self.memory(|memory| memory.asked += 1);
        }
        if let Approval { yes, scope, standing: Some(standing), .. } = approval
            && scope == FOR_RUN
            && self.is_loaded(decided, standing)
        {
            self.restore_answer(*yes, standing);
        }
    }

    fn is_loaded(&self, decided: &CallDecided, standing: &Standing) -> bool {
        self.tool(&decided.tool).is_some_and(|tool| tool.digest() == standing.plugin)
    }

    fn restore_answer(&self, yes: bool, standing: &Standing) {
        if !yes {
            self.memory(|memory| memory.refused.insert(standing.scope.tool.clone()));
            return;
        }
        let origin = Origin::flag("the answer at the prompt");
        // It had a meaning when it was given; if this host does not understand it, it is asked again.
        if let Ok(approval) = StandingApproval::new(standing.scope.clone(), standing.plugin, Until::Run, origin) {
            self.memory(|memory| Arc::make_mut(&mut memory.approvals).push(approval));
        }
    }
}
