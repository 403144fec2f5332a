//! What a run may spend, and the meter that counts it. The only source of stopping for a budget.
//!
//! Pure: the meter is part of the loop's state and is fed by records alone.

mod share;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::permission::ToolPattern;
use crate::record::{StopReason, Usage};

/// What one run may spend; none means no bound.
///
/// The default is closed: 50 steps and 1,000 calls, so that tools that use up no step are bounded too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// Steps; those of uncharged tools that succeed do not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<u32>,
    /// Model answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turns: Option<u32>,
    /// Tool calls of any kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls: Option<u32>,
    /// Tool calls by a tool pattern, as in rules.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub calls_of: BTreeMap<String, u32>,
    /// Tokens in and out, as the provider reports them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
    /// Millionths of a US dollar, as far as prices are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_micro_usd: Option<u64>,
    /// Milliseconds of activity; waiting for a person does not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active_ms: Option<u64>,
    /// Bytes that requests of tools and hooks carry out: addresses, headers, bodies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub egress_bytes: Option<u64>,
    /// Steps in a row that do not succeed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failures_in_a_row: Option<u32>,
}

impl Default for Budget {
    fn default() -> Self {
        Self { steps: Some(50), calls: Some(1_000), ..Self::unbounded() }
    }
}

impl Budget {
    /// No bound at all.
    pub fn unbounded() -> Self {
        Self {
            steps: None,
            turns: None,
            calls: None,
            calls_of: BTreeMap::new(),
            tokens: None,
            cost_micro_usd: None,
            active_ms: None,
            egress_bytes: None,
            failures_in_a_row: None,
        }
    }
}

/// What a run has spent so far.
#[derive(Clone, Debug)]
pub struct Meter {
    budget: Budget,
    /// The patterns of `calls_of` with what was spent of each.
    calls_of: Vec<ToolMeter>,
    /// Calls of each tool.
    by_tool: BTreeMap<String, u32>,
    charged: u32,
    calls: u32,
    turns: u32,
    usage: Usage,
    egress_bytes: u64,
    active_ms: u64,
    failures: u32,
}

#[derive(Clone, Debug)]
struct ToolMeter {
    text: String,
    /// None where the text is no pattern: then only itself matches.
    pattern: Option<ToolPattern>,
    allowed: u32,
    spent: u32,
}

impl ToolMeter {
    fn covers(&self, tool: &str) -> bool {
        self.pattern.as_ref().map_or(self.text == tool, |pattern| pattern.matches_name(tool))
    }
}

impl PartialEq for Meter {
    fn eq(&self, other: &Self) -> bool {
        let spent = |meter: &Self| meter.calls_of.iter().map(|tool| tool.spent).collect::<Vec<_>>();
        self.budget == other.budget
            && spent(self) == spent(other)
            && self.by_tool == other.by_tool
            && (self.charged, self.calls, self.turns, self.usage, self.egress_bytes, self.active_ms, self.failures)
                == (
                    other.charged,
                    other.calls,
                    other.turns,
                    other.usage,
                    other.egress_bytes,
                    other.active_ms,
                    other.failures,
                )
    }
}

impl Meter {
    /// A meter on which nothing was spent.
    pub fn new(budget: Budget) -> Self {
        let calls_of = budget.calls_of.iter().map(|(text, allowed)| ToolMeter {
            text: text.clone(),
            pattern: ToolPattern::parse(text).ok(),
            allowed: *allowed,
            spent: 0,
        });
        Self {
            calls_of: calls_of.collect(),
            by_tool: BTreeMap::new(),
            budget,
            charged: 0,
            calls: 0,
            turns: 0,
            usage: Usage::default(),
            egress_bytes: 0,
            active_ms: 0,
            failures: 0,
        }
    }

    /// Puts another budget in place of the old one. What was spent by a pattern that is new counts from here.
    pub fn replace(&mut self, budget: Budget) {
        let old = std::mem::replace(self, Self::new(budget));
        for tool in &mut self.calls_of {
            let before = old.calls_of.iter().find(|before| before.text == tool.text);
            tool.spent = before.map_or(0, |before| before.spent);
        }
        self.by_tool = old.by_tool;
        self.charged = old.charged;
        self.calls = old.calls;
        self.turns = old.turns;
        self.usage = old.usage;
        self.egress_bytes = old.egress_bytes;
        self.active_ms = old.active_ms;
        self.failures = old.failures;
    }

    /// Counts the answer to a request.
    pub fn count_turn(&mut self, usage: Usage) {
        self.turns = self.turns.saturating_add(1);
        self.count_usage(usage);
    }

    /// Counts what was paid, also without an answer.
    pub fn count_usage(&mut self, usage: Usage) {
        self.usage = self.usage.plus(usage);
    }

    /// Counts what requests carried out.
    pub fn count_egress(&mut self, bytes: u64) {
        self.egress_bytes = self.egress_bytes.saturating_add(bytes);
    }

    /// Counts a step of `plugin/tool`.
    pub fn count_call(&mut self, tool: &str, succeeded: bool, uncharged: bool) {
        if !(succeeded && uncharged) {
            self.charged = self.charged.saturating_add(1);
        }
        self.failures = if succeeded { 0 } else { self.failures.saturating_add(1) };
        self.count_of(tool, 1);
    }

    fn count_of(&mut self, tool: &str, calls: u32) {
        self.calls = self.calls.saturating_add(calls);
        match self.by_tool.get_mut(tool) {
            Some(sum) => *sum = sum.saturating_add(calls),
            None => drop(self.by_tool.insert(tool.to_owned(), calls)),
        }
        for meter in &mut self.calls_of {
            if meter.covers(tool) {
                meter.spent = meter.spent.saturating_add(calls);
            }
        }
    }

    /// Takes a reading of the active time; it never runs backwards.
    pub fn read_active(&mut self, active_ms: u64) {
        self.active_ms = self.active_ms.max(active_ms);
    }

    /// Why no further request may be sent.
    pub fn before_turn(&self) -> Option<StopReason> {
        let budget = &self.budget;
        self.before_any_call()
            .or_else(|| spent(self.turns, budget.turns, StopReason::TurnsExhausted))
            .or_else(|| spent(self.usage.tokens(), budget.tokens, StopReason::TokensExhausted))
            .or_else(|| spent(self.usage.cost_micro_usd, budget.cost_micro_usd, StopReason::MoneyExhausted))
    }

    /// Why no further call of `plugin/tool` may be made.
    pub fn before_call(&self, tool: &str) -> Option<StopReason> {
        self.before_any_call().or_else(|| {
            let full = |meter: &&ToolMeter| meter.spent >= meter.allowed && meter.covers(tool);
            let meter = self.calls_of.iter().find(full)?;
            Some(StopReason::ToolCallsExhausted(meter.text.clone()))
        })
    }

    fn before_any_call(&self) -> Option<StopReason> {
        let budget = &self.budget;
        spent(self.active_ms, budget.active_ms, StopReason::DeadlineExceeded)
            .or_else(|| spent(self.failures, budget.failures_in_a_row, StopReason::FailuresInARow))
            .or_else(|| spent(self.charged, budget.steps, StopReason::BudgetExhausted))
            .or_else(|| spent(self.calls, budget.calls, StopReason::CallsExhausted))
            // Who may send nothing has not spent it.
            .or_else(|| {
                spent(self.egress_bytes, budget.egress_bytes.map(|most| most.max(1)), StopReason::EgressExhausted)
            })
    }

    /// What may be spent.
    pub fn budget(&self) -> &Budget {
        &self.budget
    }

    /// Steps that the budget still allows; none without such a budget.
    pub fn steps_left(&self) -> Option<u32> {
        self.budget.steps.map(|steps| steps.saturating_sub(self.charged))
    }

    /// Bytes that requests may still carry out; none without such a budget.
    pub fn egress_left(&self) -> Option<u64> {
        self.budget.egress_bytes.map(|bytes| bytes.saturating_sub(self.egress_bytes))
    }

    /// Milliseconds of activity that the budget allows in all; none without such a budget.
    pub fn active_ms_allowed(&self) -> Option<u64> {
        self.budget.active_ms
    }

    /// Milliseconds of activity at the last reading.
    pub fn active_ms(&self) -> u64 {
        self.active_ms
    }

    /// Model answers so far.
    pub fn turns(&self) -> u32 {
        self.turns
    }

    /// Tool calls so far.
    pub fn calls(&self) -> u32 {
        self.calls
    }

    /// Tokens and money so far.
    pub fn usage(&self) -> Usage {
        self.usage
    }
}

fn spent<N: PartialOrd + Copy>(spent: N, allowed: Option<N>, reason: StopReason) -> Option<StopReason> {
    allowed.is_some_and(|allowed| spent >= allowed).then_some(reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meter(change: impl FnOnce(&mut Budget)) -> Meter {
        let mut budget = Budget::unbounded();
        change(&mut budget);
        Meter::new(budget)
    }

    #[test]
    fn an_uncharged_call_counts_as_a_step_only_when_it_fails() {
        let mut meter = meter(|budget| budget.steps = Some(1));
        meter.count_call("think/think", true, true);
        assert_eq!(meter.before_turn(), None);
        meter.count_call("think/think", false, true);
        assert_eq!(meter.before_turn(), Some(StopReason::BudgetExhausted));
    }

    #[test]
    fn a_pattern_bounds_the_tools_it_names_and_no_other() {
        let mut meter = meter(|budget| budget.calls_of = [("http/*".into(), 1)].into());
        meter.count_call("http/fetch", true, true);
        assert_eq!(meter.before_call("http/post"), Some(StopReason::ToolCallsExhausted("http/*".into())));
        assert_eq!(meter.before_call("files/grep"), None);
        assert_eq!(meter.before_turn(), None);
    }

    #[test]
    fn a_success_ends_a_row_of_failures() {
        let mut meter = meter(|budget| budget.failures_in_a_row = Some(2));
        for (succeeded, stop) in [(false, None), (true, None), (false, None), (false, Some(StopReason::FailuresInARow))]
        {
            meter.count_call("a/b", succeeded, false);
            assert_eq!(meter.before_turn(), stop);
        }
    }

    #[test]
    fn another_budget_keeps_what_was_spent() {
        let mut meter = meter(|budget| budget.steps = Some(1));
        meter.count_call("a/b", true, false);
        meter.replace(Budget { steps: Some(3), ..Budget::unbounded() });
        assert_eq!(meter.steps_left(), Some(2));
    }
}
