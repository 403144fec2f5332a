//! How rules name a value inside the arguments of a call.
//!
//! One spelling everywhere: a bare key is a top-level argument, one with `/` a JSON pointer.

use std::fmt;

use serde_json::Value;

use crate::error::{Error, Result};

/// The name of an argument: `path`, or a JSON pointer such as `/options/0/dir`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Argument {
    text: String,
    steps: Vec<String>,
}

/// What a call has under the name of an argument.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Lookup<'a> {
    /// A value, which may be null.
    Found(&'a Value),
    /// Nothing.
    Absent,
    /// The way there leads through something that has no members.
    Unresolvable,
}

impl Argument {
    /// Reads a name.
    pub fn parse(text: &str) -> Result<Self> {
        let steps = match text.strip_prefix('/') {
            Some(pointer) => pointer.split('/').map(unescape).collect::<Result<_>>()?,
            None if text.is_empty() => {
                return Err(Error::usage("the name of an argument is empty"));
            }
            None if text.contains('/') => {
                return Err(Error::usage(format!("`{text}` is neither an argument nor a pointer"))
                    .hint(format!("a JSON pointer begins with a slash: `/{text}`")));
            }
            None => vec![text.to_owned()],
        };
        Ok(Self { text: text.to_owned(), steps })
    }

    /// What a call with these arguments has there.
    pub fn look_up<'a>(&self, arguments: &'a Value) -> Lookup<'a> {
        let mut value = arguments;
        for step in &self.steps {
            let next = match value {
                Value::Object(members) => members.get(step),
                Value::Array(items) => match index(step) {
                    Some(index) => items.get(index),
                    None => return Lookup::Unresolvable,
                },
                _ => return Lookup::Unresolvable,
            };
            match next {
                Some(found) => value = found,
                None => return Lookup::Absent,
            }
        }
        Lookup::Found(value)
    }

    /// The top-level argument that it leads through.
    pub fn top(&self) -> &str {
        self.steps.first().map_or("", String::as_str)
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Argument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Indices have one spelling (RFC 6901): no sign, no leading zero.
fn index(step: &str) -> Option<usize> {
    let plain = step.bytes().all(|byte| byte.is_ascii_digit()) && (step == "0" || !step.starts_with('0'));
    if plain { step.parse().ok() } else { None }
}

fn unescape(step: &str) -> Result<String> {
    let mut out = String::with_capacity(step.len());
    let mut characters = step.chars();
    while let Some(character) = characters.next() {
        match (character, character == '~') {
            (_, false) => out.push(character),
            (_, true) => match characters.next() {
                Some('0') => out.push('~'),
                Some('1') => out.push('/'),
                _ => {
                    return Err(Error::usage(format!("`{step}` is no step of a JSON pointer"))
                        .hint("write `~0` for `~` and `~1` for `/`"));
                }
            },
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_bare_key_is_top_level_and_a_slash_makes_a_pointer() {
        let arguments = json!({"path": "a", "a/b": 1, "list": [{"n": 2}], "text": "x"});
        let found = |name: &str| format!("{:?}", Argument::parse(name).expect("is a name").look_up(&arguments));
        assert_eq!(found("path"), "Found(String(\"a\"))");
        assert_eq!(found("/a~1b"), "Found(Number(1))");
        assert_eq!(found("/list/0/n"), "Found(Number(2))");
        assert_eq!(found("/list/00/n"), "Unresolvable");
        assert_eq!(found("/list/7"), "Absent");
        assert_eq!(found("/text/x"), "Unresolvable");
        assert_eq!(found("other"), "Absent");
    }

    #[test]
    fn a_name_with_a_slash_in_the_middle_only_is_refused() {
        let error = Argument::parse("a/b").expect_err("is refused");
        assert_eq!(
            error.report(),
            "error: `a/b` is neither an argument nor a pointer\nhint: a JSON pointer begins with a slash: `/a/b`"
        );
        assert!(Argument::parse("").is_err() && Argument::parse("/a~2").is_err());
    }
}
