//! The three answers of a matcher, and which way they pull a decision.
//!
//! *Cannot tell* (an argument that is absent, of another type, or cannot be resolved) is an answer of
//! its own: it counts for rules that restrict and never for rules that permit.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::decision::Decision;

/// Whether something matches. Ordered, so that *and* is `min` and *or* is `max`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Match {
    /// It does not.
    No,
    /// The arguments do not say.
    CannotTell,
    /// It does.
    Yes,
}

impl Match {
    /// The opposite; *cannot tell* stays what it is.
    pub fn negate(self) -> Self {
        match self {
            Self::No => Self::Yes,
            Self::CannotTell => Self::CannotTell,
            Self::Yes => Self::No,
        }
    }

    /// Whether it counts for a rule that leans that way.
    pub fn counts(self, leaning: Leaning) -> bool {
        match leaning {
            Leaning::Permit => self == Self::Yes,
            Leaning::Restrict => self != Self::No,
        }
    }
}

impl From<bool> for Match {
    fn from(yes: bool) -> Self {
        if yes { Self::Yes } else { Self::No }
    }
}

/// Which way a match pulls the decision. Over a list, a permission needs all items, a restriction one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaning {
    /// A match lets more through: an allow rule, or the exception of a rule that restricts.
    Permit,
    /// A match lets less through: an ask or deny rule, or the exception of an allow rule.
    Restrict,
}

impl Leaning {
    /// The other way, for the exceptions of a rule.
    pub fn opposite(self) -> Self {
        match self {
            Self::Permit => Self::Restrict,
            Self::Restrict => Self::Permit,
        }
    }

    /// The answer for a list from the answers for its items. An empty list has nothing to judge by.
    pub fn over(self, items: impl IntoIterator<Item = Match>) -> Match {
        let all = items.into_iter();
        match self {
            Self::Permit => all.min(),
            Self::Restrict => all.max(),
        }
        .unwrap_or(Match::CannotTell)
    }
}

impl From<Decision> for Leaning {
    fn from(decision: Decision) -> Self {
        match decision {
            Decision::Allow => Self::Permit,
            Decision::Ask | Decision::Deny => Self::Restrict,
        }
    }
}

impl fmt::Display for Match {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::No => "no",
            Self::CannotTell => "cannot tell",
            Self::Yes => "yes",
        })
    }
}
