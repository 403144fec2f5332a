//! The house rules, as tests: what a reader of this repository may rely on without looking.
//!
//! Each rule reports all places that break it, as `file:line: what is wrong`. Files are found by
//! walking the repository, so that a new file is held to the rules from its first day.

mod layers;
mod paths;
mod source;

use std::fs;
use std::path::{Path, PathBuf};

use paths::paths_from;
use source::Source;

/// Rooms of the host that may reach outside the process by themselves, and why each may.
const DOORS: &[(&str, &str)] = &[
    ("host/src/capability/", "opens things for guests"),
    ("host/src/commands/", "is the program around the library"),
    ("host/src/journal/", "writes and reads runs"),
    ("host/src/machine/", "reads what the operator names"),
];

/// Of the modules behind the doors, what is only a value and reaches nothing.
const VALUES: &[&str] = &[
    "std::env::consts",
    "std::net::AddrParseError",
    "std::net::IpAddr",
    "std::net::Ipv4Addr",
    "std::net::Ipv6Addr",
    "std::net::SocketAddr",
    "std::net::SocketAddrV4",
    "std::net::SocketAddrV6",
    "std::process::ExitCode",
    "std::process::ExitStatus",
];

/// A file may have this many lines before the tests at its bottom …
const MOST_LINES: usize = 400;
/// … and this many with them: then they move to a file of their own.
const MOST_LINES_WITH_TESTS: usize = 500;

#[test]
fn every_source_file_opens_by_saying_what_it_holds() {
    check(sources(""), |source| match source.text.lines().next() {
        Some(line) if line.starts_with("//! ") => vec![],
        _ => vec![(1, "does not begin with `//!` and what it holds".into())],
    });
}

#[test]
fn no_file_is_longer_than_one_reads_in_a_sitting() {
    check(sources(""), |source| {
        let (own, all) = (source.lines_before_tests(), source.text.lines().count());
        if own > MOST_LINES {
            return vec![(MOST_LINES + 1, format!("{own} lines before its tests: is there a second noun in it?"))];
        }
        if all > MOST_LINES_WITH_TESTS {
            return vec![(own + 1, format!("{all} lines: its tests can have a file of their own"))];
        }
        vec![]
    });
}

#[test]
fn only_the_sandbox_names_its_engine() {
    let outside = sources("host/src").into_iter().filter(|source| !source.name.starts_with("host/src/sandbox/"));
    check(outside, |source| {
        let lines = source.code.lines().enumerate();
        lines
            .filter(|(_, line)| line.contains("wasmtime"))
            .map(|(index, _)| (index + 1, "names `wasmtime`, which only `host/src/sandbox/` may".into()))
            .collect()
    });
}

#[test]
fn only_the_doors_reach_outside_the_process() {
    let is_door = |source: &Source| DOORS.iter().any(|(door, _)| source.name.starts_with(door));
    let behind = sources("host/src").into_iter().filter(|source| !is_door(source) && !source.is_test());
    check(behind, |source| {
        paths_from(source.code_before_tests(), "std")
            .into_iter()
            .filter(|(_, path)| reaches_outside(path))
            .map(|(line, path)| (line, format!("names `{path}`; only {} may", door_names())))
            .collect()
    });
}

#[test]
fn modules_of_the_host_name_only_what_lies_below_them() {
    check(sources("host/src").into_iter().filter(|source| !source.is_test()), layers::violations);
}

#[test]
fn nothing_is_left_over() {
    // In two halves, so that a plain search of the repository finds none either.
    let markers = [("FIX", "ME"), ("TO", "DO"), ("XX", "X"), ("HA", "CK")].map(|(a, b)| format!("{a}{b}"));
    let calls = [("todo", "!("), ("unimplemented", "!("), ("dbg", "!(")].map(|(a, b)| format!("{a}{b}"));
    check(texts(), |source| {
        let remarks = source.remarks();
        let lines = remarks.lines().enumerate();
        lines
            .filter_map(|(index, line)| {
                let mut words = line.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
                let marker = words.find(|word| markers.iter().any(|marker| marker == word));
                let call = calls.iter().find(|call| line.contains(call.as_str())).map(String::as_str);
                let left = marker.or(call)?;
                Some((index + 1, format!("`{left}` is left over")))
            })
            .collect()
    });
}

#[test]
fn no_file_names_a_path_of_one_machine() {
    let home = std::env::var("HOME").unwrap_or_default();
    let own = [root().display().to_string(), home.trim_end_matches('/').to_owned()];
    let own = own.iter().filter(|path| path.len() > 1).map(|path| format!("{path}/")).collect::<Vec<_>>();
    check(texts(), |source| {
        let lines = source.text.lines().enumerate();
        lines
            .filter_map(|(index, line)| {
                let path = own.iter().find(|path| line.contains(path.as_str()))?;
                Some((index + 1, format!("`{path}` is there on this machine only")))
            })
            .collect()
    });
}

/// Runs a rule over files and fails with every place that breaks it. A walk that found no file at
/// all would prove nothing, so that fails too.
fn check(files: impl IntoIterator<Item = Source>, rule: impl Fn(&Source) -> Vec<(usize, String)>) {
    let mut seen = 0;
    let mut broken = Vec::new();
    for source in files {
        seen += 1;
        broken.extend(rule(&source).into_iter().map(|(line, what)| format!("{}:{line}: {what}", source.name)));
    }
    assert!(seen > 0, "no file was looked at");
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}

/// Whether a path of the standard library reaches files, environment, processes or the network.
fn reaches_outside(path: &str) -> bool {
    let is_below =
        |module: &str| path == module || path.strip_prefix(module).is_some_and(|rest| rest.starts_with("::"));
    ["std::fs", "std::env", "std::process", "std::net"].into_iter().any(is_below)
        && !VALUES.iter().any(|value| is_below(value))
}

fn door_names() -> String {
    DOORS.iter().map(|(door, why)| format!("`{door}` ({why})")).collect::<Vec<_>>().join(", ")
}

/// The Rust files below a folder.
pub(crate) fn sources(folder: &str) -> Vec<Source> {
    files(&root().join(folder)).into_iter().filter(|file| has_extension(file, &["rs"])).map(read).collect()
}

/// Every file that people write.
fn texts() -> Vec<Source> {
    const KINDS: &[&str] = &["json", "jsonl", "md", "rs", "sh", "toml", "txt", "wit", "yml"];
    let script = root().join(".ci/run");
    files(&root()).into_iter().filter(|file| has_extension(file, KINDS)).chain([script]).map(read).collect()
}

fn read(file: impl AsRef<Path>) -> Source {
    let file = file.as_ref();
    let text = fs::read_to_string(file).unwrap_or_else(|cause| panic!("{}: {cause}", file.display()));
    let name = file.strip_prefix(root()).unwrap_or(file).display().to_string();
    Source::new(name, text)
}

/// The files below a folder, without hidden ones and what cargo makes.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap_or_else(|cause| panic!("{}: {cause}", folder.display())) {
        let entry = entry.expect("the folder can be listed");
        let name = entry.file_name().to_string_lossy().into_owned();
        let kind = entry.file_type().expect("the system says what an entry is");
        if name.starts_with('.') || name == "target" {
            continue;
        }
        if kind.is_dir() {
            found.extend(files(&entry.path()));
        } else if kind.is_file() {
            found.push(entry.path());
        }
    }
    found.sort();
    found
}

fn has_extension(file: &Path, extensions: &[&str]) -> bool {
    file.extension().is_some_and(|extension| extensions.iter().any(|one| extension == *one))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("`tests` lies in the repository").to_owned()
}

#[test]
fn a_value_is_no_door_and_a_module_behind_one_is() {
    let reach = ["std::fs", "std::fs::read", "std::env::var", "std::process::Command", "std::net::TcpStream"];
    let rest =
        ["std::fmt", "std::process::ExitCode", "std::net::IpAddr::V4", "std::environment", "std::env::consts::OS"];
    assert_eq!(reach.map(reaches_outside), [true; 5]);
    assert_eq!(rest.map(reaches_outside), [false; 5]);
}
