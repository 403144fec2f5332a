//! A request as it was sent, rebuilt from the records of its run.

use super::opening;
use crate::agent::Fold;
use crate::digest::Digest;
use crate::error::{Error, Result};
use crate::model::{ModelRequest, Transcript};
use crate::record::{Body, Record};

/// The bytes of a request, and whether they are those that were sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompt {
    /// The body, byte for byte.
    pub bytes: Vec<u8>,
    /// Digest of what was sent, by the record.
    pub sent: Digest,
}

impl Prompt {
    /// Rebuilds the request of a turn, from 1; of a turn that was asked again, the last.
    ///
    /// # Errors
    /// No such turn, or a wire that this host does not know.
    pub fn of_turn(records: &[Record], turn: u32) -> Result<Self> {
        let asked = records.iter().enumerate().rev().find_map(|(index, record)| match &record.body {
            Body::ModelAsked(asked) if asked.turn == turn => Some((index, asked)),
            _ => None,
        });
        let Some((index, asked)) = asked else {
            let all = records.iter().filter(|record| matches!(record.body, Body::ModelAsked(_))).count();
            return Err(Error::usage(format!("the run has no request {turn}")).hint(format!("it sent {all}")));
        };
        let Some(Body::RunStarted(started)) = records.first().map(|record| &record.body) else {
            return Err(Error::failed("the journal does not begin with the start of a run"));
        };
        let form = asked.wire.as_ref().or(started.wire.as_ref());
        let wire = form.and_then(crate::model::WireForm::to_wire).ok_or_else(|| {
            let id = form.map_or("unknown", |form| form.id.as_str());
            Error::failed(format!("requests of the wire `{id}` cannot be rebuilt by this host"))
        })?;
        let fold = Fold::from_records(&records[..index])?;
        let transcript: Transcript = fold.state.messages().iter().cloned().collect();
        let setup = opening::request_setup(started);
        let setup = setup.offering(asked.offered.as_deref());
        let bytes = ModelRequest::for_wire(&*wire, &setup, &transcript).bytes().to_vec();
        Ok(Self { bytes, sent: asked.request })
    }

    /// Whether what was rebuilt is what was sent.
    pub fn is_as_sent(&self) -> bool {
        Digest::of(&self.bytes) == self.sent
    }
}
