//! What the host offers to every plugin, granted or not. None of it reaches outside the run.
//!
//! Off WebAssembly a stand-in on the same thread answers, so that plugins can be tested natively: there
//! is no run, nobody answers, settings are `{}` or what [`testing`] was given, and state is kept for the
//! thread.

pub mod history;
#[cfg(not(target_arch = "wasm32"))]
mod stand_in;
pub mod state;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;

use std::fmt::Display;
use std::time::Duration;

use serde::de::DeserializeOwned;

use crate::failure::Failure;

#[cfg(target_arch = "wasm32")]
use crate::contract::bindings::looplet::plugin::host as there;
#[cfg(not(target_arch = "wasm32"))]
use stand_in as there;

use crate::contract::bindings::looplet::plugin::host::Level;

/// A line for the operator that matters to the author only. Lines are cut at 4 KiB; 1,000 a call.
pub fn debug(message: impl Display) {
    there::log(Level::Debug, &message.to_string());
}

/// A line for the operator that is worth knowing.
pub fn info(message: impl Display) {
    there::log(Level::Info, &message.to_string());
}

/// A line for the operator: something is off, the work goes on.
pub fn warn(message: impl Display) {
    there::log(Level::Warn, &message.to_string());
}

/// A line for the operator: something went wrong.
pub fn error(message: impl Display) {
    there::log(Level::Error, &message.to_string());
}

/// How far a long call has come, for the person who watches. `stage` is a few words; `completed` and
/// `total` count the same unit.
pub fn progress(stage: &str, completed: u32, total: Option<u32>) {
    there::progress(stage, completed, total);
}

/// True once the run or this call is being cancelled.
pub fn cancelled() -> bool {
    there::cancelled()
}

/// What is left to this call. A call that runs over is cut off.
pub fn time_left() -> Duration {
    Duration::from_millis(there::time_left().into())
}

/// Asks the person before an action that the host cannot see: `action` is one line, `details` may have
/// more. False when the person says no, and when nobody is there. Three questions a call.
pub fn approve(action: &str, details: &str) -> bool {
    there::approve(action, details)
}

/// The operator's settings for this plugin. The host has checked them against the schema of the type
/// that `plugin!` names; another type that does not fit is a failure `execution`.
pub fn settings<T: DeserializeOwned>() -> Result<T, Failure> {
    serde_json::from_str(&there::settings())
        .map_err(|error| Failure::execution(format!("the settings of this plugin do not fit: {error}")))
}

/// Whether a secret of this name is granted. Its value stays with the host.
pub fn secret_exists(name: &str) -> bool {
    there::secret_exists(name)
}
