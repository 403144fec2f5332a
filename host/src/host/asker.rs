//! Between the loop and a model: keeps the request in serialised pieces, translates answers and faults.

use std::sync::Arc;

use super::opening;
use crate::agent::{Announcement, Answer, AskModel, ModelFault, Question};
use crate::gate::Gate;
use crate::message::Message;
use crate::model::{EventSink, Model, ModelError, ModelRequest, Price, RequestSetup, Transcript, WireForm};
use crate::record::{RunStarted, Usage};
use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

/// A model as the loop asks it.
pub(super) struct ModelAsker {
    model: Arc<dyn Model>,
    /// What it costs, as far as anybody knows.
    price: Price,
    setup: RequestSetup,
    transcript: Transcript,
    /// The run's own model and wire: what differs from them stands in the record.
    own: (String, Option<WireForm>),
    /// Shows people what the model said when they are asked about its calls.
    gate: Arc<Gate>,
}

impl ModelAsker {
    pub(super) fn new(model: Arc<dyn Model>, price: Price, started: &RunStarted, gate: Arc<Gate>) -> Self {
        let setup = opening::request_setup(started);
        let own = (started.model.clone(), started.wire.clone());
        Self { model, price, setup, transcript: Transcript::default(), own, gate }
    }

    /// Takes over what was added to the history.
    fn catch_up(&mut self, messages: &[Message]) {
        let known = self.transcript.messages().len();
        for message in messages.get(known..).unwrap_or_default() {
            self.transcript.push(message.clone());
        }
    }
}

#[async_trait]
impl AskModel for ModelAsker {
    fn announce(&mut self, question: &Question<'_>) -> Result<Announcement, ModelFault> {
        self.catch_up(question.messages);
        let setup = self.setup.offering(question.offered);
        let request = ModelRequest::new(&*self.model, &setup, &self.transcript);
        let wire = Some(self.model.wire().form()).filter(|form| self.own.1.as_ref() != Some(form));
        let model = Some(self.model.name().to_owned()).filter(|name| *name != self.own.0);
        Ok(Announcement { model, wire, ..Announcement::new(request.digest()) })
    }

    fn size(&mut self, question: &Question<'_>) -> (u64, Option<u32>) {
        self.catch_up(question.messages);
        let request = ModelRequest::new(&*self.model, &self.setup, &self.transcript);
        (request.estimated_tokens(), self.model.context_tokens())
    }

    async fn ask(&mut self, question: &Question<'_>, cancel: &CancellationToken) -> Result<Answer, ModelFault> {
        self.catch_up(question.messages);
        let setup = self.setup.offering(question.offered);
        let request = ModelRequest::new(&*self.model, &setup, &self.transcript);
        let events = EventSink::new(cancel.clone());
        let response = self.model.complete(&request, &events).await.map_err(|error| fault(&error))?;
        let usage = response.usage.unwrap_or_default();
        self.gate.hear(&response.text);
        Ok(Answer {
            text: response.text,
            calls: response.calls,
            usage: Usage {
                input: usage.input,
                output: usage.output,
                cached: usage.cached,
                cost_micro_usd: usage.cost_micro_usd.unwrap_or_else(|| self.price.of(&usage)),
            },
            finish: response.finish,
            model: response.model.filter(|reported| !self.model.name().ends_with(reported.as_str())),
        })
    }
}

fn fault(error: &ModelError) -> ModelFault {
    match error.hint() {
        Some(hint) => ModelFault::new(format!("{error}; {hint}")),
        None => ModelFault::new(error.to_string()),
    }
}
