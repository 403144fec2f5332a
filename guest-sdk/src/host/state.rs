//! What a tool or a hook keeps from one call to the next in the same run; it survives a resume.
//!
//! A key has at most 256 bytes, all keys and values of one tool, or of a plugin's hooks, together at most
//! 1 MiB. Tools and hooks do not see each other's. What a call has
//! set is kept only if the call ends without a trap.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::there;
use crate::failure::Failure;

/// The text under a key, if anything was kept.
pub fn get(key: &str) -> Option<String> {
    there::get_state(key)
}

/// Keeps a text under a key. Running over a limit is a failure `validation`, and nothing is changed.
pub fn set(key: &str, value: &str) -> Result<(), Failure> {
    there::set_state(key, Some(value)).map_err(Failure::from)
}

/// Forgets a key.
pub fn remove(key: &str) -> Result<(), Failure> {
    there::set_state(key, None).map_err(Failure::from)
}

/// The value under a key, if anything was kept. What is there but does not fit the type is a failure
/// `execution`.
pub fn load<T: DeserializeOwned>(key: &str) -> Result<Option<T>, Failure> {
    let Some(text) = get(key) else {
        return Ok(None);
    };
    serde_json::from_str(&text)
        .map(Some)
        .map_err(|error| Failure::execution(format!("what is kept under `{key}` does not fit: {error}")))
}

/// Keeps a value under a key, as JSON.
pub fn save(key: &str, value: &(impl Serialize + ?Sized)) -> Result<(), Failure> {
    let text = serde_json::to_string(value)
        .map_err(|error| Failure::execution(format!("`{key}` has no form in JSON: {error}")))?;
    set(key, &text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_comes_back_until_it_is_removed() {
        assert_eq!(load::<Vec<u32>>("list"), Ok(None));
        assert_eq!(save("list", &[1, 2]), Ok(()));
        assert_eq!(get("list").as_deref(), Some("[1,2]"));
        assert_eq!(load::<Vec<u32>>("list"), Ok(Some(vec![1, 2])));
        assert_eq!(remove("list"), Ok(()));
        assert_eq!(get("list"), None);
    }

    #[test]
    fn what_does_not_fit_is_a_failure_and_no_panic() {
        assert_eq!(set("n", "[1"), Ok(()));
        let message = "what is kept under `n` does not fit: EOF while parsing a list at line 1 column 2";
        assert_eq!(load::<Vec<u32>>("n"), Err(Failure::execution(message)));
    }

    #[test]
    fn the_limits_hold_off_webassembly_too() {
        let long = "k".repeat(257);
        assert!(set(&long, "v").is_err());
        assert!(set("k", &"v".repeat(1024 * 1024)).is_err());
        assert_eq!(get("k"), None);
    }
}
