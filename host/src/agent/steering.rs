//! Words of a person to a run that is under way: kept until the loop can record them, before its next request.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::{Error, Result};
use crate::record::RunId;

/// Most bytes of one text.
const TEXT_BYTES: usize = 64 << 10;
/// Most texts that wait.
const WAITING: usize = 32;

/// A hand on a run, for who does not hold the run itself. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Steering(Arc<Mutex<Desk>>);

#[derive(Debug)]
struct Desk {
    run: RunId,
    waiting: Vec<String>,
    is_over: bool,
}

impl Steering {
    pub(super) fn of(run: RunId) -> Self {
        Self(Arc::new(Mutex::new(Desk { run, waiting: Vec::new(), is_over: false })))
    }

    /// Says something to the model: a message of the user, before the next request. It is recorded, so a
    /// resume keeps it. A run that was about to end with a plain answer goes on.
    ///
    /// # Errors
    /// The run is over, the text is empty or too long, or too many wait.
    pub fn steer(&self, text: impl Into<String>) -> Result<()> {
        let text = text.into();
        let mut desk = self.desk();
        if desk.is_over {
            let run = desk.run;
            return Err(Error::usage(format!("run {run} is over: it hears nothing more"))
                .hint(format!("`looplet-host run --continue {run} \"…\"` starts a new run from it")));
        }
        if text.trim().is_empty() {
            return Err(Error::usage("there is nothing in the text"));
        }
        if text.len() > TEXT_BYTES {
            let message = format!("the text is {} bytes long, {TEXT_BYTES} are allowed", text.len());
            return Err(Error::usage(message).hint("put it into a file that a tool can read"));
        }
        if desk.waiting.len() == WAITING {
            return Err(Error::usage(format!("{WAITING} texts wait for the run already")));
        }
        desk.waiting.push(text);
        Ok(())
    }

    /// What was said since this was last asked.
    pub(super) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.desk().waiting)
    }

    /// Nothing is heard from here on. Gives what was said last.
    pub(super) fn end(&self) -> Vec<String> {
        let mut desk = self.desk();
        desk.is_over = true;
        std::mem::take(&mut desk.waiting)
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
