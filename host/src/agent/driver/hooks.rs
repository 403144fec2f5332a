//! The points of a run that are no decision about a call: who is called when, and what is recorded of it.
//!
//! Nothing here acts on what a hook says: it becomes a record, and the machine goes by that.

use std::sync::Arc;

use serde_json::Value;

use super::{Broken, Driver};
use crate::agent::ask::Question;
use crate::agent::dispatch::CallReport;
use crate::hook::{History, Point, Round, RunView, StepView};
use crate::message::ToolCall;
use crate::record::{Body, CallDecided, Hooked, Ruling, Step, StopReason};

impl Driver {
    /// Where the run stands, for hooks.
    pub(super) fn view(&self) -> RunView {
        let (state, usage) = (&self.fold.state, self.fold.state.meter().usage());
        self.log.catch_up(state.messages());
        RunView {
            run: state.run(),
            turn: state.open_turn().unwrap_or_else(|| state.meter().turns()),
            steps: state.steps(),
            steps_left: state.meter().steps_left(),
            tool_calls: state.meter().calls(),
            input_tokens: usage.input,
            output_tokens: usage.output,
            cost_micro_usd: usage.cost_micro_usd,
            active_ms: self.active_ms(),
            history: Arc::clone(&self.log) as Arc<dyn History>,
        }
    }

    /// Records what was said at a point, if anything was.
    fn heard(&mut self, point: Point, turn: u32, round: Round) -> Result<(), Broken> {
        if round.is_empty() {
            return Ok(());
        }
        self.record(Body::Hooked(Box::new(hooked(point, turn, round))))
    }

    /// Before all else, once in a process.
    pub(super) async fn begin_hooks(&mut self) -> Result<(), Broken> {
        if std::mem::replace(&mut self.has_begun, true) || !self.parts.hooks.wants(Point::RunStart) {
            return Ok(());
        }
        let (hooks, view) = (self.parts.hooks.clone(), self.view());
        let round = hooks.run_start(&view, &self.task, self.is_resumed).await;
        self.heard(Point::RunStart, view.turn, round)
    }

    /// After a resume: what hooks had still to be told when the last process ended.
    pub(super) async fn settle_owed(&mut self) -> Result<(), Broken> {
        let owed = std::mem::take(&mut self.owed);
        if self.parts.hooks.is_empty() {
            return Ok(());
        }
        if let Some(turn) = owed.answer() {
            self.review_answer(turn).await?;
        }
        self.ended = owed.steps();
        self.after_action().await
    }

    /// What hooks want of the request of a turn, as long as nobody wants to stop. What is on record is not
    /// asked again after a resume.
    pub(super) async fn prepare_request(&mut self, turn: u32) -> Result<(), Broken> {
        let hooks = self.parts.hooks.clone();
        let is_asked = |this: &Self, point| {
            let state = &this.fold.state;
            hooks.wants(point) && state.end().is_none() && !state.is_prepared(turn, point)
        };
        if is_asked(self, Point::ShouldCompact) {
            let question = Question { turn, messages: self.fold.state.messages(), offered: None };
            let (tokens, window) = self.parts.model.size(&question);
            // Nothing is compacted yet; that a hook wants it stands in the journal.
            let (round, _) = hooks.should_compact(&self.view(), tokens, window).await;
            self.heard(Point::ShouldCompact, turn, round)?;
        }
        if is_asked(self, Point::PrePrompt) {
            let round = hooks.pre_prompt(&self.view()).await;
            self.heard(Point::PrePrompt, turn, round)?;
        }
        if is_asked(self, Point::PreModel) {
            let messages = self.fold.state.messages();
            let added = messages.get(self.shown_messages..).unwrap_or_default().to_vec();
            self.shown_messages = messages.len();
            let request = hooks.pre_model(&self.view(), &self.model_name, &added).await;
            let mut said = hooked(Point::PreModel, turn, request.round);
            said.offer_only = request.offer_only;
            self.record(Body::Hooked(Box::new(said)))?;
        }
        Ok(())
    }

    /// What hooks say to the answer of a turn.
    pub(super) async fn review_answer(&mut self, turn: u32) -> Result<(), Broken> {
        if !self.parts.hooks.wants(Point::PostModel) {
            return Ok(());
        }
        let (hooks, view) = (self.parts.hooks.clone(), self.view());
        let Some(answer) = self.fold.state.messages().last().cloned() else { return Ok(()) };
        let round = hooks.post_model(&view, &answer).await;
        self.heard(Point::PostModel, turn, round)
    }

    /// What hooks make of the result of a call that ran.
    pub(super) async fn review_report(&mut self, step: u32, mut report: CallReport) -> CallReport {
        let Some((tool, arguments)) = self.reviewed.remove(&step) else { return report };
        self.parts.redaction.clean(&mut report.outcome);
        let duration_ms = u32::try_from(report.duration_us / 1_000).unwrap_or(u32::MAX);
        let (plugin, call) = self.call_of(step, &tool, arguments);
        let seen = StepView { number: step, plugin, call, outcome: report.outcome, duration_ms };
        let (round, outcome) = self.parts.hooks.clone().post_tool(&self.view(), seen).await;
        report.outcome = outcome;
        report.hooks.extend(round.verdicts);
        report.context.extend(round.context);
        report.stop = report.stop.take().or(round.stop);
        report
    }

    /// What hooks make of an answer that was given in place of the tool's.
    pub(super) async fn review_answered(&mut self, decided: &mut CallDecided) {
        let Ruling::Answered { outcome, .. } = &mut decided.ruling else { return };
        if !self.parts.hooks.wants(Point::PostTool) {
            return;
        }
        self.parts.redaction.clean(outcome);
        let (plugin, call) = self.call_of(decided.step, &decided.tool, decided.arguments.clone());
        let seen = StepView { number: decided.step, plugin, call, outcome: outcome.clone(), duration_ms: 0 };
        let (round, left) = self.parts.hooks.clone().post_tool(&self.view(), seen).await;
        *outcome = left;
        decided.hooks.extend(round.verdicts);
        decided.context.extend(round.context);
        decided.stop = decided.stop.take().or(round.stop);
    }

    fn call_of(&self, step: u32, full_name: &str, arguments: crate::canonical::CanonicalJson) -> (String, ToolCall) {
        let (plugin, tool) = full_name.split_once('/').unwrap_or(("", full_name));
        let id = format!("{}-{step}", self.fold.state.run());
        (plugin.to_owned(), ToolCall { id, tool: tool.to_owned(), arguments })
    }

    /// After each action: steps that ended, whether to stop, what is observed.
    pub(super) async fn after_action(&mut self) -> Result<(), Broken> {
        if self.parts.hooks.is_empty() {
            return Ok(());
        }
        let hooks = self.parts.hooks.clone();
        let ended = self.ended.take();
        for step in ended.iter().flatten() {
            let round = hooks.post_step(&self.view(), step).await;
            self.heard_of(step.number, round)?;
        }
        if ended.is_some() && hooks.wants(Point::ShouldStop) && self.fold.state.end().is_none() {
            let round = hooks.should_stop(&self.view()).await;
            self.heard(Point::ShouldStop, self.turn_now(), round)?;
        }
        self.tell_observers().await
    }

    fn heard_of(&mut self, step: u32, round: Round) -> Result<(), Broken> {
        if round.is_empty() {
            return Ok(());
        }
        let said = Hooked { step: Some(step), ..hooked(Point::PostStep, self.turn_now(), round) };
        self.record(Body::Hooked(Box::new(said)))
    }

    async fn tell_observers(&mut self) -> Result<(), Broken> {
        let hooks = self.parts.hooks.clone();
        for (name, data) in std::mem::take(&mut self.events) {
            let round = hooks.observe(&self.view(), &name, &data).await;
            self.heard(Point::Observe, self.turn_now(), round)?;
        }
        Ok(())
    }

    /// Before the end is recorded.
    pub(super) async fn end_hooks(&mut self, reason: &StopReason) -> Result<(), Broken> {
        self.after_action().await?;
        if !self.parts.hooks.wants(Point::RunEnd) {
            return Ok(());
        }
        let (hooks, view) = (self.parts.hooks.clone(), self.view());
        let round = hooks.run_end(&view, reason.as_str()).await;
        // The reason stands: what is said now cannot stop anything.
        let round = Round { stop: None, ..round };
        self.heard(Point::RunEnd, view.turn, round)
    }

    /// Keeps for hooks what a record tells.
    pub(super) fn keep_for_hooks(&mut self, body: &Body, step: Option<&Step>) {
        if self.parts.hooks.is_empty() {
            return;
        }
        if let Some(step) = step {
            let seen = StepView::of(step, format!("{}-{}", self.fold.state.run(), step.number));
            self.log.push(&seen);
            self.ended.get_or_insert_default().push(seen);
        }
        if self.parts.hooks.wants(Point::Observe) && !matches!(body, Body::Hooked(_)) {
            self.events.extend(event(body));
        }
    }

    fn turn_now(&self) -> u32 {
        self.fold.state.open_turn().unwrap_or_else(|| self.fold.state.meter().turns())
    }
}

fn hooked(point: Point, turn: u32, round: Round) -> Hooked {
    let Round { verdicts, context, stop } = round;
    let point = point.as_str().to_owned();
    Hooked { point, turn, step: None, hooks: verdicts, context, stop, offer_only: None }
}

/// A record's name and what it tells.
fn event(body: &Body) -> Option<(String, Value)> {
    match serde_json::to_value(body) {
        Ok(Value::Object(members)) => members.into_iter().next(),
        _ => None,
    }
}
