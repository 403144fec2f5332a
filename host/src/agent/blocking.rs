//! A run without a runtime of the caller's: an iterator that waits.

use tokio::runtime::{Builder, Handle, Runtime};

use super::{Outcome, Run};
use crate::error::{Error, Result};
use crate::record::{RunId, Step, Usage};

/// A run as an iterator of steps, each of which is waited for.
///
/// Nothing goes on between two steps. Dropping it stops the run, which can be resumed.
pub struct BlockingRun {
    /// Goes before the runtime that it works on.
    run: Run,
    runtime: Waiting,
}

impl BlockingRun {
    pub(crate) fn new(run: Run, runtime: Runtime) -> Self {
        Self { run, runtime: Waiting { handle: runtime.handle().clone(), runtime: Some(runtime) } }
    }

    /// Name of the run.
    pub fn id(&self) -> RunId {
        self.run.id()
    }

    /// What was spent up to the last step that was taken.
    pub fn usage(&self) -> Usage {
        self.run.usage()
    }

    /// The outcome, as [`Run::finish`] gives it.
    pub fn finish(self) -> Outcome {
        self.runtime.wait(self.run.finish())
    }
}

impl Iterator for BlockingRun {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        self.runtime.wait(self.run.next())
    }
}

/// A runtime that is left behind when dropped: inside another one it must not be waited for.
struct Waiting {
    handle: Handle,
    /// None while it is dropped.
    runtime: Option<Runtime>,
}

impl Waiting {
    /// Waits, on a thread of its own where the caller's must not be blocked.
    fn wait<T: Send>(&self, future: impl Future<Output = T> + Send) -> T {
        if Handle::try_current().is_err() {
            return self.handle.block_on(future);
        }
        let waited = std::thread::scope(|scope| scope.spawn(|| self.handle.block_on(future)).join());
        waited.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A runtime of our own to wait on.
///
/// # Errors
/// Inside a runtime, whose other work would stand still.
pub(crate) fn blocking_runtime() -> Result<Runtime> {
    if Handle::try_current().is_ok() {
        return Err(Error::usage("a runtime is here, and waiting would block it")
            .hint("use the calls without `blocking`, or call it on a thread of its own"));
    }
    Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|error| Error::failed(format!("cannot start: {error}")))
}
