//! The threads on which guests run: one call a thread, reused, never waited for.
//!
//! A guest may block in the kernel, where nothing can stop it. Then its thread is given up: the caller
//! goes on, the thread is counted, and the process ends without it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::runtime::Runtime;

use crate::error::{Error, Result};

/// What a thread does once. The runtime is the thread's own, with a timer.
pub(super) type Job = Box<dyn FnOnce(&Runtime) + Send>;

/// The threads that are waiting for work.
#[derive(Debug, Default)]
pub(super) struct Threads {
    idle: Mutex<Vec<Sender<Job>>>,
    given_up: AtomicUsize,
}

impl Threads {
    /// Runs a job on an idle thread, or on a new one.
    pub(super) fn run(self: &Arc<Self>, mut job: Job) -> Result<()> {
        while let Some(thread) = self.pop() {
            match thread.send(job) {
                Ok(()) => return Ok(()),
                Err(mpsc::SendError(back)) => job = back,
            }
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

    fn pop(&self) -> Option<Sender<Job>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn push(&self, thread: Sender<Job>) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(thread);
    }
}

fn work(threads: &Weak<Threads>, runtime: &Runtime, first: Job) {
    first(runtime);
    let (sender, jobs) = mpsc::channel::<Job>();
    loop {
        let Some(threads) = threads.upgrade() else { return };
        threads.push(sender.clone());
        drop(threads);
        match jobs.recv() {
            Ok(job) => job(runtime),
            Err(_) => return,
        }
    }
}
