//! Texts with arguments put in: `{/pointer}`, and `{/pointer:-default}` where the argument may be absent.

use serde_json::Value;

use super::argument::{Argument, Lookup};
use crate::error::{Error, Result};

/// A text with places for arguments.
#[derive(Clone, Debug)]
pub struct Template(Vec<Part>);

#[derive(Clone, Debug)]
enum Part {
    Text(String),
    Argument { argument: Argument, default: Option<String> },
}

impl Template {
    /// Reads a template.
    pub fn parse(text: &str) -> Result<Self> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (inside, after) = after.split_once('}').ok_or_else(|| unbalanced(text))?;
            push_text(&mut parts, before, text)?;
            parts.push(Part::parse(inside)?);
            rest = after;
        }
        push_text(&mut parts, rest, text)?;
        if parts.is_empty() {
            Err(Error::usage("a place is empty").hint("`.` is the whole mount"))
        } else {
            Ok(Self(parts))
        }
    }

    /// The texts that it stands for: one, or those of a list where it is nothing but that argument.
    /// None where an argument is absent or no text.
    pub fn fill(&self, arguments: &Value) -> Option<Vec<String>> {
        if let [Part::Argument { argument, .. }] = self.0.as_slice()
            && let Lookup::Found(Value::Array(items)) = argument.look_up(arguments)
        {
            return items.iter().map(|item| item.as_str().map(str::to_owned)).collect();
        }
        let text: Option<String> = self.0.iter().map(|part| part.fill(arguments)).collect();
        text.map(|text| vec![text])
    }
}

impl Part {
    fn parse(inside: &str) -> Result<Self> {
        let (pointer, default) = match inside.split_once(":-") {
            Some((pointer, default)) => (pointer, Some(default.to_owned())),
            None => (inside, None),
        };
        if !pointer.starts_with('/') {
            return Err(
                Error::usage(format!("`{{{inside}}}` names no argument")).hint(format!("write `{{/{inside}}}`"))
            );
        }
        Ok(Self::Argument { argument: Argument::parse(pointer)?, default })
    }

    fn fill<'a>(&'a self, arguments: &'a Value) -> Option<&'a str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Argument { argument, default } => match argument.look_up(arguments) {
                Lookup::Found(Value::String(text)) => Some(text),
                Lookup::Absent => default.as_deref(),
                Lookup::Found(_) | Lookup::Unresolvable => None,
            },
        }
    }
}

fn push_text(parts: &mut Vec<Part>, text: &str, whole: &str) -> Result<()> {
    if text.contains('}') {
        return Err(unbalanced(whole));
    }
    if !text.is_empty() {
        parts.push(Part::Text(text.to_owned()));
    }
    Ok(())
}

fn unbalanced(text: &str) -> Error {
    Error::usage(format!("the braces of `{text}` do not match")).hint("an argument is put in as `{/name}`")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fill(template: &str, arguments: &Value) -> String {
        format!("{:?}", Template::parse(template).expect("is a template").fill(arguments))
    }

    #[test]
    fn arguments_are_put_in_and_defaults_stand_in_for_what_is_absent_only() {
        let arguments = json!({"to": "out/a", "n": 1, "all": ["a", "b"], "mixed": ["a", 1]});
        assert_eq!(fill("{/to}", &arguments), r#"Some(["out/a"])"#);
        assert_eq!(fill("x/{/to}.bak", &arguments), r#"Some(["x/out/a.bak"])"#);
        assert_eq!(fill("{/path:-.}", &arguments), r#"Some(["."])"#);
        assert_eq!(fill("{/n:-.}", &arguments), "None");
        assert_eq!(fill("{/gone}", &arguments), "None");
        assert_eq!(fill("{/all}", &arguments), r#"Some(["a", "b"])"#);
        assert_eq!(fill("x/{/all}", &arguments), "None");
        assert_eq!(fill("{/mixed}", &arguments), "None");
        assert_eq!(fill("drafts", &arguments), r#"Some(["drafts"])"#);
    }

    #[test]
    fn braces_must_match_and_name_a_pointer() {
        let report = |text| Template::parse(text).expect_err("is refused").report();
        assert_eq!(report("{/a"), "error: the braces of `{/a` do not match\nhint: an argument is put in as `{/name}`");
        assert_eq!(report("a}"), "error: the braces of `a}` do not match\nhint: an argument is put in as `{/name}`");
        assert_eq!(report("{to}"), "error: `{to}` names no argument\nhint: write `{/to}`");
        assert_eq!(report(""), "error: a place is empty\nhint: `.` is the whole mount");
    }
}
