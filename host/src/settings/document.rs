//! A TOML text as a tree in which everything knows its line.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::error::{Error, Result};
use crate::origin::Origin;

/// A configuration file that somebody has read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// As people call it, for messages: `looplet.toml`, `user/looplet.toml`.
    pub name: String,
    /// The directory that its relative paths are relative to.
    pub dir: PathBuf,
    /// What is in it.
    pub text: String,
}

impl SourceFile {
    /// Where it lies.
    pub(super) fn path(&self) -> PathBuf {
        self.dir.join(Path::new(&self.name).file_name().unwrap_or_default())
    }
}

/// A value with its line.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) value: NodeValue,
    pub(super) origin: Origin,
}

#[derive(Clone, Debug)]
pub(super) enum NodeValue {
    Text(String),
    Integer(i64),
    Number(f64),
    Bool(bool),
    List(Vec<Node>),
    Table(Vec<(String, Node)>),
    Other(&'static str),
}

impl Node {
    /// Reads a file. An entry of a table has the line of its key.
    pub(super) fn parse(file: &SourceFile) -> Result<Self> {
        let lines = Lines::of(file);
        match DeTable::parse(&file.text) {
            Ok(table) => Ok(lines.table(table.get_ref(), lines.at(0))),
            Err(error) => {
                let place = lines.at(error.span().map_or(0, |span| span.start));
                Err(Error::usage(format!("no valid TOML: {}", error.message())).hint("mend the line").at(place))
            }
        }
    }

    pub(super) fn entries(&self) -> &[(String, Self)] {
        match &self.value {
            NodeValue::Table(entries) => entries,
            _ => &[],
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        self.entries().iter().find(|(name, _)| name == key).map(|(_, node)| node)
    }

    pub(super) fn items(&self) -> &[Self] {
        match &self.value {
            NodeValue::List(items) => items,
            _ => &[],
        }
    }

    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            NodeValue::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A text, or each of a list of texts, with its line.
    pub(super) fn texts(&self) -> impl Iterator<Item = (&str, &Origin)> {
        let one = self.text().map(|text| (text, &self.origin));
        one.into_iter().chain(self.items().iter().filter_map(|item| item.text().map(|text| (text, &item.origin))))
    }

    pub(super) fn whole(&self) -> Option<u64> {
        match self.value {
            NodeValue::Integer(number) => u64::try_from(number).ok(),
            _ => None,
        }
    }

    pub(super) fn number(&self) -> Option<f64> {
        match self.value {
            #[expect(clippy::cast_precision_loss, reason = "numbers beyond 2^53 are refused when keys are checked")]
            NodeValue::Integer(number) => Some(number as f64),
            NodeValue::Number(number) => Some(number),
            _ => None,
        }
    }

    pub(super) fn bool(&self) -> Option<bool> {
        match self.value {
            NodeValue::Bool(yes) => Some(yes),
            _ => None,
        }
    }

    /// What it is, in words.
    pub(super) fn kind(&self) -> &'static str {
        match self.value {
            NodeValue::Text(_) => "a text",
            NodeValue::Integer(_) | NodeValue::Number(_) => "a number",
            NodeValue::Bool(_) => "true or false",
            NodeValue::List(_) => "a list",
            NodeValue::Table(_) => "a table",
            NodeValue::Other(what) => what,
        }
    }

    /// The same without lines.
    pub(super) fn to_json(&self) -> Value {
        match &self.value {
            NodeValue::Text(text) => text.as_str().into(),
            NodeValue::Integer(number) => (*number).into(),
            NodeValue::Number(number) => (*number).into(),
            NodeValue::Bool(yes) => (*yes).into(),
            NodeValue::List(items) => items.iter().map(Self::to_json).collect(),
            NodeValue::Table(entries) => {
                Value::Object(entries.iter().map(|(key, node)| (key.clone(), node.to_json())).collect())
            }
            // Dates and numbers out of range were refused when keys were checked.
            NodeValue::Other(_) => Value::Null,
        }
    }
}

/// Turns offsets into lines.
struct Lines {
    name: Arc<str>,
    starts: Vec<usize>,
}

impl Lines {
    fn of(file: &SourceFile) -> Self {
        let starts = file.text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Self { name: file.name.as_str().into(), starts: std::iter::once(0).chain(starts).collect() }
    }

    fn at(&self, offset: usize) -> Origin {
        let line = self.starts.partition_point(|start| *start <= offset);
        Origin::File { file: self.name.clone(), line: u32::try_from(line).unwrap_or(u32::MAX) }
    }

    fn table(&self, table: &DeTable<'_>, origin: Origin) -> Node {
        let entry = |(key, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
            let key: &Spanned<std::borrow::Cow<'_, str>> = key;
            (key.get_ref().clone().into_owned(), self.node(value.get_ref(), self.at(key.span().start)))
        };
        Node { value: NodeValue::Table(table.iter().map(entry).collect()), origin }
    }

    fn node(&self, value: &DeValue<'_>, origin: Origin) -> Node {
        let value = match value {
            DeValue::Table(table) => return self.table(table, origin),
            DeValue::Array(items) => {
                let item = |item: &Spanned<DeValue<'_>>| self.node(item.get_ref(), self.at(item.span().start));
                NodeValue::List(items.iter().map(item).collect())
            }
            DeValue::String(text) => NodeValue::Text(text.clone().into_owned()),
            DeValue::Boolean(yes) => NodeValue::Bool(*yes),
            DeValue::Datetime(_) => NodeValue::Other("a date"),
            DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
                Ok(number) => NodeValue::Integer(number),
                Err(_) => NodeValue::Other("a number out of range"),
            },
            DeValue::Float(number) => match number.as_str().parse::<f64>() {
                Ok(number) if number.is_finite() => NodeValue::Number(number),
                _ => NodeValue::Other("a number out of range"),
            },
        };
        Node { value, origin }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> SourceFile {
        SourceFile { name: "looplet.toml".to_owned(), dir: PathBuf::from("/p"), text: text.to_owned() }
    }

    #[test]
    fn every_value_knows_its_line() {
        let node =
            Node::parse(&file("a = 1\n\n[b]\nc = [\n  'x',\n  'y',\n]\n[[d]]\ne.f = 0x1F\n[[d]]\n")).expect("parses");
        let line = |node: Option<&Node>| node.expect("is there").origin.to_string();
        assert_eq!(line(node.get("a")), "looplet.toml:1");
        assert_eq!(line(node.get("b")), "looplet.toml:3");
        let list = node.get("b").and_then(|b| b.get("c")).expect("is there");
        assert_eq!(
            list.texts().map(|(text, origin)| format!("{text} {origin}")).collect::<Vec<_>>(),
            ["x looplet.toml:5", "y looplet.toml:6"]
        );
        let tables = node.get("d").expect("is there").items();
        assert_eq!(line(tables.first()), "looplet.toml:8");
        assert_eq!(line(tables.get(1)), "looplet.toml:10");
        assert_eq!(tables.first().and_then(|d| d.get("e")?.get("f")?.whole()), Some(31));
    }

    #[test]
    fn broken_toml_and_keys_that_stand_twice_are_refused_with_their_line() {
        let report = |text: &str| Node::parse(&file(text)).expect_err("is refused").report();
        assert_eq!(
            report("a = 1\na = 2\n"),
            "error: looplet.toml:2: no valid TOML: duplicate key\nhint: mend the line"
        );
        assert!(report("\n[a\n").starts_with("error: looplet.toml:2: no valid TOML: "));
    }
}
