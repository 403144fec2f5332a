//! A model that answers what another run's model answered.

use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use bytes::Bytes;

use crate::error::{Error, Result};
use crate::message::Message;
use crate::model::{
    EventSink, Model, ModelError, ModelErrorKind, ModelRequest, ModelResponse, PlainWire, Price, Usage, Wire, WireForm,
};
use crate::record::{Body, ModelAnswered, Record, RunStarted};

/// The answers of a run, each given once and in order, as the answers to what the model was told there.
pub struct Recorded {
    name: String,
    wire: Box<dyn Wire>,
    answers: Vec<Result<ModelAnswered, String>>,
    /// Answers that the history held before the run began.
    before: usize,
    next: AtomicUsize,
}

impl Recorded {
    /// The answers in these records, given under a name.
    ///
    /// # Errors
    /// Records that do not begin with the start of a run.
    pub fn new(records: &[Record], name: impl Into<String>) -> Result<Self> {
        let Some(Body::RunStarted(started)) = records.first().map(|record| &record.body) else {
            return Err(Error::failed("the journal does not begin with the start of a run"));
        };
        let answers = records.iter().filter_map(|record| match &record.body {
            Body::ModelAnswered(answer) => Some(Ok((**answer).clone())),
            Body::ModelFailed(failed) if !failed.cancelled => Some(Err(failed.message.clone())),
            _ => None,
        });
        let is_answer = |message: &&Message| matches!(message, Message::Assistant { .. });
        Ok(Self {
            name: name.into(),
            wire: started.wire.as_ref().and_then(WireForm::to_wire).unwrap_or_else(|| Box::new(PlainWire)),
            answers: answers.collect(),
            before: started.messages.iter().filter(is_answer).count(),
            next: AtomicUsize::new(0),
        })
    }
}

impl Recorded {
    /// The model that a process of a run asked, for what is sent to it. It answers nothing.
    pub(super) fn of_process(started: &RunStarted, records: &[Record]) -> Self {
        let asked = records.iter().find_map(|record| match &record.body {
            Body::ModelAsked(asked) => Some(asked),
            _ => None,
        });
        let wire = asked.and_then(|asked| asked.wire.as_ref()).or(started.wire.as_ref());
        Self {
            name: asked.and_then(|asked| asked.model.clone()).unwrap_or_else(|| started.model.clone()),
            wire: wire.and_then(WireForm::to_wire).unwrap_or_else(|| Box::new(PlainWire)),
            answers: Vec::new(),
            before: 0,
            next: AtomicUsize::new(0),
        }
    }
}

#[async_trait]
impl Model for Recorded {
    async fn complete(&self, request: &ModelRequest<'_>, _: &EventSink) -> Result<ModelResponse, ModelError> {
        // A run that goes on begins behind the answers that it has.
        let heard = request.answers().saturating_sub(self.before);
        let index = self.next.load(Ordering::Relaxed).max(heard);
        self.next.store(index + 1, Ordering::Relaxed);
        match self.answers.get(index) {
            Some(Ok(answer)) => Ok(ModelResponse {
                text: answer.text.clone(),
                calls: answer.calls.clone(),
                usage: Some(Usage {
                    input: answer.usage.input,
                    output: answer.usage.output,
                    cached: answer.usage.cached,
                    cost_micro_usd: Some(answer.usage.cost_micro_usd),
                }),
                finish: answer.ended(),
                raw: Bytes::new(),
                model: answer.model.clone(),
            }),
            Some(Err(fault)) => Err(ModelError::new(ModelErrorKind::Server, fault.clone())),
            None => {
                let all = self.answers.len();
                let message = format!("`{}` has no answer left: the run that it repeats had {all}", self.name);
                Err(ModelError::new(ModelErrorKind::Exhausted, message))
            }
        }
    }

    fn name(&self) -> &str {
        &self.name
    }

    /// Nobody is paid again; each answer says what it cost then.
    fn price(&self) -> Option<Price> {
        Some(Price::default())
    }

    fn wire(&self) -> &dyn Wire {
        &*self.wire
    }
}
