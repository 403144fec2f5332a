//! What all hooks of a run said at one point, merged.

use crate::canonical::CanonicalJson;
use crate::message::ToolOutput;
use crate::need::Place;
use crate::permission::Narrowing;
use crate::record::HookVerdict;

/// What was said at one point, for the record.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Round {
    /// What each hook said. One that had no objection and kept nothing new is left out, but at calls.
    pub verdicts: Vec<HookVerdict>,
    /// Texts for the next request.
    pub context: Vec<String>,
    /// The first reason to stop.
    pub stop: Option<String>,
}

impl Round {
    /// Whether there is nothing to record.
    pub fn is_empty(&self) -> bool {
        self.verdicts.is_empty() && self.context.is_empty() && self.stop.is_none()
    }
}

/// What the gates before tools make of a call.
#[derive(Clone, Debug, PartialEq)]
pub struct Screened {
    /// For the record.
    pub round: Round,
    /// A refusal, with its reason for the model.
    pub denied: Option<String>,
    /// Who wants a person to be asked, and why.
    pub ask: Option<String>,
    /// What the call keeps of its mounts.
    pub narrowing: Narrowing,
    /// The variables and secrets that the call keeps, where a hook narrowed it.
    pub kept: Option<Vec<Place>>,
    /// The arguments, perhaps rewritten.
    pub arguments: CanonicalJson,
    /// The answer in place of the tool's, and who gives it.
    pub answer: Option<(String, ToolOutput)>,
}

impl Screened {
    /// A call that nobody has said anything about yet.
    pub(super) fn new(arguments: CanonicalJson) -> Self {
        Self {
            round: Round::default(),
            denied: None,
            ask: None,
            narrowing: Narrowing::none(),
            kept: None,
            arguments,
            answer: None,
        }
    }

    /// Keeps only these places of what is kept so far.
    pub(super) fn narrow(&mut self, places: &[Place]) {
        self.narrowing = self.narrowing.intersect(&Narrowing::from_places(places));
        let named = places.iter().filter(|place| matches!(place, Place::Env(_) | Place::Secret(_))).cloned();
        self.kept = Some(match self.kept.take() {
            Some(before) => named.filter(|place| before.contains(place)).collect(),
            None => named.collect(),
        });
    }
}

/// What the hooks want of a request.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Request {
    /// For the record.
    pub round: Round,
    /// Only these tools are offered, by the names that the model uses.
    pub offer_only: Option<Vec<String>>,
}

/// What the gates say to the end of the run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Done {
    /// For the record.
    pub round: Round,
    /// Why the run is not done.
    pub rejected: Option<String>,
}
