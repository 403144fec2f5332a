//! How many calls there were, and which limit is reached. Pure.

use std::collections::BTreeMap;

use looplet_guest::hook::CallView;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How many calls a run has of which tools.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Settings {
    /// Calls of all tools of a pattern together, such as `{"http/fetch": 40, "files/*": 200}`. Every pattern
    /// that fits counts.
    calls: BTreeMap<String, u32>,
    /// Calls of every tool by itself. Absent: no such limit.
    each: Option<u32>,
}

/// Calls so far: of each pattern, and of each tool.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Counts {
    patterns: BTreeMap<String, u32>,
    tools: BTreeMap<String, u32>,
}

impl Settings {
    /// Why this call does not run any more.
    pub(crate) fn refusal(&self, counts: &Counts, call: &CallView) -> Option<String> {
        let tool = call.name();
        for (pattern, most) in self.about(call) {
            let called = counts.patterns.get(pattern).copied().unwrap_or_default();
            if called >= *most {
                let what = if *pattern == tool { "" } else { "tools like " };
                return Some(reached(&format!("{what}`{pattern}`"), called));
            }
        }
        let called = counts.tools.get(&tool).copied().unwrap_or_default();
        self.each.filter(|most| called >= *most).map(|_| reached(&format!("`{tool}`"), called))
    }

    fn about(&self, call: &CallView) -> impl Iterator<Item = (&String, &u32)> {
        self.calls.iter().filter(|(pattern, _)| call.matches(pattern))
    }
}

impl Counts {
    /// Counts a call that is let through, for what has a limit.
    pub(crate) fn add(&mut self, settings: &Settings, call: &CallView) {
        for (pattern, _) in settings.about(call) {
            *self.patterns.entry(pattern.clone()).or_default() += 1;
        }
        if settings.each.is_some() {
            *self.tools.entry(call.name()).or_default() += 1;
        }
    }
}

fn reached(what: &str, called: u32) -> String {
    let (were, their) = if what.starts_with('`') { ("was", "its") } else { ("were", "their") };
    let times = if called == 1 { "once".to_owned() } else { format!("{called} times") };
    format!("{what} {were} called {times}, which is {their} limit in this run: go on without it")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many of these calls get through, and why the next does not.
    fn run(settings: &Settings, tools: &[&str]) -> (usize, Option<String>) {
        let mut counts = Counts::default();
        for (passed, tool) in tools.iter().enumerate() {
            let call = CallView::new(tool, "{}");
            if let Some(reason) = settings.refusal(&counts, &call) {
                return (passed, Some(reason));
            }
            counts.add(settings, &call);
        }
        (tools.len(), None)
    }

    fn settings(calls: &[(&str, u32)], each: Option<u32>) -> Settings {
        Settings { calls: calls.iter().map(|(pattern, most)| ((*pattern).to_owned(), *most)).collect(), each }
    }

    #[test]
    fn tools_of_a_pattern_are_counted_together() {
        let settings = settings(&[("files/*", 2)], None);
        let reason = "tools like `files/*` were called 2 times, which is their limit in this run: go on without it";
        assert_eq!(
            run(&settings, &["files/grep", "http/fetch", "files/glob", "files/glob"]),
            (3, Some(reason.to_owned()))
        );
    }

    #[test]
    fn each_tool_can_be_counted_by_itself() {
        let settings = settings(&[], Some(1));
        let reason = "`a/b` was called once, which is its limit in this run: go on without it";
        assert_eq!(run(&settings, &["a/b", "a/c", "a/b"]), (2, Some(reason.to_owned())));
    }

    #[test]
    fn the_strictest_limit_counts_and_none_is_none() {
        let both = settings(&[("a/*", 9), ("a/b", 0)], Some(5));
        assert_eq!(run(&both, &["a/b"]).0, 0);
        assert_eq!(run(&Settings::default(), &["a/b"; 50]), (50, None));
    }
}
