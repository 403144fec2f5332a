//! What to say after how many steps. Pure: the number of steps is all it knows.

use schemars::JsonSchema;
use serde::Deserialize;

/// How many steps a run has.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Settings {
    /// Steps of a run. Calls beyond are refused, so that the model can still answer with what it has.
    steps: u32,
    /// The model is told how many steps are left when it is this many or fewer. 0: never.
    warn_at: u32,
    /// Calls that are refused before the run is ended.
    grace: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { steps: 30, warn_at: 5, grace: 3 }
    }
}

impl Settings {
    /// The text for the prompt, when few steps are left or none.
    pub(crate) fn warning(&self, used: u32) -> Option<String> {
        let left = self.steps.saturating_sub(used);
        match left {
            _ if left > self.warn_at || self.warn_at == 0 => None,
            0 => Some(format!("All {} steps of this run are used up. Answer now, without a tool.", self.steps)),
            1 => Some(format!("1 of {} steps is left. Use it for what matters most.", self.steps)),
            _ => Some(format!("{left} of {} steps are left. Come to an end in time.", self.steps)),
        }
    }

    /// Why a call does not run any more.
    pub(crate) fn refusal(&self, used: u32) -> Option<String> {
        let over = used >= self.steps;
        over.then(|| format!("all {} steps of this run are used up: answer without a tool", self.steps))
    }

    /// Why the run ends, when it goes on asking.
    pub(crate) fn end(&self, used: u32) -> Option<String> {
        let over = used >= self.steps.saturating_add(self.grace);
        over.then(|| format!("the budget of {} steps is used up", self.steps))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stages(settings: &Settings, used: u32) -> (Option<String>, bool, bool) {
        (settings.warning(used), settings.refusal(used).is_some(), settings.end(used).is_some())
    }

    #[test]
    fn a_budget_warns_then_refuses_then_ends() {
        let settings = Settings { steps: 4, warn_at: 2, grace: 1 };
        let said = |text: &str| Some(text.to_owned());
        let expected = [
            (None, false, false),
            (None, false, false),
            (said("2 of 4 steps are left. Come to an end in time."), false, false),
            (said("1 of 4 steps is left. Use it for what matters most."), false, false),
            (said("All 4 steps of this run are used up. Answer now, without a tool."), true, false),
            (said("All 4 steps of this run are used up. Answer now, without a tool."), true, true),
        ];
        for (used, expected) in (0..).zip(expected) {
            assert_eq!(stages(&settings, used), expected, "{used}");
        }
    }

    #[test]
    fn a_warning_can_be_switched_off_and_a_huge_budget_does_not_overflow() {
        let settings = Settings { steps: u32::MAX, warn_at: 0, grace: u32::MAX };
        assert_eq!(stages(&settings, u32::MAX - 1), (None, false, false));
    }
}
