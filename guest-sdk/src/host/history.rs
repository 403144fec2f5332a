//! What has happened in the run so far, for hooks; a tool gets empty answers.
//!
//! Off WebAssembly the steps are those that [`super::testing::set_history`] was given.

use crate::contract::StepView;
use crate::hook::Json;

#[cfg(not(target_arch = "wasm32"))]
use super::stand_in::history as there;
#[cfg(target_arch = "wasm32")]
use crate::contract::bindings::looplet::plugin::history as there;

/// Recorded steps from this number on, the first being 1; at most 100 and about 1 MiB at a time.
pub fn steps(first: u32, limit: u32) -> Vec<StepView> {
    there::steps(first, limit)
}

/// Messages from this index on, the first being 0, as a JSON array; at most 100 and 1 MiB at a time.
pub fn messages(first: u32, limit: u32) -> Json {
    Json::new(there::messages(first, limit))
}
