//! A model's side of a replay: what is sent is built and digested as ever, and the answer is the recorded one.

use std::sync::Arc;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use crate::agent::{Announcement, Answer, AskModel, ModelFault, Question};
use crate::gate::Gate;
use crate::host::asker::ModelAsker;

/// Gives each answer once, in order, word for word.
pub(super) struct AsksAgain {
    asker: ModelAsker,
    gate: Arc<Gate>,
    answers: std::vec::IntoIter<Result<Answer, ModelFault>>,
}

impl AsksAgain {
    pub(super) fn new(asker: ModelAsker, gate: Arc<Gate>, answers: Vec<Result<Answer, ModelFault>>) -> Self {
        Self { asker, gate, answers: answers.into_iter() }
    }
}

#[async_trait]
impl AskModel for AsksAgain {
    fn announce(&mut self, question: &Question<'_>) -> Result<Announcement, ModelFault> {
        self.asker.announce(question)
    }

    fn size(&mut self, question: &Question<'_>) -> (u64, Option<u32>) {
        self.asker.size(question)
    }

    async fn ask(&mut self, _: &Question<'_>, _: &CancellationToken) -> Result<Answer, ModelFault> {
        let over = || ModelFault::new("no answer is left: the run that is repeated had no more");
        let answer = self.answers.next().ok_or_else(over)??;
        self.gate.hear(&answer.text);
        Ok(answer)
    }
}
