//! Who may be inside a guest: so many calls, so much memory. Runs and plugins take turns.
//!
//! Waiting calls stand in one queue for each run and plugin, and the queues are served in turn, so that a
//! run with a thousand calls holds up another one by one call, not by a thousand. A call that waits for a
//! person lends its slot out; its memory stays taken, because its instance lives on.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::limits::Limits;
use crate::digest::Digest;
use crate::plugin::RunKey;

/// Whose calls stand in one queue.
pub(super) type Queue = (RunKey, Digest);

/// The slots and the memory that all calls share.
#[derive(Debug)]
pub(super) struct Permits(Mutex<Desk>);

#[derive(Debug)]
struct Desk {
    calls: usize,
    memory: usize,
    waiting: BTreeMap<Queue, VecDeque<Waiting>>,
    /// The queues with somebody in them, the next to be served first.
    turns: VecDeque<Queue>,
}

#[derive(Debug)]
struct Waiting {
    memory: usize,
    admitted: oneshot::Sender<Permit>,
}

/// One call's place. Gives it back when it is dropped.
#[derive(Debug)]
pub(super) struct Permit {
    permits: Arc<Permits>,
    queue: Queue,
    memory: usize,
    /// None of the slots is held while the call waits for a person.
    holds_slot: bool,
}

impl Desk {
    fn fits(&self, memory: usize) -> bool {
        self.calls > 0 && memory <= self.memory
    }

    fn admit(&mut self, memory: usize) {
        self.calls -= 1;
        self.memory -= memory;
    }
}

impl Permits {
    pub(super) fn new() -> Self {
        Self::of(Limits::CONCURRENT_CALLS, Limits::MEMORY_SUM_BYTES)
    }

    fn of(calls: usize, memory: usize) -> Self {
        Self(Mutex::new(Desk { calls, memory, waiting: BTreeMap::new(), turns: VecDeque::new() }))
    }

    /// Waits for a slot and for memory. Dropping the future leaves the queue.
    pub(super) async fn acquire(self: &Arc<Self>, queue: Queue, memory: usize) -> Permit {
        let memory = memory.min(Limits::MEMORY_SUM_BYTES);
        if let Some(permit) = self.acquire_now(queue, memory) {
            return permit;
        }
        let (admitted, turn) = oneshot::channel();
        self.join(queue, Waiting { memory, admitted });
        match turn.await {
            Ok(permit) => permit,
            // The desk outlives everybody in its queues: it is held by `self`.
            Err(_) => std::future::pending().await,
        }
    }

    /// A permit where there is room and nobody waits.
    fn acquire_now(self: &Arc<Self>, queue: Queue, memory: usize) -> Option<Permit> {
        let mut desk = self.desk();
        (desk.turns.is_empty() && desk.fits(memory)).then(|| {
            desk.admit(memory);
            Permit { permits: Arc::clone(self), queue, memory, holds_slot: true }
        })
    }

    fn join(self: &Arc<Self>, queue: Queue, waiting: Waiting) {
        let mut desk = self.desk();
        let line = desk.waiting.entry(queue).or_default();
        line.push_back(waiting);
        if line.len() == 1 {
            desk.turns.push_back(queue);
        }
        drop(desk);
        self.serve();
    }

    /// Admits whoever is next, as long as there is room. Who needs more memory than is free is waited for,
    /// so that small calls cannot keep a large one out for ever.
    fn serve(self: &Arc<Self>) {
        while let Some((waiting, permit)) = self.next() {
            // Who has left gives the permit back here, outside the lock.
            drop(waiting.admitted.send(permit));
        }
    }

    fn next(self: &Arc<Self>) -> Option<(Waiting, Permit)> {
        let mut guard = self.desk();
        let desk = &mut *guard;
        loop {
            let queue = *desk.turns.front()?;
            let first = desk.waiting.get(&queue)?.front()?;
            let has_left = first.admitted.is_closed();
            if !has_left && !desk.fits(first.memory) {
                return None;
            }
            let line = desk.waiting.get_mut(&queue)?;
            let waiting = line.pop_front()?;
            let is_empty = line.is_empty();
            desk.turns.pop_front();
            if is_empty {
                desk.waiting.remove(&queue);
            } else if has_left {
                // Its turn is not used up by somebody who went away.
                desk.turns.push_front(queue);
            } else {
                desk.turns.push_back(queue);
            }
            if has_left {
                continue;
            }
            desk.admit(waiting.memory);
            let permit = Permit { permits: Arc::clone(self), queue, memory: waiting.memory, holds_slot: true };
            return Some((waiting, permit));
        }
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Permit {
    fn lend(&mut self) {
        if std::mem::take(&mut self.holds_slot) {
            self.permits.desk().calls += 1;
            self.permits.serve();
        }
    }

    /// Takes over the slot of another permit.
    fn take_over(&mut self, mut other: Permit) {
        if !self.holds_slot {
            self.holds_slot = std::mem::take(&mut other.holds_slot);
        }
    }
}

/// A permit that the caller holds and the guest's thread may lend out. It ends with the caller's side: a
/// thread that the kernel holds keeps none.
#[derive(Debug)]
pub(super) struct Seat(Lent);

/// The guest's side of a [`Seat`].
#[derive(Clone, Debug)]
pub(super) struct Lent(Arc<Mutex<Option<Permit>>>);

impl Seat {
    pub(super) fn new(permit: Permit) -> Self {
        Self(Lent(Arc::new(Mutex::new(Some(permit)))))
    }

    pub(super) fn guest_side(&self) -> Lent {
        self.0.clone()
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        drop(self.0.permit().take());
    }
}

impl Lent {
    /// Gives the slot to others while somebody is waited for, then waits for one again.
    pub(super) async fn lend_while<T>(&self, waiting: impl Future<Output = T>) -> T {
        let lent = self.permit().as_mut().map(|permit| {
            permit.lend();
            (Arc::clone(&permit.permits), permit.queue)
        });
        let result = waiting.await;
        if let Some((permits, queue)) = lent {
            let slot = permits.acquire(queue, 0).await;
            if let Some(permit) = self.permit().as_mut() {
                permit.take_over(slot);
            }
        }
        result
    }

    fn permit(&self) -> MutexGuard<'_, Option<Permit>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut desk = self.permits.desk();
        desk.memory += self.memory;
        desk.calls += usize::from(self.holds_slot);
        drop(desk);
        self.permits.serve();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(run: RunKey) -> Queue {
        (run, Digest::of(b"plugin"))
    }

    /// Joins and returns what tells that it was admitted.
    fn join(permits: &Arc<Permits>, run: RunKey, memory: usize) -> oneshot::Receiver<Permit> {
        let (admitted, turn) = oneshot::channel();
        permits.join(queue(run), Waiting { memory, admitted });
        turn
    }

    fn free(permits: &Permits) -> (usize, usize) {
        let desk = permits.desk();
        (desk.calls, desk.memory)
    }

    fn admitted(turns: &mut [oneshot::Receiver<Permit>]) -> Vec<Option<Permit>> {
        turns.iter_mut().map(|turn| turn.try_recv().ok()).collect()
    }

    #[test]
    fn a_run_with_many_calls_holds_up_another_by_one() {
        let permits = Arc::new(Permits::of(1, 100));
        let (many, one) = (RunKey::unique(), RunKey::unique());
        let mut turns: Vec<_> = (0..4).map(|_| join(&permits, many, 1)).collect();
        turns.push(join(&permits, one, 1));
        let mut order = Vec::new();
        for _ in 0..5 {
            let mut now = admitted(&mut turns);
            let at = now.iter().position(Option::is_some).expect("somebody is in");
            order.push(at);
            drop(now.swap_remove(at));
        }
        assert_eq!(order, [0, 1, 4, 2, 3]);
    }

    #[test]
    fn a_large_call_is_waited_for_by_small_ones() {
        let permits = Arc::new(Permits::of(8, 100));
        let (large, small) = (RunKey::unique(), RunKey::unique());
        let mut turns = vec![join(&permits, small, 60), join(&permits, large, 90), join(&permits, small, 10)];
        let mut now = admitted(&mut turns);
        assert_eq!(now.iter().map(Option::is_some).collect::<Vec<_>>(), [true, false, false]);
        drop(now.remove(0));
        let now = admitted(&mut turns[1..]);
        assert_eq!(now.iter().map(Option::is_some).collect::<Vec<_>>(), [true, true]);
    }

    #[test]
    fn who_has_left_is_passed_over() {
        let permits = Arc::new(Permits::of(1, 100));
        let run = RunKey::unique();
        let mut first = join(&permits, run, 1);
        let gone = join(&permits, run, 1);
        let mut third = join(&permits, run, 1);
        drop(gone);
        drop(first.try_recv().expect("is in"));
        assert!(third.try_recv().is_ok());
    }

    #[tokio::test]
    async fn a_slot_that_is_lent_serves_others_and_comes_back() {
        let permits = Arc::new(Permits::of(1, 100));
        let seat = Seat::new(permits.acquire(queue(RunKey::unique()), 1).await);
        let other = async { drop(permits.acquire(queue(RunKey::unique()), 1).await) };
        seat.guest_side().lend_while(other).await;
        assert!(seat.0.permit().as_ref().is_some_and(|permit| permit.holds_slot));
        drop(seat);
        assert_eq!(free(&permits), (1, 100));
    }

    #[tokio::test]
    async fn a_guest_that_is_left_behind_holds_no_place() {
        let permits = Arc::new(Permits::of(1, 100));
        let seat = Seat::new(permits.acquire(queue(RunKey::unique()), 1).await);
        let guest = seat.guest_side();
        drop(seat);
        guest.lend_while(std::future::ready(())).await;
        assert_eq!(free(&permits), (1, 100));
    }
}
