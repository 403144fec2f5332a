//! What the operator lets a hook do: a hook is power over a run.

use std::fmt;

use super::point::Point;

/// One power. The words are those of `powers` in the configuration file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Power {
    /// Be told what happens.
    Observe,
    /// Deny, ask, narrow, reject, stop.
    Gate,
    /// Give a call other arguments, before the policy decides.
    EditArguments,
    /// Answer a call in place of its tool.
    Answer,
    /// Put another result in place of a tool's.
    EditResults,
    /// Add texts to the next request, and choose the tools that it offers.
    AddContext,
}

impl Power {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Observe, Self::Gate, Self::EditArguments, Self::Answer, Self::EditResults, Self::AddContext];

    /// The word in the file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Observe => "observe",
            Self::Gate => "gate",
            Self::EditArguments => "edit-arguments",
            Self::Answer => "answer",
            Self::EditResults => "edit-results",
            Self::AddContext => "add-context",
        }
    }

    /// The power of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|power| power.as_str() == name)
    }
}

impl fmt::Display for Power {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A set of powers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Powers(u8);

impl Powers {
    /// What a hook has where nothing is written.
    pub const SHIPPED: Self = Self(1 << Power::Observe as u8 | 1 << Power::Gate as u8);
    /// All of them; what a hook of the embedding program has.
    pub const ALL: Self = Self(0b11_1111);

    /// The set of these powers.
    pub fn of(powers: impl IntoIterator<Item = Power>) -> Self {
        Self(powers.into_iter().fold(0, |set, power| set | 1 << power as u8))
    }

    /// Whether a power is among them.
    pub fn contains(self, power: Power) -> bool {
        self.0 & (1 << power as u8) != 0
    }

    /// The powers.
    pub fn iter(self) -> impl Iterator<Item = Power> {
        Power::ALL.into_iter().filter(move |power| self.contains(*power))
    }

    /// The power that a subscription to a point takes; either of two where there are two.
    pub fn needed_at(point: Point) -> &'static [Power] {
        match point {
            Point::PreTool | Point::CheckDone | Point::ShouldStop => &[Power::Gate],
            Point::PrePrompt => &[Power::AddContext],
            Point::PostTool => &[Power::Observe, Power::EditResults],
            Point::RunStart
            | Point::ShouldCompact
            | Point::PreModel
            | Point::PostModel
            | Point::PostStep
            | Point::RunEnd
            | Point::Observe => &[Power::Observe],
        }
    }

    /// Whether a hook with these powers may be called at a point.
    pub fn allow(self, point: Point) -> bool {
        Self::needed_at(point).iter().any(|power| self.contains(*power))
    }
}
