//! What hooks had still to be told when a process ended, as the records tell it.
//!
//! A hook that said something, or kept something, has left a record of it. Where there is none it may have
//! been called or not, and calling it again does no harm: the run that goes on is the one that was broken off.

use crate::hook::{Point, StepView};
use crate::record::{Body, Hooked, Record};

/// The points behind the last thing that happened. A fold of records.
#[derive(Default)]
pub(super) struct Owed {
    answer: Option<u32>,
    /// None where it is not to be asked whether to stop either.
    steps: Option<Vec<StepView>>,
}

impl Owed {
    /// Takes the next record.
    pub(super) fn take(&mut self, record: &Record) {
        match &record.body {
            Body::ModelAnswered(answer) => *self = Self { answer: Some(answer.turn), ..Self::default() },
            Body::Hooked(hooked) => self.hear(hooked),
            // A caller that drops a run leaves an end behind, and tells hooks nothing.
            Body::RunStarted(_) | Body::RunResumed(_) | Body::CallAnswered(_) | Body::Stopped(_) => {}
            // Steps that ran side by side end one behind the other.
            Body::CallEnded(_) => self.answer = None,
            // Whatever else was done was begun when hooks had been told of all before.
            Body::Message(_)
            | Body::ModelAsked(_)
            | Body::ModelFailed(_)
            | Body::CallDecided(_)
            | Body::CallStarted(_)
            | Body::Notice(_) => *self = Self::default(),
        }
    }

    /// Takes a step that the last record ended.
    pub(super) fn end(&mut self, step: StepView) {
        self.steps.get_or_insert_default().push(step);
    }

    fn hear(&mut self, hooked: &Hooked) {
        match (Point::parse(&hooked.point), hooked.step) {
            (Some(Point::PostModel), _) => self.answer = None,
            (Some(Point::PostStep), Some(step)) => {
                let steps = self.steps.get_or_insert_default();
                let told = steps.iter().position(|owed| owed.number == step);
                drop(steps.drain(..told.map_or(0, |told| told + 1)));
            }
            (Some(Point::RunStart), _) => {}
            _ => *self = Self::default(),
        }
    }

    pub(super) fn is_something(&self) -> bool {
        self.answer.is_some() || self.steps.is_some()
    }

    /// The turn whose answer hooks are to see.
    pub(super) fn answer(&self) -> Option<u32> {
        self.answer
    }

    /// The steps that they are to be told of before they are asked for a reason to stop.
    pub(super) fn steps(self) -> Option<Vec<StepView>> {
        self.steps
    }
}
