//! Tools of the embedding program: Rust functions that a model can call.
//!
//! They pass the gate as every tool does, under the name `native/NAME`: canonical arguments, schema, hooks,
//! policy, asks. They do not meet the wall: what such a function can reach, the program can reach. So it
//! is called `native` wherever it is shown, it is never taken to change nothing, and its call is never repeated by itself.
//!
//! A call may begin sub-agents: runs with a journal of their own that have at most what the call's run has.

mod child;
mod context;
mod ledger;
mod schema;
mod tool;

pub use child::Child;
pub(crate) use child::{Birth, Children, Family};
pub use context::CallContext;
pub(crate) use ledger::{Ledger, Ran};
pub use tool::Tool;
