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
            longest_asked: Duration::from_mins(1),
        }
    }
}

impl RetryPolicy {
    /// How long to wait after an attempt, counted from 1.
    fn wait(&self, attempt: u32, error: &ModelError, clock: &dyn Clock) -> Duration {
        if let Some(asked) = error.retry_after() {
            return asked.wait(clock.now()).min(self.longest_asked);
        }
        let doubled = self.first_wait.saturating_mul(1 << attempt.saturating_sub(1).min(16));
        doubled.min(self.longest_wait).mul_f64(1.0 - 0.2 * clock.chance().clamp(0.0, 1.0))
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
        Self { model, policy, clock }
    }

    /// Waits before the next attempt, telling so; not longer than until the request is cancelled.
    async fn wait(&self, attempt: u32, error: &ModelError, events: &EventSink) -> Result<(), ModelError> {
        let wait = self.policy.wait(attempt, error, &*self.clock);
        let attempts = self.policy.attempts;
        events.emit(ModelEvent::Retrying { attempt, attempts, wait, reason: error.to_string() });
        tokio::select! {
            biased;
            () = events.cancelled() => Err(ModelError::cancelled()),
            () = self.clock.sleep(wait) => Ok(()),
        }
    }
}

#[async_trait]
impl<M: Model> Model for Retrying<M> {
    async fn complete(&self, request: &ModelRequest<'_>, events: &EventSink) -> Result<ModelResponse, ModelError> {
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

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use tokio_util::sync::CancellationToken;

    use super::super::openai::OpenAi;
    use super::super::test_server::{Reply, TestServer, impatient};
    use super::super::{RequestSetup, Transcript};
    use super::*;

    const OK: &str = r#"{"choices":[{"message":{"content":"ok"}}]}"#;

    /// A clock that notes how long it was to sleep, and sleeps not at all or for ever.
    #[derive(Default)]
    struct Noting {
        slept: Mutex<Vec<Duration>>,
        stands_still: bool,
    }

    #[async_trait]
    impl Clock for Noting {
        async fn sleep(&self, time: Duration) {
            self.slept.lock().expect("no panic before").push(time);
            if self.stands_still {
                std::future::pending::<()>().await;
            }
        }

        fn now(&self) -> SystemTime {
            httpdate::parse_http_date("Wed, 21 Oct 2015 07:28:00 GMT").expect("is a date")
        }

        fn chance(&self) -> f64 {
            0.0
        }
    }

    struct Tried {
        answer: Result<String, String>,
        slept: Vec<u128>,
        told: Vec<String>,
        requests: usize,
    }

    async fn tried(replies: Vec<Reply>) -> Tried {
        let server = TestServer::start(replies).await;
        let clock = Arc::new(Noting::default());
        let model = OpenAi::new(impatient(), server.endpoint("/v1"), None, "mock");
        let model = Retrying::new(model, RetryPolicy::default(), Arc::clone(&clock) as Arc<dyn Clock>);
        let told = Arc::new(Mutex::new(Vec::new()));
        let ear = Arc::clone(&told);
        let events = EventSink::default().listen(move |event| {
            let ModelEvent::Retrying { attempt, attempts, wait, reason } = event;
            let line = format!("{attempt}/{attempts} {} ms: {reason}", wait.as_millis());
            ear.lock().expect("no panic before").push(line);
        });
        let (setup, transcript) = (RequestSetup::new(), Transcript::default());
        let answer = model.complete(&ModelRequest::new(&model, &setup, &transcript), &events).await;
        let told = told.lock().expect("no panic before");
        let slept = clock.slept.lock().expect("no panic before");
        Tried {
            answer: answer.map(|answer| answer.text).map_err(|error| server.without_port(&error.to_string())),
            slept: slept.iter().map(Duration::as_millis).collect(),
            told: told.iter().map(|line| server.without_port(line)).collect(),
            requests: server.seen().len(),
        }
    }

    #[tokio::test]
    async fn a_busy_provider_is_asked_again_when_it_says() {
        let busy = |after| Reply::new(429, "").header("retry-after", after);
        let tried = tried(vec![busy("7"), busy("Wed, 21 Oct 2015 07:28:09 GMT"), Reply::ok(OK)]).await;
        assert_eq!(tried.answer, Ok("ok".into()));
        assert_eq!(tried.slept, [7000, 9000]);
        assert_eq!(
            tried.told,
            [
                "1/3 7000 ms: `openai` at 127.0.0.1:PORT takes no more requests for now (status 429)",
                "2/3 9000 ms: `openai` at 127.0.0.1:PORT takes no more requests for now (status 429)",
            ]
        );
    }

    #[tokio::test]
    async fn what_a_provider_asks_for_is_bounded() {
        let busy = Reply::new(429, "").header("retry-after", "86400");
        assert_eq!(tried(vec![busy, Reply::ok(OK)]).await.slept, [60_000]);
    }

    #[tokio::test]
    async fn a_fault_that_stays_is_reported_after_three_attempts() {
        for (status, what) in [(500, "has a fault of its own"), (529, "is overloaded")] {
            let tried = tried(vec![Reply::new(status, "")]).await;
            assert_eq!(tried.answer, Err(format!("`openai` at 127.0.0.1:PORT {what} (status {status}) (3 attempts)")));
            assert_eq!((tried.requests, tried.slept), (3, vec![500, 1000]));
        }
    }

    #[tokio::test]
    async fn a_broken_off_answer_is_asked_for_again() {
        let tried = tried(vec![Reply::ok("{").announcing(100), Reply::ok(OK)]).await;
        assert_eq!((tried.answer, tried.requests), (Ok("ok".into()), 2));
    }

    #[tokio::test]
    async fn what_trying_again_will_not_mend_is_tried_once() {
        for reply in [Reply::new(401, ""), Reply::new(400, ""), Reply::ok("no json")] {
            let tried = tried(vec![reply]).await;
            assert!(tried.answer.is_err());
            assert_eq!((tried.requests, tried.slept, tried.told), (1, vec![], vec![]));
        }
    }

    #[tokio::test]
    async fn cancelling_ends_the_wait() {
        let server = TestServer::start(vec![Reply::new(500, "")]).await;
        let clock = Arc::new(Noting { stands_still: true, ..Noting::default() });
        let model = OpenAi::new(impatient(), server.endpoint("/v1"), None, "mock");
        let model = Retrying::new(model, RetryPolicy::default(), Arc::clone(&clock) as Arc<dyn Clock>);
        let cancel = CancellationToken::new();
        let stop = cancel.clone();
        let events = EventSink::new(cancel).listen(move |_| stop.cancel());
        let (setup, transcript) = (RequestSetup::new(), Transcript::default());
        let answer = model.complete(&ModelRequest::new(&model, &setup, &transcript), &events).await;
        assert_eq!(answer.expect_err("is cancelled"), ModelError::cancelled());
        assert_eq!(server.seen().len(), 1);
    }

    #[test]
    fn chance_only_shortens_a_wait_and_by_a_fifth_at_most() {
        struct Lucky;
        #[async_trait]
        impl Clock for Lucky {
            async fn sleep(&self, _time: Duration) {}
            fn now(&self) -> SystemTime {
                SystemTime::UNIX_EPOCH
            }
            fn chance(&self) -> f64 {
                1.0
            }
        }
        let error = ModelError::new(super::super::ModelErrorKind::Server, "x").retriable();
        let policy = RetryPolicy::default();
        let wait = |attempt| policy.wait(attempt, &error, &Lucky).as_millis();
        assert_eq!([wait(1), wait(2), wait(3), wait(9), wait(u32::MAX)], [400, 800, 1600, 6400, 6400]);
    }
}
