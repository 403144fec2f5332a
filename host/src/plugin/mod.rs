//! Plugins as the rest of the host sees them: what they say of themselves, what a call needs, what it reports.
//!
//! Pure values and small traits, so that the loop is tested with plain Rust tools and the sandbox
//! without a model. `sandbox/` fills them from components.

pub mod bytes;
pub mod definition;
pub mod report;
pub mod schema;
pub mod spec;
pub mod support;
mod unseen;

pub use bytes::ComponentBytes;
pub use definition::{Definition, ToolDefinition};
pub use report::{CallUsage, GuestReport, LogLevel, LogLine};
pub use schema::Schema;
pub use spec::{ArgumentRole, Effects, PluginInfo, ShownArgument, ToolSpec};
pub use support::{CallContext, CallSupport, NoSupport, PluginState, RunKey};
pub use unseen::{look_alike, mixed_word, unseen};
