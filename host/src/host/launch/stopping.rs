//! How a run is stopped from outside without losing what it does at that moment.

use tokio_util::sync::CancellationToken;

use super::Launch;

impl Launch {
    /// Stops the run when this is cancelled, as soon as the calls that run have come to their end; a
    /// question to a model or a person is taken back at once. It can be resumed.
    pub fn rest(mut self, rest: CancellationToken) -> Self {
        self.rest = rest;
        self
    }
}
