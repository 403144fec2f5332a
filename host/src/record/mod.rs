//! What a run leaves behind: the records of its journal, and the views that are folds of them.
//!
//! One record is one line of JSON. The records of a run, in order, are the whole truth about it: the
//! loop's state, the steps, the outcome and what `show` prints are computed from them and from nothing
//! else. Pure: [`crate::journal`] writes and reads the lines.

mod call;
pub mod diff;
mod hooked;
mod inert;
mod line;
mod redact;
mod run;
mod run_id;
pub mod show;
mod spent;
mod step;
mod stop;
mod tally;
#[cfg(test)]
mod tests;
mod turn;
pub(crate) mod words;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::message::Message;

pub use call::{
    Approval, CallAnswered, CallDecided, CallEnded, CallFacts, CallStarted, MatchedRule, Progress, Ruling, Standing,
    StderrTail, Used, WrittenFile,
};
pub use hooked::{HookMemory, HookVerdict, Hooked};
pub use inert::{cut, inert};
pub use line::{Blob, Chain, DecodeError, Encoded, PAYLOAD_BYTES, decode};
pub use run::{Done, MountRecord, OnUnknown, Parent, PluginRecord, RunResumed, RunStarted, ToolRecord};
pub use run_id::RunId;
pub use spent::Spent;
pub use step::{Step, Steps};
pub use stop::StopReason;
pub use tally::{DeniedBy, DeniedCall, Tally};
pub use turn::{ModelAnswered, ModelAsked, ModelFailed, Usage};

/// The version of the form of records that this host writes, and the only one it reads.
pub const FORMAT: u32 = 1;

/// One line of a journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Place in the journal, from 0, without gaps.
    pub seq: u64,
    /// When it was written, in milliseconds since 1970, as the host's clock said. Nothing is decided on it.
    #[serde(rename = "at")]
    pub at_ms: u64,
    /// Digest of the line before, without its line end; none for the first. Written as hex digits alone,
    /// as `sha256sum` prints them.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "line::hex")]
    pub prev: Option<Digest>,
    /// What happened.
    #[serde(flatten)]
    pub body: Body,
}

impl Record {
    /// What hooks said in it.
    pub fn hooks(&self) -> &[HookVerdict] {
        match &self.body {
            Body::CallDecided(decided) => &decided.hooks,
            Body::CallEnded(ended) => &ended.hooks,
            Body::Hooked(hooked) => &hooked.hooks,
            _ => &[],
        }
    }
}

/// What a record tells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    /// The first record: the task and all that shapes the run.
    RunStarted(Box<RunStarted>),
    /// The run goes on after it was stopped or broke off.
    RunResumed(Box<RunResumed>),
    /// A message that neither the model nor a tool made was added to the history.
    Message(Message),
    /// A request is about to be sent.
    ModelAsked(ModelAsked),
    /// The model's answer, whole.
    ModelAnswered(Box<ModelAnswered>),
    /// There is no answer, after all retries.
    ModelFailed(ModelFailed),
    /// What was decided about a call. Ends the step unless the call may run.
    CallDecided(Box<CallDecided>),
    /// The intent: a call that cannot be repeated is about to run.
    CallStarted(CallStarted),
    /// A call that ran is over. Ends the step.
    CallEnded(Box<CallEnded>),
    /// What hooks said at a point that is no call.
    Hooked(Box<Hooked>),
    /// The operator answered a call that was parked.
    CallAnswered(CallAnswered),
    /// Something from outside that the loop has to act on.
    Notice(Notice),
    /// The run is over, or rests until it is resumed.
    Stopped(StopReason),
}

/// Something from outside that the loop has to act on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// Ctrl-C, or the caller's token.
    Cancelled,
    /// Nobody takes the steps any more.
    Closed,
    /// A hook wants the run to stop, for the reason it gives.
    HookStop(String),
    /// A reading of the run's active time, in milliseconds.
    Active(u64),
    /// A person said something to the model in between.
    Steered(String),
    /// All before it is copied from the parent; calls that are open were not run.
    Forked,
}
