//! One tool that needs nothing. Change it to what you want; `sdk/guest-sdk/src/lib.rs` begins with what a
//! tool is told and may do.

use looplet_guest::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Args {
    /// The text whose words are counted.
    text: String,
}

#[derive(Debug, PartialEq, Serialize)]
struct Counted {
    words: usize,
}

/// Count the words of a text.
#[looplet_guest::tool(idempotent, concurrent_safe)]
fn count_words(args: Args) -> Result<Counted, Failure> {
    if args.text.trim().is_empty() {
        return Err(Failure::validation("`text` has no words"));
    }
    Ok(Counted { words: args.text.split_whitespace().count() })
}

looplet_guest::plugin!("{{name}}", tools: [count_words]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_counted_and_an_empty_text_is_refused() {
        let count = |text: &str| count_words(Args { text: text.to_owned() });
        assert_eq!(count("one two"), Ok(Counted { words: 2 }));
        assert_eq!(count(" "), Err(Failure::validation("`text` has no words")));
    }
}
