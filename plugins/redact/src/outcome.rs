//! Where secrets can stand in an outcome: text, the strings and numbers of JSON, keys, warnings, and names and
//! text of attachments. Pure.

use looplet_guest::Value;
use looplet_guest::contract::{Attachment, Content, Failure, ToolOutput};
use looplet_guest::hook::Outcome;

use crate::patterns::Patterns;

/// The outcome without secrets; none where there was none.
pub(crate) fn redacted(patterns: &Patterns, outcome: &Outcome) -> Option<Outcome> {
    let mut changed = outcome.clone();
    let hits = match &mut changed {
        Outcome::Ok(output) => in_output(patterns, output),
        Outcome::Failed(failure) | Outcome::Aborted(failure) => in_failure(patterns, failure),
        Outcome::Denied(reason) => in_text(patterns, reason),
    };
    hits.then_some(changed)
}

fn in_output(patterns: &Patterns, output: &mut ToolOutput) -> bool {
    let mut hits = match &mut output.content {
        Content::Text(text) => in_text(patterns, text),
        Content::Json(text) => in_json_text(patterns, text),
    };
    for attachment in &mut output.attachments {
        hits |= in_attachment(patterns, attachment);
    }
    for warning in &mut output.warnings {
        hits |= in_text(patterns, warning);
    }
    hits
}

fn in_failure(patterns: &Patterns, failure: &mut Failure) -> bool {
    let hits = in_text(patterns, &mut failure.message);
    failure.hint.as_mut().is_some_and(|hint| in_text(patterns, hint)) || hits
}

fn in_text(patterns: &Patterns, text: &mut String) -> bool {
    let Some(redacted) = patterns.redacted(text) else {
        return false;
    };
    *text = redacted;
    true
}

/// Looked at value by value, since a secret may be written with escapes. Text that is no JSON is text.
fn in_json_text(patterns: &Patterns, text: &mut String) -> bool {
    let Ok(mut value) = serde_json::from_str::<Value>(text) else {
        return in_text(patterns, text);
    };
    let hits = in_json(patterns, &mut value);
    if hits {
        *text = value.to_string();
    }
    hits
}

fn in_json(patterns: &Patterns, value: &mut Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) => false,
        Value::String(text) => in_text(patterns, text),
        Value::Number(number) => {
            let redacted = patterns.redacted(&number.to_string());
            redacted.map(|redacted| *value = Value::String(redacted)).is_some()
        }
        Value::Array(items) => items.iter_mut().map(|item| in_json(patterns, item)).filter(|hit| *hit).count() > 0,
        Value::Object(members) => {
            let mut hits = false;
            let kept = std::mem::take(members);
            for (mut key, mut member) in kept {
                hits |= in_text(patterns, &mut key) | in_json(patterns, &mut member);
                members.insert(key, member);
            }
            hits
        }
    }
}

/// The name, and the bytes where they are text.
fn in_attachment(patterns: &Patterns, attachment: &mut Attachment) -> bool {
    let mut hits = attachment.name.as_mut().is_some_and(|name| in_text(patterns, name));
    if let Ok(text) = std::str::from_utf8(&attachment.bytes)
        && let Some(redacted) = patterns.redacted(text)
    {
        attachment.bytes = redacted.into_bytes();
        hits = true;
    }
    hits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::patterns::Settings;
    use looplet_guest::Output;

    /// With `secret-…` as the secret, or any number that begins with 4111.
    fn patterns() -> Patterns {
        let settings = serde_json::json!({"patterns": ["secret-\\w+", "\\b4111\\d+"], "known": false});
        let settings: Settings = serde_json::from_value(settings).expect("are settings");
        Patterns::from_settings(&settings).expect("are patterns")
    }

    fn of(outcome: &Outcome) -> Option<Outcome> {
        redacted(&patterns(), outcome)
    }

    #[test]
    fn text_warnings_names_and_text_of_attachments_are_redacted() {
        let attachment = |name: &str, bytes: &str| looplet_guest::Attachment::new("text/plain", bytes).named(name);
        let dirty = Output::text("a secret-1").attach(attachment("secret-2.txt", "b secret-3")).warn("c secret-4");
        let clean =
            Output::text("a [redacted]").attach(attachment("[redacted].txt", "b [redacted]")).warn("c [redacted]");
        assert_eq!(of(&Outcome::answered(dirty)), Some(Outcome::answered(clean)));
    }

    #[test]
    fn json_is_redacted_in_keys_strings_and_numbers_however_they_are_written() {
        let json = |text: &str| {
            let content = Content::Json(text.to_owned());
            Outcome::Ok(ToolOutput { content, attachments: Vec::new(), warnings: Vec::new() })
        };
        let dirty = r#"{"secret-1":[1,"\u0073ecret-2"],"card":4111111111111111,"ok":true}"#;
        let clean = r#"{"[redacted]":[1,"[redacted]"],"card":"[redacted]","ok":true}"#;
        let found = of(&json(dirty)).expect("has secrets");
        let found: Value = serde_json::from_str(found.text()).expect("is JSON");
        assert_eq!(found, serde_json::from_str::<Value>(clean).expect("is JSON"));
        assert_eq!(of(&json(r#"{"a":1}"#)), None);
        assert_eq!(of(&json("no JSON, secret-1")), Some(json("no JSON, [redacted]")));
    }

    #[test]
    fn failures_and_refusals_keep_their_kind() {
        let failure = |message: &str, hint: &str| looplet_guest::Failure::network(message).hint(hint).into();
        assert_eq!(
            of(&Outcome::Failed(failure("at secret-1", "try secret-2"))),
            Some(Outcome::Failed(failure("at [redacted]", "try [redacted]")))
        );
        assert_eq!(of(&Outcome::Denied("secret-1".into())), Some(Outcome::Denied("[redacted]".into())));
    }

    #[test]
    fn bytes_that_are_no_text_are_left_alone() {
        let image = looplet_guest::Attachment::new("image/png", vec![0xff, 0xd8]);
        assert_eq!(of(&Outcome::answered(Output::text("an image").attach(image))), None);
    }
}
