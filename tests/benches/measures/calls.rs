//! One call of a tool: the whole path of the gate beside a bare call of the same component.

use std::fs;
use std::time::Duration;

use looplet_host::builtin;
use tempfile::TempDir;

use crate::assembled::{Assembled, POLICY, runtime};
use crate::bare::Bare;
use crate::clock::{Pair, cpu, stay_on_one_cpu};
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

/// Caller and guest on one CPU.
pub(crate) fn measure_on_one_cpu() -> Vec<Row> {
    stay_on_one_cpu();
    rows("one CPU")
}

/// Caller and guest wherever the scheduler puts them.
pub(crate) fn measure_on_any_cpu() -> Vec<Row> {
    rows("any CPU")
}

fn rows(place: &str) -> Vec<Row> {
    let workspace = workspace();
    let assembled = Assembled::at(workspace.path());
    let mut rows: Vec<Row> = CASES.iter().map(|case| row(case, place, &assembled, &workspace)).collect();
    rows.push(Row::of_peak("  peak memory, one compiler included"));
    rows
}

fn workspace() -> TempDir {
    let workspace = TempDir::new().expect("a directory");
    fs::create_dir(workspace.path().join("src")).expect("a directory");
    fs::write(workspace.path().join("src/notes.md"), "a line of notes\n".repeat(40)).expect("a file");
    workspace
}

fn row(case: &Case, place: &str, assembled: &Assembled, workspace: &TempDir) -> Row {
    let component = builtin::get(case.plugin).expect("is built in").bytes;
    let bare = Bare::new(component, (case.plugin == "files").then(|| workspace.path()));
    let pair = Pair::of(ROUNDS, || dispatched(case, assembled), || called(case, &bare)).per(CALLS);
    Row::of_pair(format!("{}, {place}", case.what), &pair, "bare Wasmtime", case.most)
}

/// The same call with a reach that a rule narrows, beside the plain one.
pub(crate) fn measure_narrowed() -> Vec<Row> {
    stay_on_one_cpu();
    let workspace = workspace();
    // An allowance by path leaves a call the very file that it names.
    let by_path = "path = { arg = \"path\", mount = \"workspace\", glob = \"**\" }\ndecision = \"allow\"";
    let narrowing = POLICY.replace("[\"files\", \"greet\"]", "\"files\"").replace("decision = \"allow\"", by_path);
    let (plain, narrowed) = (Assembled::at(workspace.path()), Assembled::with(workspace.path(), &narrowing));
    let case = &CASES[1];
    let pair = Pair::of(ROUNDS, || dispatched(case, &narrowed), || dispatched(case, &plain)).per(CALLS);
    vec![Row::of_pair("a call that a rule narrows to its file, one CPU".to_owned(), &pair, "the whole mount", 1.3)]
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
