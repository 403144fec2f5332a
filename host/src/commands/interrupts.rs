//! Ctrl-C: the first asks the work to stop, the second ends the process at once.

use tokio_util::sync::CancellationToken;

use super::print;

/// Cancels when the person at the terminal wants to stop. A runtime has to be there.
pub(crate) fn watch() -> CancellationToken {
    let cancel = CancellationToken::new();
    let stop = cancel.clone();
    tokio::spawn(async move {
        // No signals on this machine: nothing to wait for.
        while tokio::signal::ctrl_c().await.is_ok() {
            if stop.is_cancelled() {
                #[expect(clippy::exit, reason = "the second Ctrl-C does not wait for anything")]
                std::process::exit(130);
            }
            // The terminal has echoed `^C` and stands in the middle of a line.
            print::note("\nstopping; once more to leave at once");
            stop.cancel();
        }
    });
    cancel
}
