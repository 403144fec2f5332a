//! All integration tests, in one program: it links the host once.
#![allow(clippy::needless_raw_string_hashes, reason = "`expect-test` writes what is expected in this form")]
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests make their own files, start the host as a program, and fail by panicking"
)]

mod acceptance;
mod bad_input;
mod canary;
mod cli;
mod docs;
mod example;
mod guest_cargo;
mod hooks;
mod library;
mod native;
mod program;
mod sandbox;
mod server;
mod terminal;
mod tidy;
mod tutorial;
mod worked;
mod world;
