//! One call of one point: counted in kept state, logged as one line, and perhaps told to do something.

use looplet_guest::hook::RunView;
use looplet_guest::{Failure, host};

use crate::settings::Settings;
use crate::{misdeed, report};

/// What a point is to do in this call.
pub(crate) struct Visit {
    settings: Settings,
    acts: bool,
}

impl Visit {
    /// Counts, logs, and does what can be done at every point; `tool` is what the call is of.
    pub(crate) fn new(point: &str, view: &RunView, tool: Option<&str>, detail: &str) -> Result<Self, Failure> {
        let count = report::count(point)?;
        host::info(format!("{point} {count}: turn {}, steps {}{detail}", view.turn, view.steps));
        let settings = Settings::read()?;
        let of_this_tool = match (&settings.tool, tool) {
            (Some(wanted), Some(tool)) => wanted == tool,
            _ => true,
        };
        let acts = settings.at == point && of_this_tool && count >= settings.from.unwrap_or(1);
        if acts {
            misdeed::commit(&settings.r#do, settings.text())?;
        }
        Ok(Self { settings, acts })
    }

    /// What to do, or nothing.
    pub(crate) fn action(&self) -> &str {
        if self.acts { &self.settings.r#do } else { "" }
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The text that belongs to an action which says something: what was found, or what it is told to say.
    pub(crate) fn said(&self, action: &str) -> Option<String> {
        if self.action() == action {
            return Some(self.settings.text().to_owned());
        }
        report::on(self.action(), self.settings.text())
    }
}
