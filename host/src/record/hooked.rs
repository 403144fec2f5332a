//! What hooks said, at calls and at other points, and what follows from all of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::canonical::CanonicalJson;
use crate::need::Place;
use crate::redaction::{Redact, Redaction, each};

/// What a hook had to say about a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HookVerdict {
    /// The operator's name for the hook.
    pub hook: String,
    /// Its verdict in one word: `pass`, `ask`, `deny`, `rewrite`, `answer`, `narrow`, `fault`.
    pub verdict: String,
    /// Its reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Where it narrowed: the only places that it left to the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub narrow: Option<Vec<Place>>,
    /// Where it rewrote the arguments: what it made of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rewritten: Option<CanonicalJson>,
    /// What it has kept since it last spoke, by key; none takes a key away.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub state: BTreeMap<String, Option<String>>,
    /// Bytes that its requests carried out since it last spoke.
    #[serde(default, skip_serializing_if = "super::call::is_zero")]
    pub sent_bytes: u64,
    /// Its last lines for the operator. Text of the guest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<String>,
}

/// What hooks have kept, and who of them faulted, by the operator's names. A fold of their verdicts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HookMemory {
    /// By hook, what it keeps.
    pub state: BTreeMap<String, BTreeMap<String, String>>,
    /// By hook, why it failed.
    pub faults: BTreeMap<String, String>,
}

impl HookMemory {
    /// Takes what hooks said.
    pub fn take(&mut self, verdicts: &[HookVerdict]) {
        for verdict in verdicts {
            if !verdict.state.is_empty() {
                self.keep(verdict);
            }
            if verdict.verdict == HookVerdict::FAULT {
                let why = verdict.reason.clone().unwrap_or_default();
                self.faults.entry(verdict.hook.clone()).or_insert(why);
            }
        }
    }

    fn keep(&mut self, verdict: &HookVerdict) {
        let kept = self.state.entry(verdict.hook.clone()).or_default();
        for (key, value) in &verdict.state {
            match value {
                Some(value) => drop(kept.insert(key.clone(), value.clone())),
                None => drop(kept.remove(key)),
            }
        }
    }
}

impl HookVerdict {
    /// The verdict of a hook that could not answer.
    pub const FAULT: &'static str = "fault";
}

/// What the hooks said at a point that is no call.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Hooked {
    /// The point, by its name in the contract.
    pub point: String,
    /// The turn that it belongs to; 0 before the first.
    pub turn: u32,
    /// The step that it is about, where it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<u32>,
    /// What each said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hooks: Vec<HookVerdict>,
    /// Texts for the next request.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub context: Vec<String>,
    /// A reason to stop the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<String>,
    /// The only tools that the next request offers, by the names that the model uses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer_only: Option<Vec<String>>,
}

/// One that a hook left to a call. Then it is not what the call could reach; a hook has no business to name it.
impl Redact for Place {
    fn redact(&mut self, redaction: &Redaction) -> bool {
        match self {
            Self::Fs { mount, path, mode: _ } => each!(redaction: mount, path),
            Self::Http(text) | Self::Env(text) | Self::Secret(text) | Self::Process(text) | Self::Other(text) => {
                text.redact(redaction)
            }
            Self::Model => false,
        }
    }
}
