//! Requests of guests: which are let out, to which addresses, and the one client that sends them.

mod address;
mod allowance;
mod allowed;
mod egress;
mod headers;
mod limits;
mod usage;

pub use address::AddressPolicy;
pub use allowance::EgressAllowance;
pub use allowed::{AllowedHttp, HttpReach, Refused, meaning};
pub use egress::{Egress, EgressFault, Lookup, Packing, SystemLookup};
pub use headers::{can_carry_secret, is_own, is_telling, take_out};
pub use limits::HttpLimits;
pub use usage::HttpUsage;

pub use crate::permission::HttpTarget;

/// The usual form of a pattern of requests.
pub fn plain_pattern(text: &str) -> crate::error::Result<String> {
    crate::permission::HttpPattern::parse(text).map(|pattern| pattern.to_string())
}

/// The usual form of an origin; `*` is that of whichever the operator binds a secret to.
pub fn plain_origin(text: &str) -> crate::error::Result<String> {
    if text == "*" {
        Ok(text.to_owned())
    } else {
        crate::permission::HttpOrigin::parse(text).map(|origin| origin.to_string())
    }
}
