//! All integration tests, in one program: it links the host once.
#![allow(
    clippy::disallowed_methods,
    reason = "tests make their own files and start the host as a program"
)]

mod terminal;
