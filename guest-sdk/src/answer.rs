//! How what a tool function returns becomes an [`Output`]. For the code that `#[tool]` writes.
//!
//! What turns into an `Output` by itself (`String`, `&str`, `Text`, `Output`) is taken as it is, all else
//! that can be serialised becomes JSON. Both are methods of one name: one on [`Answer`], the other on a
//! reference to it, which the compiler tries second.

use serde::Serialize;

use crate::failure::Failure;
use crate::output::Output;

/// What a tool function has returned.
pub struct Answer<T>(pub T);

/// The first way: it is content already.
pub trait ByContent {
    /// The output.
    fn into_output(self) -> Result<Output, Failure>;
}

impl<T: Into<Output>> ByContent for Answer<T> {
    fn into_output(self) -> Result<Output, Failure> {
        Ok(self.0.into())
    }
}

/// The second way: it is data.
pub trait ByJson {
    /// The output.
    fn into_output(self) -> Result<Output, Failure>;
}

impl<T: Serialize> ByJson for &Answer<T> {
    fn into_output(self) -> Result<Output, Failure> {
        Output::json(&self.0)
    }
}

/// A type that a tool function may return. Names the answer also behind an alias of `Result`.
pub trait Answers {
    /// The type of a good answer.
    type Answer;
}

impl<T, E: Into<Failure>> Answers for Result<T, E> {
    type Answer = T;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::{Content, Text};

    #[derive(Serialize)]
    struct Counted {
        words: u32,
    }

    #[test]
    fn text_stays_text_and_data_becomes_json() {
        let text = Answer("a\"b".to_owned()).into_output().map(|output| output.content().clone());
        assert_eq!(text, Ok(Content::Text("a\"b".to_owned())));
        let text = Answer(Text("a".to_owned())).into_output().map(|output| output.content().clone());
        assert_eq!(text, Ok(Content::Text("a".to_owned())));
        let data = Answer(Counted { words: 3 }).into_output().map(|output| output.content().clone());
        assert_eq!(data, Ok(Content::Json("{\"words\":3}".to_owned())));
        let whole = Answer(Output::text("a").warn("w")).into_output();
        assert_eq!(whole, Ok(Output::text("a").warn("w")));
    }

    #[test]
    fn a_value_without_a_form_in_json_is_a_failure() {
        let map = std::collections::BTreeMap::from([(vec![1], 1)]);
        let failure = Answer(map).into_output().expect_err("keys of JSON are strings");
        assert_eq!(failure.message(), "the answer has no form in JSON: key must be a string");
    }
}
