//! Who pays for the sub-agents of one call: what the run has left, what was promised, what was spent.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::agent::Account;
use crate::budget::Budget;
use crate::message::{Failure, FailureKind};
use crate::record::Spent;

/// How many sub-agents one call may begin.
pub(super) const CHILDREN: usize = 8;

/// The books of one call.
pub(crate) struct Ledger {
    /// What the run had left when the call began.
    left: Budget,
    began: Instant,
    accounts: Mutex<Vec<Entry>>,
}

struct Entry {
    promised: Budget,
    account: Account,
    opened: Instant,
    ran: Ran,
}

/// Says what the gate of a sub-agent knows: which tools were let through, and what was written.
pub(crate) type Ran = Box<dyn Fn() -> Spent + Send>;

impl Ledger {
    pub(crate) fn new(left: Budget) -> Self {
        Self { left, began: Instant::now(), accounts: Mutex::default() }
    }

    /// Promises a part of what is left to a run that is about to begin: at most what is wished for.
    pub(super) fn promise(&self, part: f64, wish: impl FnOnce(&mut Budget)) -> Result<(Budget, Account), Failure> {
        let mut accounts = self.accounts();
        if accounts.len() == CHILDREN {
            return Err(refused(format!("a call may begin {CHILDREN} sub-agents, and it has")));
        }
        let left = self.free(&accounts);
        if let Some(bound) = left.used_up() {
            return Err(refused(format!("no {bound} of the run's budget is left for a sub-agent")));
        }
        let mut wished = left.share(part);
        wish(&mut wished);
        let promised = wished.within(&left.share(part));
        if let Some(bound) = promised.used_up() {
            return Err(refused(format!("a sub-agent that may spend no {bound} can do nothing")));
        }
        let account = Account::default();
        let (opened, ran): (_, Ran) = (Instant::now(), Box::new(Default::default));
        accounts.push(Entry { promised: promised.clone(), account: account.clone(), opened, ran });
        Ok((promised, account))
    }

    /// The run of the last promise began, or did not.
    pub(super) fn began(&self, account: &Account, ran: Option<Ran>) {
        let mut accounts = self.accounts();
        match (ran, accounts.iter_mut().find(|entry| entry.account.is_same(account))) {
            (Some(ran), Some(entry)) => entry.ran = ran,
            (_, Some(_)) => accounts.retain(|entry| !entry.account.is_same(account)),
            (_, None) => {}
        }
    }

    /// What all sub-agents spent so far; none where there was none.
    pub(crate) fn spent(&self) -> Option<Spent> {
        let accounts = self.accounts();
        let all = accounts.iter().map(|entry| (entry.ran)().plus(&entry.account.spent()));
        all.reduce(|all, spent| all.plus(&spent))
    }

    /// How long they waited for persons. People are asked one at a time.
    pub(crate) fn waited_ms(&self) -> u64 {
        self.accounts().iter().map(|entry| entry.account.waited_ms()).sum()
    }

    /// How long at least one of them was there.
    pub(crate) fn busy(&self) -> Duration {
        let (mut busy, mut until, now) = (Duration::ZERO, None, Instant::now());
        // They are in the order in which they began.
        for entry in &*self.accounts() {
            let closed = entry.account.closed().unwrap_or(now);
            let from = until.map_or(entry.opened, |until: Instant| until.max(entry.opened));
            busy += closed.saturating_duration_since(from);
            until = Some(until.map_or(closed, |until| until.max(closed)));
        }
        busy
    }

    fn free(&self, accounts: &[Entry]) -> Budget {
        let passed = self
            .began
            .elapsed()
            .saturating_sub(Duration::from_millis(accounts.iter().map(|entry| entry.account.waited_ms()).sum()));
        let passed = u64::try_from(passed.as_millis()).unwrap_or(u64::MAX);
        let active_ms = self.left.active_ms.map(|active| active.saturating_sub(passed));
        accounts.iter().fold(Budget { active_ms, ..self.left.clone() }, |left, entry| match entry.account.closed() {
            Some(_) => left.less(&entry.account.spent()),
            None => left.beside(&entry.promised),
        })
    }

    fn accounts(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn refused(why: String) -> Failure {
    Failure::new(FailureKind::Execution, why)
}
