//! The threads on which guests run: one call a thread, reused, never waited for.
//!
//! A guest may block in the kernel, where nothing can stop it. Then its thread is given up: the caller
//! goes on, the thread is counted, and the process ends without it. Requests leave from the thread of the guest
//! that makes them, so that one costs no way to another thread and back.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::Thread;

use tokio::runtime::Runtime;
use tokio::sync::Notify;

use crate::capability::http::Egress;
use crate::error::{Error, Result};

/// What a thread does once.
pub(super) type Job = Box<dyn FnOnce(&Station) + Send>;

/// What a thread has of its own.
pub(super) struct Station {
    pub(super) runtime: Runtime,
    /// Its connections live on the runtime.
    pub(super) egress: Arc<Egress>,
}

/// The threads that are waiting for work.
pub(super) struct Threads {
    idle: Mutex<Vec<Idle>>,
    given_up: AtomicUsize,
    /// By which each thread's own is made.
    egress: Egress,
}

/// A thread that waits until something lies in its place.
struct Idle {
    place: Arc<Place>,
    thread: Thread,
    /// It waits on its runtime, since it holds connections; else it is parked, which is quicker to wake.
    is_connected: bool,
}

impl Idle {
    fn wake(&self) {
        if self.is_connected {
            self.place.bell.notify_one();
        } else {
            self.thread.unpark();
        }
    }
}

/// Where a thread finds its next job. The one who puts it there wakes the thread afterwards, so that it never
/// wakes into a lock that is still held.
#[derive(Default)]
struct Place {
    job: Mutex<Option<Job>>,
    bell: Notify,
}

impl Place {
    fn put(&self, job: Job) {
        *self.job.lock().unwrap_or_else(PoisonError::into_inner) = Some(job);
    }

    fn take(&self) -> Option<Job> {
        self.job.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Waits for a job; none when nobody is left to bring one.
    fn next(&self, threads: &Weak<Threads>) -> Option<Job> {
        loop {
            if let Some(job) = self.take() {
                return Some(job);
            }
            if threads.strong_count() == 0 {
                return None;
            }
            std::thread::park();
        }
    }

    /// The same while connections are looked after, and let go of after a while.
    async fn next_connected(&self, threads: &Weak<Threads>, egress: &Egress) -> Option<Job> {
        let mut rest = std::pin::pin!(tokio::time::sleep(Egress::KEEP));
        loop {
            if let Some(job) = self.take() {
                return Some(job);
            }
            if threads.strong_count() == 0 {
                return None;
            }
            tokio::select! {
                () = self.bell.notified() => {}
                () = &mut rest, if egress.is_connected() => egress.hang_up(),
            }
        }
    }
}

impl Threads {
    /// None yet.
    pub(super) fn new(egress: Egress) -> Self {
        Self { idle: Mutex::default(), given_up: AtomicUsize::new(0), egress }
    }

    /// Runs a job on an idle thread, or on a new one.
    pub(super) fn run(self: &Arc<Self>, job: Job) -> Result<()> {
        // The lock is let go before the thread is woken.
        let idle = self.idle().pop();
        if let Some(idle) = idle {
            idle.place.put(job);
            idle.wake();
            return Ok(());
        }
        let fault = |error| Error::failed(format!("cannot start a thread: {error}"));
        let egress = Arc::new(self.egress.beside());
        let threads = Arc::downgrade(self);
        std::thread::Builder::new()
            .name("looplet-guest".to_owned())
            .spawn(move || {
                // Here, where it may be dropped too. Without one the job goes, and who waits for it sees that.
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                if let Ok(runtime) = runtime {
                    work(&threads, &Station { runtime, egress }, job);
                }
            })
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
            idle.wake();
        }
    }
}

fn work(threads: &Weak<Threads>, station: &Station, first: Job) {
    let place = Arc::new(Place::default());
    let mut job = first;
    loop {
        job(station);
        let is_connected = station.egress.is_connected();
        let Some(alive) = threads.upgrade() else { return };
        alive.idle().push(Idle { place: Arc::clone(&place), thread: std::thread::current(), is_connected });
        drop(alive);
        let next = if is_connected {
            station.runtime.block_on(place.next_connected(threads, &station.egress))
        } else {
            place.next(threads)
        };
        job = match next {
            Some(next) => next,
            None => return,
        };
    }
}
