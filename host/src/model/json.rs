//! Writes JSON straight into a buffer, keys in the order of the calls.
//!
//! Requests are put together from pieces that were written long ago; building a tree of values first
//! would copy the history for every turn.

/// Writes a JSON string with its quotes.
pub(super) fn string(out: &mut Vec<u8>, text: &str) {
    // Writing text into memory cannot fail.
    let _ = serde_json::to_writer(out, text);
}

/// An object that is being written.
pub(super) struct Object<'o> {
    out: &'o mut Vec<u8>,
    empty: bool,
}

impl<'o> Object<'o> {
    /// Writes the opening brace.
    pub(super) fn open(out: &'o mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, empty: true }
    }

    /// Writes a key; the caller writes the value into what it gets.
    pub(super) fn key(&mut self, key: &str) -> &mut Vec<u8> {
        if !self.empty {
            self.out.push(b',');
        }
        self.empty = false;
        string(self.out, key);
        self.out.push(b':');
        self.out
    }

    /// A string.
    pub(super) fn text(&mut self, key: &str, value: &str) {
        string(self.key(key), value);
    }

    /// A value that is JSON already.
    pub(super) fn raw(&mut self, key: &str, value: &str) {
        self.key(key).extend_from_slice(value.as_bytes());
    }

    /// A number.
    pub(super) fn number(&mut self, key: &str, value: impl Into<serde_json::Number>) {
        let value = value.into().to_string();
        self.raw(key, &value);
    }

    /// A number that may be a fraction; one that is not finite, which JSON cannot say, is left out.
    pub(super) fn float(&mut self, key: &str, value: f64) {
        if let Some(number) = serde_json::Number::from_f64(value) {
            self.number(key, number);
        }
    }

    /// Writes the closing brace.
    pub(super) fn close(self) {
        self.out.push(b'}');
    }
}

/// Writes the items of a list, with commas between them and without brackets.
pub(super) fn items<T>(out: &mut Vec<u8>, items: impl IntoIterator<Item = T>, mut write: impl FnMut(&mut Vec<u8>, T)) {
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(out, item);
    }
}

/// The arguments of a call as a JSON object, for providers that want nothing else in the history.
///
/// A model can write arguments that are no object, or no JSON. It sees them again in the next request,
/// under a key that says what they are; sent as they stand they would make servers that parse the
/// history refuse every later request.
pub(super) fn object_text(arguments: &str) -> std::borrow::Cow<'_, str> {
    use std::borrow::Cow;

    let trimmed = arguments.trim();
    if trimmed.is_empty() {
        return Cow::Borrowed("{}");
    }
    let is_object = trimmed.starts_with('{') && serde_json::from_str::<&serde_json::value::RawValue>(trimmed).is_ok();
    if is_object {
        return Cow::Borrowed(trimmed);
    }
    let mut out = Vec::new();
    let mut object = Object::open(&mut out);
    object.text("_invalid_arguments", arguments);
    object.close();
    Cow::Owned(String::from_utf8(out).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_has_its_keys_in_the_order_of_the_calls() {
        let mut out = Vec::new();
        let mut object = Object::open(&mut out);
        object.text("z", "a\"b\n");
        object.float("t", 0.2);
        object.float("nan", f64::NAN);
        object.number("n", 7_u32);
        items(object.key("list"), ["1", "2"], |out, item| {
            string(out, item);
        });
        object.close();
        assert_eq!(String::from_utf8(out).expect("is text"), r#"{"z":"a\"b\n","t":0.2,"n":7,"list":"1","2"}"#);
    }

    #[test]
    fn arguments_that_are_no_object_are_wrapped() {
        assert_eq!(object_text(r#" {"a": 1} "#), r#"{"a": 1}"#);
        assert_eq!(object_text("  "), "{}");
        assert_eq!(object_text("[1]"), r#"{"_invalid_arguments":"[1]"}"#);
        assert_eq!(object_text(r#"{"a":"#), r#"{"_invalid_arguments":"{\"a\":"}"#);
    }
}
