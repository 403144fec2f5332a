//! `[[rules]]` of a file, as rules of the policy, each with its line.

use super::document::Node;
use crate::error::{Error, Result};
use crate::permission::{
    Argument, Condition, Decision, Example, Matcher, Narrow, PathMatcher, Rule, ToolPattern, UrlMatcher,
};

/// Reads one rule, and refuses it if it can never match or an example fails.
pub(super) fn read(table: &Node) -> Result<Rule> {
    let mut rule = Rule::new(decision(table)?, table.origin.clone());
    rule.tools = table.get("tool").map(tools).transpose()?.unwrap_or_default();
    rule.effects_none = table.get("effects").is_some();
    rule.condition = condition(table)?;
    rule.unless = table.get("unless").map_or(&[][..], Node::items).iter().map(exception).collect::<Result<_>>()?;
    rule.after = table.get("after").and_then(|after| after.get("tool")).map(tools).transpose()?.unwrap_or_default();
    rule.reason = table.get("reason").and_then(Node::text).map(str::to_owned);
    rule.narrow = table.get("narrow").map(|node| placed(node, Narrow::from_value(&node.to_json()))).transpose()?;
    for (key, matches) in [("match", true), ("not_match", false)] {
        for example in table.get(key).map_or(&[][..], Node::items) {
            rule.examples.push(Example { arguments: example.to_json(), matches, origin: example.origin.clone() });
        }
    }
    rule.check()?;
    Ok(rule)
}

/// Tool patterns of a text or a list of texts.
pub(super) fn tools(node: &Node) -> Result<Vec<ToolPattern>> {
    node.texts().map(|(text, origin)| ToolPattern::parse(text).map_err(|error| error.at(origin.clone()))).collect()
}

/// Says where an error is, unless it knows better.
pub(super) fn placed<T>(node: &Node, result: Result<T>) -> Result<T> {
    result.map_err(|error| if error.place().is_some() { error } else { error.at(node.origin.clone()) })
}

fn decision(table: &Node) -> Result<Decision> {
    match table.get("decision").and_then(Node::text) {
        Some("allow") => Ok(Decision::Allow),
        Some("ask") => Ok(Decision::Ask),
        Some("deny") => Ok(Decision::Deny),
        _ => Err(Error::usage("the rule has no `decision`")
            .hint("write `decision = \"allow\"`, `\"ask\"` or `\"deny\"`")
            .at(table.origin.clone())),
    }
}

fn condition(table: &Node) -> Result<Condition> {
    let when = table.get("when").map_or(&[][..], Node::entries).iter().map(|(name, node)| {
        let argument = placed(node, Argument::parse(name))?;
        Ok((argument, placed(node, Matcher::from_value(&node.to_json()))?))
    });
    let path = table.get("path").map(|node| placed(node, PathMatcher::from_value(&node.to_json())));
    let url = table.get("url").map(|node| placed(node, UrlMatcher::from_value(&node.to_json())));
    Ok(Condition { when: when.collect::<Result<_>>()?, path: path.transpose()?, url: url.transpose()? })
}

/// One of `unless`. An empty one would switch the rule off.
fn exception(table: &Node) -> Result<Condition> {
    if table.entries().is_empty() {
        return Err(Error::usage("the rule can never match: an `unless` without conditions always holds")
            .hint("name a condition, or drop it")
            .at(table.origin.clone()));
    }
    condition(table)
}
