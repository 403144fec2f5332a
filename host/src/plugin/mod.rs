//! Plugins as the rest of the host sees them: what they say of themselves, and what a call reports.
//!
//! Pure values and one small trait, so that the loop is tested with plain Rust tools and the sandbox
//! without a model. `sandbox/` implements the trait for components.

pub mod spec;

pub use spec::{ArgumentRole, Effects, PluginInfo, ShownArgument, ToolSpec};
