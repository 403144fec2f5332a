//! One hook: a gate that refuses some tools. Change it to what you want; `sdk/guest-sdk/src/hook/mod.rs`
//! begins with the points there are, and what an `Err` means at each.

use looplet_guest::prelude::*;
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Settings {
    /// Tools that are refused, as patterns such as `files/*`.
    refuse: Vec<String>,
}

#[looplet_guest::hook]
fn pre_tool(_: &RunView, call: &CallView) -> Result<Verdict, Failure> {
    let settings: Settings = host::settings()?;
    if settings.refuse.iter().any(|pattern| call.matches(pattern)) {
        return Ok(Verdict::deny(format!("`{}` is not for this run", call.tool())));
    }
    Ok(Verdict::pass())
}

looplet_guest::plugin!("{{name}}", hooks: [pre_tool], settings: Settings);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_that_is_listed_is_refused_and_another_is_not() {
        host::testing::set_settings(&std::collections::BTreeMap::from([("refuse", ["http/*"])]));
        let verdict = |tool| pre_tool(&RunView::default(), &CallView::new(tool, "{}"));
        assert_eq!(verdict("http/fetch"), Ok(Verdict::deny("`fetch` is not for this run")));
        assert_eq!(verdict("files/grep"), Ok(Verdict::pass()));
    }
}
