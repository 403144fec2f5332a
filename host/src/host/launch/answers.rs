//! Who answers the asks of a run.

use std::sync::Arc;

use async_trait::async_trait;

use super::Launch;
use crate::agent::{Event, Notes};
use crate::host::desk::Desk;
use crate::permission::{Answer, Approver, Question};
use crate::record::RunId;

type OfRun = Box<dyn FnOnce(RunId, &Notes) -> Arc<dyn Approver> + Send>;

/// Who answers asks, once the run has a name.
pub(super) enum Answering {
    Nobody,
    Approver(OfRun),
    Later,
}

/// What can answer the asks of a run: any [`Approver`], one that is shared, or a [`Desk`].
pub trait IntoApprover: Send + 'static {
    /// The approver of this run, which tells what it asks.
    fn into_approver(self, run: RunId, notes: &Notes) -> Arc<dyn Approver>;
}

impl<P: Approver + 'static> IntoApprover for P {
    fn into_approver(self, run: RunId, notes: &Notes) -> Arc<dyn Approver> {
        Arc::new(self).into_approver(run, notes)
    }
}

impl<P: Approver + 'static> IntoApprover for Arc<P> {
    fn into_approver(self, run: RunId, notes: &Notes) -> Arc<dyn Approver> {
        (self as Arc<dyn Approver>).into_approver(run, notes)
    }
}

impl IntoApprover for Arc<dyn Approver> {
    fn into_approver(self, _: RunId, notes: &Notes) -> Arc<dyn Approver> {
        Arc::new(Told { approver: self, notes: notes.clone() })
    }
}

impl IntoApprover for Desk {
    fn into_approver(self, run: RunId, notes: &Notes) -> Arc<dyn Approver> {
        self.of_run(run, notes)
    }
}

/// An approver whose questions are events of the run.
struct Told {
    approver: Arc<dyn Approver>,
    notes: Notes,
}

#[async_trait]
impl Approver for Told {
    async fn ask(&self, question: &Question) -> Answer {
        self.notes.push(|| Event::Asked { ask: None, question: Box::new(question.clone()) });
        self.approver.ask(question).await
    }

    async fn confirm(&self, tool: &str, action: &str, details: &str) -> bool {
        self.approver.confirm(tool, action, details).await
    }
}

impl Launch {
    /// Who answers asks. Without one an ask is a no.
    pub fn approver(mut self, approver: impl IntoApprover) -> Self {
        self.answering = Answering::Approver(Box::new(move |run, notes| approver.into_approver(run, notes)));
        self
    }

    /// Leaves asks pending: the run rests with `waiting_for_approval` until they are answered.
    pub fn park(mut self) -> Self {
        self.answering = Answering::Later;
        self
    }
}
