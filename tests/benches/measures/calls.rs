//! One call of a tool: the whole path of the gate beside a bare call of the same component.

use std::fs;
use std::time::Duration;

use looplet_host::builtin;
use tempfile::TempDir;

use crate::assembled::{Assembled, runtime};
use crate::bare::Bare;
use crate::clock::{Pair, cpu};
use crate::table::Row;

const ROUNDS: usize = 15;
const CALLS: u32 = 400;

/// A tool and what it is asked.
struct Case {
    what: &'static str,
    plugin: &'static str,
    tool: &'static str,
    arguments: &'static str,
    most: f64,
}

const CASES: [Case; 2] = [
    Case {
        what: "a call of a trivial tool",
        plugin: "greet",
        tool: "greet",
        arguments: r#"{"name":"Ada"}"#,
        most: 2.0,
    },
    Case {
        what: "a call that reads a file",
        plugin: "files",
        tool: "read_file",
        arguments: r#"{"path":"src/notes.md"}"#,
        most: 1.5,
    },
];

pub(crate) fn measure() -> Vec<Row> {
    let workspace = TempDir::new().expect("a directory");
    fs::create_dir(workspace.path().join("src")).expect("a directory");
    fs::write(workspace.path().join("src/notes.md"), "a line of notes\n".repeat(40)).expect("a file");
    let assembled = Assembled::at(workspace.path());
    let mut rows: Vec<Row> = CASES.iter().map(|case| row(case, &assembled, &workspace)).collect();
    rows.push(Row::of_peak("  peak memory, one compiler included"));
    rows
}

fn row(case: &Case, assembled: &Assembled, workspace: &TempDir) -> Row {
    let component = builtin::get(case.plugin).expect("is built in").bytes;
    let bare = Bare::new(component, (case.plugin == "files").then(|| workspace.path()));
    let pair = Pair::of(ROUNDS, || dispatched(case, assembled), || called(case, &bare)).per(CALLS);
    Row::of_pair(case.what, &pair, "bare Wasmtime", case.most)
}

fn dispatched(case: &Case, assembled: &Assembled) -> Duration {
    let tool = assembled.tool(&format!("{}/{}", case.plugin, case.tool));
    cpu(|| {
        assembled.runtime.block_on(async {
            for _ in 0..CALLS {
                assembled.call(&tool, case.arguments).await;
            }
        });
    })
}

fn called(case: &Case, bare: &Bare) -> Duration {
    let runtime = runtime();
    cpu(|| {
        let _ticking = bare.tick();
        runtime.block_on(async {
            for _ in 0..CALLS {
                bare.call(case.tool, case.arguments).await;
            }
        });
    })
}
