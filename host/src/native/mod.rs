//! Tools of the embedding program: Rust functions that a model can call.
//!
//! They pass the gate as every tool does, under the name `native/NAME`: canonical arguments, schema, hooks,
//! policy, asks. They do not meet the wall: what such a function can reach, the program can reach. So it
//! is called `native` wherever it is shown, it is never taken to change nothing, and its call is never repeated by itself.

mod context;
mod schema;
mod tool;

pub use context::CallContext;
pub use tool::Tool;
