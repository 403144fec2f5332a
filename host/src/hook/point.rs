//! The moments of a run at which hooks are called.

use std::fmt;

/// One moment. The words are the names of the interfaces of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Point {
    /// The run begins or goes on.
    RunStart,
    /// A turn begins.
    ShouldCompact,
    /// Before the request is built.
    PrePrompt,
    /// Before the request is sent.
    PreModel,
    /// After the answer.
    PostModel,
    /// Before the policy decides on a call.
    PreTool,
    /// After a call, before its result is recorded.
    PostTool,
    /// After a step was recorded.
    PostStep,
    /// The model says that it is done.
    CheckDone,
    /// Between calls and turns.
    ShouldStop,
    /// The run ends or rests.
    RunEnd,
    /// Every record.
    Observe,
}

impl Point {
    /// All of them, in the order of a run.
    pub const ALL: [Self; 12] = [
        Self::RunStart,
        Self::ShouldCompact,
        Self::PrePrompt,
        Self::PreModel,
        Self::PostModel,
        Self::PreTool,
        Self::PostTool,
        Self::PostStep,
        Self::CheckDone,
        Self::ShouldStop,
        Self::RunEnd,
        Self::Observe,
    ];

    /// The name in the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RunStart => "run-start",
            Self::ShouldCompact => "should-compact",
            Self::PrePrompt => "pre-prompt",
            Self::PreModel => "pre-model",
            Self::PostModel => "post-model",
            Self::PreTool => "pre-tool",
            Self::PostTool => "post-tool",
            Self::PostStep => "post-step",
            Self::CheckDone => "check-done",
            Self::ShouldStop => "should-stop",
            Self::RunEnd => "run-end",
            Self::Observe => "observe",
        }
    }

    /// The point of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|point| point.as_str() == name)
    }

    fn bit(self) -> u16 {
        1 << self as u16
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A set of points.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Points(u16);

impl Points {
    /// The set of these points.
    pub fn of(points: impl IntoIterator<Item = Point>) -> Self {
        Self(points.into_iter().fold(0, |set, point| set | point.bit()))
    }

    /// Whether a point is among them.
    pub fn contains(self, point: Point) -> bool {
        self.0 & point.bit() != 0
    }

    /// The points, in the order of a run.
    pub fn iter(self) -> impl Iterator<Item = Point> {
        Point::ALL.into_iter().filter(move |point| self.contains(*point))
    }

    /// All that is in either.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}
