//! Compares a document with the table of keys: unknown keys, wrong types, and what was set where.

use super::document::{Node, NodeValue};
use super::keys::{Key, Kind, Support, members};
use crate::error::{Error, Result};
use crate::origin::Origin;
use crate::permission::nearest;

/// One key that a file sets.
#[derive(Clone, Debug)]
pub(super) struct SetKey {
    pub(super) key: &'static Key,
    /// As it would be written in a message: `mounts.workspace.mode`.
    pub(super) path: String,
    pub(super) origin: Origin,
    /// The feature that is missing to do what it says.
    pub(super) missing: Option<&'static str>,
}

/// Every key that the document sets, tables too, or the first thing that is wrong.
pub(super) fn check(document: &Node) -> Result<Vec<SetKey>> {
    let mut found = Vec::new();
    check_table(document, "", "", &mut found)?;
    Ok(found)
}

fn check_table(table: &Node, parent: &str, shown: &str, found: &mut Vec<SetKey>) -> Result<()> {
    for (name, node) in table.entries() {
        let path = if shown.is_empty() { name.clone() } else { format!("{shown}.{name}") };
        let exact = members(parent).find(|key| key.name() == name);
        let key = exact
            .or_else(|| members(parent).find(|key| key.name() == "*"))
            .ok_or_else(|| unknown(parent, shown, name, node))?;
        check_kind(key, &path, node)?;
        found.push(SetKey { key, path: path.clone(), origin: node.origin.clone(), missing: missing(key, node) });
        match key.kind {
            Kind::Table => check_table(node, &key.as_parent(), &path, found)?,
            Kind::Tables => {
                node.items().iter().try_for_each(|item| check_table(item, &key.as_parent(), &path, found))?;
            }
            _ => {}
        }
    }
    Ok(())
}

fn missing(key: &Key, node: &Node) -> Option<&'static str> {
    match key.support {
        Support::Now => None,
        Support::Later(feature) => Some(feature),
        Support::NowBut(value, feature) => (node.text() == Some(value)).then_some(feature),
    }
}

fn unknown(parent: &str, shown: &str, name: &str, node: &Node) -> Error {
    let known: Vec<_> = members(parent).map(Key::name).collect();
    let hint = match nearest(name, known.iter().copied()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("known are {}", known.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ")),
    };
    let place = if shown.is_empty() { String::new() } else { format!(" in `{shown}`") };
    Error::usage(format!("unknown key `{name}`{place}")).hint(hint).at(node.origin.clone())
}

fn check_kind(key: &Key, path: &str, node: &Node) -> Result<()> {
    if let Some(odd) = odd(node) {
        let what = odd.kind();
        return Err(Error::usage(format!("`{path}` holds {what}")).hint("write it as a text").at(odd.origin.clone()));
    }
    let all = |wanted: fn(&Node) -> bool| node.items().iter().all(wanted);
    let is_text = |node: &Node| node.text().is_some();
    let is_table = |node: &Node| matches!(node.value, NodeValue::Table(_));
    let is_list = matches!(node.value, NodeValue::List(_));
    let (fits, wanted) = match key.kind {
        Kind::Table | Kind::Open => (is_table(node), "a table".to_owned()),
        Kind::Tables | Kind::Opens => (is_list && all(is_table), "a list of tables".to_owned()),
        Kind::Text => (is_text(node), "a text".to_owned()),
        Kind::TextOrFile => (is_text(node) || is_file(node), "a text or `{ file = \"…\" }`".to_owned()),
        Kind::Texts => (is_list && all(is_text), "a list of texts".to_owned()),
        Kind::TextOrTexts => {
            let list = is_list && !node.items().is_empty() && all(is_text);
            (is_text(node) || list, "a text or a list of at least one text".to_owned())
        }
        Kind::Whole => (node.whole().is_some_and(|number| number <= 1 << 53), "a whole number from 0".to_owned()),
        Kind::Number => (node.number().is_some(), "a number".to_owned()),
        Kind::Bool => (node.bool().is_some(), "true or false".to_owned()),
        Kind::OneOf(words) => {
            let list = words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" or ");
            (node.text().is_some_and(|text| words.contains(&text)), list)
        }
    };
    if fits {
        return Ok(());
    }
    let found = match node.text() {
        Some(text) if matches!(key.kind, Kind::OneOf(_)) => format!("\"{text}\""),
        _ => match node.value {
            NodeValue::Integer(number) => number.to_string(),
            NodeValue::Number(number) => number.to_string(),
            _ => node.kind().to_owned(),
        },
    };
    Err(Error::usage(format!("`{path}` is {found}")).hint(format!("it takes {wanted}")).at(node.origin.clone()))
}

/// A value that JSON cannot say, at any depth.
fn odd(node: &Node) -> Option<&Node> {
    match &node.value {
        NodeValue::Other(_) => Some(node),
        NodeValue::List(items) => items.iter().find_map(odd),
        NodeValue::Table(entries) => entries.iter().find_map(|(_, node)| odd(node)),
        _ => None,
    }
}

fn is_file(node: &Node) -> bool {
    matches!(node.entries(), [(key, file)] if key == "file" && file.text().is_some())
}
