//! What the requests of a run may still carry out. One for all of its calls, also for those side by side.

use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes that may still leave. Shared by the calls and hooks of a run; without a bound by default.
#[derive(Debug)]
pub struct EgressAllowance(AtomicU64);

impl Default for EgressAllowance {
    fn default() -> Self {
        Self(AtomicU64::new(u64::MAX))
    }
}

impl EgressAllowance {
    /// Leaves at most so much. It never grows: what was taken and got lost on its way to the journal stays taken.
    pub fn lower_to(&self, bytes: u64) {
        self.0.fetch_min(bytes, Ordering::Relaxed);
    }

    /// Takes bytes that are about to leave; whether they may. What does not fit uses up the rest.
    pub fn take(&self, bytes: u64) -> bool {
        let rest = |left: u64| Some(left.saturating_sub(bytes));
        let before = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, rest);
        before.is_ok_and(|left| bytes <= left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_uses_up_the_rest() {
        let allowance = EgressAllowance::default();
        allowance.lower_to(10);
        assert!(allowance.take(4) && allowance.take(6));
        assert!(!allowance.take(1) && allowance.take(0));
        allowance.lower_to(99);
        assert!(!allowance.take(1), "it grew");

        let allowance = EgressAllowance::default();
        allowance.lower_to(10);
        assert!(!allowance.take(11) && !allowance.take(1));
    }
}
