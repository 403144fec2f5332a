//! Talks to the stand-in of the host in tests of plugins; not there on WebAssembly.
//!
//! Everything is kept for the thread, and each test of Rust's own harness has a thread of its own.

use serde::Serialize;

use super::stand_in::MEMORY;
use crate::contract::StepView;
use crate::contract::bindings::looplet::plugin::host::Level;

/// What [`super::settings`] answers from now on.
///
/// ```
/// use looplet_guest::host::{self, testing};
///
/// #[derive(serde::Deserialize)]
/// struct Settings { greeting: String }
///
/// testing::set_settings(&serde_json::json!({"greeting": "Ahoy"}));
/// assert_eq!(host::settings::<Settings>()?.greeting, "Ahoy");
/// # Ok::<_, looplet_guest::Failure>(())
/// ```
///
/// # Panics
///
/// Where the value has no form in JSON.
pub fn set_settings(settings: &impl Serialize) {
    let text = serde_json::to_string(settings).expect("settings have a form in JSON");
    MEMORY.with_borrow_mut(|memory| memory.settings = Some(text));
}

/// What [`super::history::steps`] answers from now on.
pub fn set_history(steps: impl IntoIterator<Item = StepView>) {
    let steps = steps.into_iter().collect();
    MEMORY.with_borrow_mut(|memory| memory.steps = steps);
}

/// The lines that were logged since the last time, each after its level: `warn: disk is full`.
pub fn take_log() -> Vec<String> {
    let lines = MEMORY.with_borrow_mut(|memory| std::mem::take(&mut memory.log));
    lines.into_iter().map(|(level, line)| format!("{}: {line}", word(level))).collect()
}

fn word(level: Level) -> &'static str {
    match level {
        Level::Debug => "debug",
        Level::Info => "info",
        Level::Warn => "warn",
        Level::Error => "error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host;

    #[test]
    fn lines_are_kept_with_their_level_until_they_are_taken() {
        host::info("started");
        host::error(format!("{} left", 3));
        assert_eq!(take_log(), ["info: started", "error: 3 left"]);
        assert_eq!(take_log(), Vec::<String>::new());
    }
}
