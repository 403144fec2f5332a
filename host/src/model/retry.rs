//! Asks again where that can help: a model around a model.
//!
//! Separate from the providers so that each of them is one plain exchange. Waiting goes through a
//! [`Clock`], so that tests wait for nothing.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;

use super::error::ModelError;
use super::event::{EventSink, ModelEvent};
use super::wire::Wire;
use super::{Model, ModelRequest, ModelResponse};

/// Time and chance, as far as waiting needs them.
#[async_trait]
pub trait Clock: Send + Sync {
    /// Comes back after this time.
    async fn sleep(&self, time: Duration);

    /// The time of day, with which dates of servers are compared.
    fn now(&self) -> SystemTime;

    /// A number from 0 to 1, so that many hosts do not come back at the same moment.
    fn chance(&self) -> f64;
}

/// The real clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    async fn sleep(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn chance(&self) -> f64 {
        // Without a source of chance all wait equally long, which is no reason to fail.
        f64::from(getrandom::u32().unwrap_or(u32::MAX)) / f64::from(u32::MAX)
    }
}

/// How often and how long. Shipped: three attempts; 0.5 s, then 1 s, up to a fifth less by chance; what
/// a provider asks for, up to 60 s.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Attempts in all, the first included.
    pub attempts: u32,
    /// The wait after the first attempt; it doubles after each.
    pub first_wait: Duration,
    /// The longest wait that the host chooses.
    pub longest_wait: Duration,
    /// The longest wait that a provider may ask for.
    pub longest_asked: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 3,
            first_wait: Duration::from_millis(500),
            longest_wait: Duration::from_secs(8),
            longest_asked: Duration::from_secs(60),
        }
    }
}

impl RetryPolicy {
    /// How long to wait after an attempt, counted from 1.
    fn wait(&self, attempt: u32, error: &ModelError, clock: &dyn Clock) -> Duration {
        if let Some(asked) = error.retry_after() {
            return asked.wait(clock.now()).min(self.longest_asked);
        }
        let doubled = self
            .first_wait
            .saturating_mul(1 << attempt.saturating_sub(1).min(16));
        doubled
            .min(self.longest_wait)
            .mul_f64(1.0 - 0.2 * clock.chance().clamp(0.0, 1.0))
    }
}

/// A model that is asked again after errors that can pass.
pub struct Retrying<M> {
    model: M,
    policy: RetryPolicy,
    clock: Arc<dyn Clock>,
}

impl<M: Model> Retrying<M> {
    /// Wraps a model.
    pub fn new(model: M, policy: RetryPolicy, clock: Arc<dyn Clock>) -> Self {
        Self {
            model,
            policy,
            clock,
        }
    }

    /// Waits before the next attempt, telling so; not longer than until the request is cancelled.
    async fn wait(
        &self,
        attempt: u32,
        error: &ModelError,
        events: &EventSink,
    ) -> Result<(), ModelError> {
        let wait = self.policy.wait(attempt, error, &*self.clock);
        let attempts = self.policy.attempts;
        events.emit(ModelEvent::Retrying {
            attempt,
            attempts,
            wait,
            reason: error.to_string(),
        });
        tokio::select! {
            biased;
            () = events.cancelled() => Err(ModelError::cancelled()),
            () = self.clock.sleep(wait) => Ok(()),
        }
    }
}

#[async_trait]
impl<M: Model> Model for Retrying<M> {
    async fn complete(
        &self,
        request: &ModelRequest<'_>,
        events: &EventSink,
    ) -> Result<ModelResponse, ModelError> {
        let mut attempt = 1;
        loop {
            match self.model.complete(request, events).await {
                Err(error) if error.is_retriable() && attempt < self.policy.attempts => {
                    self.wait(attempt, &error, events).await?;
                    attempt += 1;
                }
                Err(error) => return Err(error.after_attempts(attempt)),
                answer => return answer,
            }
        }
    }

    fn name(&self) -> &str {
        self.model.name()
    }

    fn context_tokens(&self) -> Option<u32> {
        self.model.context_tokens()
    }

    fn wire(&self) -> &dyn Wire {
        self.model.wire()
    }
}
