//! `when`: matchers over the values of arguments.
//!
//! What an argument is not there for, or is of another type than the matcher, cannot be told.

use regex::{Regex, RegexBuilder};
use serde_json::Value;

use super::answer::{Leaning, Match};
use super::argument::{Argument, Lookup};
use super::fields::{Fields, kind};
use super::pattern::TextGlob;
use crate::error::{Error, Result};

/// The compiled size of one regular expression, in bytes; matching is linear in the text.
const REGEX_BYTES: usize = 1 << 20;

/// The greatest whole number that every reader of JSON holds exactly: 2^53.
const EXACT: u64 = 1 << 53;

/// What one argument has to be; all tests of it must hold.
#[derive(Clone, Debug)]
pub struct Matcher {
    tests: Vec<Test>,
}

#[derive(Clone, Debug)]
enum Test {
    AnyOf(Vec<Scalar>),
    Glob(TextGlob),
    Regex(Regex),
    Range { min: Option<f64>, max: Option<f64> },
    Absent(bool),
    Not(Matcher),
}

#[derive(Clone, Debug, PartialEq)]
enum Scalar {
    Text(String),
    Number(f64),
    Bool(bool),
}

impl Matcher {
    /// Reads a matcher: a bare value (equals), a list (any of), or a table of `glob`, `regex`,
    /// `range = { min, max }`, `absent` and `not`.
    pub fn from_value(value: &Value) -> Result<Self> {
        let tests = match value {
            Value::Object(_) => Fields::of(value, "a matcher", &["glob", "regex", "range", "absent", "not"])?
                .entries()
                .map(|(key, value)| Test::from_entry(key, value))
                .collect::<Result<Vec<_>>>()?,
            Value::Array(items) => vec![Test::AnyOf(items.iter().map(Scalar::from_value).collect::<Result<_>>()?)],
            other => vec![Test::AnyOf(vec![Scalar::from_value(other)?])],
        };
        let matcher = Self { tests };
        matcher.check_possible()?;
        Ok(matcher)
    }

    /// Whether what the call has there is of that kind.
    pub fn evaluate(&self, argument: &Argument, arguments: &Value, leaning: Leaning) -> Match {
        match argument.look_up(arguments) {
            Lookup::Found(Value::Array(items)) => {
                leaning.over(items.iter().map(|item| self.judge(Lookup::Found(item))))
            }
            other => self.judge(other),
        }
    }

    /// Expressions that match wherever they are found, rather than all of a text.
    pub(super) fn found_anywhere(&self) -> impl Iterator<Item = &str> {
        self.tests.iter().filter_map(|test| match test {
            Test::Regex(regex) if !is_whole(regex.as_str()) => Some(regex.as_str()),
            _ => None,
        })
    }

    /// Whether it wants the argument to be missing, so that nothing else about it can hold.
    pub(super) fn wants_absence(&self) -> bool {
        self.tests.iter().any(|test| matches!(test, Test::Absent(true)))
    }

    fn judge(&self, found: Lookup<'_>) -> Match {
        self.tests.iter().map(|test| test.judge(found)).min().unwrap_or(Match::CannotTell)
    }

    fn check_possible(&self) -> Result<()> {
        let never = |why: &str, hint: &str| Err(Error::usage(format!("a matcher can never match: {why}")).hint(hint));
        if self.tests.is_empty() {
            return Err(Error::usage("a matcher is empty")
                .hint("a bare value means equals; `{ absent = false }` means any value"));
        }
        if self.wants_absence() && self.tests.len() > 1 {
            return never("an argument that is absent has no value", "make two rules of it, or drop `absent`");
        }
        for test in &self.tests {
            match test {
                Test::AnyOf(values) if values.is_empty() => {
                    return never("its list of values is empty", "name at least one value");
                }
                Test::Range { min: Some(min), max: Some(max) } if min > max => {
                    return never("`min` is above `max`", "both ends are included");
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// Whether an expression begins and ends with the text.
fn is_whole(expression: &str) -> bool {
    let Ok(parsed) = regex_automata::util::syntax::parse(expression) else { return false };
    let found = parsed.properties();
    found.look_set_prefix().contains_anchor_haystack() && found.look_set_suffix().contains_anchor_haystack()
}

impl Test {
    fn from_entry(key: &str, value: &Value) -> Result<Self> {
        match (key, value) {
            ("glob", Value::String(text)) => TextGlob::parse(text).map(Self::Glob),
            ("regex", Value::String(text)) => regex(text).map(Self::Regex),
            ("range", _) => {
                let fields = Fields::of(value, "`range`", &["min", "max"])?;
                let end = |key| fields.get(key).map(number).transpose();
                let (min, max) = (end("min")?, end("max")?);
                if min.is_none() && max.is_none() {
                    return Err(Error::usage("`range` has neither `min` nor `max`"));
                }
                Ok(Self::Range { min, max })
            }
            ("absent", Value::Bool(absent)) => Ok(Self::Absent(*absent)),
            ("not", _) => Matcher::from_value(value).map(Self::Not),
            ("absent", other) => Err(Error::usage(format!("`absent` is {}, not true or false", kind(other)))),
            (_, other) => Err(Error::usage(format!("`{key}` is {}, not a text", kind(other)))),
        }
    }

    fn judge(&self, found: Lookup<'_>) -> Match {
        match (self, found) {
            (Self::Not(matcher), _) => matcher.judge(found).negate(),
            (Self::Absent(absent), Lookup::Absent) => (*absent).into(),
            (Self::Absent(absent), Lookup::Found(value)) if !value.is_null() => (!absent).into(),
            (Self::AnyOf(values), Lookup::Found(value)) => any_of(values, value),
            (Self::Glob(glob), Lookup::Found(Value::String(text))) => glob.matches(text).into(),
            (Self::Regex(regex), Lookup::Found(Value::String(text))) => regex.is_match(text).into(),
            (Self::Range { min, max }, Lookup::Found(Value::Number(number))) => match number.as_f64() {
                Some(number) => (min.is_none_or(|min| number >= min) && max.is_none_or(|max| number <= max)).into(),
                None => Match::CannotTell,
            },
            _ => Match::CannotTell,
        }
    }
}

impl Scalar {
    fn from_value(value: &Value) -> Result<Self> {
        match value {
            Value::String(text) => Ok(Self::Text(text.clone())),
            Value::Number(_) => number(value).map(Self::Number),
            Value::Bool(yes) => Ok(Self::Bool(*yes)),
            Value::Null | Value::Array(_) | Value::Object(_) => {
                Err(Error::usage(format!("{} cannot be compared with an argument", kind(value)))
                    .hint("texts, numbers and true or false can"))
            }
        }
    }
}

/// Values of other types than the argument's say nothing about it, unless there is no one of its type.
fn any_of(values: &[Scalar], value: &Value) -> Match {
    let Ok(value) = Scalar::from_value(value) else {
        return Match::CannotTell;
    };
    let mut comparable =
        values.iter().filter(|known| std::mem::discriminant(*known) == std::mem::discriminant(&value)).peekable();
    if comparable.peek().is_none() {
        return Match::CannotTell;
    }
    comparable.any(|known| *known == value).into()
}

/// A number that an argument can hold: whole ones beyond ±2^53 have no canonical form.
fn number(value: &Value) -> Result<f64> {
    let whole = value.as_u64().or_else(|| value.as_i64().map(i64::unsigned_abs));
    match value.as_f64() {
        Some(_) if whole.is_some_and(|whole| whole > EXACT) => {
            Err(Error::usage(format!("number {value} is beyond ±2^53")).hint("arguments hold no such numbers"))
        }
        Some(number) => Ok(number),
        None => Err(Error::usage(format!("{} stands where a number is expected", kind(value)))),
    }
}

fn regex(text: &str) -> Result<Regex> {
    RegexBuilder::new(text).size_limit(REGEX_BYTES).dfa_size_limit(REGEX_BYTES).build().map_err(|error| {
        let (what, hint) = match error {
            regex::Error::CompiledTooBig(_) => ("too big".to_owned(), "bound its repetitions"),
            other => {
                (last_line(&other.to_string()), "look-around and back-references do not exist: matching is linear")
            }
        };
        Error::usage(format!("`{text}` is no regular expression: {what}")).hint(hint)
    })
}

/// The regex crate draws the place over several lines and ends with the reason.
fn last_line(message: &str) -> String {
    let line = message.lines().last().unwrap_or(message);
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn answer(matcher: &Value, arguments: &Value, leaning: Leaning) -> Match {
        let argument = Argument::parse("a").expect("is a name");
        Matcher::from_value(matcher).expect("is a matcher").evaluate(&argument, arguments, leaning)
    }

    fn answers(matcher: &Value, values: &[Value]) -> String {
        values.iter().map(|value| answer(matcher, value, Leaning::Permit).to_string()).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn each_test_answers_yes_no_or_cannot_tell() {
        let values = [
            json!({"a": "git log"}),
            json!({"a": 7}),
            json!({"a": true}),
            json!({"a": null}),
            json!({}),
            json!({"a": {"b": 1}}),
        ];
        let rows: Vec<_> = [
            json!("git log"),
            json!(["x", 7.0]),
            json!({"glob": "git *"}),
            json!({"regex": "^rm"}),
            json!({"range": {"max": 7}}),
            json!({"absent": true}),
            json!({"absent": false}),
            json!({"not": "git log"}),
        ]
        .iter()
        .map(|matcher| format!("{matcher} {}", answers(matcher, &values)))
        .collect();
        assert_eq!(
            rows,
            [
                r#""git log" yes, cannot tell, cannot tell, cannot tell, cannot tell, cannot tell"#,
                r#"["x",7.0] no, yes, cannot tell, cannot tell, cannot tell, cannot tell"#,
                r#"{"glob":"git *"} yes, cannot tell, cannot tell, cannot tell, cannot tell, cannot tell"#,
                r#"{"regex":"^rm"} no, cannot tell, cannot tell, cannot tell, cannot tell, cannot tell"#,
                r#"{"range":{"max":7}} cannot tell, yes, cannot tell, cannot tell, cannot tell, cannot tell"#,
                r#"{"absent":true} no, no, no, cannot tell, yes, no"#,
                r#"{"absent":false} yes, yes, yes, cannot tell, no, yes"#,
                r#"{"not":"git log"} no, cannot tell, cannot tell, cannot tell, cannot tell, cannot tell"#,
            ]
        );
    }

    #[test]
    fn over_a_list_a_permission_needs_all_and_a_restriction_one() {
        let matcher = json!({"glob": "src/*"});
        let over = |list: Value| {
            [Leaning::Permit, Leaning::Restrict].map(|leaning| answer(&matcher, &json!({"a": list}), leaning))
        };
        assert_eq!(over(json!(["src/a", "src/b"])), [Match::Yes, Match::Yes]);
        assert_eq!(over(json!(["src/a", "etc"])), [Match::No, Match::Yes]);
        assert_eq!(over(json!(["src/a", 1])), [Match::CannotTell, Match::Yes]);
        assert_eq!(over(json!([])), [Match::CannotTell, Match::CannotTell]);
        assert_eq!(over(json!([["src/a"]])), [Match::CannotTell, Match::CannotTell]);
    }

    #[test]
    fn what_is_wrong_in_a_matcher_is_said_with_what_to_write() {
        let report = |value: Value| Matcher::from_value(&value).expect_err("is refused").report();
        let reports = [
            json!({"globb": "x"}),
            json!({"regex": "a(?=b)"}),
            json!({"regex": "(a{1000}){1000}"}),
            json!({"range": {"min": 2, "max": 1}}),
            json!({"absent": true, "glob": "x"}),
            json!([]),
            json!({}),
            json!(9_007_199_254_740_993_u64),
            json!([["x"]]),
        ]
        .map(report)
        .join("\n");
        expect_test::expect![[r"
            error: unknown key `globb` in a matcher
            hint: did you mean `glob`?
            error: `a(?=b)` is no regular expression: look-around, including look-ahead and look-behind, is not supported
            hint: look-around and back-references do not exist: matching is linear
            error: `(a{1000}){1000}` is no regular expression: too big
            hint: bound its repetitions
            error: a matcher can never match: `min` is above `max`
            hint: both ends are included
            error: a matcher can never match: an argument that is absent has no value
            hint: make two rules of it, or drop `absent`
            error: a matcher can never match: its list of values is empty
            hint: name at least one value
            error: a matcher is empty
            hint: a bare value means equals; `{ absent = false }` means any value
            error: number 9007199254740993 is beyond ±2^53
            hint: arguments hold no such numbers
            error: a list cannot be compared with an argument
            hint: texts, numbers and true or false can"]]
        .assert_eq(&reports);
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            "[a-c]{0,3}".prop_map(Value::from)
        ];
        leaf.prop_recursive(3, 12, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::btree_map("[abc]", inner, 0..3)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn reading_and_judging_never_panic(matcher in any_json(), arguments in any_json()) {
            if let Ok(matcher) = Matcher::from_value(&matcher) {
                let argument = Argument::parse("a").expect("is a name");
                let permits = matcher.evaluate(&argument, &arguments, Leaning::Permit);
                let restricts = matcher.evaluate(&argument, &arguments, Leaning::Restrict);
                prop_assert!(permits <= restricts, "what permits also restricts");
            }
        }
    }
}
