//! Runs an LLM agent's tool-calling loop in the open, over sandboxed WebAssembly components.
//!
//! Every call of a tool gets a box that holds what was allowed for that call and nothing else: **the
//! permission decision is the sandbox**. In reading order: [`need`] and [`plugin`] say what a plugin is,
//! [`permission`] and [`settings`] what the operator allows, [`capability`] what a call holds,
//! [`sandbox`] runs it, [`gate`] puts these together for one call, [`agent`] and [`record`] are the loop
//! and what it leaves behind, [`journal`] keeps that, [`model`] asks models, [`host`] assembles it all.
//!
//! A tool in a box that holds nothing:
//!
//! ```
//! use looplet_host::canonical::CanonicalJson;
//! use looplet_host::capability::Authority;
//! use looplet_host::message::{Outcome, ToolCall, ToolOutput};
//! use looplet_host::plugin::CallContext;
//! use looplet_host::sandbox::{Limits, Sandbox};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let sandbox = Sandbox::new()?;
//! let greet = looplet_host::builtin::get("greet").ok_or("greet is built in")?;
//! let plugin = sandbox.load("greet", greet.bytes).await?;
//! let call = ToolCall {
//!     id: "1".to_owned(),
//!     tool: "greet".to_owned(),
//!     arguments: CanonicalJson::from_text(r#"{"name":"Ada"}"#)?,
//! };
//! let (limits, context) = (Limits::SHIPPED, CallContext::bare());
//! let report = sandbox.call(&plugin, &call, Authority::default(), limits, context, Default::default()).await;
//! assert_eq!(report.outcome, Outcome::Ok(ToolOutput::text("Hello, Ada!")));
//! # Ok(())
//! # }
//! ```

pub mod agent;
pub mod budget;
pub mod builtin;
pub mod canonical;
pub mod capability;
pub mod digest;
pub mod error;
pub mod gate;
pub mod hook;
pub mod host;
pub mod journal;
pub mod message;
pub mod model;
pub mod native;
pub mod need;
pub mod origin;
pub mod permission;
pub mod plugin;
pub mod record;
pub mod refusal;
pub mod sandbox;
pub mod settings;
