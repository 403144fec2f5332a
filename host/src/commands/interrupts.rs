//! Ctrl-C. Of a run: the first lets the call that runs come to its end, the second ends the run at once, the
//! third the process. Of other work: the first asks it to stop, the second ends the process.

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::print;

/// How long a run has to write its last record after the second.
const PATIENCE: Duration = Duration::from_secs(2);

/// What ends a run.
pub(crate) struct Stops {
    /// After the call that runs.
    pub(crate) rest: CancellationToken,
    /// Now.
    pub(crate) cancel: CancellationToken,
}

/// Watches over a run. A runtime has to be there.
pub(crate) fn watch_run() -> Stops {
    let cancel = CancellationToken::new();
    let rest = cancel.child_token();
    let stops = Stops { rest: rest.clone(), cancel: cancel.clone() };
    // Heard from here on, whoever asks what before the task has begun.
    let Ok(mut interrupts) = signal(SignalKind::interrupt()) else { return stops };
    tokio::spawn(async move {
        while interrupts.recv().await.is_some() {
            if cancel.is_cancelled() {
                leave();
            }
            if rest.is_cancelled() {
                print::note("\nstopping now");
                cancel.cancel();
                tokio::spawn(async {
                    tokio::time::sleep(PATIENCE).await;
                    leave();
                });
            } else {
                // The terminal has echoed `^C` and stands in the middle of a line.
                print::note("\nstopping after this call; once more to stop now");
                rest.cancel();
            }
        }
    });
    stops
}

/// Cancels when the person at the terminal wants to stop. A runtime has to be there.
pub(crate) fn watch() -> CancellationToken {
    let cancel = CancellationToken::new();
    let stop = cancel.clone();
    let Ok(mut interrupts) = signal(SignalKind::interrupt()) else { return cancel };
    tokio::spawn(async move {
        while interrupts.recv().await.is_some() {
            if stop.is_cancelled() {
                leave();
            }
            print::note("\nstopping; once more to leave at once");
            stop.cancel();
        }
    });
    cancel
}

fn leave() -> ! {
    #[expect(clippy::exit, reason = "whoever asks again does not wait for anything")]
    std::process::exit(130)
}
