//! What the host refused inside a call, kept for the step's record.
//!
//! The guest gets a plain error; the operator gets the capability, the target and the line that did it.

use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::origin::Origin;

/// How many refusals of one call are kept whole; the rest is counted.
pub const KEPT: usize = 64;

/// Most bytes of each text of a refusal.
const TEXT_BYTES: usize = 1 << 10;

/// Why something was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalReason {
    /// A `hide` pattern covers it: for the guest it does not exist.
    Hidden,
    /// A `read_only` pattern or the mode of the mount covers it.
    ReadOnly,
    /// It lies outside what this call may reach.
    OutsideReach,
    /// The path, or a link on it, leads out of the mount.
    LeavesMount,
    /// It is a device, a pipe or a socket.
    SpecialFile,
    /// The file has a second name, which could lie outside the reach.
    SecondLink,
    /// A limit of the call is used up.
    Limit,
    /// The budget of the run is used up.
    Budget,
    /// The capability was not granted at all.
    NotGranted,
    /// The name stands for an address that is not public.
    PrivateAddress,
    /// A secret stood there, and was taken out.
    Secret,
    /// It is packed or cut so that nobody can say whether a secret stands there.
    Packed,
}

impl RefusalReason {
    /// The words for it in messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hidden => "hidden",
            Self::ReadOnly => "read only",
            Self::OutsideReach => "outside this call's reach",
            Self::LeavesMount => "leads out of the mount",
            Self::SpecialFile => "neither a file nor a directory",
            Self::SecondLink => "has a second name",
            Self::Limit => "limit used up",
            Self::Budget => "more than is left of the run's budget",
            Self::NotGranted => "not granted",
            Self::PrivateAddress => "not a public address",
            Self::Secret => "taken out",
            Self::Packed => "packed or cut, so that it cannot be looked through for secrets",
        }
    }
}

/// One thing that the host refused inside a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The kind of power: `fs`, `env`, `memory`, …
    pub capability: String,
    /// What the guest was about to do: `open`, `rename`, ….
    pub operation: String,
    /// What it was about: `workspace:/a/b`.
    pub target: String,
    /// Why.
    pub reason: RefusalReason,
    /// The line that did it, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// The line of TOML that would allow it, where there is one. For the operator, never for the model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub would_allow: Option<String>,
    /// How many times, at least 1.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub count: u32,
}

impl Refusal {
    /// One refusal, without a line.
    pub fn new(capability: &str, operation: &str, target: impl Into<String>, reason: RefusalReason) -> Self {
        let (capability, operation) = (capability.to_owned(), operation.to_owned());
        Self { capability, operation, target: target.into(), reason, origin: None, would_allow: None, count: 1 }
    }
}

fn one() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature is serde's")]
fn is_one(number: &u32) -> bool {
    *number == 1
}

/// The refusals of one call: the first [`KEPT`] different ones, each with how often it happened, and how
/// many more there were.
#[derive(Debug, Default)]
pub struct RefusalLog(Mutex<Vec<Refusal>>);

impl RefusalLog {
    /// Notes one; the same one again is counted, and a new one beyond [`KEPT`] counts for the last.
    pub fn note(&self, mut refusal: Refusal) {
        // A guest chooses what it is about to do.
        for text in [&mut refusal.operation, &mut refusal.target].into_iter().chain(&mut refusal.would_allow) {
            text.truncate(text.floor_char_boundary(TEXT_BYTES));
        }
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let full = kept.len() == KEPT;
        let same = kept.iter_mut().find(|known| known.is_like(&refusal));
        match same {
            Some(known) => known.count = known.count.saturating_add(1),
            None if full => {
                if let Some(last) = kept.last_mut() {
                    last.count = last.count.saturating_add(1);
                }
            }
            None => kept.push(refusal),
        }
    }

    /// What was noted.
    pub fn take(&self) -> Vec<Refusal> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Refusal {
    fn is_like(&self, other: &Self) -> bool {
        self.operation == other.operation
            && self.target == other.target
            && self.reason == other.reason
            && self.capability == other.capability
    }
}
