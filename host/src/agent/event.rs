//! What a run tells while it goes on: what `--json` prints, and a web server streams.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use serde::Serialize;

use super::driver::Until;
use super::{Outcome, Run};
use crate::permission::{AskId, Question};
use crate::record::{Progress, Step};

/// One event of a run. Serialised with its kind under `type`: `{"type": "step", "step": {…}}`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// A person, or whoever answers asks, is asked about a call. The run waits.
    Asked {
        /// The number of the ask on its [`Desk`](crate::Desk); none where asks are answered elsewhere.
        #[serde(skip_serializing_if = "Option::is_none")]
        ask: Option<AskId>,
        /// What is asked.
        question: Box<Question>,
    },
    /// A call that runs says how far it is. Of very many such words some are not told.
    Progress {
        /// Number of the step.
        step: u32,
        /// The tool, as `plugin/tool`.
        tool: String,
        /// How far. Text of the guest, without control characters.
        progress: Progress,
    },
    /// A call was decided, and run where it was allowed.
    Step {
        /// The call with its result.
        step: Box<Step>,
    },
    /// The run ended or rests. Always the last event.
    Outcome {
        /// How.
        outcome: Box<Outcome>,
    },
}

impl Event {
    /// The outcome, of the last event.
    pub fn outcome(&self) -> Option<&Outcome> {
        match self {
            Self::Outcome { outcome } => Some(outcome),
            Self::Asked { .. } | Self::Progress { .. } | Self::Step { .. } => None,
        }
    }
}

/// The events of a run, lazy as the run is. Dropping it stops the run, which can be resumed.
pub struct Events(Source);

enum Source {
    Run(Box<Run>),
    Ending(Pin<Box<dyn Future<Output = Outcome> + Send>>),
    Over,
}

impl Run {
    /// The run as a stream of events, the last of which is its outcome.
    pub fn events(self) -> Events {
        self.notes.listen();
        Events(Source::Run(Box::new(self)))
    }

    /// The next step, or what is told before it; none where there is no step any more, and
    /// [`Run::finish`] says how the run ended.
    pub async fn next_event(&mut self) -> Option<Event> {
        self.notes.listen();
        std::future::poll_fn(|cx| self.poll_event(cx)).await
    }

    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        if let Some(event) = self.notes.take(cx) {
            return Poll::Ready(Some(event));
        }
        let driven = self.poll_drive(Until::Step, cx);
        // What was told meanwhile comes before the step, which waits.
        match self.notes.take(cx) {
            Some(event) => Poll::Ready(Some(event)),
            None => driven.map(|()| self.take_step().map(|step| Event::Step { step: Box::new(step) })),
        }
    }
}

impl Stream for Events {
    type Item = Event;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        loop {
            match &mut self.0 {
                Source::Run(run) => match run.poll_event(cx) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Some(event)) => return Poll::Ready(Some(event)),
                    Poll::Ready(None) => {
                        if let Source::Run(run) = std::mem::replace(&mut self.0, Source::Over) {
                            self.0 = Source::Ending(Box::pin(run.finish()));
                        }
                    }
                },
                Source::Ending(ending) => {
                    let Poll::Ready(outcome) = ending.as_mut().poll(cx) else { return Poll::Pending };
                    self.0 = Source::Over;
                    return Poll::Ready(Some(Event::Outcome { outcome: Box::new(outcome) }));
                }
                Source::Over => return Poll::Ready(None),
            }
        }
    }
}

impl Events {
    /// The next event; none behind the outcome.
    pub async fn next(&mut self) -> Option<Event> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }
}
