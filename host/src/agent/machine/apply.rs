//! The fold: what each record does to the state. Constant work for a record, over the whole of a run.

use super::{Aside, OpenCall, OpenTurn, Problem, Stage, State, history};
use crate::hook::Point;
use crate::message::{Message, Outcome};
use crate::model::Finish;
use crate::record::{
    Body, CallDecided, CallEnded, HookVerdict, Hooked, ModelAnswered, ModelFailed, Notice, OnUnknown, Record, Ruling,
    RunResumed, StopReason,
};

impl State {
    /// Takes the next record. What does not fit where the run stands changes nothing.
    pub fn apply(&mut self, record: &Record) {
        match &record.body {
            // The state began with it; an answer counts when its call is decided anew.
            Body::RunStarted(_) | Body::ModelAsked(_) | Body::CallAnswered(_) => {}
            Body::RunResumed(resumed) => self.resume(resumed),
            Body::Message(message) => self.say(message.clone()),
            Body::ModelAnswered(answer) => self.answer(answer),
            Body::ModelFailed(failed) => self.fail(failed),
            Body::CallDecided(decided) => self.decide(decided),
            Body::CallStarted(started) => {
                if let Some(call) = self.call_mut(started.step) {
                    call.stage = Stage::Started;
                }
            }
            Body::CallEnded(ended) => self.end_call(ended),
            Body::Hooked(hooked) => self.hear(hooked),
            Body::Notice(notice) => self.notice(notice),
            Body::Stopped(reason) => self.stop(reason),
        }
    }

    fn say(&mut self, message: Message) {
        self.problem = None;
        self.messages.push(message);
    }

    fn answer(&mut self, answer: &ModelAnswered) {
        self.meter.count_turn(answer.usage);
        self.meter.read_active(answer.active_ms);
        if !answer.text.trim().is_empty() || !answer.calls.is_empty() {
            let (text, calls) = (answer.text.clone(), answer.calls.clone());
            self.messages.push(Message::Assistant { text, calls });
        }
        if answer.calls.is_empty() {
            self.answer_without_calls(answer);
        } else {
            self.problems_in_a_row = 0;
            self.begin_turn(answer);
        }
    }

    fn answer_without_calls(&mut self, answer: &ModelAnswered) {
        let problem = match answer.finish {
            Some(Finish::Filter) => return self.end_with(StopReason::AnswerFiltered),
            Some(Finish::Length) => Problem::Cut,
            _ if answer.text.trim().is_empty() => Problem::Empty,
            _ if self.tools.done().required => Problem::DoneMissing,
            _ => return self.end_with(StopReason::Text),
        };
        self.problem = Some(problem);
        self.problems_in_a_row += 1;
    }

    fn begin_turn(&mut self, answer: &ModelAnswered) {
        let open = |proposed: &crate::message::ProposedCall| {
            let tool = self.tools.get(&proposed.name);
            OpenCall {
                proposed: proposed.clone(),
                tool: tool.map_or_else(|| proposed.name.clone(), |tool| tool.full_name()),
                facts: tool.map(|tool| tool.facts).unwrap_or_default(),
                stage: Stage::Proposed,
            }
        };
        let calls: Vec<_> = answer.calls.iter().map(open).collect();
        self.turn = Some(OpenTurn {
            number: answer.turn,
            first_step: self.last_step + 1,
            side_by_side: self.side_by_side(&calls),
            calls,
            cursor: 0,
            undecided: 0,
            cut: answer.finish == Some(Finish::Length),
        });
    }

    /// How many calls run side by side: all before the first `done`, as far as the budget reaches, if
    /// every one of them is fit for it by what holds for its tool; else none.
    fn side_by_side(&self, calls: &[OpenCall]) -> usize {
        let done = &self.tools.done().name;
        let regular = calls.iter().position(|call| call.proposed.name == *done).unwrap_or(calls.len());
        let fit = |call: &OpenCall| {
            let tool = self.tools.get(&call.proposed.name);
            tool.is_some_and(|tool| tool.facts.repeatable && tool.facts.concurrent_safe)
        };
        if regular < 2 || !calls[..regular].iter().all(fit) {
            return 0;
        }
        let mut meter = self.meter.clone();
        let mut is_within_budget = |call: &OpenCall| {
            let is_within = meter.before_call(&call.tool).is_none();
            meter.count_call(&call.tool, true, call.facts.uncharged);
            is_within
        };
        calls[..regular].iter().take_while(|call| is_within_budget(call)).count()
    }

    fn fail(&mut self, failed: &ModelFailed) {
        self.meter.count_usage(failed.usage);
        self.meter.read_active(failed.active_ms);
        if !failed.cancelled {
            self.end_with(StopReason::ModelError);
        }
    }

    fn decide(&mut self, decided: &CallDecided) {
        self.meter.read_active(decided.active_ms);
        self.count_hooks(&decided.hooks);
        self.put_aside(decided.step, true, &decided.context);
        if let Some(reason) = &decided.stop {
            self.end_with(StopReason::Hook(reason.clone()));
        }
        if let Some(outcome) = decided.outcome() {
            let accepted = outcome.is_ok() && decided.tool == self.tools.done().name;
            self.close(decided.step, &outcome, &[]);
            if accepted {
                self.end_with(StopReason::Done);
                self.close_turn(&StopReason::Done);
            }
            return;
        }
        let parked = matches!(decided.ruling, Ruling::Parked);
        if let Some(call) = self.call_mut(decided.step) {
            call.facts = decided.facts.unwrap_or(call.facts);
            call.stage = if parked { Stage::Parked } else { Stage::Allowed(call.facts) };
        }
        if parked {
            self.end_with(StopReason::WaitingForApproval);
        }
        self.move_cursors();
    }

    fn end_call(&mut self, ended: &CallEnded) {
        self.meter.read_active(ended.active_ms);
        self.put_aside(ended.step, false, &ended.context);
        if let Some(reason) = &ended.stop {
            self.end_with(StopReason::Hook(reason.clone()));
        }
        self.meter.count_egress(ended.used.bytes_sent);
        self.count_hooks(&ended.hooks);
        if let Some(spent) = &ended.spent {
            self.meter.charge(spent);
        }
        self.close(ended.step, &ended.outcome, &ended.warnings);
    }

    fn close(&mut self, step: u32, outcome: &Outcome, warnings: &[String]) {
        let (text, failed) = history::told(outcome, warnings);
        let Some(call) = self.call_mut(step) else { return };
        if matches!(call.stage, Stage::Closed { .. }) {
            return;
        }
        call.stage = Stage::Closed { text, failed };
        let (tool, uncharged) = (call.tool.clone(), call.facts.uncharged);
        self.meter.count_call(&tool, outcome.is_ok(), uncharged);
        self.steps += 1;
        self.last_step = self.last_step.max(step);
        self.move_cursors();
        // The cursor stands behind the last call only when each of them is closed.
        if self.turn.as_ref().is_some_and(|turn| turn.cursor == turn.calls.len()) {
            self.close_turn(&StopReason::Done);
        }
    }

    /// Gives the model the answers to its calls; what is still open was not run, for this reason.
    fn close_turn(&mut self, reason: &StopReason) {
        let Some(turn) = self.turn.take() else { return };
        self.messages.extend(turn.answers(reason));
        let mut context = std::mem::take(&mut self.context);
        context.sort_by_key(|aside| aside.step);
        if !context.is_empty() {
            let texts: Vec<String> = context.into_iter().map(|aside| aside.text).collect();
            self.messages.push(Message::User { text: texts.join("\n") });
        }
    }

    /// What hooks add goes into the request that is about to be built, else behind the answers of the turn.
    fn hear(&mut self, hooked: &Hooked) {
        self.count_hooks(&hooked.hooks);
        let point = Point::parse(&hooked.point);
        if let Some(Point::ShouldCompact | Point::PrePrompt | Point::PreModel) = point {
            self.prepared = (hooked.turn, point);
            self.offered.clone_from(&hooked.offer_only);
        }
        if !hooked.context.is_empty() {
            match self.turn {
                Some(_) => self.put_aside(hooked.step.unwrap_or(0), false, &hooked.context),
                None => self.messages.push(Message::User { text: hooked.context.join("\n") }),
            }
        }
        if let Some(reason) = &hooked.stop {
            self.end_with(StopReason::Hook(reason.clone()));
        }
    }

    /// What requests of hooks carried out counts for the run.
    fn count_hooks(&mut self, said: &[HookVerdict]) {
        for said in said {
            self.meter.count_egress(said.sent_bytes);
        }
    }

    fn put_aside(&mut self, step: u32, is_of_decision: bool, texts: &[String]) {
        self.context.extend(texts.iter().map(|text| Aside { step, is_of_decision, text: text.clone() }));
    }

    fn notice(&mut self, notice: &Notice) {
        match notice {
            Notice::Cancelled => self.end_with(StopReason::Cancelled),
            Notice::Closed => self.end_with(StopReason::StreamClosed),
            Notice::HookStop(reason) => self.end_with(StopReason::Hook(reason.clone())),
            Notice::Steered(text) => self.steer(text),
            Notice::Active(active_ms) => self.meter.read_active(*active_ms),
            Notice::Forked => {
                self.close_turn(&StopReason::StreamClosed);
                (self.end, self.stopped) = (None, None);
            }
        }
    }

    /// A word of a person: behind the answers of an open turn. Who spoke up has not heard the end yet.
    fn steer(&mut self, text: &str) {
        self.end.take_if(|reason| *reason == StopReason::Text);
        self.problems_in_a_row = 0;
        match self.turn {
            Some(_) => self.put_aside(u32::MAX, false, &[text.to_owned()]),
            None => self.say(Message::User { text: text.to_owned() }),
        }
    }

    /// The first reason counts.
    fn end_with(&mut self, reason: StopReason) {
        self.end.get_or_insert(reason);
    }

    /// What was only interrupted keeps its open calls for the resume; any other end answers them.
    fn stop(&mut self, reason: &StopReason) {
        self.stopped = Some(reason.clone());
        if !is_interruption(reason) {
            self.close_turn(reason);
        }
    }

    fn resume(&mut self, resumed: &RunResumed) {
        let stopped = self.stopped.take();
        if stopped.as_ref().is_some_and(|reason| !is_interruption(reason)) {
            self.problems_in_a_row = 0;
        }
        // The operator wants a run that stopped for this to go on. A crash between the wish to end and its
        // record does not make the end undone.
        self.end.take_if(|reason| stopped.as_ref() == Some(reason) || may_go_on(reason));
        if let Some(turn) = &mut self.turn {
            turn.reopen(resumed.on_unknown);
            self.context.retain(|aside| !(aside.is_of_decision && turn.is_undecided(aside.step)));
        }
        if let Some(budget) = &resumed.budget {
            self.meter.replace(budget.clone());
            // A group was cut to the old budget; one after the other, each call is held against the new one.
            self.turn.iter_mut().for_each(|turn| turn.side_by_side = 0);
        }
        self.move_cursors();
        if let Some(text) = &resumed.message {
            match self.turn {
                Some(_) => self.put_aside(u32::MAX, false, std::slice::from_ref(text)),
                None => self.say(Message::User { text: text.clone() }),
            }
        }
    }

    fn call_mut(&mut self, step: u32) -> Option<&mut OpenCall> {
        let turn = self.turn.as_mut()?;
        turn.calls.get_mut(step.checked_sub(turn.first_step)? as usize)
    }

    /// Each cursor passes each call once, so that a long answer costs no more for a call than a short one.
    fn move_cursors(&mut self) {
        let Some(turn) = &mut self.turn else { return };
        let closed = |call: &OpenCall| matches!(call.stage, Stage::Closed { .. });
        while turn.calls.get(turn.cursor).is_some_and(closed) {
            turn.cursor += 1;
        }
        while turn.calls.get(turn.undecided).is_some_and(|call| call.stage != Stage::Proposed) {
            turn.undecided += 1;
        }
    }
}

/// What rests, with its calls open.
fn is_interruption(reason: &StopReason) -> bool {
    matches!(reason, StopReason::Cancelled | StopReason::StreamClosed | StopReason::WaitingForApproval)
}

/// What may be otherwise when it is tried again: nobody cancels, the model is there, the operator has answered.
fn may_go_on(reason: &StopReason) -> bool {
    is_interruption(reason) || *reason == StopReason::ModelError
}

impl OpenTurn {
    /// Whether nothing was decided about a step, or no longer is.
    fn is_undecided(&self, step: u32) -> bool {
        let index = step.checked_sub(self.first_step).map(|index| index as usize);
        index.and_then(|index| self.calls.get(index)).is_some_and(|call| call.stage == Stage::Proposed)
    }

    /// What was decided is decided anew, since what a decision opened is gone.
    fn reopen(&mut self, on_unknown: OnUnknown) {
        for call in &mut self.calls[self.cursor..] {
            match (&call.stage, on_unknown) {
                (Stage::Allowed(_) | Stage::Parked, _) | (Stage::Started, OnUnknown::Retry) => {
                    call.stage = Stage::Proposed;
                }
                (Stage::Started, OnUnknown::Skip | OnUnknown::Stop) => call.stage = Stage::Lost,
                (Stage::Proposed | Stage::Lost | Stage::Closed { .. }, _) => {}
            }
        }
        self.undecided = self.cursor;
    }
}
