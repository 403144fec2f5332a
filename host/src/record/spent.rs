//! What a run spent, as another run is charged for it: a sub-agent's spending is that of the run that began it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Usage;

/// What was spent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spent {
    /// Answers of the model.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub turns: u32,
    /// Steps that the budget counts.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub steps: u32,
    /// Calls, by tool.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub calls: BTreeMap<String, u32>,
    /// Tokens and money.
    #[serde(default)]
    pub usage: Usage,
    /// Bytes that requests carried out.
    #[serde(default, skip_serializing_if = "super::call::is_zero")]
    pub egress_bytes: u64,
    /// Tools whose calls were let through: rules with `after` see them as if the run itself had called them.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub ran: BTreeSet<String>,
    /// Bytes written to mounts with a quota, by mount.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub drawn: BTreeMap<String, u64>,
}

impl Spent {
    /// Both together.
    pub fn plus(mut self, other: &Self) -> Self {
        self.turns = self.turns.saturating_add(other.turns);
        self.steps = self.steps.saturating_add(other.steps);
        self.usage = self.usage.plus(other.usage);
        self.egress_bytes = self.egress_bytes.saturating_add(other.egress_bytes);
        for (tool, calls) in &other.calls {
            let sum = self.calls.entry(tool.clone()).or_default();
            *sum = sum.saturating_add(*calls);
        }
        self.ran.extend(other.ran.iter().cloned());
        for (mount, bytes) in &other.drawn {
            let sum = self.drawn.entry(mount.clone()).or_default();
            *sum = sum.saturating_add(*bytes);
        }
        self
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature is serde's")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}
