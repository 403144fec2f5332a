//! A run for programs without a runtime.

use super::Launch;
use crate::agent::{BlockingRun, blocking_runtime};
use crate::error::Result;

impl Launch {
    /// [`Launch::start`], as an iterator of steps that waits for each.
    ///
    /// ```no_run
    /// # fn run(host: looplet_host::Host) -> looplet_host::error::Result<()> {
    /// for step in host.run("What is here?").model("openai:gpt-5.5").start_blocking()? {
    ///     println!("{}", step.pretty());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Launch::start`]; also inside a runtime, which must not be blocked.
    pub fn start_blocking(self) -> Result<BlockingRun> {
        let runtime = blocking_runtime()?;
        let run = {
            // Whoever looks for the runtime when a run begins finds this one.
            let _inside = runtime.enter();
            self.start()?
        };
        Ok(BlockingRun::new(run, runtime))
    }
}
