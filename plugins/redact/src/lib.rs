//! What looks like a secret is taken out of a result before the model and the journal see it.

mod outcome;
mod patterns;

use std::cell::OnceCell;

use looplet_guest::prelude::*;
use patterns::{Patterns, Settings};

thread_local! {
    /// Made once for each instance: the settings of a run do not change.
    static PATTERNS: OnceCell<Patterns> = const { OnceCell::new() };
}

/// More time than a hook has by itself: a result can be long and the patterns many.
#[looplet_guest::hook(limits(wall_ms = 5_000))]
fn post_tool(_: &RunView, step: &StepView) -> Result<ResultVerdict, Failure> {
    PATTERNS.with(|made| {
        let patterns = if let Some(patterns) = made.get() {
            patterns
        } else {
            let patterns = Patterns::from_settings(&host::settings::<Settings>()?)?;
            made.get_or_init(|| patterns)
        };
        Ok(match outcome::redacted(patterns, &step.outcome) {
            Some(outcome) => ResultVerdict::pass().replace(outcome),
            None => ResultVerdict::pass(),
        })
    })
}

looplet_guest::plugin!("redact", hooks: [post_tool], settings: Settings);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_that_cannot_be_is_a_failure_and_not_no_pattern() {
        host::testing::set_settings(&serde_json::json!({"patterns": ["("]}));
        let step = StepView::new(1, "a/b", "{}", Outcome::answered("x"));
        let failure = post_tool(&RunView::default(), &step).expect_err("is refused");
        assert_eq!(failure.message(), "`(` is no pattern: found open group without closing ')'");
    }

    #[test]
    fn a_result_without_a_secret_is_left_alone() {
        let step = StepView::new(1, "a/b", "{}", Outcome::answered("nothing to hide"));
        assert_eq!(post_tool(&RunView::default(), &step), Ok(ResultVerdict::pass()));
    }
}
