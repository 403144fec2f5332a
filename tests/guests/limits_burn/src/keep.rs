//! What could last from one call to the next: a static of its own, and what the host keeps for it.

use std::sync::atomic::{AtomicU32, Ordering};

use looplet_guest::host::state;
use looplet_guest::{Failure, Output};

static CALLS: AtomicU32 = AtomicU32::new(0);

/// How many calls this instance has seen, and whether a file of an earlier one is there.
pub(crate) fn count() -> Output {
    let calls = CALLS.fetch_add(1, Ordering::Relaxed) + 1;
    let path = "/tmp/looplet-was-here";
    let was_here = std::fs::exists(path).unwrap_or(false);
    let made = std::fs::write(path, "1").is_ok();
    Output::text(format!("call {calls}, file found {was_here}, made {made}"))
}

/// Keeps values under numbered keys until it is refused.
pub(crate) fn set(key: &str, count: usize, size: usize) -> Result<Output, Failure> {
    for number in 0..count {
        state::set(&format!("{key}{number}"), &"x".repeat(size))?;
    }
    Ok(Output::text("kept"))
}

pub(crate) fn set_and_trap(key: &str) -> Result<Output, Failure> {
    state::set(&format!("{key}0"), "trapped")?;
    panic!("after setting")
}

pub(crate) fn get(key: &str) -> Output {
    Output::text(state::get(key).map_or_else(|| "nothing".to_owned(), |text| format!("{} bytes", text.len())))
}
