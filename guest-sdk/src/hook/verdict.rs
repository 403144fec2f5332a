//! What hooks answer, built step by step. There is no verdict that allows.

use serde::Serialize;

use crate::contract::{
    DoneVerdict, FsMode, FsPlace, ModelVerdict, Outcome, Place, RequestVerdict, ResultVerdict, ToolAnswer, ToolVerdict,
};
use crate::failure::Failure;
use crate::output::Output;

/// What a gate says to a call, with what goes beside it.
///
/// ```
/// use looplet_guest::hook::{FsMode, Place, Verdict};
///
/// let verdict = Verdict::ask("it writes outside of `src`")
///     .narrow_to([Place::fs("workspace", "src", FsMode::ReadWrite)])
///     .add_context("only `src` is yours");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict(ToolAnswer);

impl Verdict {
    fn new(verdict: ToolVerdict) -> Self {
        Self(ToolAnswer { verdict, narrow: None, add_context: None })
    }

    /// No objection.
    pub fn pass() -> Self {
        Self::new(ToolVerdict::Pass)
    }

    /// Puts the call to the person, with the reason.
    pub fn ask(reason: impl Into<String>) -> Self {
        Self::new(ToolVerdict::Ask(reason.into()))
    }

    /// Refuses the call. The model reads the reason.
    pub fn deny(reason: impl Into<String>) -> Self {
        Self::new(ToolVerdict::Deny(reason.into()))
    }

    /// Has the call use other arguments; the policy decides on them. What has no form in JSON is a failure
    /// `execution`, which is a deny.
    pub fn rewrite(arguments: &(impl Serialize + ?Sized)) -> Result<Self, Failure> {
        match serde_json::to_string(arguments) {
            Ok(text) => Ok(Self::new(ToolVerdict::Rewrite(text))),
            Err(error) => Err(Failure::execution(format!("the arguments have no form in JSON: {error}"))),
        }
    }

    /// Answers in place of the tool; the policy still decides.
    pub fn answer(output: impl Into<Output>) -> Self {
        Self::new(ToolVerdict::Answer(output.into().into()))
    }

    /// Leaves the call only what lies in these places, of what it could reach anyway.
    pub fn narrow_to(mut self, places: impl IntoIterator<Item = Place>) -> Self {
        self.0.narrow = Some(places.into_iter().collect());
        self
    }

    /// Adds text to the next prompt.
    pub fn add_context(mut self, text: impl Into<String>) -> Self {
        self.0.add_context = Some(text.into());
        self
    }
}

impl From<Verdict> for ToolAnswer {
    fn from(verdict: Verdict) -> Self {
        verdict.0
    }
}

impl Place {
    /// A file, or a directory and all below it, in a mount of the operator's name; `.` is the whole of it.
    pub fn fs(mount: impl Into<String>, path: impl Into<String>, mode: FsMode) -> Self {
        Self::Fs(FsPlace { mount: mount.into(), path: path.into(), mode })
    }
}

impl DoneVerdict {
    /// No objection.
    pub fn pass() -> Self {
        Self::Pass
    }

    /// The run is not done. The model reads the reason.
    pub fn reject(reason: impl Into<String>) -> Self {
        Self::Reject(reason.into())
    }
}

impl ResultVerdict {
    /// Leaves everything as it is.
    pub fn pass() -> Self {
        Self { replace: None, add_context: None, stop: None }
    }

    /// Puts another outcome in place of the one there was.
    pub fn replace(mut self, outcome: Outcome) -> Self {
        self.replace = Some(outcome);
        self
    }

    /// Adds text to the next prompt.
    pub fn add_context(mut self, text: impl Into<String>) -> Self {
        self.add_context = Some(text.into());
        self
    }

    /// Ends the run, with the stop reason.
    pub fn stop(mut self, reason: impl Into<String>) -> Self {
        self.stop = Some(reason.into());
        self
    }
}

impl RequestVerdict {
    /// Leaves everything as it is.
    pub fn pass() -> Self {
        Self { offer_only: None, use_model: None, add_context: None, stop: None }
    }

    /// Offers the model only these of the run's tools in this turn.
    pub fn offer_only<T: Into<String>>(mut self, tools: impl IntoIterator<Item = T>) -> Self {
        self.offer_only = Some(tools.into_iter().map(Into::into).collect());
        self
    }

    /// Asks this one of the operator's models.
    pub fn use_model(mut self, model: impl Into<String>) -> Self {
        self.use_model = Some(model.into());
        self
    }

    /// Adds text to the next prompt.
    pub fn add_context(mut self, text: impl Into<String>) -> Self {
        self.add_context = Some(text.into());
        self
    }

    /// Ends the run, with the stop reason.
    pub fn stop(mut self, reason: impl Into<String>) -> Self {
        self.stop = Some(reason.into());
        self
    }
}

impl ModelVerdict {
    /// Leaves everything as it is.
    pub fn pass() -> Self {
        Self { add_context: None, stop: None }
    }

    /// Adds text to the next prompt.
    pub fn add_context(mut self, text: impl Into<String>) -> Self {
        self.add_context = Some(text.into());
        self
    }

    /// Ends the run, with the stop reason.
    pub fn stop(mut self, reason: impl Into<String>) -> Self {
        self.stop = Some(reason.into());
        self
    }
}
