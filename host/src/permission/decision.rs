//! What the policy says about one call, ordered so that combining voices is `max`.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What the policy says about one call. The strictest of several is the greatest.
///
/// ```
/// use looplet_host::permission::Decision;
/// assert_eq!(Decision::Allow.max(Decision::Deny).max(Decision::Ask), Decision::Deny);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// The call goes through.
    Allow,
    /// A standing approval or the approver is asked.
    Ask,
    /// The call does not happen.
    Deny,
}

impl Decision {
    /// The word of the configuration file: `allow`, `ask` or `deny`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Ask => "ask",
            Self::Deny => "deny",
        }
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What happens to a call that no rule matches. There is no `allow`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unmatched {
    /// It is put to a standing approval or the approver.
    Ask,
    /// It does not happen.
    #[default]
    Deny,
}

impl Unmatched {
    /// The same as a decision.
    pub fn decision(self) -> Decision {
        match self {
            Self::Ask => Decision::Ask,
            Self::Deny => Decision::Deny,
        }
    }
}
