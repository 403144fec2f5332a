//! Requests of guests: which are let out, to which addresses, and the one client that sends them.

mod address;
mod allowed;
mod egress;
mod limits;
mod usage;

pub use address::AddressPolicy;
pub use allowed::{AllowedHttp, HttpReach, Refused};
pub use egress::{Egress, EgressFault, Lookup, Sent, SystemLookup};
pub use limits::HttpLimits;
pub use usage::HttpUsage;

pub use crate::permission::HttpTarget;

/// In the need for a secret: any name, any origin.
pub(super) const ANY: &str = "*";

/// Whether a text is a pattern of requests.
pub fn check_pattern(text: &str) -> crate::error::Result<()> {
    crate::permission::HttpPattern::parse(text).map(drop)
}

/// Whether a text says whom a secret is needed for: an origin, or `*` for whichever the operator binds it to.
pub fn check_origin(text: &str) -> crate::error::Result<()> {
    if text == ANY { Ok(()) } else { crate::permission::HttpOrigin::parse(text).map(drop) }
}
