//! The tutorial, done as it is written: its files, its commands, its terminal, and what it says is printed.
//!
//! `UPDATE_EXPECT=1` writes what is printed into the document.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use looplet_tests::person::{World, without_progress};

use crate::guest_cargo::{GUEST_CARGO, GuestCargo};
use crate::{program, world};

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/tutorial.md");

/// A block of code: what stands behind its fence, and its text.
struct Block {
    info: String,
    text: String,
}

/// The document as texts between blocks, each with the block that follows it.
fn blocks(document: &str) -> (Vec<(String, Block)>, String) {
    let mut parts = document.split("```");
    let mut found = Vec::new();
    let mut before = parts.next().unwrap_or_default().to_owned();
    while let (Some(block), Some(after)) = (parts.next(), parts.next()) {
        let (info, text) = block.split_once('\n').expect("a fence ends its line");
        found.push((std::mem::take(&mut before), Block { info: info.to_owned(), text: text.to_owned() }));
        after.clone_into(&mut before);
    }
    (found, before)
}

/// Somebody who does what the tutorial says.
struct Reader {
    world: World,
    path: String,
}

impl Reader {
    /// With `looplet-host` and a `cargo` that can build guests on the path.
    fn new() -> Self {
        let world = World::new();
        let bin = world.home().join("bin");
        fs::create_dir(&bin).unwrap();
        symlink(program::host(), bin.join("looplet-host")).unwrap();
        write_cargo(&bin.join("cargo"));
        let path = format!("{}:/usr/bin:/bin", bin.display());
        Self { world, path }
    }

    /// Runs commands in a shell without a terminal: all that they print.
    fn runs(&self, commands: &str) -> String {
        let output = Command::new("setsid")
            .args(["--wait", "bash", "-c", &format!("exec 2>&1\n{commands}")])
            .current_dir(self.world.project())
            .env_clear()
            .env("HOME", self.world.home())
            .env("PATH", &self.path)
            .env("XDG_CACHE_HOME", world::CACHE)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        self.shown(&String::from_utf8_lossy(&output.stdout))
    }

    /// Runs the last command of a block at a terminal and answers what it asks.
    fn sits_at_terminal(&self, commands: &str, screen: &str) -> String {
        let mut person = self.begins(commands);
        for answer in screen.lines().filter_map(|line| line.strip_prefix("> ")) {
            person.answers(answer);
        }
        let (code, seen) = person.leaves_as_written();
        assert_eq!(code, Some(0), "{seen}");
        self.shown(&seen)
    }

    /// The same, until the program waits for an answer and is killed.
    fn breaks_off(&self, commands: &str) {
        let mut person = self.begins(commands);
        person.sees("\n> ");
        person.kills();
    }

    fn begins(&self, commands: &str) -> looplet_tests::person::Person {
        let (before, command) = commands.trim_end().rsplit_once('\n').unwrap_or(("true", commands.trim_end()));
        self.runs(before);
        let words = words(command.strip_prefix("looplet-host ").expect("is a command of the program"));
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        self.world.start_with(&words, &[("XDG_CACHE_HOME", world::CACHE)], 100)
    }

    /// What is printed, with the place of this test left out.
    fn shown(&self, printed: &str) -> String {
        let project = self.world.project().canonicalize().unwrap();
        without_progress(printed)
            .replace(&project.display().to_string(), "/home/you/boats")
            .replace("~/proj", "~/boats")
    }
}

/// A `cargo` with all that building a guest takes on this machine, and without a network.
fn write_cargo(file: &Path) {
    let mut script = "#!/bin/sh\n".to_owned();
    for name in GUEST_CARGO.removed {
        writeln!(script, "unset {name}").unwrap();
    }
    for (name, value) in GUEST_CARGO.set {
        writeln!(script, "export {name}='{value}'").unwrap();
    }
    // The compiler, and what cargo and rustup keep, are with whoever runs the tests.
    writeln!(script, "export PATH='{}'", std::env::var("PATH").unwrap()).unwrap();
    for (name, shown) in [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")] {
        let place = std::env::var_os(name).map(PathBuf::from);
        let place = place.or_else(|| Some(std::env::home_dir()?.join(shown))).unwrap();
        writeln!(script, "export {name}='{}'", place.display()).unwrap();
    }
    let GuestCargo { program, arguments, target_dir, lock, .. } = &GUEST_CARGO;
    writeln!(script, "ln -s '{target_dir}' target\ncp '{lock}' Cargo.lock").unwrap();
    writeln!(script, "exec '{program}' \"$@\" --quiet --offline {}", arguments.join(" ")).unwrap();
    fs::write(file, script).unwrap();
    fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap();
}

/// The words of a command, as a shell takes them: in quotes of either kind, or bare.
fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for character in command.chars() {
        match (quote, character) {
            (Some(open), _) if open == character => quote = None,
            (None, '"' | '\'') => quote = Some(character),
            (None, ' ') => words.push(String::new()),
            _ => words.last_mut().unwrap().push(character),
        }
    }
    words
}

/// Without what differs from run to run; a list of runs has dates and sizes, which are set to the right.
fn steady(text: &str) -> String {
    let of_runs = regex::Regex::new(r"\d{4}-\d\d-\d\d \d\d:\d\d| +\d+ KiB").unwrap();
    of_runs.replace_all(&world::steady(text), "[…]").into_owned()
}

#[test]
fn the_tutorial_prints_what_it_says() {
    let document = fs::read_to_string(DOCUMENT).unwrap();
    let (blocks, end) = blocks(&document);
    let reader = Reader::new();
    let (mut printed, mut at_terminal) = (String::new(), None);
    let mut written = String::new();
    for (before, block) in &blocks {
        let mut text = block.text.clone();
        match block.info.split_once(' ').unwrap_or((&block.info, "")) {
            ("sh", "") => printed = reader.runs(&block.text),
            ("sh", "at a terminal") => at_terminal = Some(&block.text),
            ("sh", "at a terminal that breaks off") => reader.breaks_off(&block.text),
            ("text", "") => {
                text = match at_terminal.take() {
                    Some(commands) => reader.sits_at_terminal(commands, &block.text),
                    None => std::mem::take(&mut printed),
                };
            }
            (_, file) if !file.is_empty() => drop(reader.world.write(file, &block.text)),
            (other, _) => panic!("nobody knows what a block `{other}` is for"),
        }
        write!(written, "{before}```{}\n{text}```", block.info).unwrap();
    }
    written.push_str(&end);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(DOCUMENT, &written).unwrap();
        return;
    }
    // Line by line: what differs is then the first thing that is said.
    let (said, seen) = (steady(&document), steady(&written));
    for (number, (said, seen)) in said.lines().zip(seen.lines()).enumerate() {
        assert_eq!(said, seen, "docs/tutorial.md:{}", number + 1);
    }
    assert_eq!(said, seen);
}
