//! The contract `looplet:plugin` as Rust types, made from `wit/` when this crate is built.
//!
//! The one place where bindings are generated. Plugins meet these types only where they look at the
//! [`ToolSpec`] of a tool; what they write and answer has types of its own ([`crate::Failure`],
//! [`crate::Output`]).

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
        world: "tool-plugin",
        // The component's type goes with `plugin!`, so that this crate can serve worlds without tools too.
        pub_export_macro: true,
        export_macro_name: "export_tool_plugin",
        default_bindings_module: "looplet_guest::contract::bindings",
        additional_derives: [PartialEq, Eq],
    });
}

pub use bindings::exports::looplet::plugin::about::PluginInfo;
pub use bindings::exports::looplet::plugin::tool::{ArgumentRole, Effects, ShownArgument, ToolSpec};
pub use bindings::looplet::plugin::common::{Attachment, Content, Failure, FailureKind, ToolCall, ToolOutput};
pub use bindings::looplet::plugin::needs::{Capability, FsMode, FsNeed, Need, SecretNeed, WishedLimits};
