//! Hooks of a run that is repeated: at each point they say again what its records say of it.
//!
//! A replay writes the same records in the same places. So what was said at a point, if anything was, is the
//! record that comes next.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::point::{Point, Points};
use super::round::{Done, Request, Round, Screened};
use crate::canonical::CanonicalJson;
use crate::permission::Narrowing;
use crate::record::{Body, CallDecided, HookVerdict, Hooked, Record, Ruling};

/// What the hooks of a run said, by place.
pub struct RecordedHooks {
    records: Arc<[Record]>,
    /// How many records the replay has written.
    place: Arc<AtomicUsize>,
}

impl RecordedHooks {
    /// What these records tell, for a replay that has written so many.
    pub fn new(records: Arc<[Record]>, place: Arc<AtomicUsize>) -> Self {
        Self { records, place }
    }

    /// Points at which anything is on record. What was said of results stands with the results.
    pub(super) fn points(&self) -> Points {
        let points = self.records.iter().flat_map(|record| match &record.body {
            Body::Hooked(hooked) => Point::parse(&hooked.point).into_iter().collect(),
            Body::CallDecided(decided) if !decided.hooks.is_empty() => vec![Point::PreTool, Point::CheckDone],
            _ => Vec::new(),
        });
        Points::of(points)
    }

    fn next(&self) -> Option<&Body> {
        self.records.get(self.place.load(Ordering::Relaxed)).map(|record| &record.body)
    }

    fn hooked(&self, point: Point) -> Option<&Hooked> {
        match self.next()? {
            Body::Hooked(hooked) if hooked.point == point.as_str() => Some(hooked),
            _ => None,
        }
    }

    fn decided(&self) -> Option<&CallDecided> {
        match self.next()? {
            Body::CallDecided(decided) => Some(decided),
            _ => None,
        }
    }

    /// What was said at a point that is no call.
    pub(super) fn round(&self, point: Point) -> Round {
        self.hooked(point).map(round_of).unwrap_or_default()
    }

    pub(super) fn request(&self) -> Request {
        let hooked = self.hooked(Point::PreModel);
        hooked
            .map(|hooked| Request { round: round_of(hooked), offer_only: hooked.offer_only.clone() })
            .unwrap_or_default()
    }

    /// What was said to a call. What a hook narrowed is not on record: the decision that it led to is.
    pub(super) fn screened(&self, arguments: CanonicalJson) -> Screened {
        let mut screened = Screened {
            round: Round::default(),
            denied: None,
            ask: None,
            narrowing: Narrowing::none(),
            variables: None,
            arguments,
            answer: None,
        };
        let Some(decided) = self.decided() else { return screened };
        screened.round =
            Round { verdicts: decided.hooks.clone(), context: decided.context.clone(), stop: decided.stop.clone() };
        let said = |word: &str| decided.hooks.iter().find(|verdict| verdict.verdict == word);
        screened.ask = said("ask").and_then(|verdict| verdict.reason.clone());
        if said("rewrite").is_some() {
            screened.arguments = decided.arguments.clone();
        }
        // Rewritten arguments that did not fit were refused before any rule was looked at.
        let unfit = said("rewrite").filter(|_| decided.rules.is_empty());
        let refusal = said("deny").or(said(HookVerdict::FAULT)).or(unfit);
        if let (Some(_), Ruling::Denied(reason)) = (refusal, &decided.ruling) {
            screened.denied = Some(reason.clone());
        }
        screened
    }

    /// What was said to the end of the run.
    pub(super) fn done(&self) -> Done {
        let Some(decided) = self.decided() else { return Done::default() };
        let is_no = |verdict: &HookVerdict| verdict.verdict == "reject" || verdict.verdict == HookVerdict::FAULT;
        let rejected = match &decided.ruling {
            Ruling::Invalid(failure) if decided.hooks.iter().any(is_no) => Some(failure.message.clone()),
            _ => None,
        };
        let round =
            Round { verdicts: decided.hooks.clone(), context: decided.context.clone(), stop: decided.stop.clone() };
        Done { round, rejected }
    }
}

fn round_of(hooked: &Hooked) -> Round {
    Round { verdicts: hooked.hooks.clone(), context: hooked.context.clone(), stop: hooked.stop.clone() }
}
