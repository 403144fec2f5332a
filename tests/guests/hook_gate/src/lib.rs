//! A gate that counts its calls twice: in a static, which goes with the instance, and in kept state, which
//! has to last. It refuses from a number of calls on, and says both counts.

use std::sync::atomic::{AtomicU32, Ordering};

use looplet_guest::prelude::*;
use schemars::JsonSchema;
use serde::Deserialize;

static CALLS: AtomicU32 = AtomicU32::new(0);

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Settings {
    /// The first call that is refused.
    deny_from: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { deny_from: u32::MAX }
    }
}

#[looplet_guest::hook]
fn pre_tool(_: &RunView, call: &CallView) -> Result<Verdict, Failure> {
    let Settings { deny_from } = host::settings()?;
    let in_memory = CALLS.fetch_add(1, Ordering::Relaxed) + 1;
    let kept = host::state::load::<u32>("calls")?.unwrap_or_default() + 1;
    host::state::save("calls", &kept)?;
    let counts = format!("{}: {in_memory} in memory, {kept} kept", call.name());
    host::info(&counts);
    Ok(if kept >= deny_from { Verdict::deny(counts) } else { Verdict::pass() })
}

looplet_guest::plugin!("hook-gate", hooks: [pre_tool], settings: Settings);
