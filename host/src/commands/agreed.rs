//! The word of a person that something may be: given by `--yes`, else asked for at the terminal.

use looplet_host::error::{Error, Result};
use looplet_host::machine::Machine;
use tokio_util::sync::CancellationToken;

use super::terminal::Terminal;

/// What somebody has to agree to.
pub(super) struct Agreement<'a> {
    /// The digest of what was shown; none where several things were.
    pub(super) digest: Option<String>,
    pub(super) question: &'a str,
}

impl Agreement<'_> {
    /// What `--yes` says, else the person at the terminal. Standard input is not asked: what is piped in was not
    /// written by somebody who has read what was shown. `other` is the error for another digest than the one that
    /// was shown, `nobody` that for nobody being there.
    pub(super) async fn given(
        self,
        machine: &Machine,
        yes: Option<&str>,
        other: impl FnOnce(&str) -> Error,
        nobody: impl Fn() -> Error,
    ) -> Result<bool> {
        match yes {
            Some("") => return Ok(true),
            Some(shown) if self.digest.as_deref() == Some(shown) => return Ok(true),
            Some(shown) => return Err(other(shown)),
            None if !machine.surroundings.terminal => return Err(nobody()),
            None => {}
        }
        Terminal::of(machine, CancellationToken::new()).agrees(self.question).await.ok_or_else(nobody)
    }
}
