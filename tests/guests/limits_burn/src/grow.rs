//! What the host has to hold for a guest: memory, handles, random bytes.

#[cfg(target_arch = "wasm32")]
use core::arch::wasm32::{memory_grow, memory_size};

use looplet_guest::Output;
use wasip2::clocks::monotonic_clock::subscribe_duration;
use wasip2::random;

const PAGES_PER_MIB: usize = 16;

/// Elsewhere there is no such memory; the crate is only linted there.
#[cfg(not(target_arch = "wasm32"))]
fn memory_grow<const MEMORY: u32>(_: usize) -> usize {
    usize::MAX
}

#[cfg(not(target_arch = "wasm32"))]
fn memory_size<const MEMORY: u32>() -> usize {
    0
}

/// Grows its memory by MiB until it is refused, then by the page, and touches all of it.
pub(crate) fn memory() -> Output {
    while memory_grow::<0>(PAGES_PER_MIB) != usize::MAX {}
    while memory_grow::<0>(1) != usize::MAX {}
    let pages = memory_size::<0>();
    Output::text(format!("{} KiB", pages * 64))
}

/// Asks for single pages, many times more often than there is room.
pub(crate) fn pages(count: usize) -> Output {
    for _ in 0..count {
        memory_grow::<0>(1);
    }
    // All there are: how many of them were granted here depends on what the compiler laid out before.
    Output::text(format!("{} pages", memory_size::<0>()))
}

/// Asks the allocator for more than there is: it aborts.
pub(crate) fn block(mebibytes: usize) -> Output {
    let block = core::hint::black_box(vec![1_u8; mebibytes << 20]);
    Output::text(format!("{} bytes", block.len()))
}

/// Keeps as many handles as it is told.
pub(crate) fn handles(count: usize) -> Output {
    let handles: Vec<_> = (0..count).map(|_| subscribe_duration(u64::MAX)).collect();
    Output::text(format!("{} handles", handles.len()))
}

pub(crate) fn random(bytes: u64) -> Output {
    Output::text(format!("{} bytes", random::random::get_random_bytes(bytes).len()))
}

pub(crate) fn insecure_random(bytes: u64) -> Output {
    Output::text(format!("{} bytes", random::insecure::get_insecure_random_bytes(bytes).len()))
}
