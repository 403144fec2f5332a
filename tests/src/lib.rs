//! What the integration tests share.

pub mod guests;
pub mod plugins;
