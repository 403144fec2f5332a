//! Write tools and hooks for looplet-host.
//!
//! A plugin is a WebAssembly component that describes itself: its tools, its hooks, what they need, how
//! they are called. This crate makes one from plain functions. A tool looks like this; [`mod@hook`] has a hook.
//!
//! ```
//! use looplet_guest::prelude::*;
//! use schemars::JsonSchema;
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Deserialize, JsonSchema)]
//! #[serde(deny_unknown_fields)]
//! struct Args {
//!     /// The file, relative to the workspace.
//!     path: String,
//! }
//!
//! #[derive(Debug, PartialEq, Serialize)]
//! struct Counted {
//!     words: usize,
//! }
//!
//! /// Count the words of a text file.
//! #[looplet_guest::tool(
//!     reads, idempotent, concurrent_safe,
//!     needs(fs(workspace, read, "the file you name")),
//!     show(path = "/path"),
//! )]
//! fn word_count(args: Args) -> Result<Counted, Failure> {
//!     let text = std::fs::read_to_string(&args.path).or_not_found(&args.path)?;
//!     Ok(Counted { words: text.split_whitespace().count() })
//! }
//!
//! looplet_guest::plugin!("words", tools: [word_count], description: "Counts words.");
//!
//! // A tool is a function: tests call it.
//! let missing = word_count(Args { path: "no/such".to_owned() });
//! assert_eq!(missing, Err(Failure::not_found("`no/such` does not exist")));
//! ```
//!
//! `Cargo.toml` of a plugin has `crate-type = ["cdylib"]` and depends on `looplet-guest`, `serde` and
//! `schemars`; `cargo build --release --target wasm32-wasip2` makes the component.
//!
//! # What a tool is told, and may do
//!
//! - **Arguments** are a type with `Deserialize` and `JsonSchema`. Its doc comments become the descriptions
//!   that the model reads, `deny_unknown_fields` makes a misspelt argument an error. The host checks
//!   arguments against the schema before anything runs; what does not fit all the same is a failure
//!   `validation`. A tool without arguments has no parameter; one that wants the id of the call takes
//!   [`&Call`](Call) as its second.
//! - **Authority** is what the operator grants of the tool's `needs(…)`, for this one call. A mount is found
//!   at `/NAME`, the one called `workspace` also as the current directory. All else is not there:
//!   `std::fs` says «not found» or «permission denied», there is no network, no process, no environment.
//! - **Failures** are answers: [`Failure`] has a constructor for every kind, [`At`] and [`OrNotFound`] turn
//!   errors of the file system into failures that name the path. A panic is a trap: the model learns only
//!   that the tool broke off.
//! - **Answers** are text (`String`, [`Text`]), data (any `Serialize`), or an [`Output`] with attachments and
//!   warnings.
//! - Each call runs in a fresh instance: a `static` does not last. [`host::state`] does.
//!
//! # Testing
//!
//! Everything compiles natively, and [`host`] has a stand-in there: call the functions, see
//! [`host::testing`].

#[doc(hidden)]
pub mod answer;
mod at;
mod call;
pub mod contract;
mod failure;
pub mod hook;
pub mod host;
#[cfg(feature = "http")]
pub mod http;
mod output;
#[doc(hidden)]
pub mod plugin;
#[doc(hidden)]
pub mod schema;

pub use at::{At, OrNotFound};
pub use call::{Call, NoArguments, Tool};
pub use failure::{Failure, FailureKind};
#[doc(inline)]
pub use looplet_guest_macros::{hook, tool};
pub use output::{Attachment, Content, Output, Text};
pub use serde_json::Value;

/// What most tools and hooks use, for one line at the top.
pub mod prelude {
    pub use crate::hook::{
        CallView, DoneVerdict, Json, ModelVerdict, Outcome, RequestVerdict, ResultVerdict, RunView, StepView, Verdict,
    };
    pub use crate::{At, Attachment, Call, Failure, OrNotFound, Output, Text, host};
}
