//! The terms of a run in one digest: policy, grants, masks and limits, as they are meant and not as they
//! are written. A comment in a file, another order of its tables or a moved line changes nothing.

use std::fmt::Write as _;

use super::Host;
use crate::capability::http::meaning;
use crate::digest::Digest;
use crate::gate::{Gate, Provider};

/// The digest that a resume compares.
pub(super) fn digest(host: &Host, gate: &Gate) -> Digest {
    let mut text = gate.policy().meaning();
    for (name, mount) in &host.settings().mounts {
        let masks: Vec<_> = mount.masks.iter().map(|mask| (&mask.pattern, mask.kind, mask.tier)).collect();
        let quota = mount.quota_mib.as_ref().map(|quota| quota.value);
        let _ = writeln!(text, "mount {name} {masks:?} {quota:?}");
    }
    for tool in gate.tools() {
        // Others are granted nothing and have no settings: there is nothing to compare but that they are there.
        let Provider::Component(plugin) = tool.provider() else { continue };
        let granted = tool.granted();
        let mounts: Vec<_> = granted
            .mounts
            .iter()
            .map(|(word, given)| (word, given.mount.name(), given.mode, given.ask_first))
            .collect();
        // The names alone: values may be secret, and change with the day.
        let env: Vec<_> = granted.env.keys().collect();
        let reach = meaning(&granted.http, &granted.secrets);
        let settings = plugin.settings.as_str();
        let name = tool.full_name();
        let _ = writeln!(text, "tool {name} {mounts:?} {env:?} {reach} {:?} {settings}", tool.limits());
    }
    for pattern in host.settings().redaction.patterns() {
        let _ = writeln!(text, "redact {pattern}");
    }
    for hook in &host.0.hooks {
        let _ = writeln!(text, "hook {}", hook.terms());
    }
    Digest::of(text.as_bytes())
}
