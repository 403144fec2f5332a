//! `grep` and `glob` of the plugin `files` over a large tree, beside a native walk on one thread that finds
//! the same.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use ignore::{DirEntry, WalkBuilder};
use regex::bytes::Regex;
use serde_json::json;
use tempfile::TempDir;

use crate::assembled::Assembled;
use crate::clock::{Pair, cpu};
use crate::table::Row;
use crate::tree;

const ROUNDS: usize = 5;

const MOST: f64 = 5.0;

pub(crate) fn measure() -> Vec<Row> {
    let workspace = TempDir::new().expect("a directory");
    tree::make(workspace.path());
    let assembled = Assembled::at(workspace.path());
    let expression = format!("{}[0-9]+5\\b", tree::WORD);
    vec![
        grep(&assembled, workspace.path(), &expression),
        glob(&assembled, workspace.path()),
        Row::of_peak("  peak memory, both sides"),
    ]
}

fn grep(assembled: &Assembled, root: &Path, expression: &str) -> Row {
    let tool = assembled.tool("files/grep");
    let arguments = json!({ "pattern": expression }).to_string();
    let compiled = Regex::new(expression).expect("is an expression");
    let total = native_grep(root, &compiled);
    let answer = format!("{:?}", assembled.call_now(&tool, &arguments));
    assert!(total > 0 && answer.contains(&format!("Number({total})")), "{total} lines natively: {answer}");
    let sandboxed = || cpu(|| drop(assembled.call_now(&tool, &arguments)));
    let pair = Pair::of(ROUNDS, sandboxed, || cpu(|| assert_eq!(native_grep(root, &compiled), total)));
    Row::of_pair(format!("`grep` over {} files", tree::FILES), &pair, "native", MOST)
}

fn glob(assembled: &Assembled, root: &Path) -> Row {
    let tool = assembled.tool("files/glob");
    let arguments = json!({ "pattern": "**/*.rs" }).to_string();
    let total = native_glob(root);
    let answer = format!("{:?}", assembled.call_now(&tool, &arguments));
    assert!(total > 0 && answer.contains("part0/group0/unit0/file0.rs"), "{answer}");
    let sandboxed = || cpu(|| drop(assembled.call_now(&tool, &arguments)));
    let pair = Pair::of(ROUNDS, sandboxed, || cpu(|| assert_eq!(native_glob(root), total)));
    Row::of_pair(format!("`glob` over {} files", tree::FILES), &pair, "native", MOST)
}

/// The files of a tree that nothing ignores, sorted within their directories as the plugin has them.
fn walk(root: &Path) -> impl Iterator<Item = DirEntry> {
    let walk = WalkBuilder::new(root).hidden(false).sort_by_file_name(Ord::cmp).build();
    walk.map(|entry| entry.expect("is read")).filter(|entry| entry.file_type().is_some_and(|kind| kind.is_file()))
}

/// How many lines of text files match.
fn native_grep(root: &Path, expression: &Regex) -> usize {
    let (mut buffer, mut total) = (Vec::new(), 0);
    for entry in walk(root) {
        buffer.clear();
        let mut file = File::open(entry.path()).expect("is opened");
        file.read_to_end(&mut buffer).expect("is read");
        let is_binary = buffer.iter().take(8 << 10).any(|byte| *byte == 0);
        if !is_binary && expression.is_match(&buffer) {
            total += buffer.split(|byte| *byte == b'\n').filter(|line| expression.is_match(line)).count();
        }
    }
    total
}

/// How many files fit `**/*.rs`.
fn native_glob(root: &Path) -> usize {
    walk(root).filter(|entry| entry.path().extension().is_some_and(|ending| ending == "rs")).count()
}
