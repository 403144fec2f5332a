//! The threads on which guests run: one call a thread, reused, never waited for.
//!
//! A guest may block in the kernel, where nothing can stop it. Then its thread is given up: the caller
//! goes on, the thread is counted, and the process ends without it.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::Thread;

use tokio::runtime::Runtime;

use crate::error::{Error, Result};

/// What a thread does once. The runtime is the thread's own, with a timer.
pub(super) type Job = Box<dyn FnOnce(&Runtime) + Send>;

/// The threads that are waiting for work.
#[derive(Debug, Default)]
pub(super) struct Threads {
    idle: Mutex<Vec<Idle>>,
    given_up: AtomicUsize,
}

/// A thread that waits until something lies in its place.
#[derive(Debug)]
struct Idle {
    place: Arc<Place>,
    thread: Thread,
}

/// Where a thread finds its next job. The one who puts it there wakes the thread afterwards, so that it never
/// wakes into a lock that is still held.
#[derive(Default)]
struct Place(Mutex<Option<Job>>);

impl Place {
    fn put(&self, job: Job) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(job);
    }

    fn take(&self) -> Option<Job> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Place")
    }
}

impl Threads {
    /// Runs a job on an idle thread, or on a new one.
    pub(super) fn run(self: &Arc<Self>, job: Job) -> Result<()> {
        // The lock is let go before the thread is woken.
        let idle = self.idle().pop();
        if let Some(idle) = idle {
            idle.place.put(job);
            idle.thread.unpark();
            return Ok(());
        }
        let fault = |error| Error::failed(format!("cannot start a thread: {error}"));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().map_err(fault)?;
        let threads = Arc::downgrade(self);
        std::thread::Builder::new()
            .name("looplet-guest".to_owned())
            .spawn(move || work(&threads, &runtime, job))
            .map_err(fault)?;
        Ok(())
    }

    /// Notes that a thread did not come back in time.
    pub(super) fn give_up_one(&self) {
        self.given_up.fetch_add(1, Ordering::Relaxed);
    }

    /// How many threads did not come back in time.
    pub(super) fn given_up(&self) -> usize {
        self.given_up.load(Ordering::Relaxed)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wakes the threads that wait, which find that there is nobody left to wait for.
impl Drop for Threads {
    fn drop(&mut self) {
        for idle in self.idle().drain(..) {
            idle.thread.unpark();
        }
    }
}

fn work(threads: &Weak<Threads>, runtime: &Runtime, first: Job) {
    let place = Arc::new(Place::default());
    let mut job = first;
    loop {
        job(runtime);
        let Some(alive) = threads.upgrade() else { return };
        alive.idle().push(Idle { place: Arc::clone(&place), thread: std::thread::current() });
        drop(alive);
        job = loop {
            if let Some(next) = place.take() {
                break next;
            }
            if threads.strong_count() == 0 {
                return;
            }
            std::thread::park();
        };
    }
}
