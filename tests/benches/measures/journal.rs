//! The journal: how large it gets, and what writing it costs beside a raw append of the same bytes.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex};

use looplet_host::agent::Sink;
use looplet_host::error::Result;
use looplet_host::journal::JournalWriter;
use looplet_host::record::{Encoded, RunId};
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
        let appended = |lines: &[Done]| append(&dir("journal"), lines);
        let raw = |lines: &[Done]| append_raw(&dir("raw"), lines);
        let pair = Pair::of(ROUNDS, || cpu(|| appended(&lines)), || cpu(|| raw(&lines))).per(STEPS);
        rows.push(Row::of_pair(format!("writing {what}, {syncs} fsyncs, CPU of a step"), &pair, "raw append", 1.3));
        let pair = Pair::of(ROUNDS, || wall(|| appended(&lines)), || wall(|| raw(&lines))).per(STEPS);
        rows.push(Row::of_pair(format!("writing {what}, {syncs} fsyncs, time of a step"), &pair, "raw append", 1.3));
    }
    rows.push(Row::of_peak("  peak memory"));
    rows
}

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

fn append(dir: &Path, lines: &[Done]) {
    let mut journal = JournalWriter::create(dir).expect("begins");
    for done in lines {
        match done {
            Done::Append(encoded) => journal.append(encoded),
            Done::Sync => journal.sync(),
        }
        .expect("is written");
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
