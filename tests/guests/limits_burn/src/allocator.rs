//! An allocator that never comes back for two sizes: one is met while the host hands arguments over,
//! one when it lets go of a result.

use std::alloc::{GlobalAlloc, Layout, System};

use looplet_guest::Output;

/// Arguments of this length are never taken over.
const ARGUMENTS: usize = 66_666;
/// A text of this length is never freed.
const RESULT: usize = 55_555;

struct Spinning;

#[global_allocator]
static ALLOCATOR: Spinning = Spinning;

#[expect(unsafe_code, reason = "an allocator cannot be written without")]
// SAFETY: hands everything on, unchanged, or does not come back.
unsafe impl GlobalAlloc for Spinning {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.size() == ARGUMENTS {
            crate::stop::spin();
        }
        // SAFETY: what holds for the caller holds for this call.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        if layout.size() == RESULT {
            crate::stop::spin();
        }
        // SAFETY: what holds for the caller holds for this call.
        unsafe { System.dealloc(pointer, layout) }
    }
}

pub(crate) fn text_that_spins_when_freed() -> Output {
    let mut text = String::with_capacity(RESULT);
    text.extend(std::iter::repeat_n('x', RESULT));
    Output::text(text)
}
