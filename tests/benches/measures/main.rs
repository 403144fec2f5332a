//! `cargo bench`: what the host costs beside what it stands on, in ratios that are taken in one run.
//!
//! Each part measures two sides in turns, so that a busy machine slows both. CPU time counts, of the whole
//! process with all its threads; where waiting for the disk is the point, time does. Each part runs in a
//! process of its own, so that its peak memory is its own. `cargo bench -- NAME` runs the parts whose name
//! holds NAME.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program for people who work on the host: it makes its own files, prints, and fails by panicking"
)]

mod assembled;
mod bare;
mod calls;
mod clock;
mod fetch;
mod hello;
mod hooks;
mod journal;
mod leaks;
mod many;
mod resume;
mod search;
mod steps;
mod table;
mod tree;

use std::process::{Command, Stdio};

use table::Row;

/// Asks this program to run one part and to write its rows as lines.
const PART: &str = "--part";

/// The part that only compiles: no other part's memory holds a compiler.
const WARM: &str = "warm";

/// Measures, and says what came of it.
type Measure = fn() -> Vec<Row>;

/// What is measured, by name.
const PARTS: &[(&str, Measure)] = &[
    ("calls-on-one-cpu", calls::measure_on_one_cpu),
    ("calls", calls::measure_on_any_cpu),
    ("narrowed", calls::measure_narrowed),
    ("fetch-on-one-cpu", fetch::measure_on_one_cpu),
    ("fetch", fetch::measure_on_any_cpu),
    ("leaks", leaks::measure),
    ("steps", steps::measure),
    ("hello", hello::measure),
    ("search", search::measure),
    ("journal", journal::measure),
    ("hooks", hooks::measure),
    ("resume", resume::measure),
    ("many-runs", many::measure),
];

fn main() {
    // Cargo adds `--bench`.
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    match words.as_slice() {
        [mark, part] if mark == PART => run_part(part),
        names => run_all(names),
    }
}

/// Runs the named parts, each in a process of its own, and prints one table.
fn run_all(names: &[String]) {
    let is_wanted = |part: &str| names.is_empty() || names.iter().any(|name| part.contains(name.as_str()));
    let parts: Vec<&str> = PARTS.iter().map(|(part, _)| *part).filter(|part| is_wanted(part)).collect();
    if parts.is_empty() {
        let known: Vec<&str> = PARTS.iter().map(|(part, _)| *part).collect();
        println!("no part has such a name; there are {}", known.join(", "));
        return;
    }
    rows_of(WARM);
    let rows: Vec<Row> = parts.into_iter().flat_map(rows_of).collect();
    println!("{}", table::of(&rows));
}

/// The rows of a part that runs in another process.
fn rows_of(part: &str) -> Vec<Row> {
    let this = std::env::current_exe().expect("has a path");
    let output = Command::new(this).args([PART, part]).stderr(Stdio::inherit()).output().expect("starts");
    assert!(output.status.success(), "the part `{part}` fails");
    String::from_utf8_lossy(&output.stdout).lines().filter_map(Row::from_line).collect()
}

fn run_part(part: &str) {
    if part == WARM {
        drop(assembled::sandbox_with_all());
        hello::warm();
        return;
    }
    let (_, measure) = PARTS.iter().find(|(name, _)| *name == part).expect("is a part");
    for row in measure() {
        println!("{}", row.to_line());
    }
}
