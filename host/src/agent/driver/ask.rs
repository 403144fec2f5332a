//! One question to the model: announced, recorded, asked, recorded.

use std::collections::HashSet;
use std::time::Duration;

use super::{Broken, Driver, taken_back, timed};
use crate::agent::ask::{Answer, ModelFault, Question};
use crate::agent::contain::{Lost, called};
use crate::message::ProposedCall;
use crate::record::{Body, ModelAnswered, ModelAsked, ModelFailed};

impl Driver {
    pub(super) async fn ask(&mut self, turn: u32) -> Result<(), Broken> {
        self.prepare_request(turn).await?;
        if self.fold.state.end().is_some() {
            // A hook wants the run to stop.
            return Ok(());
        }
        let began = self.parts.clock.monotonic();
        let state = &self.fold.state;
        let question = Question { turn, messages: state.messages(), offered: state.offered(turn) };
        let announced = called(|| self.parts.model.announce(&question));
        let announced = match announced.unwrap_or_else(|panic| Err(ModelFault::new(panicked(&panic)))) {
            Ok(announced) => announced,
            Err(fault) => return self.model_failed(turn, fault, false, began),
        };
        self.record(Body::ModelAsked(ModelAsked {
            turn,
            request: announced.request,
            model: announced.model,
            parameters: announced.parameters,
            offered: self.fold.state.offered(turn).map(<[String]>::to_vec),
            wire: announced.wire,
        }))?;
        let cancel = self.stop.child_token();
        let left = self.time_left();
        let state = &self.fold.state;
        let question = Question { turn, messages: state.messages(), offered: state.offered(turn) };
        let rest = self.parts.rest.clone();
        let asking = timed(self.parts.model.ask(&question, &cancel), &cancel, left);
        let asked = taken_back(asking, &cancel, &rest).await;
        self.note_deadline(&cancel);
        match asked {
            Ok(Ok(answer)) => {
                self.answered(turn, answer, began)?;
                self.review_answer(turn).await
            }
            Ok(Err(fault)) => self.model_failed(turn, fault, cancel.is_cancelled(), began),
            Err(Lost::Deaf) => self.model_failed(turn, ModelFault::new("cancelled"), true, began),
            Err(Lost::Panicked(panic)) => self.model_failed(turn, ModelFault::new(panicked(&panic)), false, began),
        }
    }

    fn answered(&mut self, turn: u32, mut answer: Answer, began: Duration) -> Result<(), Broken> {
        make_ids_unique(turn, &mut answer.calls);
        self.record(Body::ModelAnswered(Box::new(ModelAnswered {
            turn,
            text: answer.text,
            calls: answer.calls,
            usage: answer.usage,
            finish: Some(answer.finish).filter(|finish| !finish.is_plain()),
            model: answer.model,
            duration_ms: self.ms_since(began),
            active_ms: self.active_ms(),
        })))
    }

    fn model_failed(&mut self, turn: u32, fault: ModelFault, cancelled: bool, began: Duration) -> Result<(), Broken> {
        self.record(Body::ModelFailed(ModelFailed {
            turn,
            message: fault.message,
            partial: fault.partial,
            usage: fault.usage,
            cancelled,
            duration_ms: self.ms_since(began),
            active_ms: self.active_ms(),
        }))
    }
}

fn panicked(message: &str) -> String {
    format!("the client of the model panicked: {message}")
}

/// Gives every call an id of its own within the answer: answers are paired with calls by it.
fn make_ids_unique(turn: u32, calls: &mut [ProposedCall]) {
    let mut seen = HashSet::new();
    for (index, call) in calls.iter_mut().enumerate() {
        if call.id.is_empty() || !seen.insert(call.id.clone()) {
            call.id = format!("call_{turn}_{index}");
            while !seen.insert(call.id.clone()) {
                call.id.push('_');
            }
        }
    }
}
