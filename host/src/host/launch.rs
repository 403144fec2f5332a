//! A run before it begins: what the host does not know, and the choices that are for this run alone.

mod answers;
mod blocking;
mod child;
mod done;
mod fork;
mod hooks;
mod model;
mod stopping;
mod tools;

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

pub use answers::IntoApprover;
pub use fork::Forked;

use self::child::House;
use super::asker::ModelAsker;
use super::component::RunHook;
use super::{Host, opening};
use crate::agent::{Parts, Run, Sink, Watch};
use crate::budget::Budget;
use crate::canonical::CanonicalJson;
use crate::error::{Error, Result};
use crate::gate::{Gate, Remember};
use crate::hook::HookChain;
use crate::journal::Runs;
use crate::machine;
use crate::message::Message;
use crate::model::{Model, ModelChoice, Price};
use crate::native::Tool;
use crate::origin::Origin;
use crate::permission::{Decision, Rule, StandingApproval, ToolPattern};
use crate::record::{Body, Parent, PluginRecord, RunId, RunResumed, RunStarted};
use answers::Answering;

/// A run to be. Made by [`Host::run`], begun by [`Launch::start`] or, for one that was begun before, by
/// [`Launch::resume`].
#[must_use = "nothing has begun"]
pub struct Launch {
    host: Host,
    task: String,
    model: Option<ModelChoice>,
    history: Vec<Message>,
    /// Texts of the settings go before the task.
    is_new: bool,
    parent: Option<Parent>,
    project: Option<String>,
    flags: Vec<String>,
    budget: Vec<BudgetChange>,
    rules: Vec<Rule>,
    approvals: Vec<StandingApproval>,
    answering: Answering,
    remember: Option<Remember>,
    kept_in: Option<Runs>,
    cancel: CancellationToken,
    rest: CancellationToken,
    watch: Option<Arc<dyn Watch>>,
    hooks: Vec<RunHook>,
    tools: Vec<Tool>,
    forgets: bool,
    /// The schema of the result, of a program's own type.
    done: Option<CanonicalJson>,
    /// The first pattern that is none.
    fault: Option<Error>,
}

type BudgetChange = Box<dyn FnOnce(&mut Budget) + Send>;

/// What a run works with.
pub(super) struct Made {
    pub(super) gate: Arc<Gate>,
    pub(super) model: Arc<dyn Model>,
    pub(super) price: Option<Price>,
    pub(super) hooks: Arc<HookChain>,
    /// Those of its components that are for this run alone.
    own_hooks: Vec<PluginRecord>,
}

impl Host {
    /// A run of this task, on this host. Nothing has begun.
    pub fn run(&self, task: impl Into<String>) -> Launch {
        let kept_in = self.0.around.as_ref().and_then(|around| around.runs.clone());
        let project = self.0.around.as_ref().map(|around| around.machine.project());
        Launch {
            host: self.clone(),
            task: task.into(),
            model: None,
            history: Vec::new(),
            is_new: true,
            parent: None,
            project,
            flags: Vec::new(),
            budget: Vec::new(),
            rules: Vec::new(),
            approvals: Vec::new(),
            answering: Answering::Nobody,
            remember: None,
            kept_in,
            cancel: CancellationToken::new(),
            rest: CancellationToken::new(),
            watch: None,
            hooks: Vec::new(),
            tools: Vec::new(),
            forgets: false,
            done: None,
            fault: None,
        }
    }
}

impl Launch {
    /// Instructions of the operator, placed before all else.
    pub fn system(mut self, text: impl Into<String>) -> Self {
        self.history.insert(0, Message::System { text: text.into() });
        self
    }

    /// A text that the model is shown as data, before the task.
    pub fn context(mut self, name: &str, text: &str) -> Self {
        self.history.push(as_data(name, text));
        self
    }

    /// The messages of a run that this one goes on from, in place of what was said before.
    pub fn after(mut self, parent: Parent, history: Vec<Message>) -> Self {
        (self.parent, self.history, self.is_new) = (Some(parent), history, false);
        self
    }

    /// Directory of the project, under which the run is listed.
    pub fn project(mut self, project: impl Into<String>) -> Self {
        self.project = Some(project.into());
        self
    }

    /// The operator's flags behind settings and plugins, for who goes on with the run.
    pub fn flags(mut self, flags: Vec<String>) -> Self {
        self.flags = flags;
        self
    }

    /// Calls of these tools (`plugin/tool`, globs) run where no rule matches, and asks about them are
    /// answered with yes.
    pub fn allow(mut self, tools: &str) -> Self {
        match ToolPattern::parse(tools) {
            Ok(tools) => self.approvals.push(StandingApproval::by_flag(tools, Origin::Program)),
            Err(error) => drop(self.fault.get_or_insert(error)),
        }
        self
    }

    /// Calls of these tools are put to the approver.
    pub fn ask(self, tools: &str) -> Self {
        self.rule(tools, Decision::Ask)
    }

    /// Calls of these tools are refused.
    pub fn deny(self, tools: &str) -> Self {
        self.rule(tools, Decision::Deny)
    }

    fn rule(mut self, tools: &str, decision: Decision) -> Self {
        match ToolPattern::parse(tools) {
            Ok(tools) => self.rules.push(Rule::for_tool(tools, decision, Origin::Program)),
            Err(error) => drop(self.fault.get_or_insert(error)),
        }
        self
    }

    /// What was approved before this run.
    pub fn approvals(mut self, approvals: Vec<StandingApproval>) -> Self {
        self.approvals.extend(approvals);
        self
    }

    /// Where answers that are given for good are kept. Without it none are offered.
    pub fn remember(mut self, remember: Remember) -> Self {
        self.remember = Some(remember);
        self
    }

    /// Changes what the run may spend.
    pub fn budget(mut self, change: impl FnOnce(&mut Budget) + Send + 'static) -> Self {
        self.budget.push(Box::new(change));
        self
    }

    /// Most charged steps.
    pub fn max_steps(self, steps: u32) -> Self {
        self.budget(move |budget| budget.steps = Some(steps))
    }

    /// Keeps the journal in these runs, rather than where the host does. A host that keeps none has it in
    /// memory, gone with the run.
    pub fn keep_in(mut self, runs: Runs) -> Self {
        self.kept_in = Some(runs);
        self
    }

    /// Stops the run when it is cancelled. It can be resumed.
    pub fn cancel(mut self, cancel: CancellationToken) -> Self {
        self.cancel = cancel;
        self
    }

    /// Is told of every record.
    pub fn watch(mut self, watch: Arc<dyn Watch>) -> Self {
        self.watch = Some(watch);
        self
    }

    /// Begins the run: its first record is written when this returns, and no model was asked.
    ///
    /// # Errors
    /// No model, a pattern that is none, no tools, a journal that cannot be written.
    pub fn start(mut self) -> Result<Run> {
        let id = RunId::generate();
        let made = self.make(id)?;
        self.add_texts()?;
        let mut started = self.started(&made.gate, &*made.model, id);
        started.plugins.extend(made.own_hooks.iter().cloned());
        made.check_priced(&started.budget)?;
        let sink = self.kept_in.as_ref().map(|runs| runs.create(id)).transpose()?;
        let sink = sink.map(|sink| Box::new(sink) as Box<dyn Sink>);
        let parts = self.parts(made, &started, sink);
        Run::start(started, parts)
    }

    /// Goes on with a run of [`Launch::keep_in`]: same name, everything restored from its journal. Task,
    /// history and budget are those of the run; `resumed` may change the budget and add a word.
    ///
    /// # Errors
    /// As [`Launch::start`]; also a run that is over, one whose host was another (see
    /// [`Launch::changes_since`]), and a call whose end nobody knows.
    pub fn resume(mut self, run: RunId, resumed: RunResumed) -> Result<Run> {
        let runs = self.kept_in.clone().ok_or_else(|| Error::usage("a run in memory cannot be resumed"))?;
        let made = self.make(run)?;
        let (writer, journal) = runs.open(run)?;
        let started = journal.started()?;
        if let Some(parent) = &started.child_of {
            let (run, step) = (parent.run, parent.step);
            return Err(Error::usage(format!("the run is a sub-agent of step {step} of run {run}, and ended with it"))
                .hint(format!("`looplet-host resume {run}` goes on with that one")));
        }
        if resumed.accepted_changes.is_empty() {
            self.check_supplied(started)?;
            self.check_watched(started, &made.own_hooks)?;
        }
        let later = journal.records.iter().filter_map(|record| match &record.body {
            Body::RunResumed(resumed) => resumed.budget.as_ref(),
            _ => None,
        });
        for budget in later.chain([&started.budget]).chain(&resumed.budget) {
            made.check_priced(budget)?;
        }
        fork::check_kept_out(made.gate.redaction(), &journal.records)?;
        made.gate.restore(&journal.records);
        let parts = self.parts(made, started, Some(Box::new(writer)));
        Run::resume(&journal.records, journal.chain, resumed, parts)
    }

    /// What is no longer as it was when a run began, one clause each: plugins, tools, mounts, policy. A
    /// resume under other conditions is for the operator to accept.
    pub fn changes_since(&self, started: &RunStarted) -> Vec<String> {
        let gate = self.host.gate_with(self.rules.clone(), self.approvals.clone());
        let Ok(gate) = self.with_tools(gate) else {
            return vec!["the run's own tools cannot be registered".to_owned()];
        };
        let now = opening::started(&self.host, &gate, started.run, &started.task);
        let plugins = now.plugins.iter().cloned().chain(self.hooks.iter().filter_map(RunHook::to_record)).collect();
        super::changes::changes(started, &RunStarted { plugins, ..now })
    }

    /// The host that it runs on.
    pub(super) fn host(&self) -> &Host {
        &self.host
    }

    /// What stops it.
    pub(super) fn stopping(&self) -> CancellationToken {
        self.cancel.clone()
    }

    /// What the run of this name works with.
    pub(super) fn make(&mut self, run: RunId) -> Result<Made> {
        if let Some(fault) = self.fault.take() {
            return Err(fault);
        }
        let model = self.chosen_model()?;
        let price = self.price_of(&*model);
        let gate = self.host.gate_with(std::mem::take(&mut self.rules), std::mem::take(&mut self.approvals));
        let gate = self.with_tools(gate)?;
        let gate = match std::mem::replace(&mut self.answering, Answering::Nobody) {
            Answering::Nobody => gate,
            Answering::Approver(approver) => {
                let approver = approver(run, &gate.notes);
                gate.with_approver(approver)
            }
            Answering::Later => gate.with_parking(),
        };
        let gate = match self.remember.take() {
            Some(remember) => gate.with_memory(remember),
            None => gate,
        };
        let own_hooks = self.hooks.iter().filter_map(RunHook::to_record).collect();
        let own = self.hooks.drain(..).map(|hook| hook.entry(&gate, self.forgets));
        let components = self.host.0.hooks.iter().map(|hook| hook.entry(&gate, self.forgets));
        let hooks = Arc::new(HookChain::new(components.chain(own).collect()).keeping_out(gate.redaction()));
        let house = House {
            host: self.host.clone(),
            model: Arc::clone(&model),
            price: price.unwrap_or_default(),
            hooks: Arc::clone(&hooks),
            kept_in: self.kept_in.clone(),
            project: self.project.clone(),
            rest: self.rest.clone(),
        };
        Ok(Made { gate: house.open(gate.with_hooks(Arc::clone(&hooks)), 0), model, price, hooks, own_hooks })
    }

    /// Puts what the settings give in words before what the program says; its system text takes the place of
    /// theirs.
    fn add_texts(&mut self) -> Result<()> {
        let Some(around) = self.host.0.around.as_ref().filter(|_| self.is_new) else { return Ok(()) };
        let texts = machine::texts(&self.host.settings().agent, &around.machine.surroundings.cwd)?;
        let own = self.history.iter().take_while(|message| matches!(message, Message::System { .. })).count();
        let context = texts.context.iter().map(|(name, text)| as_data(name, text));
        self.history.splice(own..own, context);
        if let Some(text) = texts.system.filter(|_| own == 0) {
            self.history.insert(0, Message::System { text });
        }
        Ok(())
    }

    /// A gate of this run, without hooks and with nobody to ask: one for each process of a replay.
    pub(super) fn bare_gate(&mut self) -> Result<Gate> {
        match self.fault.take() {
            Some(fault) => Err(fault),
            None => self.with_tools(self.host.gate_with(self.rules.clone(), self.approvals.clone())),
        }
    }

    fn started(&mut self, gate: &Gate, model: &dyn Model, id: RunId) -> RunStarted {
        let mut started = opening::started(&self.host, gate, id, &self.task);
        model.name().clone_into(&mut started.model);
        started.wire = Some(model.wire().form());
        if let Some(schema) = self.done.take() {
            (started.done.schema, started.done.required) = (Some(schema), true);
        }
        started.flags = std::mem::take(&mut self.flags);
        started.parent = self.parent.take();
        started.project = self.project.take();
        started.messages = std::mem::take(&mut self.history);
        started.messages.push(Message::User { text: self.task.clone() });
        for change in self.budget.drain(..) {
            change(&mut started.budget);
        }
        started
    }

    fn parts(self, made: Made, started: &RunStarted, sink: Option<Box<dyn Sink>>) -> Parts {
        let asker = ModelAsker::new(made.model, made.price.unwrap_or_default(), started, Arc::clone(&made.gate));
        let (notes, redaction) = (made.gate.notes.clone(), made.gate.redaction().clone());
        let parts = Parts::new(Box::new(asker), made.gate);
        Parts {
            notes,
            hooks: made.hooks,
            is_kept: sink.is_some(),
            sink: sink.unwrap_or(parts.sink),
            cancel: self.cancel,
            rest: self.rest,
            watch: self.watch,
            redaction,
            ..parts
        }
    }
}

/// A file that the model is shown and that is no instruction.
fn as_data(name: &str, text: &str) -> Message {
    Message::User { text: format!("The file `{name}`, as data:\n\n{text}") }
}
