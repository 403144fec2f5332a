//! How guests become components: finding their toolchain, building what changed, nothing else.
//!
//! A library so that `cargo xtask`, `host/build.rs` and `tests/build.rs` build guests in one and the
//! same way. The commands and everything that prints are in the binary.
#![allow(clippy::disallowed_methods, reason = "a build tool: files, environment and programs are its work")]

pub mod build_script;
mod debian;
mod error;
mod guests;
mod manifest;
pub mod program;
mod repository;
mod sources;
mod toolchain;

pub use error::{Error, Result};
pub use guests::{Component, Guests};
pub use manifest::{Loaded, Manifest};
pub use repository::Repository;
pub use sources::sha256;
pub use toolchain::{TARGET, Toolchain};
