//! What the probe is told to do, and where.

use looplet_guest::{Failure, host};
use schemars::JsonSchema;
use serde::Deserialize;

/// All empty, the probe only counts and logs.
#[derive(Deserialize, Default, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Settings {
    /// The hook point, such as `pre-tool`.
    pub(crate) at: String,
    /// What to do there.
    pub(crate) r#do: String,
    /// Only for calls of this tool; at points without a call it does not matter.
    pub(crate) tool: Option<String>,
    /// From which call of the point on; 1 where it is absent.
    pub(crate) from: Option<u32>,
    /// What to say; of `rewrite` the arguments, of `offer-only` the tools, of `narrow` the places as
    /// `MOUNT:PATH:ro|rw`, both separated by spaces; of `read-secret` the name of a secret.
    pub(crate) text: Option<String>,
}

impl Settings {
    pub(crate) fn read() -> Result<Self, Failure> {
        host::settings()
    }

    pub(crate) fn text(&self) -> &str {
        self.text.as_deref().unwrap_or("said by the probe")
    }

    pub(crate) fn words(&self) -> impl Iterator<Item = &str> {
        self.text().split_whitespace()
    }
}
