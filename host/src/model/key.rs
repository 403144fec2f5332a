//! A provider's key, which no output ever shows.

use std::fmt;

/// A secret that is sent with each request. Neither `Debug` nor anything else shows it; it has no
/// `Display` and does not serialise.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey(String);

impl ApiKey {
    /// Takes a key, without white space around it. `None` for an empty one and for one that no header
    /// can carry.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        let is_fit = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        is_fit.then(|| Self(text.to_owned()))
    }

    /// The key itself, for the header and for redaction.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// A text with each occurrence of the key taken out: servers quote what they refuse.
    pub(super) fn scrub(&self, text: &str) -> String {
        text.replace(&self.0, "[key]")
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_not_shown_and_is_taken_out_of_texts() {
        let key = ApiKey::new(" sk-secret\n").expect("is fit");
        assert_eq!(format!("{key:?}"), "ApiKey([redacted])");
        assert_eq!(key.scrub("bad key sk-secret!"), "bad key [key]!");
        assert_eq!(ApiKey::new(" "), None);
        assert_eq!(ApiKey::new("two words"), None);
    }
}
