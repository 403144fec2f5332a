//! Waiting for a program that this process has started.

use std::process::{Child, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

/// How often is looked whether it has ended.
const LOOK: Duration = Duration::from_millis(20);

/// How it ended; none for one that had not by then and was stopped. `look` is called each time it is looked at.
pub fn wait_until(child: &mut Child, until: Instant, look: &mut dyn FnMut()) -> std::io::Result<Option<ExitStatus>> {
    loop {
        look();
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() > until {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(LOOK);
    }
}
