//! Journals on a real disk: what is written is read back, and damage is named.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use tempfile::TempDir;

use super::*;
use crate::agent::Sink as _;
use crate::message::Message;
use crate::record::{Body, Chain, Encoded, Notice, PAYLOAD_BYTES, RunId, RunStarted, StopReason};

fn id(number: u64) -> RunId {
    RunId::from_parts(number, 7)
}

/// A run of four records, the third with a blob.
fn bodies(run: RunId) -> [Body; 4] {
    let mut started = RunStarted::new(run, "greet");
    started.project = Some("/project".into());
    [
        Body::RunStarted(Box::new(started)),
        Body::Notice(Notice::Active(1)),
        Body::Message(Message::User { text: "long ".repeat(PAYLOAD_BYTES) }),
        Body::Stopped(StopReason::Cancelled),
    ]
}

fn write(runs: &Runs, run: RunId) -> Vec<Encoded> {
    let mut writer = runs.create(run).expect("is made");
    let mut chain = Chain::default();
    let written = bodies(run).map(|body| {
        let encoded = chain.encode(5, body).expect("has a form");
        chain.advance(&encoded.line);
        writer.append(&encoded).expect("is written");
        encoded
    });
    writer.sync().expect("is on disk");
    written.into()
}

fn home() -> (TempDir, Runs, PathBuf) {
    let home = tempfile::tempdir().expect("a directory");
    let runs = Runs::at(home.path().join("state/runs"));
    let journal = runs.dir_of(id(1)).join("journal.jsonl");
    (home, runs, journal)
}

/// What the error of reading says, with the place in the file and without the directory.
fn refused(runs: &Runs) -> String {
    let error = runs.read(id(1)).expect_err("is refused").to_string();
    let dir = format!("{}/", runs.dir_of(id(1)).display());
    error.replace(&dir, "")
}

#[test]
fn what_is_written_is_read_back_with_its_head() {
    let (_home, runs, _) = home();
    let written = write(&runs, id(1));
    let journal = runs.read(id(1)).expect("is whole");
    assert_eq!(journal.records, written.iter().map(|encoded| encoded.record.clone()).collect::<Vec<_>>());
    assert_eq!(journal.head(), Some(crate::digest::Digest::of(written[3].line.as_bytes())));
    assert!(!journal.is_torn);
}

#[test]
fn only_the_owner_can_read_a_run() {
    let (_home, runs, journal) = home();
    let written = write(&runs, id(1));
    let mode = |path: PathBuf| fs::metadata(path).expect("is there").permissions().mode() & 0o777;
    let blob = runs.dir_of(id(1)).join("blobs").join(written[2].blobs[0].digest.to_hex());
    assert_eq!([mode(journal), mode(blob)], [0o600, 0o600]);
    assert_eq!([mode(runs.dir_of(id(1))), mode(runs.dir_of(id(1)).join("blobs"))], [0o700, 0o700]);
}

#[test]
fn a_torn_last_line_is_left_out_when_reading_and_cut_off_when_opening() {
    let (_home, runs, journal) = home();
    let written = write(&runs, id(1));
    let text = fs::read_to_string(&journal).expect("is text");
    for kept in [1, written[3].line.len()] {
        fs::write(&journal, &text[..text.len() - written[3].line.len() - 1 + kept]).expect("is torn");
        let read = runs.read(id(1)).expect("can be read");
        assert_eq!((read.records.len(), read.is_torn), (3, true));
    }
    let (mut writer, read) = runs.open(id(1)).expect("is repaired");
    writer.append(&read.chain.encode(6, Body::Notice(Notice::Closed)).expect("has a form")).expect("is written");
    drop(writer);
    let read = runs.read(id(1)).expect("is whole");
    assert_eq!((read.records.len(), read.is_torn), (4, false));
}

#[test]
fn a_flipped_byte_is_named_by_the_line_behind_it() {
    let (_home, runs, journal) = home();
    write(&runs, id(1));
    let text = fs::read_to_string(&journal).expect("is text");
    fs::write(&journal, text.replace(r#"{"active":1}"#, r#"{"active":2}"#)).expect("is changed");
    assert_eq!(
        refused(&runs),
        "journal.jsonl:3: the journal is damaged: record 2 does not follow from the line before it (digests differ)"
    );
}

#[test]
fn every_single_byte_that_is_changed_before_the_last_line_is_noticed() {
    let (_home, runs, journal) = home();
    let written = write(&runs, id(1));
    let bytes = fs::read(&journal).expect("is there");
    let before_last = bytes.len() - written[3].line.len() - 1;
    for place in (0..before_last).step_by(7) {
        let mut changed = bytes.clone();
        changed[place] ^= 1;
        fs::write(&journal, &changed).expect("is changed");
        assert!(refused(&runs).contains("the journal is damaged"), "byte {place}");
    }
}

#[test]
fn lines_in_another_order_and_lines_that_are_gone_are_noticed() {
    let (_home, runs, journal) = home();
    write(&runs, id(1));
    let text = fs::read_to_string(&journal).expect("is text");
    let lines: Vec<&str> = text.lines().collect();
    let put = |order: &[usize]| {
        let order: Vec<&str> = order.iter().map(|line| lines[*line]).collect();
        fs::write(&journal, order.join("\n") + "\n").expect("is changed");
        refused(&runs)
    };
    assert_eq!(put(&[0, 2, 1, 3]), "journal.jsonl:2: the journal is damaged: record 2 stands where 1 belongs");
    assert_eq!(put(&[0, 1, 3]), "journal.jsonl:3: the journal is damaged: record 3 stands where 2 belongs");
    assert_eq!(put(&[1, 2, 3]), "journal.jsonl:1: the journal is damaged: record 1 stands where 0 belongs");
}

#[test]
fn a_blob_that_is_gone_or_changed_is_named() {
    let (_home, runs, _) = home();
    let written = write(&runs, id(1));
    let name = written[2].blobs[0].digest.to_hex();
    let blob = runs.dir_of(id(1)).join("blobs").join(&name);
    fs::write(&blob, "other").expect("is changed");
    assert_eq!(refused(&runs), format!("journal.jsonl:3: the journal is damaged: blob {name} is damaged"));
    fs::remove_file(&blob).expect("is removed");
    assert_eq!(refused(&runs), format!("journal.jsonl:3: the journal is damaged: blob {name} is missing"));
}

#[test]
fn an_empty_journal_is_a_run_that_never_began() {
    let (_home, runs, journal) = home();
    drop(runs.create(id(1)).expect("is made"));
    let error = runs.read(id(1)).expect_err("is refused").to_string();
    assert_eq!(error, format!("`{}` holds no record: the run never began", journal.display()));
}

#[test]
fn two_writers_never_have_the_same_run() {
    let (_home, runs, _) = home();
    write(&runs, id(1));
    let (first, _) = runs.open(id(1)).expect("is free");
    let error = runs.open(id(1)).expect_err("is taken");
    assert_eq!(error.message(), format!("run {} is being written by another process", id(1)));
    assert!(runs.remove(id(1)).is_err());
    assert_eq!(runs.read(id(1)).expect("can be read").records.len(), 4);
    drop(first);
    assert!(runs.open(id(1)).is_ok());
}

#[test]
fn a_journal_that_is_a_link_is_not_written_to() {
    let (home, runs, journal) = home();
    write(&runs, id(1));
    let elsewhere = home.path().join("elsewhere");
    fs::rename(&journal, &elsewhere).expect("is moved");
    std::os::unix::fs::symlink(&elsewhere, &journal).expect("is linked");
    assert!(runs.open(id(1)).is_err());
}

#[test]
fn a_writer_that_failed_writes_nothing_more() {
    let (_home, runs, journal) = home();
    let mut writer = runs.create(id(1)).expect("is made");
    let mut chain = Chain::default();
    let [first, _, long, last] = bodies(id(1)).map(|body| {
        let encoded = chain.encode(5, body).expect("has a form");
        chain.advance(&encoded.line);
        encoded
    });
    writer.append(&first).expect("is written");
    // No room for blobs: a file stands where their directory belongs.
    fs::write(runs.dir_of(id(1)).join("blobs"), "").expect("is in the way");
    let error = writer.append(&long).expect_err("cannot be written").to_string();
    assert_eq!(writer.append(&last).expect_err("is broken").to_string(), error);
    assert_eq!(writer.sync().expect_err("is broken").to_string(), error);
    assert_eq!(fs::read_to_string(journal).expect("is text"), format!("{}\n", first.line));
}

#[test]
fn a_full_disk_is_named_with_what_to_do() {
    let full = io::Error::from(io::ErrorKind::StorageFull);
    assert_eq!(
        cannot("write", Path::new("journal.jsonl"), &full).report(),
        "error: cannot write `journal.jsonl`: no storage space\n\
         hint: make room; a run that had begun has lost nothing and goes on with `looplet-host resume`"
    );
}

#[test]
fn runs_are_found_by_their_beginning_by_age_and_by_project() {
    let (_home, runs, _) = home();
    assert_eq!(runs.ids().expect("none yet"), []);
    assert!(runs.latest(None).is_err());
    let old = id(1_763_000_000_000);
    let new = id(1_763_700_000_000);
    write(&runs, old);
    write(&runs, new);
    fs::create_dir(runs.dir_of(id(1)).with_file_name("not-a-run")).expect("is made");
    assert_eq!(runs.ids().expect("two"), [old, new]);
    assert_eq!(runs.latest(None).expect("one"), new);
    assert_eq!(runs.latest(Some(Path::new("/project"))).expect("one"), new);
    assert!(runs.latest(Some(Path::new("/other"))).is_err());
    assert_eq!(runs.find(&new.to_string().to_lowercase()[..6]).expect("one"), new);
    let error = runs.find("01").expect_err("is not clear");
    assert_eq!(error.report(), format!("error: 2 runs begin with `01`\nhint: the latest: {new}, {old}"));
    assert_eq!(runs.find("../x").expect_err("is none").message(), "no run begins with `../X`");
    let summary = runs.summary(new).expect("can be read");
    assert_eq!((summary.task.as_str(), summary.stopped), ("greet", Some(StopReason::Cancelled)));
    runs.remove(old).expect("is removed");
    assert_eq!(runs.ids().expect("one"), [new]);
}
