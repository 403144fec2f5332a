//! Tests of the settings: whole files in, whole errors or whole settings out.

mod file;
mod layers;
mod secrets;
mod trust;

use std::collections::BTreeSet;

use serde_json::Value;

use super::*;
use crate::permission::{Facts, LexicalResolver};

fn file(name: &str, text: &str) -> SourceFile {
    SourceFile { name: name.to_owned(), dir: PathBuf::from("/proj"), text: text.to_owned() }
}

fn at_terminal() -> Surroundings {
    Surroundings { terminal: true, cwd: PathBuf::from("/proj"), home: Some(PathBuf::from("/home/me")) }
}

fn alone() -> Surroundings {
    Surroundings { terminal: false, ..at_terminal() }
}

fn with_project(text: &str, of: fn(SourceFile) -> ProjectFile) -> Layers {
    Layers { user: None, project: Some(of(file("looplet.toml", text))) }
}

fn load(layers: &Layers, flags: &Flags, surroundings: &Surroundings) -> Settings {
    Settings::load(layers, flags, surroundings).unwrap_or_else(|error| panic!("{}", error.report()))
}

/// The decision about a call, and the lines that made it.
fn decide(settings: &Settings, name: &str, arguments: &Value, changes_nothing: bool, built_in: bool) -> String {
    let (plugin, tool) = name.split_once('/').expect("is a tool");
    let ran = BTreeSet::new();
    let facts = Facts { plugin, tool, arguments, changes_nothing, built_in, ran: &ran, resolver: &LexicalResolver };
    let verdict = settings.policy.decide(&facts);
    let lines: Vec<_> = verdict.deciding().into_iter().map(ToString::to_string).collect();
    format!("{} by {}", verdict.decision, lines.join(" "))
}

fn patterns(list: &[&str]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}
