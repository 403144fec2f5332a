//! What hooks answer at the points where they may say something. Mirrors `hook-types` of the contract.

use crate::canonical::CanonicalJson;
use crate::message::{Outcome, ToolOutput};
use crate::need::Place;

/// What a gate says to a call. There is no allow.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum ToolVerdict {
    /// No objection.
    #[default]
    Pass,
    /// Put it to the person, with the reason.
    Ask(String),
    /// Refuse, with the reason for the model.
    Deny(String),
    /// Use these arguments instead. Schema and policy decide on them.
    Rewrite(CanonicalJson),
    /// Use this answer without running the tool. The policy still decides.
    Answer(ToolOutput),
}

/// The whole answer of a gate before tools.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ToolAnswer {
    /// What it says to the call.
    pub verdict: ToolVerdict,
    /// The call keeps only what lies in these places too. None: no narrowing.
    pub narrow: Option<Vec<Place>>,
    /// Text for the next request.
    pub add_context: Option<String>,
}

impl ToolAnswer {
    /// No objection.
    pub fn pass() -> Self {
        Self::default()
    }

    /// Refuse, with the reason for the model.
    pub fn deny(reason: impl Into<String>) -> Self {
        ToolVerdict::Deny(reason.into()).into()
    }

    /// Put it to the person, with the reason.
    pub fn ask(reason: impl Into<String>) -> Self {
        ToolVerdict::Ask(reason.into()).into()
    }

    /// Use these arguments instead.
    pub fn rewrite(arguments: CanonicalJson) -> Self {
        ToolVerdict::Rewrite(arguments).into()
    }

    /// Use this answer without running the tool.
    pub fn answer(output: ToolOutput) -> Self {
        ToolVerdict::Answer(output).into()
    }

    /// The call keeps only what lies in these places too.
    #[must_use]
    pub fn narrowed_to(mut self, places: Vec<Place>) -> Self {
        self.narrow = Some(places);
        self
    }

    /// Adds a text to the next request.
    #[must_use]
    pub fn with_context(mut self, text: impl Into<String>) -> Self {
        self.add_context = Some(text.into());
        self
    }
}

impl From<ToolVerdict> for ToolAnswer {
    fn from(verdict: ToolVerdict) -> Self {
        Self { verdict, narrow: None, add_context: None }
    }
}

/// What a gate says to the end of the run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum DoneVerdict {
    /// No objection.
    #[default]
    Pass,
    /// The run is not done, with the reason for the model.
    Reject(String),
}

/// What to do about an outcome. Every member that is none changes nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResultVerdict {
    /// In place of the outcome. What was denied or aborted stays so.
    pub replace: Option<Outcome>,
    /// Text for the next request.
    pub add_context: Option<String>,
    /// End the run, with the reason.
    pub stop: Option<String>,
}

/// What to do about a request to the model. Every member that is none changes nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestVerdict {
    /// Offer the model only these of the run's tools in this turn, by the names that it uses.
    pub offer_only: Option<Vec<String>>,
    /// Ask this one of the operator's models.
    pub use_model: Option<String>,
    /// Text for this request.
    pub add_context: Option<String>,
    /// End the run, with the reason.
    pub stop: Option<String>,
}

/// What to do about an answer of the model. Every member that is none changes nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelVerdict {
    /// Text for the next request.
    pub add_context: Option<String>,
    /// End the run, with the reason.
    pub stop: Option<String>,
}
