//! Why a run ended.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::Exit;

/// Why a run ended, or rests. Displayed as the word of the journal.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// The model said so, and it was accepted.
    Done,
    /// The model answered in plain text, which ends a run that does not require `done`.
    Text,
    /// No step of the budget is left.
    BudgetExhausted,
    /// No turn of the budget is left.
    TurnsExhausted,
    /// No call of the budget is left.
    CallsExhausted,
    /// No call of the tools that this pattern names is left.
    ToolCallsExhausted(String),
    /// No token of the budget is left.
    TokensExhausted,
    /// No money of the budget is left.
    MoneyExhausted,
    /// No byte of the budget for requests is left.
    EgressExhausted,
    /// The run's active time is over.
    DeadlineExceeded,
    /// As many steps in a row failed as the budget allows.
    FailuresInARow,
    /// Ctrl-C, or the caller's token.
    Cancelled,
    /// Nobody takes the steps any more.
    StreamClosed,
    /// The model could not be asked, or gave no answer.
    ModelError,
    /// The model answered nothing twice.
    EmptyAnswer,
    /// The model's text was cut at the output cap twice.
    AnswerCut,
    /// The provider's filter cut the answer, or the model refused.
    AnswerFiltered,
    /// The run requires `done`, and the model answered in plain text twice.
    DoneMissing,
    /// A call waits for an answer of the operator.
    WaitingForApproval,
    /// The journal could not be written. Never recorded, for that reason.
    JournalError,
    /// A hook's own reason.
    Hook(String),
}

impl StopReason {
    /// The word of the journal; a hook's own reason as it is.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Done => "done",
            Self::Text => "text",
            Self::BudgetExhausted => "budget_exhausted",
            Self::TurnsExhausted => "turns_exhausted",
            Self::CallsExhausted => "calls_exhausted",
            Self::ToolCallsExhausted(_) => "tool_calls_exhausted",
            Self::TokensExhausted => "tokens_exhausted",
            Self::MoneyExhausted => "money_exhausted",
            Self::EgressExhausted => "egress_exhausted",
            Self::DeadlineExceeded => "deadline_exceeded",
            Self::FailuresInARow => "failures_in_a_row",
            Self::Cancelled => "cancelled",
            Self::StreamClosed => "stream_closed",
            Self::ModelError => "model_error",
            Self::EmptyAnswer => "empty_answer",
            Self::AnswerCut => "answer_cut",
            Self::AnswerFiltered => "answer_filtered",
            Self::DoneMissing => "done_missing",
            Self::WaitingForApproval => "waiting_for_approval",
            Self::JournalError => "journal_error",
            Self::Hook(reason) => reason,
        }
    }

    /// The reason in words for a person, as the beginning of a line.
    pub fn in_words(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::Done => "done",
            Self::Text => "answered",
            Self::BudgetExhausted => "stopped: no step of the budget left",
            Self::TurnsExhausted => "stopped: no turn of the budget left",
            Self::CallsExhausted => "stopped: no call of the budget left",
            Self::ToolCallsExhausted(pattern) => {
                return format!("stopped: no call of `{}` left in the budget", super::inert(pattern)).into();
            }
            Self::TokensExhausted => "stopped: no token of the budget left",
            Self::MoneyExhausted => "stopped: no money of the budget left",
            Self::EgressExhausted => "stopped: no egress of the budget left",
            Self::DeadlineExceeded => "stopped: the run's time is over",
            Self::FailuresInARow => "stopped: too many failures in a row",
            Self::Cancelled => "cancelled",
            Self::StreamClosed => "stopped by the caller",
            Self::ModelError => "stopped: the model gave no answer",
            Self::EmptyAnswer => "stopped: the model answered nothing",
            Self::AnswerCut => "stopped: the model's answer was cut at the output cap",
            Self::AnswerFiltered => "stopped: the model refused or the provider's filter cut the answer",
            Self::DoneMissing => "stopped: the model did not call `done`",
            Self::WaitingForApproval => "waiting for approval",
            Self::JournalError => "stopped: the journal could not be written",
            Self::Hook(reason) => return format!("stopped by a hook: {}", super::cut(reason, 80)).into(),
        })
    }

    /// Whether the run ended by itself.
    pub fn is_finished(&self) -> bool {
        matches!(self, Self::Done | Self::Text)
    }

    /// What the process ends with; none means success.
    pub fn exit(&self) -> Option<Exit> {
        match self {
            Self::Done | Self::Text => None,
            Self::WaitingForApproval => Some(Exit::Parked),
            Self::Cancelled => Some(Exit::Interrupted),
            _ => Some(Exit::Failed),
        }
    }
}

impl fmt::Display for StopReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
