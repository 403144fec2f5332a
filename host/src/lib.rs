//! Runs an LLM agent's tool-calling loop in the open, over sandboxed WebAssembly components.

pub mod canonical;
pub mod digest;
pub mod error;
pub mod message;
pub mod need;
pub mod origin;
pub mod permission;
pub mod plugin;
pub mod settings;
