//! The paths that a file names from one root on: in imports, grouped or not, and in the code.

/// Every path from `root` (`std`, `crate`) with its line: `use std::{env, fs::File}` names
/// `std::env` and `std::fs::File`.
pub(crate) fn paths_from(code: &str, root: &str) -> Vec<(usize, String)> {
    let start = format!("{root}::");
    let mut paths = Vec::new();
    for (at, _) in code.match_indices(&start) {
        let before = code[..at].chars().next_back();
        if before.is_some_and(|letter| letter.is_alphanumeric() || letter == '_' || letter == ':') {
            continue;
        }
        let mut tree = Tree { code, at: at + start.len(), paths: Vec::new() };
        tree.read(root);
        paths.append(&mut tree.paths);
    }
    paths.into_iter().map(|(at, path)| (code[..at].matches('\n').count() + 1, path)).collect()
}

/// A reader of one tree of names: `a::b`, `{a, b::{c, d}}`.
struct Tree<'a> {
    code: &'a str,
    at: usize,
    paths: Vec<(usize, String)>,
}

impl Tree<'_> {
    /// Reads one tree below `prefix` and keeps the paths of its leaves.
    fn read(&mut self, prefix: &str) {
        self.skip_space();
        if self.take("{") {
            self.read_group(prefix);
            return;
        }
        let start = self.at;
        let length = self.rest().chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').count();
        self.at += self.rest().char_indices().nth(length).map_or(self.rest().len(), |(at, _)| at);
        let name = &self.code[start..self.at];
        // `self` in a group is the group's own prefix; `*` and generics name nothing more.
        let path = if name.is_empty() || name == "self" { prefix.to_owned() } else { format!("{prefix}::{name}") };
        if !name.is_empty() && self.take("::") {
            self.read(&path);
        } else {
            self.paths.push((start, path));
        }
    }

    fn read_group(&mut self, prefix: &str) {
        loop {
            self.skip_space();
            if self.take("}") || self.rest().is_empty() {
                return;
            }
            let before = self.at;
            self.read(prefix);
            self.skip_alias();
            self.take(",");
            // What is no tree (`*`) is stepped over.
            if self.at == before {
                self.at += self.rest().chars().next().map_or(0, char::len_utf8);
            }
        }
    }

    fn skip_alias(&mut self) {
        let end = self.rest().find([',', '}']).unwrap_or(self.rest().len());
        self.at += end;
    }

    fn skip_space(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn take(&mut self, mark: &str) -> bool {
        let is_there = self.rest().starts_with(mark);
        if is_there {
            self.at += mark.len();
        }
        is_there
    }

    fn rest(&self) -> &str {
        &self.code[self.at..]
    }
}

#[test]
fn imports_are_taken_apart_and_inline_paths_are_seen() {
    let code = "use std::{\n    env, fs::{self, File as F},\n    net::*,\n};\nfn a() { std::process::exit(1) }\n\
                use cap_std::fs::Dir; use other::std::fs; let x = std::mem::take::<std::fs::File>(y);";
    let expected = [
        (2, "std::env"),
        (2, "std::fs"),
        (2, "std::fs::File"),
        (3, "std::net"),
        (5, "std::process::exit"),
        (6, "std::mem::take"),
        (6, "std::fs::File"),
    ];
    assert_eq!(paths_from(code, "std"), expected.map(|(line, path)| (line, path.to_owned())));
}
