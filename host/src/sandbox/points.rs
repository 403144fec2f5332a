//! The hook points that a component exports, each checked against the contract before anything of it runs.

use wasmtime::component::InstancePre;

use super::bindings::exports::looplet::plugin as exported;
use super::state::CallState;

macro_rules! points {
    ($($point:ident $name:literal),* $(,)?) => {
        /// Where the functions of a component's hook points are; none where it does not export the point.
        #[derive(Default)]
        pub(super) struct ExportedPoints {
            $(pub(super) $point: Option<exported::$point::GuestIndices>,)*
        }

        impl ExportedPoints {
            /// Every point there is, by the name of its interface.
            pub(super) const NAMES: &[&str] = &[$($name),*];

            /// Looks up those among a component's exports.
            pub(super) fn new(pre: &InstancePre<CallState>, exports: &[String]) -> wasmtime::Result<Self> {
                let mut points = Self::default();
                for export in exports {
                    match &**export {
                        $($name => points.$point = Some(exported::$point::GuestIndices::new(pre)?),)*
                        _ => {}
                    }
                }
                Ok(points)
            }
        }
    };
}

points! {
    run_start "run-start",
    should_compact "should-compact",
    pre_prompt "pre-prompt",
    pre_model "pre-model",
    post_model "post-model",
    pre_tool "pre-tool",
    post_tool "post-tool",
    post_step "post-step",
    check_done "check-done",
    should_stop "should-stop",
    run_end "run-end",
    observe "observe",
}
