//! Needs ∩ grants ∩ rules = authority, and the handles that carry it.
//!
//! The only room that opens things for guests. It hands plain values and handles to `sandbox/` and
//! names no type of the engine.
#![expect(clippy::disallowed_methods, reason = "this room looks at the disk so that no other has to")]

mod authority;
pub mod fs;
mod grant;
pub mod http;
mod resolve;
mod secret;

pub use authority::{Authority, Cut, Reached, Resolved, Unfilled};
pub use grant::{Granted, GrantedEnv, GrantedMount};
pub use resolve::MountResolver;
pub use secret::BoundSecret;
