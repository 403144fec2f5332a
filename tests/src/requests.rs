//! Rebuilt = sent, for every request of every run of every test, whatever the test is about.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use looplet_host::digest::Digest;
use looplet_host::host::Prompt;
use looplet_host::journal::Journal;
use looplet_host::record::{Body, FORMAT, Record};

/// Digests of all that the servers of this process received.
static RECEIVED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Notes what a server received as a request.
pub fn note_received(body: &str) {
    RECEIVED.lock().unwrap_or_else(PoisonError::into_inner).insert(Digest::of(body.as_bytes()).to_hex());
}

/// Rebuilds every request of a run. What is no journal, or a damaged one, is another test's affair: it gives no.
pub fn check(run: &Path) -> bool {
    let Ok(journal) = Journal::read(run) else { return false };
    if !journal.started().is_ok_and(|started| started.format == FORMAT) {
        return false;
    }
    check_records(&journal.records);
    true
}

/// The same of records that may never have been in a file.
pub fn check_records(records: &[Record]) {
    for index in 0..records.len() {
        let Body::ModelAsked(asked) = &records[index].body else { continue };
        // A turn may have been asked more than once: each time is a request of its own.
        let rebuilt = Prompt::of_turn(&records[..=index], asked.turn).expect("can be rebuilt");
        assert!(rebuilt.is_as_sent(), "request {} was sent otherwise", asked.turn);
        if is_answered_by_a_server(records, index) {
            let received = RECEIVED.lock().unwrap_or_else(PoisonError::into_inner).contains(&rebuilt.sent.to_hex());
            assert!(received, "request {} is not what the server received", asked.turn);
        }
    }
}

/// Whether a server of the tests has answered a request.
fn is_answered_by_a_server(records: &[Record], asked: usize) -> bool {
    let Some(Body::RunStarted(started)) = records.first().map(|record| &record.body) else { return false };
    let model = match &records[asked].body {
        Body::ModelAsked(asked) => asked.model.as_ref().unwrap_or(&started.model),
        _ => return false,
    };
    let is_served = model.starts_with("openai:") || model.starts_with("ollama:");
    let is_answer = |record: &Record| matches!(record.body, Body::ModelAnswered(_));
    is_served && records.get(asked + 1).is_some_and(is_answer)
}
