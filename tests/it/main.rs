//! The tests that see the host from outside: the real program on real files, and what is generated from it.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests make their own files, start the program, and fail by panicking"
)]

mod bad_input;
mod cli;
mod docs;
mod program;
mod server;
mod world;
