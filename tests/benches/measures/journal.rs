//! The journal: how large it gets, and what writing it costs beside a raw append of the same bytes.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use looplet_host::agent::Sink;
use looplet_host::error::Result;
use looplet_host::journal::JournalWriter;
use looplet_host::record::{Body, Chain, Encoded, RunId};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::assembled::Assembled;
use crate::clock::{Pair, cpu, wall};
use crate::steps::go;
use crate::table::Row;

const ROUNDS: usize = 21;
const STEPS: u32 = 300;

pub(crate) fn measure() -> Vec<Row> {
    let place = TempDir::new().expect("a directory");
    let assembled = Assembled::at(place.path());
    let trivial = written(&assembled, || ("greet".to_owned(), json!({ "name": "Ada" })));
    let changing = written(&assembled, || ("write_file".to_owned(), json!({ "path": "a.md", "content": "a line\n" })));
    let mut rows = vec![Row::of_size(format!("journal of {STEPS} trivial steps"), bytes(&trivial), 300 << 10)];
    for (what, lines) in [("trivial steps", trivial), ("steps that write", changing)] {
        let syncs = lines.iter().filter(|done| matches!(done, Done::Sync)).count();
        let dir = |side: &str| place.path().join(format!("{side}-{}", RunId::generate()));
        let raw = |lines: &[Done]| append_raw(&dir("raw"), lines);
        let clocks: [(Clock, &str); 2] = [(|work| cpu(work), "CPU"), (|work| wall(work), "time")];
        for (clock, name) in clocks {
            let appended = || {
                // Taking the bodies from where a run made them is no part of writing them.
                let (dir, mut bodies) = (dir("journal"), bodies(&lines).into_iter());
                clock(&mut || append(&dir, &mut bodies))
            };
            let pair = Pair::of(ROUNDS, appended, || clock(&mut || raw(&lines))).per(STEPS);
            let row = format!("encoding and writing {what}, {syncs} fsyncs, {name} of a step");
            // The target is about steps that are flushed one by one; the others go to disk when the run ends.
            rows.push(match syncs > STEPS as usize {
                true => Row::of_pair(row, &pair, "raw append", 1.3),
                false => Row::of_both(row, &pair, "raw append"),
            });
        }
    }
    rows.push(Row::of_peak("  peak memory"));
    rows
}

/// Takes the time of some work.
type Clock = fn(&mut dyn FnMut()) -> Duration;

/// What a run does to its journal.
enum Done {
    Append(Box<Encoded>),
    Sync,
}

/// Takes down what it is told. Copies share their notes.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<Done>>>);

impl Sink for Notes {
    fn append(&mut self, encoded: &Encoded) -> Result<()> {
        self.0.lock().expect("nobody panics").push(Done::Append(Box::new(encoded.clone())));
        Ok(())
    }

    fn sync(&mut self) -> Result<()> {
        self.0.lock().expect("nobody panics").push(Done::Sync);
        Ok(())
    }
}

/// What a run of so many calls writes.
fn written(assembled: &Assembled, call: impl Fn() -> (String, Value)) -> Vec<Done> {
    let notes = Notes::default();
    go(assembled, STEPS, RunId::generate(), Box::new(notes.clone()), call);
    std::mem::take(&mut *notes.0.lock().expect("nobody panics"))
}

fn bytes(lines: &[Done]) -> u64 {
    let line = |done: &Done| match done {
        Done::Append(encoded) => encoded.line.len() as u64 + 1,
        Done::Sync => 0,
    };
    lines.iter().map(line).sum()
}

/// The records as a run has them before they are lines; none is a sync.
fn bodies(lines: &[Done]) -> Vec<Option<(u64, Body)>> {
    let body = |done: &Done| match done {
        Done::Append(encoded) => Some((encoded.record.at_ms, encoded.record.body.clone())),
        Done::Sync => None,
    };
    lines.iter().map(body).collect()
}

fn append(dir: &Path, bodies: &mut dyn Iterator<Item = Option<(u64, Body)>>) {
    let mut journal = JournalWriter::create(dir).expect("begins");
    let mut chain = Chain::default();
    for body in bodies {
        let Some((at_ms, body)) = body else {
            journal.sync().expect("is written");
            continue;
        };
        let encoded = chain.encode(at_ms, body).expect("has a form");
        journal.append(&encoded).expect("is written");
        chain.advance(&encoded.line);
    }
}

fn append_raw(dir: &Path, lines: &[Done]) {
    fs::create_dir(dir).expect("a directory");
    let mut file = OpenOptions::new().append(true).create_new(true).open(dir.join("raw")).expect("a file");
    let mut is_rooted = false;
    for done in lines {
        match done {
            Done::Append(encoded) => file.write_all(format!("{}\n", encoded.line).as_bytes()),
            Done::Sync if is_rooted => file.sync_data(),
            // The name of a new file has to be on disk too.
            Done::Sync => {
                is_rooted = true;
                let sync = |dir: &Path| File::open(dir).and_then(|dir| dir.sync_all());
                file.sync_data().and_then(|()| sync(dir)).and_then(|()| sync(dir.parent().expect("is below")))
            }
        }
        .expect("is written");
    }
}
