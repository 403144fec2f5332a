//! What the requests of a run may still carry out. One for all of its calls, also for those side by side.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes that may still leave. Shared by the calls and hooks of a run; without a bound by default.
#[derive(Debug)]
pub struct EgressAllowance {
    left: AtomicU64,
    /// Of the run that this one is inside of.
    above: Option<Arc<Self>>,
}

impl Default for EgressAllowance {
    fn default() -> Self {
        Self { left: AtomicU64::new(u64::MAX), above: None }
    }
}

impl EgressAllowance {
    /// That of a run inside of another one, which pays for it.
    pub fn within(above: &Arc<Self>) -> Self {
        Self { above: Some(Arc::clone(above)), ..Self::default() }
    }

    /// Leaves at most so much. It never grows: what was taken and got lost on its way to the journal stays taken.
    pub fn lower_to(&self, bytes: u64) {
        self.left.fetch_min(bytes, Ordering::Relaxed);
    }

    /// Takes bytes that are about to leave, and gives how many it took. Where that is less, none of them may leave,
    /// and the rest is used up.
    pub fn take(&self, bytes: u64) -> u64 {
        let rest = |left: u64| Some(left.saturating_sub(bytes));
        let before = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, rest);
        let taken = before.unwrap_or_default().min(bytes);
        self.above.as_ref().map_or(taken, |above| above.take(taken))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(bytes: u64) -> EgressAllowance {
        let allowance = EgressAllowance::default();
        allowance.lower_to(bytes);
        allowance
    }

    #[test]
    fn what_does_not_fit_uses_up_the_rest() {
        let allowance = of(10);
        assert_eq!([4, 7, 1].map(|bytes| allowance.take(bytes)), [4, 6, 0]);
        allowance.lower_to(99);
        assert_eq!(allowance.take(1), 0, "it grew");
    }

    #[test]
    fn a_run_inside_of_another_one_takes_from_both() {
        let above = Arc::new(of(10));
        let inside = EgressAllowance::within(&above);
        inside.lower_to(6);
        assert_eq!([4, 100].map(|bytes| inside.take(bytes)), [4, 2]);
        assert_eq!(above.take(100), 4);
        let other = EgressAllowance::within(&above);
        other.lower_to(6);
        assert_eq!(other.take(1), 0);
    }
}
