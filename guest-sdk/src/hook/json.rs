//! JSON that the host hands to a hook, read as the type that the hook wants.

use serde::de::DeserializeOwned;

use crate::failure::Failure;

/// JSON text from the host, in canonical form (RFC 8785).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Json(String);

impl Json {
    /// From text, for tests: the host makes those of a run.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text as it came.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As a type; `serde_json::Value` takes everything. What does not fit is a failure `execution`.
    pub fn to<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_str(&self.0)
            .map_err(|error| Failure::execution(format!("what the host says does not fit: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_a_failure_that_says_where() {
        assert_eq!(Json::new("[1,2]").to(), Ok(vec![1, 2]));
        let message = "what the host says does not fit: EOF while parsing a list at line 1 column 2";
        assert_eq!(Json::new("[1").to::<Vec<u32>>(), Err(Failure::execution(message)));
    }
}
