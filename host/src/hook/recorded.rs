//! Hooks of a run that is repeated: at each point they say again what its records say of it.
//!
//! A replay writes the same records in the same places. So what was said at a point, if anything was, is the
//! record that comes next.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::point::{Point, Points};
use super::round::{Done, Request, Round, Screened};
use crate::canonical::CanonicalJson;
use crate::record::{Body, CallDecided, HookVerdict, Hooked, Record, Ruling};

/// What the hooks of a run said, by place.
pub struct RecordedHooks {
    records: Arc<[Record]>,
    /// How many records the replay has written.
    place: Arc<AtomicUsize>,
    /// At which place a call was last put to the hooks, and how much of what they said there has been said again.
    screened: Mutex<(usize, usize)>,
}

impl RecordedHooks {
    /// What these records tell, for a replay that has written so many.
    pub fn new(records: Arc<[Record]>, place: Arc<AtomicUsize>) -> Self {
        Self { records, place, screened: Mutex::default() }
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

    /// What was said to a call. A person who changed its arguments put it to the hooks again.
    pub(super) fn screened(&self, arguments: CanonicalJson) -> Screened {
        let mut screened = Screened::new(arguments);
        let Some(decided) = self.decided() else { return screened };
        let (said, is_first, is_last) = self.next_round(&decided.hooks);
        screened.round.verdicts = said.to_vec();
        if is_first {
            screened.round.context.clone_from(&decided.context);
            screened.round.stop.clone_from(&decided.stop);
        }
        for places in said.iter().filter_map(|verdict| verdict.narrow.as_ref()) {
            screened.narrow(places);
        }
        let spoke = |word: &str| said.iter().find(|verdict| verdict.verdict == word);
        screened.ask = spoke("ask").and_then(|verdict| verdict.reason.clone());
        if let Some(rewritten) = said.iter().rev().find_map(|verdict| verdict.rewritten.as_ref()) {
            screened.arguments = rewritten.clone();
        }
        // Rewritten arguments that did not fit were refused before any rule was looked at.
        let unfit = spoke("rewrite").filter(|_| decided.rules.is_empty());
        let refusal = spoke("deny").or(spoke(HookVerdict::FAULT)).or(unfit);
        if let (Some(_), Ruling::Denied(reason)) = (refusal.filter(|_| is_last), &decided.ruling) {
            screened.denied = Some(reason.clone());
        }
        screened
    }

    /// What was said the next time that a call was put to the hooks, whether that was the first time, and the last.
    fn next_round<'a>(&self, said: &'a [HookVerdict]) -> (&'a [HookVerdict], bool, bool) {
        let place = self.place.load(Ordering::Relaxed);
        let mut at = self.screened.lock().unwrap_or_else(PoisonError::into_inner);
        let from = if at.0 == place { at.1 } else { 0 };
        // Each hook speaks once in a round.
        let is_new = |index: &usize| said[from..*index].iter().any(|before| before.hook == said[*index].hook);
        let to = (from..said.len()).find(is_new).unwrap_or(said.len());
        *at = (place, to);
        (&said[from..to], from == 0, to == said.len())
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
