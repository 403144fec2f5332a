//! What the integration tests share.

pub mod guests;
pub mod harness;
pub mod plugins;
