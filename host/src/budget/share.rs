//! What a run may give of its budget to a run inside of it. Nothing here makes a bound wider.

use super::{Budget, Meter, ToolMeter};
use crate::record::Spent;

impl Meter {
    /// What is left for runs inside a call of `plugin/tool`: the call itself, which is counted when it ends, is
    /// taken off.
    pub fn left_inside(&self, tool: &str) -> Budget {
        let budget = &self.budget;
        let left = |meter: &ToolMeter| {
            let own = u32::from(meter.covers(tool));
            (meter.text.clone(), meter.allowed.saturating_sub(meter.spent).saturating_sub(own))
        };
        Budget {
            steps: budget.steps.map(|steps| steps.saturating_sub(self.charged).saturating_sub(1)),
            turns: budget.turns.map(|turns| turns.saturating_sub(self.turns)),
            calls: budget.calls.map(|calls| calls.saturating_sub(self.calls).saturating_sub(1)),
            calls_of: self.calls_of.iter().map(left).collect(),
            tokens: budget.tokens.map(|tokens| tokens.saturating_sub(self.usage.tokens())),
            cost_micro_usd: budget.cost_micro_usd.map(|cost| cost.saturating_sub(self.usage.cost_micro_usd)),
            active_ms: budget.active_ms.map(|active| active.saturating_sub(self.active_ms)),
            egress_bytes: self.egress_left(),
            failures_in_a_row: budget.failures_in_a_row,
        }
    }

    /// What was spent so far, runs inside of it included. Which tools ran is for others to say.
    pub fn spent(&self) -> Spent {
        Spent {
            turns: self.turns,
            steps: self.charged,
            calls: self.by_tool.clone(),
            usage: self.usage,
            egress_bytes: self.egress_bytes,
            ..Spent::default()
        }
    }

    /// Counts what a run inside of this one spent.
    pub fn charge(&mut self, spent: &Spent) {
        self.turns = self.turns.saturating_add(spent.turns);
        self.charged = self.charged.saturating_add(spent.steps);
        self.count_usage(spent.usage);
        self.count_egress(spent.egress_bytes);
        for (tool, calls) in &spent.calls {
            self.count_of(tool, *calls);
        }
    }
}

impl Budget {
    /// The smaller of each bound. Where only one of them has a bound, it counts.
    pub fn within(&self, other: &Self) -> Self {
        let mut calls_of = other.calls_of.clone();
        for (pattern, calls) in &self.calls_of {
            let smaller = calls_of.get(pattern).map_or(*calls, |other| *calls.min(other));
            calls_of.insert(pattern.clone(), smaller);
        }
        Self {
            steps: smaller(self.steps, other.steps),
            turns: smaller(self.turns, other.turns),
            calls: smaller(self.calls, other.calls),
            calls_of,
            tokens: smaller(self.tokens, other.tokens),
            cost_micro_usd: smaller(self.cost_micro_usd, other.cost_micro_usd),
            active_ms: smaller(self.active_ms, other.active_ms),
            egress_bytes: smaller(self.egress_bytes, other.egress_bytes),
            failures_in_a_row: smaller(self.failures_in_a_row, other.failures_in_a_row),
        }
    }

    /// A part of each bound, from 0 to 1: at least 1 where there is anything, so that a small rest can be used up.
    pub fn share(&self, part: f64) -> Self {
        let part = if part.is_finite() { part.clamp(0.0, 1.0) } else { 0.0 };
        Self {
            steps: self.steps.map(|bound| part_of_count(bound, part)),
            turns: self.turns.map(|bound| part_of_count(bound, part)),
            calls: self.calls.map(|bound| part_of_count(bound, part)),
            calls_of: self.calls_of.iter().map(|(tool, bound)| (tool.clone(), part_of_count(*bound, part))).collect(),
            tokens: self.tokens.map(|bound| part_of(bound, part)),
            cost_micro_usd: self.cost_micro_usd.map(|bound| part_of(bound, part)),
            active_ms: self.active_ms.map(|bound| part_of(bound, part)),
            egress_bytes: self.egress_bytes.map(|bound| part_of(bound, part)),
            failures_in_a_row: self.failures_in_a_row,
        }
    }

    /// What is left when this was spent of it. Time is not spent by runs that go on side by side.
    pub fn less(&self, spent: &Spent) -> Self {
        let mut meter = Meter::new(self.clone());
        meter.charge(spent);
        let calls_of =
            meter.calls_of.iter().map(|meter| (meter.text.clone(), meter.allowed.saturating_sub(meter.spent)));
        Self {
            steps: self.steps.map(|steps| steps.saturating_sub(meter.charged)),
            turns: self.turns.map(|turns| turns.saturating_sub(meter.turns)),
            calls: self.calls.map(|calls| calls.saturating_sub(meter.calls)),
            calls_of: calls_of.collect(),
            tokens: self.tokens.map(|tokens| tokens.saturating_sub(meter.usage.tokens())),
            cost_micro_usd: self.cost_micro_usd.map(|cost| cost.saturating_sub(meter.usage.cost_micro_usd)),
            egress_bytes: self.egress_bytes.map(|bytes| bytes.saturating_sub(meter.egress_bytes)),
            ..self.clone()
        }
    }

    /// What is left beside what was promised to another run, which has a bound wherever this has one.
    pub fn beside(&self, promised: &Self) -> Self {
        let calls_of = self.calls_of.iter().map(|(pattern, calls)| {
            let taken = promised.calls_of.get(pattern).copied().unwrap_or(*calls);
            (pattern.clone(), calls.saturating_sub(taken))
        });
        Self {
            steps: rest(self.steps, promised.steps),
            turns: rest(self.turns, promised.turns),
            calls: rest(self.calls, promised.calls),
            calls_of: calls_of.collect(),
            tokens: rest(self.tokens, promised.tokens),
            cost_micro_usd: rest(self.cost_micro_usd, promised.cost_micro_usd),
            egress_bytes: rest(self.egress_bytes, promised.egress_bytes),
            ..self.clone()
        }
    }

    /// The bound that leaves nothing to begin with, in the word that people use for it.
    pub fn used_up(&self) -> Option<&'static str> {
        let empty = |bound: Option<u64>| bound == Some(0);
        let bounds = [
            (self.steps.map(u64::from), "step"),
            (self.turns.map(u64::from), "turn"),
            (self.calls.map(u64::from), "call"),
            (self.tokens, "token"),
            (self.cost_micro_usd, "money"),
            (self.active_ms, "time"),
        ];
        bounds.into_iter().find(|(bound, _)| empty(*bound)).map(|(_, word)| word)
    }
}

fn smaller<N: Ord>(one: Option<N>, other: Option<N>) -> Option<N> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// None of the promise takes all: nothing may be counted twice.
fn rest<N: Ord + Copy + std::ops::Sub<Output = N>>(all: Option<N>, promised: Option<N>) -> Option<N> {
    all.map(|all| all - promised.unwrap_or(all).min(all))
}

fn part_of_count(bound: u32, part: f64) -> u32 {
    u32::try_from(part_of(bound.into(), part)).unwrap_or(bound)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "the part is between 0 and 1, and what rounding adds is cut off"
)]
fn part_of(bound: u64, part: f64) -> u64 {
    ((bound as f64 * part).floor() as u64).clamp(bound.min(1), bound)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::record::Usage;

    fn budgets() -> impl Strategy<Value = Budget> {
        let counts = (
            proptest::option::of(0u32..40),
            proptest::option::of(0u32..40),
            proptest::option::of(0u32..40),
            proptest::option::of(0u32..5),
        );
        let sum = || proptest::option::of(0u64..9_000);
        let sums = (sum(), sum(), sum(), sum());
        (counts, sums, proptest::collection::btree_map("(http/fetch|files/\\*|native/\\*)", 0u32..20, 0..3)).prop_map(
            |(
                (steps, turns, calls, failures_in_a_row),
                (tokens, cost_micro_usd, active_ms, egress_bytes),
                calls_of,
            )| Budget {
                steps,
                turns,
                calls,
                calls_of,
                tokens,
                cost_micro_usd,
                active_ms,
                egress_bytes,
                failures_in_a_row,
            },
        )
    }

    fn spendings() -> impl Strategy<Value = Spent> {
        let calls = proptest::collection::btree_map("(http/fetch|files/grep|native/ask)", 0u32..9, 0..3);
        (0u32..9, 0u32..9, calls, 0u64..900, 0u64..900).prop_map(|(turns, steps, calls, input, egress_bytes)| Spent {
            turns,
            steps,
            calls,
            usage: Usage { input, ..Usage::default() },
            egress_bytes,
            ..Spent::default()
        })
    }

    /// All bounds, none counting as endless.
    fn bounds(budget: &Budget, patterns: &BTreeMap<String, u32>) -> Vec<u64> {
        let count = |bound: Option<u32>| bound.map_or(u64::MAX, u64::from);
        let of = |pattern: &String| count(budget.calls_of.get(pattern).copied());
        let mut all =
            vec![count(budget.steps), count(budget.turns), count(budget.calls), count(budget.failures_in_a_row)];
        all.extend(
            [budget.tokens, budget.cost_micro_usd, budget.active_ms, budget.egress_bytes]
                .map(|bound| bound.unwrap_or(u64::MAX)),
        );
        all.extend(patterns.keys().map(of));
        all
    }

    fn is_within(small: &Budget, large: &Budget) -> bool {
        let pairs = bounds(small, &large.calls_of).into_iter().zip(bounds(large, &large.calls_of));
        pairs.into_iter().all(|(small, large)| small <= large)
    }

    proptest! {
        #[test]
        fn what_is_given_is_never_more_than_what_is_left(
            budget in budgets(), before in spendings(), wish in budgets(), part in -1.0f64..2.0,
        ) {
            let mut meter = Meter::new(budget.clone());
            meter.charge(&before);
            let left = meter.left_inside("native/ask");
            prop_assert!(is_within(&left, &budget));
            let given = wish.within(&left.share(part));
            prop_assert!(is_within(&given, &left));
        }

        #[test]
        fn two_at_once_are_never_given_more_than_what_is_left(left in budgets(), wish in budgets(), part in 0.0f64..1.0) {
            let first = wish.within(&left.share(part));
            let second = left.beside(&first);
            let both = |one: Option<u32>, other: Option<u32>| one.zip(other).map(|(one, other)| one + other);
            for (all, sum) in [
                (left.steps, both(first.steps, second.steps)),
                (left.turns, both(first.turns, second.turns)),
                (left.calls, both(first.calls, second.calls)),
            ] {
                prop_assert!(all.is_none() || sum <= all, "{all:?} {sum:?}");
            }
        }

        #[test]
        fn what_was_spent_inside_is_charged(budget in budgets(), spent in spendings()) {
            let mut meter = Meter::new(budget.clone());
            meter.charge(&spent);
            prop_assert_eq!(&meter.spent().calls, &spent.calls.clone());
            prop_assert_eq!(meter.spent().usage, spent.usage);
            prop_assert_eq!(meter.spent().egress_bytes, spent.egress_bytes);
            prop_assert_eq!(budget.less(&spent).steps, budget.steps.map(|steps| steps.saturating_sub(spent.steps)));
        }
    }
}
