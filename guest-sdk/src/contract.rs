//! The contract `looplet:plugin` as Rust types, made from `wit/` when this crate is built.
//!
//! The one place where bindings are generated: what every plugin has here, what some export in
//! `points`. Plugins meet these types where they look at the [`ToolSpec`] of a tool or are told of a run
//! ([`RunView`]); what they write and answer has types of its own ([`crate::Failure`], [`crate::Output`]).

#[doc(hidden)]
pub mod points;

/// What `wit-bindgen` writes. Its own documentation is that of the WIT files.
#[allow(
    missing_docs,
    unreachable_pub,
    unsafe_code,
    elided_lifetimes_in_paths,
    clippy::all,
    clippy::pedantic,
    clippy::allow_attributes_without_reason,
    reason = "generated: the canonical ABI passes pointers, and nobody edits it"
)]
#[doc(hidden)]
pub mod bindings {
    wit_bindgen::generate!({
        path: "../wit",
        inline: "
            package looplet:guest;
            world every-plugin {
                include looplet:plugin/plugin@0.1.0;
                import looplet:plugin/history@0.1.0;
            }
        ",
        world: "looplet:guest/every-plugin",
        // The component's type goes with `plugin!`, so that this crate can serve plugins of every kind.
        pub_export_macro: true,
        export_macro_name: "export_every_plugin",
        additional_derives: [PartialEq, Eq],
        generate_all,
    });
}

pub use bindings::exports::looplet::plugin::about::{HookWishes, PluginInfo};
pub use bindings::looplet::plugin::common::{Attachment, Content, Failure, FailureKind, ToolCall, ToolOutput};
pub use bindings::looplet::plugin::hook_types::{
    CallView, DoneVerdict, ModelVerdict, Outcome, RequestVerdict, ResultVerdict, RunView, StepView, ToolAnswer,
    ToolVerdict,
};
pub use bindings::looplet::plugin::needs::{
    Capability, FsMode, FsNeed, FsPlace, Need, Place, SecretNeed, WishedLimits,
};
pub use points::tool::exports::looplet::plugin::tool::{ArgumentRole, Effects, ShownArgument, ToolSpec};
