//! Time as the driver sees it: one trait, so that tests have a time of their own.

use std::time::{Duration, Instant, SystemTime};

/// The time of day and a time that never runs backwards.
pub trait Clock: Send + Sync {
    /// Milliseconds since 1970.
    fn unix_ms(&self) -> u64;

    /// Time since some fixed moment.
    fn monotonic(&self) -> Duration;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock(Instant);

impl Default for SystemClock {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Clock for SystemClock {
    fn unix_ms(&self) -> u64 {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }

    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }
}

/// Measures a run's active time: runs while the run is polled, stands still while a person is asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stopwatch {
    before: Duration,
    since: Option<Duration>,
}

impl Stopwatch {
    /// A stopwatch at rest that shows so many milliseconds.
    pub(super) fn at(active_ms: u64) -> Self {
        Self { before: Duration::from_millis(active_ms), since: None }
    }

    pub(super) fn start(&mut self, clock: &dyn Clock) {
        self.since.get_or_insert(clock.monotonic());
    }

    pub(super) fn rest(&mut self, clock: &dyn Clock) {
        self.before = self.read(clock);
        self.since = None;
    }

    /// Leaves out a time that just passed.
    pub(super) fn leave_out(&mut self, waited: Duration, clock: &dyn Clock) {
        let running = self.since.map_or(Duration::ZERO, |since| clock.monotonic().saturating_sub(since));
        self.since = self.since.map(|since| since + waited.min(running));
    }

    pub(super) fn ms(&self, clock: &dyn Clock) -> u64 {
        u64::try_from(self.read(clock).as_millis()).unwrap_or(u64::MAX)
    }

    fn read(&self, clock: &dyn Clock) -> Duration {
        let running = self.since.map_or(Duration::ZERO, |since| clock.monotonic().saturating_sub(since));
        self.before + running
    }
}
