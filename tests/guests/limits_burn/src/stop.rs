//! What does not come back, or comes back in another way than by an answer.

use looplet_guest::{Output, host};
use wasip2::clocks::monotonic_clock::subscribe_duration;

pub(crate) fn spin() -> ! {
    loop {
        core::hint::black_box(());
    }
}

/// Waits for the clock, without computing.
pub(crate) fn sleep(seconds: u64) -> Output {
    subscribe_duration(seconds.saturating_mul(1_000_000_000)).block();
    Output::text("slept")
}

/// Goes down until the stack is full, if no depth is given.
pub(crate) fn recurse(depth: usize) -> Output {
    Output::text(format!("{} deep", down(if depth == 0 { usize::MAX } else { depth })))
}

fn down(left: usize) -> usize {
    let frame = core::hint::black_box([left; 16]);
    if frame[0] == 0 { 0 } else { 1 + down(frame[3] - 1) }
}

/// Reports once and computes until it is stopped from outside.
pub(crate) fn watch() -> Output {
    host::progress("began", 0, None);
    while !host::cancelled() {
        core::hint::black_box(());
    }
    // Being told is one thing, stopping another.
    spin()
}
