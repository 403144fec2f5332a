//! Runs an LLM agent's tool-calling loop in the open, over sandboxed WebAssembly components.
//!
//! Every call of a tool gets a box that holds what was allowed for that call and nothing else: **the
//! permission decision is the sandbox**. A program builds a [`Host`], begins a [`Run`] of it and takes
//! [`Step`]s; what is wrong before that is an [`Error`], how it ended is the [`Outcome`].
//!
//! ```
//! use looplet_host::{Deny, Host, Scripted};
//! use serde_json::json;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> looplet_host::Result<()> {
//! let host = Host::ephemeral().plugin("builtin:greet").build().await?;
//! let model = || Scripted::calls([("greet", json!({"name": "Ada"}))]).then_text("done");
//!
//! let outcome = host.run("Greet Ada.").model(model()).approver(Deny).start()?.finish().await;
//! assert_eq!(outcome.denied().len(), 1);
//!
//! let mut run = host.run("Greet Ada.").model(model()).allow("greet/*").start()?;
//! while let Some(step) = run.next().await {
//!     println!("{}", step.pretty());
//!     assert!(!step.failed());
//! }
//! # Ok(())
//! # }
//! ```
//!
//! The guide is `docs/library.md`; how the code is laid out, and why each name here is public, stands in
//! `ARCHITECTURE.md`.

pub mod error;
pub mod hook;
pub mod message;
pub mod model;
pub mod native;
pub mod permission;
pub mod record;

// Named by the program `looplet-host`, by the tests of the sandbox and by the benches, which are crates of
// their own. Nothing is promised about these rooms.
#[doc(hidden)]
pub mod agent;
#[doc(hidden)]
pub mod budget;
#[doc(hidden)]
pub mod builtin;
#[doc(hidden)]
pub mod canonical;
#[doc(hidden)]
pub mod capability;
#[doc(hidden)]
pub mod digest;
#[doc(hidden)]
pub mod gate;
#[doc(hidden)]
pub mod host;
#[doc(hidden)]
pub mod journal;
#[doc(hidden)]
pub mod machine;
#[doc(hidden)]
pub mod need;
#[doc(hidden)]
pub mod origin;
#[doc(hidden)]
pub mod plugin;
#[doc(hidden)]
pub mod redaction;
#[doc(hidden)]
pub mod refusal;
#[doc(hidden)]
pub mod sandbox;
#[doc(hidden)]
pub mod secret;
#[doc(hidden)]
pub mod settings;

#[doc(inline)]
pub use agent::{BlockingRun, Event, Events, NotDone, Outcome, Run, Steering, Turn, TurnCall};
#[doc(inline)]
pub use budget::Budget;
#[doc(inline)]
pub use canonical::CanonicalJson;
#[doc(inline)]
pub use error::{Error, Result};
#[doc(inline)]
pub use hook::ToolAnswer;
#[doc(inline)]
pub use host::{AskId, Desk, HookComponent, Host, HostBuilder, IntoApprover, Launch, NotAsked, PendingAsk};
#[doc(inline)]
pub use journal::Runs;
#[doc(inline)]
pub use model::{EventSink, IntoModel, Model, ModelChoice, ModelError, ModelRequest, ModelResponse, Price, Scripted};
#[doc(inline)]
pub use native::{CallContext, Child, Tool};
#[doc(inline)]
pub use permission::{Answer, Approver, Deny, Question};
#[doc(inline)]
pub use record::{RunId, Step, StopReason, Usage};
#[doc(inline)]
pub use sandbox::compiled::Compiler;
#[doc(inline)]
pub use settings::{GivenMount as Mount, GivenSecret as Secret};
