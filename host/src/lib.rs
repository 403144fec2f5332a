//! Runs an LLM agent's tool-calling loop in the open, over sandboxed WebAssembly components.

pub mod agent;
pub mod budget;
pub mod builtin;
pub mod canonical;
pub mod capability;
pub mod digest;
pub mod error;
pub mod gate;
pub mod host;
pub mod journal;
pub mod message;
pub mod model;
pub mod need;
pub mod origin;
pub mod permission;
pub mod plugin;
pub mod record;
pub mod refusal;
pub mod sandbox;
pub mod settings;
