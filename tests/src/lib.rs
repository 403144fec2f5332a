//! What the integration tests share.
#![allow(clippy::disallowed_methods, reason = "tests make their own files and start the host as a program")]
#![allow(clippy::missing_panics_doc, reason = "a helper of tests that cannot go on says so")]

pub mod guests;
pub mod harness;
pub mod ollama;
pub mod person;
pub mod plugins;
pub mod requests;
