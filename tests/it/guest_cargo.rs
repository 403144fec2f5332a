//! The command that builds a guest on this machine, for tests that build one themselves.

/// How a guest is built on this machine.
pub(crate) struct GuestCargo {
    pub(crate) program: &'static str,
    pub(crate) arguments: &'static [&'static str],
    pub(crate) set: &'static [(&'static str, &'static str)],
    pub(crate) removed: &'static [&'static str],
    pub(crate) target: &'static str,
    /// The one of the other guests, where what they share is built already.
    pub(crate) target_dir: &'static str,
    /// Versions that this machine has.
    pub(crate) lock: &'static str,
}

/// The command and its surroundings.
pub(crate) const GUEST_CARGO: GuestCargo = include!(concat!(env!("OUT_DIR"), "/guest_cargo.rs"));
