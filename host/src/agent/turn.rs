//! The model's answer before its calls: what the caller may veto, edit or answer.

use serde_json::Value;

use super::Run;
use super::driver::Until;
use crate::canonical::CanonicalJson;
use crate::message::{ProposedCall, ToolOutput};
use crate::record::{Approval, Step};

/// What the caller wants done about a call.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Touch {
    Veto(String),
    Edit(CanonicalJson),
    /// An edit that left no arguments, with the reason.
    Unfit(String),
    Answer(ToolOutput),
}

/// The model's answer before its calls. Dropping it leaves the rest of its steps to the run; what was said about
/// them holds.
pub struct Turn<'r> {
    run: &'r mut Run,
    number: u32,
}

/// A call that the model proposed and that nothing was decided about.
#[derive(Clone, Debug)]
pub struct TurnCall {
    step: u32,
    proposed: ProposedCall,
    touch: Option<Touch>,
}

impl<'r> Turn<'r> {
    pub(super) fn new(run: &'r mut Run, number: u32) -> Self {
        Self { run, number }
    }

    /// Number of the turn, from 1.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// The calls, in the order of the answer.
    pub fn calls(&self) -> &[TurnCall] {
        &self.run.proposed
    }

    /// The calls, to be vetoed, edited or answered before the first step is taken.
    pub fn calls_mut(&mut self) -> &mut [TurnCall] {
        &mut self.run.proposed
    }

    /// The next step of this turn; none when its calls are answered or the run has stopped.
    pub async fn next(&mut self) -> Option<Step> {
        self.run.drive(Until::StepOf(self.number)).await;
        self.run.take_step()
    }
}

impl TurnCall {
    pub(super) fn new(step: u32, proposed: ProposedCall) -> Self {
        Self { step, proposed, touch: None }
    }

    /// What is wanted of it, told once.
    pub(super) fn take_touch(&mut self) -> Option<(u32, Touch)> {
        self.touch.take().map(|touch| (self.step, touch))
    }

    /// Number that its step will have.
    pub fn step(&self) -> u32 {
        self.step
    }

    /// The name that the model used.
    pub fn tool(&self) -> &str {
        &self.proposed.name
    }

    /// The arguments as they stand: an edit's, else the model's; none while they are no JSON.
    pub fn arguments(&self) -> Option<Value> {
        match &self.touch {
            Some(Touch::Edit(arguments)) => Some(arguments.to_value()),
            _ => crate::canonical::parse(&self.proposed.arguments).ok(),
        }
    }

    /// A top-level argument that is a text.
    pub fn str(&self, name: &str) -> Option<String> {
        Some(self.arguments()?.get(name)?.as_str()?.to_owned())
    }

    /// The call is not run; the model is told the reason.
    pub fn veto(&mut self, reason: impl Into<String>) {
        self.touch = Some(Touch::Veto(reason.into()));
    }

    /// Changes the arguments. Schema, hooks and policy see the changed ones. Arguments that are no JSON
    /// object stay as they are, and the call fails; so does one whose changed arguments JSON cannot say.
    pub fn edit(&mut self, change: impl FnOnce(&mut Value)) {
        let Some(mut arguments) = self.arguments().filter(Value::is_object) else { return };
        change(&mut arguments);
        self.touch = Some(match CanonicalJson::from_value(&arguments) {
            Ok(arguments) => Touch::Edit(arguments),
            Err(fault) => Touch::Unfit(format!("the caller changed the arguments so that they have no form: {fault}")),
        });
    }

    /// Answers instead of the tool, with text, JSON or a whole [`ToolOutput`]. The gate still decides whether
    /// the call would have been allowed.
    pub fn answer(&mut self, output: impl Into<ToolOutput>) {
        self.touch = Some(Touch::Answer(output.into()));
    }
}

/// How a veto stands in the record.
pub(super) fn veto() -> Approval {
    Approval::new(false, "caller")
}
