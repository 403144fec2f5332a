//! Who answers the asks of a run.

use std::sync::Arc;

use super::Launch;
use crate::host::desk::Desk;
use crate::permission::Approver;
use crate::record::RunId;

/// Who answers asks, once the run has a name.
pub(super) enum Answering {
    Nobody,
    Approver(Box<dyn FnOnce(RunId) -> Arc<dyn Approver> + Send>),
    Later,
}

/// What can answer the asks of a run: any [`Approver`], one that is shared, or a [`Desk`].
pub trait IntoApprover: Send + 'static {
    /// The approver of this run.
    fn into_approver(self, run: RunId) -> Arc<dyn Approver>;
}

impl<P: Approver + 'static> IntoApprover for P {
    fn into_approver(self, _: RunId) -> Arc<dyn Approver> {
        Arc::new(self)
    }
}

impl<P: Approver + 'static> IntoApprover for Arc<P> {
    fn into_approver(self, _: RunId) -> Arc<dyn Approver> {
        self
    }
}

impl IntoApprover for Arc<dyn Approver> {
    fn into_approver(self, _: RunId) -> Arc<dyn Approver> {
        self
    }
}

impl IntoApprover for Desk {
    fn into_approver(self, run: RunId) -> Arc<dyn Approver> {
        self.of_run(run)
    }
}

impl Launch {
    /// Who answers asks. Without one an ask is a no.
    pub fn approver(mut self, approver: impl IntoApprover) -> Self {
        self.answering = Answering::Approver(Box::new(move |run| approver.into_approver(run)));
        self
    }

    /// Leaves asks pending: the run rests with `waiting_for_approval` until they are answered.
    pub fn park(mut self) -> Self {
        self.answering = Answering::Later;
        self
    }
}
