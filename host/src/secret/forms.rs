//! The spellings of a value: what an honest server, a library or a log makes of it, as one regular expression.
//!
//! | spelling | how |
//! | --- | --- |
//! | as it is | each byte also percent-encoded (once or twice), as `\u0041` or `\x41` or behind a `\`, or as an HTML character reference; a blank also as `+` |
//! | base64 | standard and URL-safe, at each of the three offsets inside a longer text, the signs also escaped |
//! | hex | both cases, also with a sign between the pairs |
//!
//! Whoever has the value and wants to hide it can spell it in a way that is not here: this finds what happens, and
//! the wall is that nobody inside is given it.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::SecretValue;

/// How many bytes a byte of the value takes in its longest spelling: `&#x00ff;`.
const BYTES_A_BYTE: usize = 8;

/// The most bytes that a spelling of any value can have.
pub(super) const LONGEST: usize = BYTES_A_BYTE * SecretValue::MOST_BYTES;

/// Whether a byte can stand in a spelling.
pub(super) fn is_spelled(byte: u8) -> bool {
    matches!(byte, b' '..=b'~')
}

/// One regular expression, for bytes, that matches every spelling of a value.
pub(super) fn pattern(value: &str) -> String {
    let plain: String = value.bytes().map(byte_forms).collect();
    let base64 = (0..3).map(|offset| base64_at(value.as_bytes(), offset));
    let all: Vec<String> = [plain].into_iter().chain(base64).chain([hex(value.as_bytes())]).collect();
    format!("(?s-u:{})", all.join("|"))
}

/// One byte, however it is written.
fn byte_forms(byte: u8) -> String {
    let character = char::from(byte);
    let pair = hex_pair(byte);
    let mut forms = format!(r"(?:\x{byte:02x}|%(?:25)?{pair}|\\u00{pair}|\\x{pair}|&#(?:0?0?{byte}|[xX]0?0?{pair});");
    if !character.is_ascii_alphanumeric() {
        let _ = write!(forms, r"|\\\x{byte:02x}");
    }
    let name = match character {
        ' ' => r"|\+",
        '&' => "|&amp;",
        '<' => "|&lt;",
        '>' => "|&gt;",
        '"' => "|&quot;",
        '\'' => "|&apos;",
        _ => "",
    };
    forms + name + ")"
}

/// Two hex digits in either case.
fn hex_pair(byte: u8) -> String {
    let digit = |nibble: u8| match char::from_digit(nibble.into(), 16) {
        Some(letter) if letter.is_ascii_alphabetic() => format!("[{letter}{}]", letter.to_ascii_uppercase()),
        Some(digit) => digit.to_string(),
        None => String::new(),
    };
    digit(byte >> 4) + &digit(byte & 15)
}

fn hex(value: &[u8]) -> String {
    let pairs: Vec<String> = value.iter().map(|byte| hex_pair(*byte)).collect();
    pairs.join("[ :,_-]?")
}

/// The signs of base64 that the value alone decides where it begins so many bytes behind a multiple of three.
fn base64_at(value: &[u8], offset: usize) -> String {
    let whole = [&[0, 0, 0][..offset], value].concat();
    // Without the signs at either end that hold bits of what stands beside.
    let (first, behind) = ((offset * 8).div_ceil(6), whole.len() * 8 / 6);
    let signs = BASE64_STANDARD.encode(whole);
    signs[first..behind].chars().map(sign_forms).collect()
}

/// One sign of base64, in either alphabet, however it is written.
fn sign_forms(sign: char) -> String {
    match sign {
        '+' => r"(?:[+-]|%(?:25)?2[bBdD]|\\u002[bBdD])".to_owned(),
        '/' => r"(?:[/_]|\\/|%(?:25)?(?:2[fF]|5[fF])|\\u00(?:2[fF]|5[fF]))".to_owned(),
        sign => sign.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use regex::bytes::Regex;

    use super::*;

    const VALUE: &str = "sk+/a b&\"9";

    fn finds(value: &str, text: &str) -> bool {
        Regex::new(&pattern(value)).expect("is a pattern").is_match(text.as_bytes())
    }

    #[test]
    fn spellings_of_libraries_and_servers_are_found() {
        for text in [
            r#"a sk+/a b&"9 b"#,
            "?key=sk%2B%2fa%20b%26%229",
            "?key=sk%2B%2fa+b%26%229",
            "?key=%73%6b%2b%2f%61%20%62%26%22%39",
            "?key=sk%252B%252Fa%2520b%2526%25229",
            r#"{"k":"sk+\/a b&\"9"}"#,
            r#"{"k":"sk\u002B\u002fa b\u0026\u00229"}"#,
            r"b'sk+/a b&\x229'",
            "<b>sk+/a b&amp;&quot;9</b>",
            "<b>&#115;&#x6b;&#x2B;&#047;a b&amp;&#34;9</b>",
            "736b2b2f612062 26 22 39",
            "73:6B:2B:2F:61:20:62:26:22:39",
        ] {
            assert!(finds(VALUE, text), "{text}");
        }
    }

    #[test]
    fn other_texts_are_not() {
        for text in ["", r#"sk+/a b&""#, r#"SK+/A B&"9"#, r#"sk+/a b&"8"#, "736b2b2f61206226223"] {
            assert!(!finds(VALUE, text), "{text}");
        }
    }

    /// As RFC 4648 says it, to hold the pattern against another reading of it.
    fn base64(bytes: &[u8], signs: &[u8; 64]) -> String {
        let group = |group: &[u8]| {
            let number = (0..3).fold(0usize, |all, index| all << 8 | usize::from(*group.get(index).unwrap_or(&0)));
            let of = |index: usize| char::from(signs[number >> (18 - 6 * index) & 63]);
            (0..=group.len()).map(of).collect::<String>()
        };
        bytes.chunks(3).map(group).collect()
    }

    const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const URL_SAFE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    #[test]
    fn base64_is_found_behind_a_user_name() {
        assert_eq!(base64(b"Man", STANDARD), "TWFu");
        assert!(finds("pass-word", "Basic dXNlcjpwYXNzLXdvcmQ="));
    }

    proptest! {
        #[test]
        fn no_spelling_is_longer_than_is_said(value in "[ -~]{8,12}") {
            let parsed = regex_automata::util::syntax::parse_with(&pattern(&value), &regex_automata::util::syntax::Config::new().unicode(false).utf8(false)).expect("is a pattern");
            let longest = parsed.properties().maximum_len().expect("has an end");
            prop_assert!(longest <= value.len() * BYTES_A_BYTE, "{} bytes", longest);
            let found = Regex::new(&pattern(&value)).expect("is a pattern");
            prop_assert!(found.find(value.as_bytes()).is_some_and(|found| found.as_bytes().iter().copied().all(is_spelled)));
        }

        #[test]
        fn base64_of_a_longer_text_is_found_at_each_offset(
            before in prop::collection::vec(any::<u8>(), 0..7),
            value in "[ -~]{8,40}",
            after in prop::collection::vec(any::<u8>(), 0..7),
        ) {
            let whole = [before.as_slice(), value.as_bytes(), &after].concat();
            for signs in [STANDARD, URL_SAFE] {
                prop_assert!(finds(&value, &base64(&whole, signs)));
            }
            let escaped = base64(&whole, STANDARD).replace('/', r"\/");
            prop_assert!(finds(&value, &escaped.replace('+', "%2B")));
        }

        #[test]
        fn each_byte_may_be_percent_encoded_or_not(value in "[ -~]{8,24}", which in any::<u32>()) {
            let encoded: String = value
                .bytes()
                .enumerate()
                .map(|(index, byte)| match which >> index & 1 {
                    0 => char::from(byte).to_string(),
                    _ => format!("%{byte:02X}"),
                })
                .collect();
            prop_assert!(finds(&value, &encoded));
        }
    }
}
