//! Hooks: functions that are called at moments of a run, and can watch and narrow, never widen.
//!
//! A hook is a function with [`macro@crate::hook`], named after its point. `plugin!` lists those that the
//! plugin has; to list one is to subscribe. The host calls no other.
//!
//! ```
//! use looplet_guest::prelude::*;
//! use schemars::JsonSchema;
//! use serde::Deserialize;
//!
//! #[derive(Deserialize, JsonSchema)]
//! #[serde(deny_unknown_fields, default)]
//! struct Settings {
//!     /// How many calls of one tool a run has.
//!     most: u32,
//! }
//!
//! impl Default for Settings {
//!     fn default() -> Self {
//!         Self { most: 10 }
//!     }
//! }
//!
//! /// So many calls of one tool, then no more.
//! #[looplet_guest::hook]
//! fn pre_tool(_: &RunView, call: &CallView) -> Result<Verdict, Failure> {
//!     let Settings { most } = host::settings()?;
//!     let calls: u32 = host::state::load(&call.name())?.unwrap_or_default();
//!     if calls >= most {
//!         return Ok(Verdict::deny(format!("`{}` was called {calls} times, that is enough", call.tool())));
//!     }
//!     host::state::save(&call.name(), &(calls + 1))?;
//!     Ok(Verdict::pass())
//! }
//!
//! looplet_guest::plugin!("enough", hooks: [pre_tool], settings: Settings, description: "Counts calls.");
//!
//! // A hook is a function: tests call it.
//! let call = CallView::new("files/read_file", r#"{"path":"a"}"#);
//! host::testing::set_settings(&serde_json::json!({"most": 1}));
//! assert_eq!(pre_tool(&RunView::default(), &call), Ok(Verdict::pass()));
//! let enough = Verdict::deny("`read_file` was called 1 times, that is enough");
//! assert_eq!(pre_tool(&RunView::default(), &call), Ok(enough));
//! ```
//!
//! # The points
//!
//! | function | answers `Result<_, Failure>` of |
//! | --- | --- |
//! | `run_start(&RunView, task: &Json, resumed: bool)` | `()` |
//! | `should_compact(&RunView, estimated_tokens: u32, window_tokens: Option<u32>)` | `bool` |
//! | `pre_prompt(&RunView)` | `Option<String>`: text for the request |
//! | `pre_model(&RunView, model: &str, added: &Json)` | [`RequestVerdict`] |
//! | `post_model(&RunView, message: &Json)` | [`ModelVerdict`] |
//! | `pre_tool(&RunView, &CallView)`, a gate | [`Verdict`] |
//! | `post_tool(&RunView, &StepView)` | [`ResultVerdict`] |
//! | `post_step(&RunView, &StepView)` | `()` |
//! | `check_done(&RunView, answer: &Json)`, a gate | [`DoneVerdict`] |
//! | `should_stop(&RunView)` | `Option<String>`: the stop reason |
//! | `run_end(&RunView, stop_reason: &str)` | `()` |
//! | `observe(&RunView, name: &str, data: &Json)` | `()` |
//!
//! # What happens on a failure
//!
//! A gate closes: what `pre_tool` answers with `Err` is a deny, what `check_done` does is a reject, each
//! with the message. An `Err` of `post_tool` becomes a trap, because only the host knows whether something
//! is to be kept back from the model: a hook that may replace results then keeps dropping them. At every
//! other point the message is logged, and nothing is objected.
//!
//! # What lasts
//!
//! Nothing but what [`crate::host::state`] keeps: the instance may be thrown away between any two points.
//! [`crate::host::history`] says what has happened so far. A hook has 50 ms unless it wishes for more:
//! `#[looplet_guest::hook(limits(wall_ms = 200))]`.

#[doc(hidden)]
pub mod glue;
mod json;
mod pattern;
mod verdict;
mod view;

pub use json::Json;
pub use verdict::Verdict;

pub use crate::contract::{
    CallView, DoneVerdict, FsMode, ModelVerdict, Outcome, Place, RequestVerdict, ResultVerdict, RunView, StepView,
};
use crate::contract::{HookWishes, WishedLimits};

/// A hook of a plugin. Written by [`macro@crate::hook`].
pub trait Hook {
    /// What it needs, and how long it wants to take.
    fn wishes() -> HookWishes;
}

/// What all hooks of a plugin need together: one instance serves them all.
#[doc(hidden)]
pub fn joined(wishes: &[fn() -> HookWishes]) -> Option<HookWishes> {
    let mut joined = HookWishes { needs: Vec::new(), limits: None };
    for wishes in wishes.iter().map(|wishes| wishes()) {
        let new = wishes.needs.into_iter().filter(|need| !joined.needs.contains(need)).collect::<Vec<_>>();
        joined.needs.extend(new);
        joined.limits = match (joined.limits, wishes.limits) {
            (Some(one), Some(other)) => Some(larger(&one, &other)),
            (one, other) => one.or(other),
        };
    }
    (!joined.needs.is_empty() || joined.limits.is_some()).then_some(joined)
}

fn larger(one: &WishedLimits, other: &WishedLimits) -> WishedLimits {
    WishedLimits {
        wall_ms: one.wall_ms.max(other.wall_ms),
        memory_bytes: one.memory_bytes.max(other.memory_bytes),
        output_bytes: one.output_bytes.max(other.output_bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::{Capability, Need};

    fn limits(wall_ms: Option<u32>, memory_bytes: Option<u32>) -> WishedLimits {
        WishedLimits { wall_ms, memory_bytes, output_bytes: None }
    }

    fn model() -> Need {
        Need { capability: Capability::Model, optional: false, why: "to think".into() }
    }

    #[test]
    fn hooks_that_wish_for_nothing_say_nothing() {
        let nothing = || HookWishes { needs: Vec::new(), limits: None };
        assert_eq!(joined(&[nothing, nothing]), None);
    }

    #[test]
    fn the_wishes_of_all_hooks_are_joined_and_the_larger_limit_counts() {
        let one = || HookWishes { needs: vec![model()], limits: Some(limits(Some(10), None)) };
        let other = || HookWishes { needs: vec![model()], limits: Some(limits(Some(200), Some(1))) };
        let expected = HookWishes { needs: vec![model()], limits: Some(limits(Some(200), Some(1))) };
        assert_eq!(joined(&[one, other]), Some(expected));
    }
}
