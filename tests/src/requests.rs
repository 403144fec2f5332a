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

/// How the words of a replay end that wrote the journal of its run again.
pub const ALIKE: &str = "decisions alike · journal alike but times and ids\n";

/// Whatever a test was about: every request of these runs is rebuilt from the journal as it was sent, and where what
/// they rest on is as it was, `replay` repeats each as it was: it is given arguments for the program, and gives the
/// exit code with all that was printed, standard output first.
pub fn check_all(runs: &Path, is_changed: bool, replay: impl Fn(&[&str]) -> (Option<i32>, String, String)) {
    for run in std::fs::read_dir(runs).into_iter().flatten().flatten() {
        if std::thread::panicking() || !check(&run.path()) || is_changed {
            continue;
        }
        let (dir, id) = (runs.to_str().expect("is text"), run.file_name().into_string().expect("is the name of a run"));
        let (code, told, seen) = replay(&["replay", "--offline", "--runs", dir, &id]);
        assert!(told.ends_with(ALIKE) && code == Some(0), "{id} is not repeated as it was:\n{told}{seen}");
    }
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
