//! Which answers a run has had, and how many came in a row that it had already. Pure.
//!
//! A step brings nothing new when the same call has had the same end before, whatever came between: so
//! circles of several calls are found too. Work in between that is new ends the row.

use std::collections::VecDeque;

use looplet_guest::hook::{Outcome, StepView};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How many steps back an answer is known again.
const REMEMBERED: usize = 500;

/// After how many steps without anything new what happens.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Settings {
    /// Steps in a row that bring nothing new before the model is told. 0: it is not told.
    warn_after: u32,
    /// Steps in a row that bring nothing new before the run is ended. 0: it goes on.
    stop_after: u32,
    /// Tools whose steps do not count, as patterns: they neither continue a row nor end it.
    ignore: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { warn_after: 3, stop_after: 6, ignore: vec!["think".to_owned(), "todo".to_owned()] }
    }
}

/// What a run has had.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Seen {
    /// Digests of calls with their ends, the oldest first.
    digests: VecDeque<u64>,
    /// How many steps in a row brought nothing new.
    row: u32,
    /// The tool of the last of them.
    tool: String,
}

impl Settings {
    /// Whether steps of this tool do not count.
    pub(crate) fn ignores(&self, step: &StepView) -> bool {
        self.ignore.iter().any(|pattern| step.matches(pattern))
    }

    /// The text for the prompt.
    pub(crate) fn warning(&self, seen: &Seen) -> Option<String> {
        let (row, tool) = (seen.row, &seen.tool);
        reached(self.warn_after, row).then(|| {
            let calls = if row == 1 { "The last call".to_owned() } else { format!("The last {row} calls") };
            format!(
                "{calls} brought nothing that was not known before, the last one of `{tool}`. Do something else: \
                 other arguments, another tool, or answer with what there is."
            )
        })
    }

    /// Why the run ends.
    pub(crate) fn end(&self, seen: &Seen) -> Option<String> {
        reached(self.stop_after, seen.row).then(|| format!("nothing new in {} steps", seen.row))
    }
}

fn reached(limit: u32, row: u32) -> bool {
    limit > 0 && row >= limit
}

impl Seen {
    /// Takes a step in.
    pub(crate) fn add(&mut self, step: &StepView) {
        let digest = digest(step);
        if !self.digests.contains(&digest) {
            self.row = 0;
            self.digests.push_back(digest);
            if self.digests.len() > REMEMBERED {
                self.digests.pop_front();
            }
            return;
        }
        self.row += 1;
        self.tool = step.name();
    }
}

/// FNV-1a over tool, arguments and end. Not Rust's own hash: what is kept has to be known again by the next
/// version of this plugin.
fn digest(step: &StepView) -> u64 {
    let how = match &step.outcome {
        Outcome::Ok(_) => "ok",
        Outcome::Failed(_) => "failed",
        Outcome::Denied(_) => "denied",
        Outcome::Aborted(_) => "aborted",
    };
    let name = step.name();
    let parts = [name.as_str(), &step.call.arguments, how, step.outcome.text()];
    let bytes = parts.iter().flat_map(|part| part.bytes().chain([0]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The length of the row after these steps: tool and answer.
    fn row(steps: &[(&str, &str)]) -> u32 {
        let mut seen = Seen::default();
        for (number, (tool, answer)) in (1..).zip(steps) {
            seen.add(&StepView::new(number, tool, "{}", Outcome::answered(*answer)));
        }
        seen.row
    }

    #[test]
    fn the_same_call_with_the_same_answer_is_nothing_new() {
        assert_eq!(row(&[("a/b", "x")]), 0);
        assert_eq!(row(&[("a/b", "x"), ("a/b", "x"), ("a/b", "x")]), 2);
    }

    #[test]
    fn a_circle_of_calls_is_found() {
        assert_eq!(row(&[("a/b", "x"), ("a/c", "x"), ("a/b", "x"), ("a/c", "x")]), 2);
    }

    #[test]
    fn another_answer_or_another_tool_ends_the_row() {
        assert_eq!(row(&[("a/b", "x"), ("a/b", "x"), ("a/b", "y")]), 0);
        assert_eq!(row(&[("a/b", "x"), ("a/b", "x"), ("a/c", "x")]), 0);
    }

    #[test]
    fn a_refusal_that_is_asked_for_again_is_nothing_new() {
        let mut seen = Seen::default();
        (1..=2).for_each(|number| seen.add(&StepView::new(number, "a/b", "{}", Outcome::Denied("no".into()))));
        assert_eq!(seen.row, 1);
        seen.add(&StepView::new(3, "a/b", "{}", Outcome::answered("no")));
        assert_eq!(seen.row, 0);
    }

    #[test]
    fn what_is_said_names_the_number_and_the_tool() {
        let settings = Settings { warn_after: 1, stop_after: 2, ..Settings::default() };
        let seen = |row| Seen { row, tool: "files/grep".into(), ..Seen::default() };
        assert_eq!(settings.warning(&seen(0)), None);
        let warning = "The last 2 calls brought nothing that was not known before, the last one of `files/grep`. Do \
                       something else: other arguments, another tool, or answer with what there is.";
        assert_eq!(settings.warning(&seen(2)).as_deref(), Some(warning));
        assert_eq!((settings.end(&seen(1)), settings.end(&seen(2)).as_deref()), (None, Some("nothing new in 2 steps")));
        let off = Settings { warn_after: 0, stop_after: 0, ..Settings::default() };
        assert_eq!((off.warning(&seen(9)), off.end(&seen(9))), (None, None));
    }

    #[test]
    fn thinking_does_not_count_unless_it_is_asked_for() {
        let step = StepView::new(1, "think/think", "{}", Outcome::answered("ok"));
        assert!(Settings::default().ignores(&step));
        assert!(!Settings { ignore: Vec::new(), ..Settings::default() }.ignores(&step));
    }

    #[test]
    fn what_is_remembered_has_an_end() {
        let mut seen = Seen::default();
        for number in 0..1_000 {
            seen.add(&StepView::new(number, "a/b", number.to_string(), Outcome::answered("x")));
        }
        assert_eq!((seen.digests.len(), seen.row), (REMEMBERED, 0));
    }
}
