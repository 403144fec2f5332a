//! `url = { arg, pattern }`: an argument that names a request, compared in the form in which it would be sent.
//!
//! The method of a pattern says what an allowance leaves; whether a rule matches is about the address alone,
//! since an argument names no method.

use serde_json::Value;

use super::answer::{Leaning, Match};
use super::argument::{Argument, Lookup};
use super::fields::{Fields, texts};
use super::http_pattern::HttpPattern;
use super::http_target::HttpTarget;
use crate::error::{Error, Result};

/// Compares what an argument addresses with patterns.
#[derive(Clone, Debug)]
pub struct UrlMatcher {
    argument: Argument,
    patterns: Vec<HttpPattern>,
}

/// What a matcher found.
#[derive(Clone, Debug, PartialEq)]
pub struct UrlMatch {
    /// The answer.
    pub answer: Match,
    /// The very requests that were named, with the methods of the patterns that are about them.
    pub requests: Vec<HttpPattern>,
}

impl UrlMatcher {
    /// Reads a matcher from a table of `arg` and `pattern` (a text or a list).
    pub fn from_value(value: &Value) -> Result<Self> {
        let fields = Fields::of(value, "`url`", &["arg", "pattern"])?;
        let patterns = fields.get("pattern").ok_or_else(|| {
            Error::usage("`url` has no `pattern`").hint("`GET https://*/**` is every page of the open web")
        })?;
        Ok(Self {
            argument: Argument::parse(fields.text("arg", "`url`")?)?,
            patterns: texts(patterns, "`pattern` of `url`")?
                .into_iter()
                .map(HttpPattern::parse)
                .collect::<Result<_>>()?,
        })
    }

    /// What it compares with.
    pub(super) fn patterns(&self) -> &[HttpPattern] {
        &self.patterns
    }

    /// The argument that it reads.
    pub fn argument(&self) -> &Argument {
        &self.argument
    }

    /// Compares what the call names with the patterns.
    pub fn evaluate(&self, arguments: &Value, leaning: Leaning) -> UrlMatch {
        let mut requests = Vec::new();
        let mut judge = |value: &Value| match value {
            Value::String(text) => self.judge(text, leaning, &mut requests),
            _ => Match::CannotTell,
        };
        let answer = match self.argument.look_up(arguments) {
            Lookup::Found(Value::Array(items)) => leaning.over(items.iter().map(judge)),
            Lookup::Found(value) => judge(value),
            Lookup::Absent | Lookup::Unresolvable => Match::CannotTell,
        };
        UrlMatch { answer, requests }
    }

    fn judge(&self, text: &str, leaning: Leaning, requests: &mut Vec<HttpPattern>) -> Match {
        let Ok(target) = HttpTarget::parse("GET", text) else { return Match::CannotTell };
        if leaning == Leaning::Restrict {
            return self.patterns.iter().any(|pattern| pattern.may_be_about(&target)).into();
        }
        let about = self.patterns.iter().filter(|pattern| pattern.is_about(&target));
        let before = requests.len();
        requests.extend(about.map(|pattern| pattern.only(&target)));
        (requests.len() > before).into()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(pattern: &Value, url: &Value, leaning: Leaning) -> (Match, Vec<String>) {
        let matcher = UrlMatcher::from_value(&json!({ "arg": "url", "pattern": pattern })).expect("is a matcher");
        let found = matcher.evaluate(&json!({ "url": url }), leaning);
        (found.answer, found.requests.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn an_allowance_is_for_the_very_address_and_its_methods() {
        let docs = json!(["GET https://docs.example/**", "GET,POST https://docs.example/api/**"]);
        let permit = |url: Value| found(&docs, &url, Leaning::Permit);
        assert_eq!(
            permit(json!("https://docs.example/a?b=c")),
            (Match::Yes, vec!["GET https://docs.example/a".into()])
        );
        assert_eq!(
            permit(json!("https://DOCS.example/api/../api/x")),
            (Match::Yes, vec!["GET https://docs.example/api/x".into(), "GET,POST https://docs.example/api/x".into()])
        );
        assert_eq!(permit(json!(["https://docs.example/a", "https://docs.example/b/"])).1.len(), 2);
        assert_eq!(permit(json!(["https://docs.example/a", "https://evil.test/"])).0, Match::No);
        assert_eq!(permit(json!("https://docs.example/*")), (Match::Yes, vec![r"GET https://docs.example/\*".into()]));
        assert_eq!(permit(json!("http://docs.example/a")).0, Match::No);
        for unknown in [json!("docs.example/a"), json!(1), json!(null), json!("https://me@docs.example/a")] {
            assert_eq!(permit(unknown.clone()).0, Match::CannotTell, "{unknown}");
        }
    }

    #[test]
    fn a_restriction_holds_for_every_method_in_any_case_and_where_a_server_may_read_the_path_otherwise() {
        let admin = json!("POST https://a.example/admin/**");
        let restrict = |url: &str| found(&admin, &json!(url), Leaning::Restrict).0;
        for inside in [
            "https://a.example/admin/x",
            "https://a.example/ADMIN/x",
            "https://a.example/%61dmin/x",
            "https://a.example/x/..%2fadmin/x",
            "https://a.example/x/%252e%252e%252fadmin",
            "https://a.example//admin/x",
            "https://a.example/%2561dmin/x",
            "https://a.example/admin;v=1/x",
            "https://a.example/.%252f/%2541DMIN;a/",
            "https://a.example/%5cadmin%5cx",
            "https://a.example/admin%20/x",
        ] {
            assert_eq!(restrict(inside), Match::Yes, "{inside}");
        }
        assert_eq!(restrict("https://a.example/public"), Match::No);
        assert_eq!(restrict("https://a.example/administrators/x"), Match::No);
        assert_eq!(restrict("https://b.example/admin"), Match::No);
        assert_eq!(restrict("nothing"), Match::CannotTell);
    }
}
