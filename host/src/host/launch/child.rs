//! Runs inside of a run: how the sub-agents of native tools begin.

use std::sync::{Arc, Weak};

use tokio_util::sync::CancellationToken;

use crate::agent::{Parts, Run, Sink};
use crate::gate::Gate;
use crate::hook::HookChain;
use crate::host::asker::ModelAsker;
use crate::host::{Host, opening};
use crate::journal::Runs;
use crate::message::{Failure, FailureKind, Message};
use crate::model::{Model, Price};
use crate::native::{Birth, Children, Ran};
use crate::permission::OnBehalf;
use crate::record::{RunId, RunStarted, Spent};

/// How deep sub-agents may be nested.
const DEPTH: u32 = 3;

/// What a run shares with all runs inside of it.
#[derive(Clone)]
pub(super) struct House {
    pub(super) host: Host,
    pub(super) model: Arc<dyn Model>,
    pub(super) price: Price,
    pub(super) hooks: Arc<HookChain>,
    pub(super) kept_in: Option<Runs>,
    pub(super) project: Option<String>,
    pub(super) rest: CancellationToken,
}

impl House {
    /// The gate of a run so deep, which can begin runs inside of it.
    pub(super) fn open(self, gate: Gate, depth: u32) -> Arc<Gate> {
        Arc::new_cyclic(|this| {
            let nursery = Nursery { gate: Weak::clone(this), house: self, depth };
            gate.with_children(Arc::new(nursery))
        })
    }
}

/// Begins the sub-agents of one run.
struct Nursery {
    gate: Weak<Gate>,
    house: House,
    depth: u32,
}

impl Children for Nursery {
    fn begin(&self, birth: Birth) -> Result<(Run, Ran), Failure> {
        let refused = |why: &str| Failure::new(FailureKind::Execution, why);
        if self.depth == DEPTH {
            return Err(refused(&format!("sub-agents are nested {DEPTH} deep at most")));
        }
        let gate = self.gate.upgrade().ok_or_else(|| refused("the run is over"))?;
        let hooks = Arc::new(self.house.hooks.for_child());
        let mut who = OnBehalf { step: birth.child_of.step, task: birth.task.clone() };
        gate.redaction().clean(&mut who);
        let gate = gate.child(&birth.tools, birth.ran.clone(), who, Arc::clone(&hooks));
        if gate.tools().is_empty() {
            return Err(refused("a sub-agent without tools cannot begin: no tool of the run fits its patterns"));
        }
        let gate = self.house.clone().open(gate, self.depth + 1);
        let seen = Arc::clone(&gate);
        let run = self.run(birth, gate, hooks).map_err(|_| refused("the sub-agent's journal cannot be written"))?;
        Ok((run, Box::new(move || Spent { ran: seen.ran(), drawn: seen.drawn(), ..Spent::default() })))
    }
}

impl Nursery {
    fn run(&self, birth: Birth, gate: Arc<Gate>, hooks: Arc<HookChain>) -> crate::error::Result<Run> {
        let House { host, model, price, kept_in, project, rest, .. } = &self.house;
        let id = RunId::generate();
        let system = birth.system.into_iter().map(|text| Message::System { text });
        let started = RunStarted {
            model: model.name().to_owned(),
            wire: Some(model.wire().form()),
            project: project.clone(),
            child_of: Some(birth.child_of),
            messages: system.chain([Message::User { text: birth.task.clone() }]).collect(),
            budget: birth.budget,
            ..opening::started(host, &gate, id, &birth.task)
        };
        let sink = kept_in.as_ref().map(|runs| runs.create(id)).transpose()?;
        let asker = ModelAsker::new(Arc::clone(model), *price, &started, Arc::clone(&gate));
        let redaction = gate.redaction().clone();
        let parts = Parts::new(Box::new(asker), gate);
        let parts = Parts {
            redaction,
            hooks,
            is_kept: sink.is_some(),
            sink: sink.map_or(parts.sink, |sink| Box::new(sink) as Box<dyn Sink>),
            cancel: birth.cancel,
            rest: rest.clone(),
            account: Some(birth.account),
            ..parts
        };
        Run::start(started, parts)
    }
}
