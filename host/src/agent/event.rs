//! What a run tells while it goes on: what `--json` prints, and a web server streams.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use serde::Serialize;

use super::{Outcome, Run};
use crate::record::Step;

/// One event of a run. Serialised with its kind under `type`: `{"type": "step", "step": {…}}`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
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
            Self::Step { .. } => None,
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
        Events(Source::Run(Box::new(self)))
    }
}

impl Stream for Events {
    type Item = Event;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        loop {
            match &mut self.0 {
                Source::Run(run) => match Pin::new(&mut **run).poll_next(cx) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Some(step)) => return Poll::Ready(Some(Event::Step { step: Box::new(step) })),
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
